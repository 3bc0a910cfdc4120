//! DiscordChatExporter's JSON: a file for each channel or thread, or a part of one.
//!
//! No file is held, only what is being read of it, and nothing is taken of a message
//! but its id, its kind and who wrote it. A file's head says what the file covers, and
//! the record is where all channels are covered.
//!
//! The format, which has no version: `guild`, `channel`, `dateRange`, `exportedAt`
//! (since 2023), `messages` in order of their ids or the other way round, and last
//! `messageCount`
//! (<https://github.com/Tyrrrz/DiscordChatExporter>, `JsonMessageWriter.cs`).

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;
use serde_json::{Deserializer, Value};

use super::document::{self, time_of};
use crate::text::{clean, counted, is_blank, lossy};
use crate::{ChannelId, Error, Extra, MemberId, Result, Window, Windows, WindowsBuilder};

/// What is read of a file at a time, and the longest message, in bytes.
const CHUNK: usize = 1 << 20;
const LONGEST: usize = 64 << 20;

/// How many files a line names.
const SHOWN: usize = 5;

/// The windows of files, the server's name, and the names of who wrote.
pub(super) type Exports = (Windows, String, BTreeMap<MemberId, String>);

/// Whether this is a file of DiscordChatExporter's, or a folder.
pub(super) fn is_export(path: &Path) -> io::Result<bool> {
    Ok(path.is_dir() || Export::open(path)?.is_some())
}

/// Reads a file, or those in a folder, as windows of this length in milliseconds, and
/// prints what there is to say of them.
pub(super) fn read(path: &Path, length: i64) -> Result<Exports> {
    let cannot = |path: &Path, e| Error::new(format!("{} can't be read: {e}", path.display()));
    let mut paths = vec![path.to_owned()];
    if path.is_dir() {
        let entries = path.read_dir().map_err(|e| cannot(path, e))?;
        paths = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
    }
    let (mut files, mut others) = (Vec::<Export>::new(), Vec::new());
    for path in paths {
        let file = Export::open(&path).map_err(|e| cannot(&path, e))?;
        let server = files.first().map(|file| file.server.0.clone());
        match file.map(|(file, _)| file) {
            Some(file) if server.is_none_or(|id| id == file.server.0) => files.push(file),
            _ => others.push(path),
        }
    }
    files.sort_by_cached_key(|file| (file.channel, file.begin, file.series()));
    let mut counts = Counts::default();
    let mut before = None::<&mut Export>;
    for file in &mut files {
        if before.as_ref().map(|before| before.channel) != Some(file.channel) {
            counts.ids.clear();
            counts.others.clear();
        }
        let read = file.read(&mut counts, length);
        read.map_err(|e| cannot(&file.path, e))?;
        file.follow(before);
        before = Some(file);
    }
    println!(
        "DiscordChatExporter: {}; threads are among them only if they were exported too (--include-threads)",
        counted(files.len(), "file")
    );
    let cut = files.iter().filter(|file| file.is_cut);
    let cut = cut.map(|file| &file.path);
    list("Cut off, and used up to the last message", cut);
    list(
        "Passed over, being something else or another server's",
        others.iter(),
    );
    let (windows, left_out) = counts.windows(record(&files, length), length)?;
    if left_out > 0 {
        let left_out = counted(left_out, "message");
        println!("Left out: {left_out} in windows that the files don't cover in all channels");
    }
    match files.first().filter(|_| windows.len() > 0) {
        Some(file) => Ok((windows, clean(&file.server.1, 100), counts.names)),
        None => Err(Error::new(format!(
            "{} has no window that DiscordChatExporter's files cover in all channels; export all channels as JSON with the same --after and --before",
            path.display()
        ))),
    }
}

/// Prints a line that names files, if there is one.
fn list<'a>(what: &str, paths: impl Iterator<Item = &'a PathBuf>) {
    let names = paths.filter_map(|path| Some(path.file_name()?.to_string_lossy()));
    let mut names: Vec<_> = names.collect();
    names.sort();
    if !names.is_empty() {
        let shown = names[..names.len().min(SHOWN)].join(", ");
        println!("{what} ({}): {shown}", counted(names.len(), "file"));
    }
}

