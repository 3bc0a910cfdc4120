//! Files of JSON documents, as `mongoexport` and MongoDB Compass write them:
//! relaxed or canonical, one a line or an array, on one line or on many.

use std::io::{self, BufRead, Read};

use serde_json::value::RawValue;
use serde_json::{Deserializer, Map, Value};

use super::document::{self, Field};
use crate::store::columns::Contents;
use crate::text::clean;
use crate::{Extra, LeftOut, Window, WindowsBuilder};

/// No line is longer, and no file whose documents aren't one a line, in bytes: a
/// file without an end must not fill the memory.
const LONGEST: u64 = 2 << 30;

/// Reads documents. Where each has a line of its own, one that can't be used is
/// left out and named by its line. Else the file is read as a whole.
///
/// `place`: how far a file that is being written was read, in bytes and lines, to
/// `before`. Its last line isn't there yet while it has no end.
///
/// # Errors
///
/// The file can't be read, isn't JSON (in which line and column), or is of another
/// kind: what it is, and the command that gives a good one.
pub fn read(
    mut input: impl BufRead,
    mut before: Contents,
    mut place: Option<&mut [u64; 2]>,
) -> io::Result<Contents> {
    // A file from Windows may begin with a byte-order mark.
    if input.fill_buf()?.starts_with(MARK) {
        input.consume(MARK.len());
        if let Some(place) = &mut place {
            place[0] += MARK.len() as u64;
        }
    }
    if let Some(why) = other_kind(input.fill_buf()?).filter(|_| place.is_none()) {
        return Err(refused(why));
    }
    let mut reader = Reader {
        windows: WindowsBuilder::on(before.windows),
        left_out: before.left_out,
        latest: document::latest(),
        documents: 0,
    };
    // The lines before the first one that isn't blank; then each line alone.
    let (mut text, mut begin) = (Vec::new(), 0);
    let mut number = place.as_ref().map_or(0, |place| place[1] as usize);
    while input.by_ref().take(LONGEST).read_until(b'\n', &mut text)? > 0 {
        number += 1;
        if let Some(place) = &mut place {
            if !text.ends_with(b"\n") {
                break;
            }
            **place = [place[0] + (text.len() - begin) as u64, number as u64];
        }
        let line = alone(&text[begin..]);
        if line.is_empty() {
            begin = text.len();
            continue;
        }
        let first = reader.documents + reader.left_out.len() == 0 && place.is_none();
        match values(line) {
            Ok(values) => values.iter().for_each(|value| reader.value(value, number)),
            Err(_) if first && is_shell(line) => return Err(refused(shell())),
            Err(error)
                if first
                    && (error.is_eof() || without_script(&text[begin..]).starts_with(b"[")) =>
            {
                input.by_ref().take(LONGEST).read_to_end(&mut text)?;
                reader.whole(&text)?;
            }
            Err(error) => {
                reader.documents += usize::from(line.starts_with(b"{"));
                reader.leave_out(number, not_json(line, &error), None);
            }
        }
        text.clear();
        begin = 0;
    }
    if reader.documents == 0 && place.is_none() {
        return Err(refused(format!("it holds no JSON document; {EXPORT}")));
    }
    (before.windows, before.left_out) = (reader.windows.finish(), reader.left_out);
    Ok(before)
}

/// The mark that some editors put before UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

fn refused(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// What stands on a line, without what makes a script or an array of such lines.
fn alone(line: &[u8]) -> &[u8] {
    let line = without_script(line);
    match (line.first(), line.last()) {
        (Some(b'['), Some(b']')) if line.len() > 1 => line,
        (Some(b'[' | b','), _) => alone(&line[1..]),
        (_, Some(b',' | b']')) => alone(&line[..line.len() - 1]),
        _ => line,
    }
}

/// A text without the blanks around it, or what makes a script of it:
/// `const data = […];`.
fn without_script(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    let text = text.strip_suffix(b";").unwrap_or(text);
    let equals = text.iter().take(100).position(|&byte| byte == b'=');
    let value = equals.map(|equals| text[equals + 1..].trim_ascii_start());
    value
        .filter(|value| text[0].is_ascii_alphabetic() && value.starts_with(b"["))
        .unwrap_or(text)
}

/// The values of a text: of an array its own.
fn values(text: &[u8]) -> serde_json::Result<Vec<&RawValue>> {
    let mut all = Vec::new();
    for value in Deserializer::from_slice(text).into_iter::<&RawValue>() {
        let value = value?;
        match value.get().starts_with('[') {
            true => all.extend(serde_json::from_str::<Vec<&RawValue>>(value.get())?),
            false => all.push(value),
        }
    }
    Ok(all)
}

/// How many lines end in a text.
fn lines(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte == b'\n').count()
}

