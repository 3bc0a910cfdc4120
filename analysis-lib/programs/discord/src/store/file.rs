//! The file that windows are written into without a MongoDB: a document a line, in
//! MongoDB's relaxed extended JSON, as `mongoexport` writes it.
//!
//! Whoever writes holds the file's lock, and first reads what others have added.
//! So several programs may write at once, and a line without an end is one that a
//! program was killed at, or a full disk cut: it goes away.

use std::collections::HashMap;
use std::fs::{File as Open, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use bson::oid::ObjectId;
use bson::{RawBsonRef, RawDocument, RawDocumentBuf};
use chrono::{DateTime, SecondsFormat};
use serde::Deserialize;
use serde_json::Value;

use activity_data::Error;
use activity_data::source::document;
use activity_data::source::export::field;

use super::document::{Span, span};
use super::place::{Answer, Inserted, Store, There};
use super::sync_folder;

/// How a line begins that was written here.
const BEGIN: &[u8] = b"{\"_id\":{\"$oid\":\"";
/// How long another program may hold the file, in steps of [`STEP`].
const PATIENCE: u32 = 200;
const STEP: Duration = Duration::from_millis(50);

/// What is read of a line.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    _id: Value,
    #[serde(default)]
    time: Value,
    #[serde(default)]
    since: Value,
}

impl Line {
    fn read(text: &[u8]) -> Option<Self> {
        let is_object = text.trim_ascii_start().starts_with(b"{");
        serde_json::from_slice(text).ok().filter(|_| is_object)
    }

    fn id(&self) -> Option<ObjectId> {
        ObjectId::parse_str(self._id.get("$oid")?.as_str()?).ok()
    }

    fn span(&self) -> Option<Span> {
        let field = |value| field(Some(value));
        let time = document::time(field(&self.time), document::latest()).ok()?;
        let length = document::length(field(&self.since), time).ok()?;
        Some(((length > 0).then(|| time - i64::from(length)), time))
    }
}

/// The file, and what of it is known.
pub struct File {
    path: PathBuf,
    /// How many bytes were read: whole lines.
    read: u64,
    /// Where each document begins.
    places: HashMap<ObjectId, u64>,
    spans: Vec<Span>,
}

impl File {
    /// Nothing is read yet.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            read: 0,
            places: HashMap::new(),
            spans: Vec::new(),
        }
    }

    fn forget(&mut self) {
        *self = Self::new(std::mem::take(&mut self.path));
    }

    /// Opens and locks the file, and reads what is new in it.
    async fn open(&mut self) -> Result<Open> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&self.path)?;
        for _ in 0..PATIENCE {
            match file.try_lock() {
                Ok(()) => return self.catch_up(&file).map(|()| file),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(STEP).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(std::io::Error::other("another program holds it"))
    }

    /// Reads the lines that are new, and takes a last one away that has no end.
    fn catch_up(&mut self, mut file: &Open) -> Result<()> {
        if self.read > 0 {
            // As far as its length and the last byte tell, what was read is there.
            let mut last = [0];
            file.seek(SeekFrom::Start(self.read - 1))?;
            if file.read(&mut last)? == 0 || last != *b"\n" {
                self.forget();
                file.rewind()?;
            }
        }
        let mut input = BufReader::with_capacity(1 << 16, file);
        let mut text = Vec::new();
        loop {
            text.clear();
            input.read_until(b'\n', &mut text)?;
            let line = Line::read(&text);
            let is_whole = text.ends_with(b"\n");
            let is_ours = line.is_some()
                || !is_whole && BEGIN.starts_with(&text[..text.len().min(BEGIN.len())]);
            if self.read == 0 && !is_ours {
                return Err(std::io::Error::new(
                    ErrorKind::InvalidData,
                    "it holds something else than a document a line",
                ));
            }
            if line.is_none() && !is_whole {
                break;
            }
            if !is_whole {
                file.write_all(b"\n")?;
                text.push(b'\n');
            }
            if let Some(line) = line {
                self.places.extend(line.id().map(|id| (id, self.read)));
                self.spans.extend(line.span());
            }
            self.read += text.len() as u64;
        }
        if text.is_empty() {
            return Ok(());
        }
        file.set_len(self.read)
    }

    /// Adds the document unless its `_id` is there.
    fn add(&mut self, mut file: &Open, document: &RawDocument) -> Result<Option<There>> {
        let text = json(RawBsonRef::Document(document)) + "\n";
        let id = document.get_object_id("_id").unwrap_or_default();
        let Some(&place) = self.places.get(&id) else {
            file.write_all(text.as_bytes())?;
            self.places.insert(id, self.read);
            self.spans.extend(span(document));
            self.read += text.len() as u64;
            return Ok(None);
        };
        file.seek(SeekFrom::Start(place))?;
        let mut there = Vec::new();
        BufReader::new(file).read_until(b'\n', &mut there)?;
        Ok(Some(There {
            is_same: there == text.as_bytes(),
            span: Line::read(&there).and_then(|line| line.span()),
        }))
    }

    /// Adds the documents whose `_id` isn't there: all or none.
    fn add_all(&mut self, file: &Open, documents: &[RawDocumentBuf]) -> Result<Vec<Option<There>>> {
        let begin = self.read;
        let mut add = || {
            let documents = documents.iter();
            let there = documents.map(|document| self.add(file, document));
            let there = there.collect::<Result<_>>()?;
            if self.read > begin {
                file.sync_data()?;
            }
            if begin == 0 {
                sync_folder(&self.path)?;
            }
            Ok(there)
        };
        let added = add();
        if added.is_err() {
            // Where this fails too, whoever opens the file next takes a part away.
            let _ = file.set_len(begin);
            self.forget();
        }
        added
    }

    fn sentence(&self, error: &std::io::Error) -> String {
        format!(
            "{} can't be written ({error}); mend that, or set ACTIVITY_FILE to another file",
            self.path.display()
        )
    }
}

