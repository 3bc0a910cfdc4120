//! The files that hold names.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::Value;

use crate::{Error, Result};
use activity_data::MemberId;
use activity_data::settings::Settings;
use activity_data::store::replace::replace;
use activity_data::text::{self, is_blank};

/// No names file is larger: 32 MB are 300,000 members.
const LARGEST: u64 = 32 << 20;

/// How long a name is fresh.
const FRESH: TimeDelta = TimeDelta::days(7);

/// What is known about a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// The display name; `None` for a member whom Discord doesn't know.
    pub(super) name: Option<String>,
    /// Whether Discord said that this is a bot.
    pub(super) bot: bool,
    /// When Discord was asked; `None` for a name from elsewhere.
    pub(super) asked: Option<DateTime<Utc>>,
}

impl Entry {
    pub(super) fn named(name: String) -> Self {
        Self {
            name: Some(name),
            ..Self::default()
        }
    }

    /// The name without the space around it, unless there is nothing to see.
    pub(super) fn visible_name(&self) -> Option<&str> {
        let name = self.name.as_deref().filter(|name| !is_blank(name));
        name.map(str::trim)
    }
}

/// What a names file holds.
type Entries = BTreeMap<MemberId, Entry>;

/// The files, and what each holds that is there. What Discord said is kept in the last.
pub(super) struct Files(Vec<(PathBuf, Option<Entries>)>);

impl Files {
    /// Reads what `NAMES_FILE` says, or what is there. `is_made`: a `NAMES_FILE` of JSON
    /// need not be there.
    pub(super) fn read(settings: &Settings, is_made: bool) -> Result<Self> {
        let set = settings.names_file();
        let is_json = set.as_deref().is_some_and(is_json_by_name);
        let base = set.clone().unwrap_or("names".into());
        let names = read(&base)?;
        if let Some(file) = set.filter(|_| names.is_none() && !(is_json && is_made)) {
            return Err(Error::new(format!(
                "NAMES_FILE={} is not there (the working directory is {}); correct it in .env, or take it out",
                file.display(),
                std::env::current_dir().unwrap_or_default().display()
            )));
        }
        let mut files = vec![(base, names)];
        if !is_json {
            let kept = PathBuf::from("names.json");
            files.push((kept.clone(), read(&kept)?));
        }
        Ok(Self(files))
    }

    /// All names: those that Discord was asked for over the others.
    pub(super) fn merged(&self) -> Entries {
        let mut names = Entries::new();
        for (&id, later) in self.0.iter().flat_map(|(_, names)| names.iter().flatten()) {
            let entry = names.entry(id).or_default();
            let older = entry.name.take();
            *entry = later.clone();
            entry.name = entry.name.take().or(older);
        }
        names
    }

    fn kept(&mut self) -> (&Path, &mut Option<Entries>) {
        let (path, kept) = self.0.last_mut().expect("there is one at least");
        (path, kept)
    }

    /// Whether Discord was asked about this member lately.
    pub(super) fn is_fresh(&self, id: MemberId, now: DateTime<Utc>) -> bool {
        let kept = self.0.last().and_then(|(_, kept)| kept.as_ref()?.get(&id));
        let age = kept.and_then(|entry| entry.asked).map(|asked| now - asked);
        // A time in the future isn't one at which Discord answered: it is asked again.
        age.is_some_and(|age| age >= TimeDelta::zero() && age < FRESH)
    }

    /// Keeps what Discord said. Without a name, the last one stays.
    pub(super) fn keep(&mut self, id: MemberId, said: Entry, now: DateTime<Utc>) {
        let kept = self.kept().1.get_or_insert_default();
        let entry = kept.entry(id).or_default();
        if said.name.is_some() {
            *entry = said;
        }
        entry.asked = Some(now);
    }

    /// Writes what Discord said, whole or not at all.
    pub(super) fn save(&mut self) -> Result<()> {
        let (path, Some(kept)) = self.kept() else {
            return Ok(());
        };
        replace(path, |out| out.write_all(format(kept).as_bytes())).map_err(|e| {
            let path = path.display();
            Error::new(format!("names file {path} can't be written: {e}"))
        })
    }

    /// In words where the names are from: these files, or the messages' own.
    pub(super) fn from(&self, has_messages: bool) -> String {
        let there = self.0.iter().filter(|(_, names)| names.is_some());
        let there = there.map(|(file, _)| file.display().to_string());
        let messages = has_messages.then(|| "the messages' files".to_owned());
        match there.chain(messages).collect::<Vec<_>>() {
            none if none.is_empty() => "for there is no file names or names.json".to_owned(),
            files => format!("from {}", files.join(" and ")),
        }
    }
}

fn is_json_by_name(file: &Path) -> bool {
    let extension = file.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("json")
}