/// Why a text is no JSON.
fn not_json(text: &[u8], error: &serde_json::Error) -> String {
    if !text.starts_with(b"{") && !text.starts_with(b"[") {
        return "not a JSON document".to_owned();
    }
    if error.is_eof() {
        return "it ends in the middle of a document; was the file cut off?".to_owned();
    }
    let why = error.to_string();
    let why = why.split(" at line ").next().unwrap_or_default();
    format!("not JSON ({why} at character {})", error.column())
}

/// What to do instead, for a file of another kind.
const EXPORT: &str =
    "export it as JSON: mongoexport --uri=… --collection=activitydata --out=activity.json";

/// How files begin that are compressed, by what, and what unpacks them.
const PACKED: [(&[u8], &str, &str); 5] = [
    (b"\x1f\x8b", "gzip", "gunzip -k"),
    (b"\x28\xb5\x2f\xfd", "zstd", "zstd -d"),
    (b"\xfd7zXZ", "xz", "xz -dk"),
    (b"BZh", "bzip2", "bunzip2 -k"),
    (b"PK\x03\x04", "zip", "unzip"),
];

/// What a file is that begins like this, and what to do, unless it is JSON.
fn other_kind(start: &[u8]) -> Option<String> {
    if let Some((_, kind, command)) = PACKED.iter().find(|packed| start.starts_with(packed.0)) {
        return Some(format!(
            "it is compressed ({kind}); unpack it with `{command}`, and open what comes out"
        ));
    }
    // A document's length and the type of its first field.
    let is_bson = start.first_chunk().is_some_and(|length| {
        (5..17 << 20).contains(&i32::from_le_bytes(*length))
            && matches!(start.get(4), Some(1..=0x13))
    });
    let text = start.trim_ascii();
    let line = String::from_utf8_lossy(text.split(|&byte| byte == b'\n').next().unwrap_or(text));
    let mut fields = line
        .split([',', ';', '\t'])
        .map(|field| field.trim_matches(['"', ' ']));
    if start.starts_with(b"\x6d\xe2\x99\x81") {
        Some(format!(
            "it is an archive of mongodump; restore it with mongorestore --archive=…, and {EXPORT}"
        ))
    } else if is_bson {
        Some("it is BSON, as mongodump writes it; turn it into JSON with bsondump --outFile=activity.json and the file's name".to_owned())
    } else if start
        .iter()
        .take(2)
        .any(|byte| matches!(byte, 0 | 0xfe | 0xff))
    {
        Some("it is UTF-16 text, as PowerShell's > writes it; save it as UTF-8, or let mongoexport write it: --out=activity.json".to_owned())
    } else if text.is_empty() {
        Some(format!("it is empty; {EXPORT}"))
    } else if text.starts_with(b"<") {
        Some(format!("it is a web page or XML; {EXPORT}"))
    } else if !text.starts_with(b"{")
        && !text.starts_with(b"[")
        && fields.any(|field| field == document::TIME)
    {
        Some(format!("it is CSV; {EXPORT}"))
    } else {
        None
    }
}

/// Whether a document is written as a shell or Python shows it, such as
/// `{ _id: ObjectId("…"), time: ISODate("…") }`.
fn is_shell(document: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&document[..document.len().min(1000)]);
    if !start.starts_with('{') {
        return false;
    }
    let key = start.trim_start_matches(|c: char| c == '{' || c.is_whitespace());
    let after = key.trim_start_matches(|c: char| c.is_alphanumeric() || "'_-$".contains(c));
    let calls = [
        "ISODate(",
        "ObjectId(",
        "NumberLong(",
        "NumberInt(",
        "new Date(",
    ];
    key != after && after.trim_start().starts_with(':')
        || calls.iter().any(|call| start.contains(call))
}

fn shell() -> String {
    format!(
        "its documents are as a shell or Python shows them (ISODate(…), keys without double quotes), which is not JSON; {EXPORT}"
    )
}

struct Reader {
    windows: WindowsBuilder,
    left_out: Vec<LeftOut>,
    /// The last time we take.
    latest: i64,
    /// How many documents there were so far.
    documents: usize,
}

impl Reader {
    /// Takes the documents of a text in which they have more lines than one.
    fn whole(&mut self, text: &[u8]) -> io::Result<()> {
        let script = without_script(text);
        let values = values(script).map_err(|error| {
            let document = script.iter().position(|&byte| byte == b'{');
            if document.is_some_and(|begin| is_shell(&script[begin..])) {
                return refused(shell());
            }
            let before = &text[..script.as_ptr() as usize - text.as_ptr() as usize];
            let line = error.line() + lines(before);
            let why = not_json(script, &error);
            refused(format!("in line {line}, column {}: {why}", error.column()))
        })?;
        let (mut line, mut at) = (1, 0);
        for value in values {
            let place = value.get().as_ptr() as usize - text.as_ptr() as usize;
            line += lines(&text[at..place]);
            at = place;
            self.value(value, line);
        }
        Ok(())
    }