impl Store for File {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn prepare(&mut self) -> Answer<'_, std::result::Result<Option<String>, Error>> {
        use ErrorKind::{
            InvalidData, IsADirectory, NotADirectory, NotFound, PermissionDenied,
            ReadOnlyFilesystem,
        };
        Box::pin(async {
            let Err(error) = self.open().await else {
                return Ok(None);
            };
            let why = self.sentence(&error);
            match error.kind() {
                InvalidData | IsADirectory | NotADirectory | NotFound | PermissionDenied
                | ReadOnlyFilesystem => Err(Error::new(why)),
                _ => Ok(Some(why)),
            }
        })
    }

    fn insert<'a>(&'a mut self, documents: &'a [RawDocumentBuf]) -> Answer<'a, Inserted> {
        Box::pin(async {
            let inserted = match self.open().await {
                Ok(file) => self.add_all(&file, documents),
                Err(error) => Err(error),
            };
            inserted.map_err(|error| self.sentence(&error))
        })
    }

    fn spans(&mut self) -> Answer<'_, std::result::Result<Vec<Span>, String>> {
        Box::pin(async {
            let opened = self.open().await;
            opened.map_err(|error| self.sentence(&error))?;
            let mut spans = self.spans.clone();
            spans.sort_unstable_by_key(|&(since, time)| (time, since));
            Ok(spans)
        })
    }
}