/// A file's head, and what reading it brought.
#[derive(Default)]
struct Export {
    path: PathBuf,
    /// The server's id and name.
    server: (String, String),
    channel: ChannelId,
    /// From when on the channel was exported, in milliseconds since the epoch (UTC).
    begin: i64,
    /// Until when, and when that was begun, where the file says it.
    before: Option<i64>,
    exported: Option<i64>,
    /// When the file's first and last messages were written, which is newest first
    /// where ids descend.
    messages: Option<(i64, i64)>,
    /// Of a part that isn't the first: where the one before it ends.
    seam: Option<i64>,
    /// Whether the file ends before its end, or is damaged from there on.
    is_cut: bool,
    /// Whether the export goes on in another part.
    goes_on: bool,
}

impl Export {
    /// Reads the head up to the messages. `None`: the file is of another kind.
    fn open(path: &Path) -> io::Result<Option<(Self, Input)>> {
        if path.is_dir() {
            return Ok(None);
        }
        let (file, buffer, at) = (File::open(path)?, Vec::new(), 0);
        let mut input = Input { file, buffer, at };
        input.more()?;
        let messages = b"\"messages\":";
        let mut keys = input.buffer.windows(messages.len());
        let place = keys.position(|key| key == messages);
        let begin = input.buffer.iter().position(|&byte| byte == b'{');
        let (Some(begin), Some(end)) = (begin.filter(|&begin| begin < 9), place) else {
            return Ok(None);
        };
        input.at = end + messages.len();
        let head = lossy(input.buffer[begin..end].trim_ascii_end());
        let head = format!("{}}}", head.trim_end_matches(','));
        let head: Value = serde_json::from_str(&head).unwrap_or_default();
        let text = |part: &str, name| head[part][name].as_str();
        let date = |part, name| document::instant(text(part, name)?);
        let channel = text("channel", "id").and_then(ChannelId::parse);
        let Some(channel) = channel else {
            return Ok(None);
        };
        let server = ["id", "name"].map(|name| text("guild", name).unwrap_or_default().to_owned());
        let export = Self {
            path: path.to_owned(),
            server: server.into(),
            channel,
            begin: date("dateRange", "after").unwrap_or(time_of(channel.get())),
            before: date("dateRange", "before"),
            exported: head["exportedAt"].as_str().and_then(document::instant),
            ..Self::default()
        };
        Ok(Some((export, input)))
    }

    /// Counts the messages, but for those with ids that were counted before.
    fn read(&mut self, counts: &mut Counts, length: i64) -> io::Result<()> {
        let Some((_, mut input)) = Self::open(&self.path)? else {
            return Ok(());
        };
        while let Some((id, author)) = input.message()? {
            let first = self.messages.map_or(time_of(id), |messages| messages.0);
            self.messages = Some((first, time_of(id)));
            if let Some((author, name)) = author
                && counts.is_new(id)
            {
                let window = (time_of(id) / length) as u32;
                counts.members.add(window, author.get());
                counts.channels.add(window, self.channel.get());
                counts.names.insert(author, name);
            }
        }
        let is_over = input.next()? == Some(b']');
        input.more()?;
        let tail = input.buffer.trim_ascii_end();
        let count = b"\"messageCount\"";
        let is_counted = tail.windows(count.len()).any(|key| key == count);
        self.is_cut = !is_over || !tail.ends_with(b"}") || !is_counted && self.exported.is_some();
        Ok(())
    }

    /// The name of the export that this file is a part of, and which part it is.
    fn series(&self) -> (PathBuf, u32) {
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let part = stem.strip_suffix(']');
        let part = part.and_then(|stem| stem.rsplit_once(" [part "));
        let part = part.and_then(|(base, part)| Some((base, part.parse().ok()?)));
        let (base, part) = part.unwrap_or((&stem, 1));
        (self.path.with_file_name(base), part)
    }

