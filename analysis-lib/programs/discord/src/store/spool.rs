//! Windows that wait for their store, in a file beside the pull's snapshot.
//!
//! A window is in the file before the store is asked to take it, and is taken out
//! after: whatever ends the program in between, the next one finds it. The file
//! holds documents one after the other, as `mongodump` writes them.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use bson::{RawDocument, RawDocumentBuf};

use super::document::{Span, span};
use super::sync_folder;
use activity_data::store::replace::replace;
use activity_data::store::snapshot::private_folder;

/// The file, and what of it waits.
pub struct Spool {
    path: PathBuf,
    /// Each document, and whether the store may have taken it already, unheard.
    waiting: VecDeque<(RawDocumentBuf, bool)>,
    /// Held as long as the file is ours.
    _lock: Option<File>,
}

impl Spool {
    /// Opens the file, or one with a number after its name where another
    /// recorder holds it. Also gives what is wrong, as a sentence.
    pub fn open(path: &Path) -> (Self, Option<String>) {
        let mut path = path.to_owned();
        let (lock, mut trouble) = match lock(&mut path) {
            Ok(lock) => (Some(lock), None),
            Err(e) => (None, Some(unwritable(&path, &e))),
        };
        let documents = read(&path).unwrap_or_else(|why| {
            trouble.get_or_insert_with(|| set_aside(&path, &why));
            Vec::new()
        });
        let waiting = documents.into_iter().map(|document| (document, true));
        let spool = Self {
            waiting: waiting.collect(),
            path,
            _lock: lock,
        };
        (spool, trouble)
    }

    /// Where the file is, which may not be where it was asked for.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many windows wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The first that waits, and whether the store may have taken it already,
    /// unheard. From now on it may have.
    pub fn try_first(&mut self) -> Option<(RawDocumentBuf, bool)> {
        let first = self.waiting.front_mut()?;
        let (document, was_tried) = first.clone();
        first.1 = true;
        Some((document, was_tried))
    }

    /// Adds a document, which is kept in memory even where it can't be written.
    ///
    /// # Errors
    ///
    /// What is wrong, as a sentence.
    pub fn push(&mut self, document: RawDocumentBuf) -> Result<(), String> {
        self.waiting.push_back((document, false));
        self.save()
    }

    /// Takes the first out. The file follows with [`Spool::save`].
    pub fn pop(&mut self) {
        self.waiting.pop_front();
    }

    /// Makes the file what waits.
    ///
    /// # Errors
    ///
    /// What is wrong, as a sentence. The file is as it was: what it has too much
    /// is recognised later.
    pub fn save(&self) -> Result<(), String> {
        let save = || {
            if self.waiting.is_empty() {
                return match std::fs::remove_file(&self.path) {
                    Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
                    _ => Ok(()),
                };
            }
            make_folder(&self.path)?;
            replace(&self.path, |out| {
                let mut waiting = self.waiting.iter();
                waiting.try_for_each(|(document, _)| out.write_all(document.as_bytes()))
            })?;
            sync_folder(&self.path)
        };
        save().map_err(|e| unwritable(&self.path, &e))
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> String {
    format!(
        "{} can't be written ({error}), so windows that nobody has taken yet are kept in memory alone; make room there, or set ACTIVITY_SNAPSHOT to a file in another folder",
        path.display()
    )
}

/// The path with a dot and this after its name.
fn added(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn make_folder(path: &Path) -> std::io::Result<()> {
    match path.parent().filter(|folder| !folder.exists()) {
        Some(folder) => private_folder(folder),
        None => Ok(()),
    }
}

/// Locks a file beside this one, which is itself replaced. Where it is locked,
/// the path becomes the next one.
fn lock(path: &mut PathBuf) -> std::io::Result<File> {
    make_folder(path)?;
    let first = path.clone();
    for number in 2.. {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(added(path, "lock"))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                *path = added(&first, &number.to_string());
            }
            Err(TryLockError::Error(e)) => return Err(e),
        }
    }
    unreachable!("there are more numbers than recorders")
}

/// The documents of the file, if it is there.
fn read(path: &Path) -> Result<Vec<RawDocumentBuf>, String> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(e.to_string()),
    };
    let mut rest = &*bytes;
    let mut documents = Vec::new();
    while let Some(&length) = rest.first_chunk() {
        let length = u32::from_le_bytes(length) as usize;
        let document = rest.split_off(..length);
        let document = document.and_then(|bytes| RawDocument::from_bytes(bytes).ok());
        let document = document.filter(|document| document.get_object_id("_id").is_ok());
        documents.push(document.ok_or("it is damaged")?.to_owned());
    }
    match rest.is_empty() {
        true => Ok(documents),
        false => Err("it is damaged".to_owned()),
    }
}