/// A value as relaxed extended JSON, of the types that documents have.
fn json(value: RawBsonRef) -> String {
    match value {
        RawBsonRef::Document(fields) => {
            let fields = fields.iter().flatten();
            let fields =
                fields.map(|(name, value)| format!("{}:{}", text(name.as_str()), json(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        RawBsonRef::Array(values) => {
            let values = values.into_iter().flatten().map(json);
            format!("[{}]", values.collect::<Vec<_>>().join(","))
        }
        RawBsonRef::ObjectId(id) => format!("{{\"$oid\":\"{id}\"}}"),
        RawBsonRef::DateTime(time) => {
            // With three digits of a second or none, as MongoDB writes it.
            let time = DateTime::from_timestamp_millis(time.timestamp_millis());
            let time = time
                .unwrap_or_default()
                .to_rfc3339_opts(SecondsFormat::AutoSi, true);
            format!("{{\"$date\":\"{time}\"}}")
        }
        RawBsonRef::Int32(number) => number.to_string(),
        RawBsonRef::Int64(number) => number.to_string(),
        RawBsonRef::String(value) => text(value),
        _ => "null".to_owned(),
    }
}

fn text(value: &str) -> String {
    Value::from(value).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::document::{Window, document};
    use super::super::place::{Placed, place};
    use super::*;

    const TEN: i64 = 600_000;
    const BEGIN_TIME: i64 = 1_700_000_400_000;

    fn in_runtime<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.unwrap().block_on(future)
    }

    /// A path that nothing is at, and nothing stays at.
    struct Path(PathBuf);

    impl Path {
        fn new(name: &str) -> Self {
            let name = format!("activity-{name}-{}.jsonl", std::process::id());
            Self(std::env::temp_dir().join(name))
        }
    }

    impl Drop for Path {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    /// The window of this number, in which so many messages were sent.
    fn window(number: i64, sent: u32) -> RawDocumentBuf {
        let window = Window {
            since: BEGIN_TIME + number * TEN,
            time: BEGIN_TIME + (number + 1) * TEN - 1,
            online: (sent > 1).then_some(u32::MAX),
            quantities: (1..=sent)
                .map(|id| (u64::MAX - u64::from(id), id))
                .collect(),
            members: (sent > 2).then_some(7),
            joined: (sent > 2).then(|| vec![1, 2, 1]),
            left: (sent > 3).then(Vec::new),
            channels: (sent > 3).then(|| vec![(5, sent)]),
        };
        document(7, TEN, &window)
    }

    fn insert(file: &mut File, documents: &[RawDocumentBuf]) -> Vec<Option<There>> {
        in_runtime(file.insert(documents)).unwrap()
    }

    #[test]
    fn what_one_writes_another_finds_there() {
        let path = Path::new("two");
        let (mut one, mut two) = (File::new(path.0.clone()), File::new(path.0.clone()));
        let documents: Vec<_> = (0..6).map(|number| window(number, number as u32)).collect();
        assert_eq!(insert(&mut one, &documents[..2]), [None, None]);
        assert_eq!(insert(&mut two, &documents[2..4]), [None, None]);
        let there = |number: usize, is_same| {
            Some(There {
                is_same,
                span: span(&documents[number]),
            })
        };
        let tried = [
            documents[0].clone(),
            window(3, 9),
            documents[4].clone(),
            documents[4].clone(),
        ];
        let expected = [there(0, true), there(3, false), None, there(4, true)];
        assert_eq!(insert(&mut one, &tried), expected);
        insert(&mut two, &documents[5..]);
        let spans: Vec<_> = documents.iter().filter_map(|it| span(it)).collect();
        assert_eq!(in_runtime(one.spans()), Ok(spans));
        // Another program made it anew.
        std::fs::remove_file(&path.0).unwrap();
        assert_eq!(insert(&mut one, &tried[..1]), [None]);
        assert_eq!(std::fs::read_to_string(&path.0).unwrap().lines().count(), 1);
        #[cfg(unix)]
        {
            let mode = std::fs::metadata(&path.0).unwrap().permissions();
            let mode = std::os::unix::fs::PermissionsExt::mode(&mode);
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn parts_of_one_time_are_placed_side_by_side_and_each_once() {
        let path = Path::new("parts");
        let mut file = File::new(path.0.clone());
        let part = |since, time| {
            let window = Window {
                since: BEGIN_TIME + since,
                time: BEGIN_TIME + time,
                ..Window::default()
            };
            document(7, TEN, &window)
        };
        let parts = [part(0, 4), part(4, 9), window(1, 1)];
        let mut place = |windows: &[RawDocumentBuf], was_tried| {
            in_runtime(place(&mut file, windows, was_tried)).unwrap()
        };
        assert_eq!(place(&parts, false), [Placed::Written; 3]);
        let written = std::fs::read(&path.0).unwrap();
        assert_eq!(place(&parts, true), [Placed::Written; 3]);
        assert_eq!(place(&parts, false), [Placed::Anothers; 3]);
        let overlapping = [part(3, 5), part(8, 10)];
        assert_eq!(place(&overlapping, true), [Placed::Anothers; 2]);
        assert!(std::fs::read(&path.0).unwrap() == written);
        assert_eq!(place(&[part(9, 10)], false), [Placed::Written]);
    }

    #[test]
    fn a_file_cut_at_any_byte_has_whole_lines_again() {
        let path = Path::new("cut");
        let documents: Vec<_> = (0..4).map(|number| window(number, number as u32)).collect();
        insert(&mut File::new(path.0.clone()), &documents);
        let whole = std::fs::read(&path.0).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path.0, &whole[..length]).unwrap();
            let lines = whole[..length].split_inclusive(|&byte| byte == b'\n');
            // A line that only has no end is whole.
            let kept = lines.filter(|line| serde_json::from_slice::<Value>(line).is_ok());
            let kept = kept.count();
            let found = insert(&mut File::new(path.0.clone()), &documents);
            assert_eq!(found.iter().flatten().count(), kept, "{length}");
            assert!(std::fs::read(&path.0).unwrap() == whole, "{length}");
        }
    }

    #[test]
    fn a_file_of_another_kind_is_left_as_it_is() {
        let path = Path::new("other");
        for other in [
            "time,online\n1,2",
            "{ \"a\"",
            "[{},{},{}]\n",
            "\n",
            "a note",
        ] {
            std::fs::write(&path.0, other).unwrap();
            let mut file = File::new(path.0.clone());
            let error = in_runtime(file.prepare()).unwrap_err().to_string();
            assert!(error.contains("something else than a document a line"));
            assert!(in_runtime(file.insert(&[window(0, 0)])).is_err());
            assert_eq!(std::fs::read_to_string(&path.0).unwrap(), other);
        }
        // Lines that `mongoexport` wrote are added to, whatever their `_id`.
        let exported = "{\"_id\":7,\"time\":{\"$date\":{\"$numberLong\":\"1599253200123\"}}}\n";
        std::fs::write(&path.0, exported).unwrap();
        let mut file = File::new(path.0.clone());
        assert_eq!(insert(&mut file, &[window(0, 0)]), [None]);
        let spans = in_runtime(file.spans()).unwrap();
        assert_eq!(spans[0], (None, 1_599_253_200_123));
        assert_eq!(spans.len(), 2);
    }

    #[test]
    fn while_another_program_holds_the_file_windows_wait() {
        let path = Path::new("held");
        let held = Open::create(&path.0).unwrap();
        held.lock().unwrap();
        let mut file = File::new(path.0.clone());
        let release = async {
            tokio::time::sleep(2 * STEP).await;
            assert_eq!(held.metadata().unwrap().len(), 0);
            drop(held);
        };
        let windows = [window(0, 0)];
        let (inserted, ()) = in_runtime(async { tokio::join!(file.insert(&windows), release) });
        assert_eq!(inserted, Ok(vec![None]));
    }
}