    /// Joins a part of an export to the one before it. What was written after an export
    /// was begun isn't in it, and its first part says when that was.
    fn follow(&mut self, before: Option<&mut Self>) {
        let (base, part) = self.series();
        let next = format!("{} [part {}].json", base.display(), part + 1);
        self.goes_on = Path::new(&next).exists();
        if part == 1 {
            return;
        }
        self.seam = self.messages.map(|own| own.0);
        if let Some(before) = before.filter(|before| before.series().0 == base) {
            self.exported = before.exported;
            before.goes_on = true;
            if before.series().1 + 1 == part && !before.is_cut {
                self.seam = before.messages.map(|own| own.1);
            }
        }
    }

    /// From when until when the file tells what was written in its channel, where the
    /// last message of all files was written at `last`. A part that isn't the last goes
    /// to its own last message.
    fn covers(&self, last: i64) -> (i64, i64) {
        let end = [self.before, self.exported].into_iter().flatten().min();
        let mut whole = [self.begin, end.unwrap_or(last).min(document::latest())];
        let own = self.messages.unwrap_or((self.begin, self.begin));
        if own.0 > own.1 {
            whole.reverse();
        }
        let first = self.seam.unwrap_or(whole[0]);
        let is_part = self.is_cut || self.goes_on;
        let last = Some(own.1).filter(|_| is_part).unwrap_or(whole[1]);
        (first.min(last), first.max(last))
    }
}

/// The numbers of windows that are covered in all channels, as begins and ends. A
/// channel was silent before it was made.
fn record(files: &[Export], length: i64) -> Vec<(i64, i64)> {
    let messages = files.iter().filter_map(|file| file.messages);
    let last = messages.map(|(one, other)| one.max(other)).max();
    let covers = |file: &Export| (file.channel, file.covers(last.unwrap_or(0)));
    let mut covers: Vec<_> = files.iter().map(covers).collect();
    covers.sort_unstable();
    let mut missing = Vec::new();
    for own in covers.chunk_by(|one, other| one.0 == other.0) {
        let mut at = time_of(own[0].0.get());
        for &(_, (begin, end)) in own {
            if begin > at {
                missing.push((at / length, (begin - 1) / length + 1));
            }
            at = at.max(end);
        }
        missing.push((at / length, i64::MAX));
    }
    missing.sort_unstable();
    let mut record = Vec::new();
    let first = covers.first().map(|own| own.0.get());
    let mut at = first.map_or(0, |first| time_of(first) / length);
    for (begin, end) in missing {
        record.extend((begin > at).then_some((at, begin)));
        at = at.max(end);
    }
    record
}

/// People's messages.
#[derive(Default)]
struct Counts {
    /// Ids in the channel that is being read: in order, as most come, and others.
    ids: VecDeque<u64>,
    others: HashSet<u64>,
    members: Sums,
    channels: Sums,
    names: BTreeMap<MemberId, String>,
}

impl Counts {
    /// Whether no message had this id.
    fn is_new(&mut self, id: u64) -> bool {
        match self.ids.binary_search(&id) {
            Err(place) if place == self.ids.len() => self.ids.push_back(id),
            Err(0) => self.ids.push_front(id),
            Err(_) => return self.others.insert(id),
            Ok(_) => return false,
        }
        true
    }

    /// The windows of the record, and how many messages are in none of them.
    fn windows(&mut self, record: Vec<(i64, i64)>, length: i64) -> Result<(Windows, usize)> {
        self.ids = VecDeque::new();
        self.members.sum();
        self.channels.sum();
        let mut left_out = self.members.0.iter().map(|sum| sum.2 as usize).sum();
        let mut windows = WindowsBuilder::new();
        for number in record.into_iter().flat_map(|(begin, end)| begin..end) {
            let members = self.members.of(number);
            for &(_, member, sent) in members {
                windows.sent(member.into(), sent);
            }
            let channels = self.channels.of(number).iter();
            let channels = channels.map(|&(_, channel, sent)| (channel.into(), sent));
            windows.extra(Extra {
                channels: Some(channels.collect()),
                ..Extra::default()
            });
            let volume = members.iter().map(|sum| sum.2).sum();
            left_out -= volume as usize;
            let window = Window {
                end: (number + 1) * length,
                declared: length as u32,
                online: None,
                volume,
            };
            windows.window(window)?;
        }
        Ok((windows.finish(), left_out))
    }
}