/// Reads a names file; `None` if it isn't there.
fn read(path: &Path) -> Result<Option<Entries>> {
    let no_names = |why: &str| {
        Error::new(format!(
            "names file {} isn't one: {why}. It must be JSON such as {{\"123456789012345678\": \"Ann\"}}, or Python's pickle of a plain dict, {{int(id): name for id, name in names.items()}}; correct it, take it away, or set NAMES_FILE to another",
            path.display()
        ))
    };
    let unreadable =
        |e: std::io::Error| Error::new(format!("names file {} can't be read: {e}", path.display()));
    let metadata = match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(unreadable)?,
    };
    if !metadata.is_file() {
        return Err(no_names("it is not a file"));
    }
    if metadata.len() > LARGEST {
        return Err(no_names("it is larger than 32 MB"));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let (names, left_out) = parse(&bytes, is_json_by_name(path)).map_err(|why| no_names(&why))?;
    if !left_out.is_empty() {
        let more = if left_out.len() > 5 { "; …" } else { "" };
        println!(
            "{} of {} entries of names file {} can't be used: {}{more}",
            left_out.len(),
            names.len() + left_out.len(),
            path.display(),
            left_out[..left_out.len().min(5)].join("; ")
        );
    }
    Ok(Some(names))
}

/// The entries of a names file, and why some are left out.
fn parse(bytes: &[u8], is_json: bool) -> std::result::Result<(Entries, Vec<String>), String> {
    // Some editors put a mark before UTF-8.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let items = if is_json || text.trim_ascii_start().starts_with(b"{") {
        let text = whole_characters(&text::lossy(text));
        match serde_json::from_str(&text).map_err(|e| format!("it is not JSON ({e})"))? {
            Value::Object(items) => items.into_iter().collect(),
            _ => return Err("it is not an object from id to name".to_owned()),
        }
    } else if matches!(bytes.first(), Some(0x80 | b'}' | b'(' | b'c')) {
        // How Python begins a dict: protocol 2 and later, 1, 0; an object in 0.
        super::pickle::read(bytes, LARGEST as usize)?
    } else if bytes.is_empty() {
        return Err("it is empty".to_owned());
    } else if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("it is UTF-16 text; save it as UTF-8".to_owned());
    } else {
        return Err("it is neither JSON nor a pickled dict".to_owned());
    };
    let mut names = Entries::new();
    let mut left_out = Vec::new();
    for (key, value) in items {
        match (MemberId::parse(&key), entry(value)) {
            (Some(id), Some(entry)) => drop(names.insert(id, entry)),
            (Some(id), None) => left_out.push(format!("{id} has no name that is text")),
            (None, _) => {
                let key = text::shorten(&key);
                left_out.push(format!("its key {key:?} is not a member's id"));
            }
        }
    }
    if names.is_empty() && !left_out.is_empty() {
        return Err(left_out.swap_remove(0));
    }
    Ok((names, left_out))
}

/// JSON in which half a surrogate pair, such as of an emoji that was cut in two,
/// is the replacement character.
fn whole_characters(json: &str) -> String {
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escaped) = rest.split_at(at);
        let unit = |at: usize| {
            let digits = escaped.get(at..at + 6)?.strip_prefix("\\u")?;
            u32::from_str_radix(digits, 16).ok()
        };
        let (length, is_half) = match (unit(0), unit(6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, false),
            (Some(0xd800..=0xdfff), _) => (6, true),
            _ => (1 + escaped.chars().nth(1).map_or(0, char::len_utf8), false),
        };
        let (escaped, after) = escaped.split_at(length);
        whole.extend([before, if is_half { "\\ufffd" } else { escaped }]);
        rest = after;
    }
    whole + rest
}

/// JSON with a member a line, in the order of their ids.
fn format(names: &Entries) -> String {
    let entries = names.iter().map(|(id, entry)| {
        let name = Value::from(entry.name.as_deref());
        let bot = if entry.bot { ", \"bot\": true" } else { "" };
        let asked = entry.asked.map_or(String::new(), |time| {
            let time = time.to_rfc3339_opts(SecondsFormat::Secs, true);
            format!(", \"asked\": \"{time}\"")
        });
        format!("  \"{id}\": {{\"name\": {name}{bot}{asked}}}")
    });
    format!("{{\n{}\n}}\n", entries.collect::<Vec<_>>().join(",\n"))
}

/// An entry: a name, nothing, what [`format`] writes, or a user or a member as
/// Discord's own tools have it, with a nickname in the server before the global name before the
/// user name.
pub(super) fn entry(value: Value) -> Option<Entry> {
    let mut fields = match value {
        Value::String(name) => return Some(Entry::named(name)),
        Value::Null => return Some(Entry::default()),
        Value::Object(fields) => fields,
        _ => return None,
    };
    // As Discord lists a server's members: `{"user": {…}, "nick": null}`.
    if let Some(Value::Object(user)) = fields.remove("user") {
        let member = std::mem::replace(&mut fields, user);
        fields.extend(member);
    }
    let names = ["name", "nick", "display_name", "global_name", "username"];
    let names = names.iter().filter_map(|&name| fields.get(name));
    let mut texts = names.clone().filter_map(Value::as_str);
    let name = texts.clone().find(|name| !is_blank(name)).or(texts.next());
    let is_known = name.is_some() || names.clone().any(Value::is_null);
    if !is_known && !fields.contains_key("bot") {
        return None;
    }
    let asked = fields.get("asked").and_then(Value::as_str);
    Some(Entry {
        name: name.map(str::to_owned),
        bot: fields.get("bot") == Some(&Value::Bool(true)),
        // A date that can't be read means that Discord is asked again.
        asked: asked.and_then(|time| Some(DateTime::parse_from_rfc3339(time).ok()?.to_utc())),
    })
}

#[cfg(test)]
mod tests;