    /// Takes the document that begins in this line, or those of the only array
    /// in it: `{"documents": […]}`.
    fn value(&mut self, value: &RawValue, line: usize) {
        self.documents += usize::from(value.get().starts_with('{'));
        let document = match serde_json::from_str(value.get()) {
            Ok(Value::Object(document)) => document,
            Ok(_) => return self.leave_out(line, "not a JSON document".to_owned(), None),
            Err(error) => {
                return self.leave_out(line, not_json(value.get().as_bytes(), &error), None);
            }
        };
        let mut arrays = document.values().filter_map(Value::as_array);
        match (arrays.next(), arrays.next()) {
            (Some(documents), None)
                if !document.contains_key(document::TIME)
                    && documents.first().is_some_and(Value::is_object) =>
            {
                for document in documents.iter().filter_map(Value::as_object) {
                    self.document(document, line);
                }
            }
            _ => self.document(&document, line),
        }
    }

    fn document(&mut self, document: &Map<String, Value>, line: usize) {
        let mut end = None;
        if let Err(reason) = self.window(document, &mut end) {
            self.windows.discard();
            self.leave_out(line, reason, end);
        }
    }

    fn leave_out(&mut self, line: usize, reason: String, end: Option<i64>) {
        self.left_out.push(LeftOut {
            document: format!("line {line}"),
            reason,
            end,
        });
    }

    /// Takes the document's window, or nothing of it but its end.
    fn window(
        &mut self,
        document: &Map<String, Value>,
        end: &mut Option<i64>,
    ) -> Result<(), String> {
        let value = |name| document.get(name);
        let time = document::time(field(value(document::TIME)), self.latest)?;
        *end = Some(time);
        let known = |name| document::known(name, field(value(name)));
        let window = Window {
            end: time,
            declared: document::length(field(value(document::SINCE)), time)?,
            online: known(document::ONLINE)?,
            volume: document::count(document::VOLUME, field(value(document::VOLUME)))?,
        };
        let quantities = match value(document::QUANTITIES) {
            Some(Value::Object(members)) => members,
            Some(_) => return Err(document::not_a("a sub-document", document::QUANTITIES)),
            None => return Err(format!("{} is missing", document::QUANTITIES)),
        };
        let listed = |name| match value(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(ids)) => {
                let read = |id| document::listed(name, field(Some(id)));
                ids.iter().map(read).collect::<Result<_, _>>().map(Some)
            }
            Some(_) => Err(document::not_a("an array", name)),
        };
        let count = |(key, value): (&String, _)| document::count(key, field(Some(value)));
        let channels = match value(document::CHANNELS) {
            None | Some(Value::Null) => None,
            Some(Value::Object(channels)) => {
                let read = |of: (&String, _)| Ok((document::channel(of.0)?, count(of)?));
                Some(channels.iter().map(read).collect::<Result<_, String>>()?)
            }
            Some(_) => return Err(document::not_a("a sub-document", document::CHANNELS)),
        };
        self.windows.extra(Extra {
            member_count: known(document::MEMBERS)?,
            joined: listed(document::JOINED)?,
            left: listed(document::LEFT)?,
            channels,
        });
        for of in quantities {
            self.windows.sent(document::member(of.0)?, count(of)?);
        }
        self.windows.window(window).map_err(|e| e.to_string())
    }
}

/// A value, or what of it is no field, as the rules tell values apart, in
/// extended JSON, v1 and v2: `7`, `7.0`, `{"$numberInt": "7"}`, the same with
/// `$numberLong`, `$numberDouble` and `$numberDecimal`, `{"$date":
/// "2020-09-04T21:00:00Z"}`, `{"$date": {"$numberLong": "1599253200000"}}` and
/// `{"$date": 1599253200000}`. A number in place of its text does as well.
///
/// <https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md>
pub fn field(value: Option<&Value>) -> Field<'_> {
    let Some(value) = value else {
        return Field::Missing;
    };
    plain(value).unwrap_or_else(|| Field::Other(clean(&value.to_string(), 60).into()))
}

fn plain(value: &Value) -> Option<Field<'_>> {
    let wrapper = match value {
        Value::Null => return Some(Field::Null),
        Value::Number(number) => {
            let integer = number.as_i64().map(Field::Integer);
            return integer.or_else(|| number.as_f64().map(Field::Double));
        }
        Value::String(text) => return Some(Field::Text(text)),
        Value::Object(wrapper) if wrapper.len() == 1 => wrapper,
        _ => return None,
    };
    let (kind, inner) = wrapper.iter().next()?;
    match (kind.as_str(), inner) {
        ("$date", Value::String(text)) => Some(Field::Text(text)),
        ("$date", inner) => match plain(inner)? {
            Field::Integer(time) => Some(Field::Date(time)),
            Field::Double(time) if time.fract() == 0.0 => Some(Field::Date(time as i64)),
            _ => None,
        },
        ("$numberInt" | "$numberLong" | "$numberDouble" | "$numberDecimal", inner) => match inner {
            Value::String(text) => document::decimal(text),
            Value::Number(_) => plain(inner),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