/// Messages by window and by member or channel. A window's number is its begin divided
/// by its length.
#[derive(Default)]
struct Sums(Vec<(u32, u64, u32)>);

impl Sums {
    fn add(&mut self, window: u32, id: u64) {
        if self.0.len() == self.0.capacity() {
            self.sum();
            self.0.reserve(self.0.len());
        }
        self.0.push((window, id, 1));
    }

    /// Leaves one of each window and id, in order.
    fn sum(&mut self) {
        self.0.sort_unstable();
        self.0.dedup_by(|next, sum| {
            let is_same = (next.0, next.1) == (sum.0, sum.1);
            sum.2 += next.2 * u32::from(is_same);
            is_same
        });
    }

    fn of(&self, window: i64) -> &[(u32, u64, u32)] {
        let place = |window| self.0.partition_point(|sum| i64::from(sum.0) < window);
        &self.0[place(window)..place(window + 1)]
    }
}

/// A JSON object's fields, unread.
type Fields<'a> = BTreeMap<&'a str, &'a RawValue>;

/// A message: its id, and who wrote it, with the name, if it counts.
type Message = (u64, Option<(MemberId, String)>);

/// `None`: it says no id.
fn message(fields: &Fields) -> Option<Message> {
    fn text(fields: &Fields, name: &str) -> Option<String> {
        serde_json::from_str(fields.get(name)?.get()).ok()
    }
    let id = |fields: &Fields| MemberId::parse(&text(fields, "id")?);
    let author = || {
        // Kinds that the exporter has no word for are numbers.
        let kind = text(fields, "type")?;
        let author: Fields = serde_json::from_str(fields.get("author")?.get()).ok()?;
        let is_bot = author.get("isBot").is_some_and(|is| is.get() == "true");
        let names = ["nickname", "name"].map(|name| text(&author, name));
        let name = names.into_iter().flatten().find(|name| !is_blank(name));
        let counts = !is_bot && ["Default", "Reply", "0", "19"].contains(&&*kind);
        Some((id(&author).filter(|_| counts)?, name.unwrap_or_default()))
    };
    Some((id(fields)?.get(), author()))
}

/// A file that is read value by value.
struct Input {
    file: File,
    buffer: Vec<u8>,
    /// What of the buffer is read.
    at: usize,
}

impl Input {
    /// Reads on. Whether there was more.
    fn more(&mut self) -> io::Result<bool> {
        self.buffer.drain(..std::mem::take(&mut self.at));
        let more = CHUNK.min(LONGEST - self.buffer.len()) as u64;
        let file = &mut self.file;
        Ok(file.take(more).read_to_end(&mut self.buffer)? > 0)
    }

    /// The byte at which the next value begins, or the array's end.
    fn next(&mut self) -> io::Result<Option<u8>> {
        loop {
            let rest = self.buffer[self.at..].iter();
            let is_between = |byte: &&u8| b" \n\r\t,[".contains(byte);
            self.at += rest.take_while(is_between).count();
            let found = self.buffer.get(self.at).copied();
            if found.is_some() || !self.more()? {
                return Ok(found);
            }
        }
    }

    /// The next message. `None`: there is none, or it isn't whole.
    fn message(&mut self) -> io::Result<Option<Message>> {
        while self.next()? == Some(b'{') {
            let rest = Deserializer::from_slice(&self.buffer[self.at..]);
            let mut rest = rest.into_iter::<Fields>();
            let read = rest.next().map(|read| read.map(|fields| message(&fields)));
            let length = rest.byte_offset();
            match read {
                Some(Ok(message)) => {
                    self.at += length;
                    return Ok(message);
                }
                Some(Err(error)) if error.is_eof() && self.more()? => (),
                _ => break,
            }
        }
        Ok(None)
    }
}