/// What the windows are about that wait in this file, or in those beside it that other
/// recorders have.
pub fn waiting(path: &Path) -> Vec<Span> {
    let others = (2..).map(|number| added(path, &number.to_string()));
    let files = std::iter::once(path.to_owned()).chain(others);
    let files = files.take_while(|file| added(file, "lock").exists());
    let documents = files.flat_map(|file| read(&file).unwrap_or_default());
    documents.filter_map(|document| span(&document)).collect()
}

/// Keeps a file that can't be used for a person to look at.
fn set_aside(path: &Path, why: &str) -> String {
    let aside = added(path, "damaged");
    let kept = match std::fs::rename(path, &aside) {
        Ok(()) => format!("it is now {}", aside.display()),
        Err(e) => format!("nor be renamed ({e})"),
    };
    format!(
        "the windows that waited in {} can't be read ({why}); {kept}",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use bson::{oid::ObjectId, rawdoc};

    use super::*;

    /// A folder that goes away with its owner.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("spool-{name}-{}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn numbers(spool: &Spool) -> Vec<i32> {
        let waiting = spool.waiting.iter();
        waiting
            .map(|(document, _)| document.get_i32("n").unwrap())
            .collect()
    }

    fn push(spool: &mut Spool, n: i32) {
        spool
            .push(rawdoc! { "_id": ObjectId::new(), "n": n })
            .unwrap();
    }

    #[test]
    fn what_waits_is_there_again_after_the_end() {
        let folder = Folder::new("again");
        let path = folder.0.join("new/waiting.bson");
        let (mut spool, trouble) = Spool::open(&path);
        assert_eq!(trouble, None);
        for n in 0..3 {
            push(&mut spool, n);
        }
        spool.pop();
        spool.save().unwrap();
        // As a program that is killed ends.
        drop(spool);
        let (mut spool, trouble) = Spool::open(&path);
        assert_eq!((numbers(&spool), trouble), (vec![1, 2], None));
        assert!(spool.try_first().unwrap().1);
        spool.pop();
        spool.pop();
        spool.save().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_second_recorder_has_a_file_of_its_own() {
        let folder = Folder::new("second");
        let path = folder.0.join("waiting.bson");
        let (mut first, _) = Spool::open(&path);
        let (mut second, _) = Spool::open(&path);
        push(&mut first, 1);
        push(&mut second, 2);
        drop((first, second));
        let (first, _) = Spool::open(&path);
        let (second, _) = Spool::open(&path);
        assert_eq!((numbers(&first), numbers(&second)), (vec![1], vec![2]));
    }

    #[test]
    fn a_file_that_is_damaged_is_set_aside() {
        let folder = Folder::new("damaged");
        let path = folder.0.join("waiting.bson");
        std::fs::create_dir_all(&folder.0).unwrap();
        for bytes in [&b"x"[..], b"not a document", &[5, 0, 0, 0, 0], &[255; 9]] {
            std::fs::write(&path, bytes).unwrap();
            let (mut spool, trouble) = Spool::open(&path);
            assert!(trouble.unwrap().contains("waiting.bson.damaged"));
            push(&mut spool, 1);
            let kept = std::fs::read(added(&path, "damaged"));
            assert_eq!(kept.unwrap(), bytes);
        }
    }

    #[test]
    fn a_disk_that_takes_nothing_leaves_windows_in_memory() {
        let folder = Folder::new("full");
        std::fs::create_dir_all(&folder.0).unwrap();
        // A file where the folder should be.
        std::fs::write(folder.0.join("folder"), "").unwrap();
        let (mut spool, trouble) = Spool::open(&folder.0.join("folder/waiting.bson"));
        assert!(trouble.unwrap().contains("kept in memory alone"));
        let document = rawdoc! { "_id": ObjectId::new(), "n": 1 };
        assert!(spool.push(document).is_err());
        assert_eq!(numbers(&spool), [1]);
        std::fs::remove_file(folder.0.join("folder")).unwrap();
        push(&mut spool, 2);
        assert_eq!(std::fs::read(spool.path()).unwrap().len(), 2 * 29);
    }
}
