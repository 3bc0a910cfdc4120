//! Files of JSON documents, as `mongoexport` and MongoDB Compass write them:
//! relaxed or canonical, one a line or an array, on one line or on many.

use std::io::{self, Read};

use chrono::DateTime;
use serde_json::{Deserializer, Value};

use super::document::{self, Field};
use crate::MemberId;
use crate::{LeftOut, Window, Windows, WindowsBuilder};

/// Read from the file at once, in bytes.
const CHUNK: usize = 64 << 10;
/// No document is longer, in bytes: MongoDB holds 16 MB, and JSON takes at most
/// a few times that. A file without an end must not fill the memory.
const LONGEST: usize = 64 << 20;

/// Reads documents, whatever stands on a line. A document that can't be used is
/// left out and named by the line it begins on.
///
/// # Errors
///
/// The file can't be read, or is of another kind: what it is, and the command
/// that gives a good one.
pub(crate) fn read(input: impl Read) -> io::Result<(Windows, Vec<LeftOut>)> {
    let refused = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut text = Text::new(input)?;
    if let Some(why) = other_kind(text.rest()) {
        return Err(refused(&why));
    }
    let mut reader = Reader {
        windows: WindowsBuilder::new(),
        latest: document::latest(),
    };
    let mut left_out = Vec::new();
    let mut documents = 0;
    while text.skip_between()? {
        documents += usize::from(text.rest()[0] == b'{');
        let used = match text.document()? {
            Ok((document, length)) => {
                let used = reader.document(&document);
                text.skip(length);
                used.map_err(|reason| (text.begin, reason))
            }
            Err(_) if reader.windows.windows().len() == 0 && is_shell(text.rest()) => {
                return Err(refused(&format!(
                    "its documents are as a shell or Python shows them (ISODate(…), keys without double quotes), which is not JSON; {EXPORT}"
                )));
            }
            Err(reason) => {
                text.skip_broken()?;
                Err((text.begin, reason))
            }
        };
        if let Err((line, reason)) = used {
            left_out.push(LeftOut {
                document: format!("line {line}"),
                reason,
            });
        }
    }
    if documents == 0 {
        return Err(refused(&format!("it holds no JSON document; {EXPORT}")));
    }
    Ok((reader.windows.finish(), left_out))
}

/// The file as text: what is read of it and not yet used.
struct Text<R> {
    input: R,
    bytes: Vec<u8>,
    /// Where the unused bytes begin.
    at: usize,
    /// Whether there is nothing more to read.
    ended: bool,
    /// The line at `at`, from 1.
    line: usize,
    /// The line on which the last document begins, and the spaces before it.
    begin: usize,
    indent: usize,
}

impl<R: Read> Text<R> {
    fn new(input: R) -> io::Result<Self> {
        let mut text = Self {
            input,
            bytes: Vec::new(),
            at: 0,
            ended: false,
            line: 1,
            begin: 1,
            indent: 0,
        };
        text.more()?;
        // A file from Windows may begin with a byte-order mark.
        if text.bytes.starts_with(b"\xef\xbb\xbf") {
            text.at = 3;
        }
        Ok(text)
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    /// Reads as much again as is unused, so that looking once more at what is
    /// unused costs no more than reading it.
    fn more(&mut self) -> io::Result<()> {
        self.bytes.drain(..self.at);
        self.at = 0;
        let more = CHUNK.max(self.bytes.len()) as u64;
        self.ended = self
            .input
            .by_ref()
            .take(more)
            .read_to_end(&mut self.bytes)?
            == 0;
        Ok(())
    }

    fn skip(&mut self, bytes: usize) {
        let left_out = &self.bytes[self.at..self.at + bytes];
        self.line += left_out.iter().filter(|&&byte| byte == b'\n').count();
        self.at += bytes;
    }

    /// Skips what stands between documents: blanks, and what makes an array of
    /// them. Gives whether something follows.
    fn skip_between(&mut self) -> io::Result<bool> {
        loop {
            while let Some(&byte) = self.bytes.get(self.at) {
                match byte {
                    b'\n' => (self.line, self.indent) = (self.line + 1, 0),
                    b' ' | b'\t' => self.indent += 1,
                    b'\r' | b',' | b'[' | b']' => (),
                    _ => {
                        self.begin = self.line;
                        return Ok(true);
                    }
                }
                self.at += 1;
            }
            if self.ended {
                return Ok(false);
            }
            self.more()?;
        }
    }

    /// The document that begins here and its length, or what is wrong with it.
    fn document(&mut self) -> io::Result<Result<(Value, usize), String>> {
        loop {
            let rest = self.rest();
            if rest[0] != b'{' {
                return Ok(Err("not a JSON document".to_owned()));
            }
            let may_go_on = !self.ended && rest.len() <= LONGEST;
            let mut values = Deserializer::from_slice(rest).into_iter();
            let value = values.next().expect("something is there");
            let length = values.byte_offset();
            let after = rest[length..].iter().find(|byte| !b" \t".contains(byte));
            match (value, after) {
                (Ok(_), None) if may_go_on => (),
                (Ok(document), None | Some(b'\n' | b'\r' | b',' | b']' | b'{')) => {
                    return Ok(Ok((document, length)));
                }
                (Ok(_), _) => return Ok(Err("more than a document on its line".to_owned())),
                (Err(e), _) if e.is_eof() && may_go_on => (),
                (Err(e), _) => return Ok(Err(self.why(&e))),
            }
            self.more()?;
        }
    }

    /// Why the document that begins here is none.
    fn why(&self, error: &serde_json::Error) -> String {
        let line = first_line(self.rest());
        let is_cut = |line| serde_json::from_slice::<Value>(line).is_err_and(|e| e.is_eof());
        if error.is_eof() || line != b"{" && is_cut(line) {
            return "it ends in the middle of a document; was the file cut off?".to_owned();
        }
        let why = error.to_string();
        let why = why.split(" at line ").next().unwrap_or_default();
        match error.line() {
            1 => format!("not JSON ({why} at character {})", error.column()),
            later => format!("not JSON ({why} in line {})", self.begin + later - 1),
        }
    }

    /// Skips a document that is broken, up to where the next one begins.
    fn skip_broken(&mut self) -> io::Result<()> {
        loop {
            let rest = self.rest();
            match next_begin(rest, self.indent) {
                Some(bytes) => break self.skip(bytes),
                None if self.ended || rest.len() > LONGEST => break self.skip(rest.len()),
                None => self.more()?,
            }
        }
        Ok(())
    }
}

fn first_line(text: &[u8]) -> &[u8] {
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    line.trim_ascii()
}

/// Where a document may begin after the one at the beginning of `text`, which is
/// broken. If that lies on many lines: at the next line that begins like it, with
/// no more spaces. Else behind it on its line (`},{`), or on the next line.
fn next_begin(text: &[u8], indent: usize) -> Option<usize> {
    let end = text.iter().position(|&byte| byte == b'\n');
    let begins = |line: &[u8], from: usize| {
        let rest = line[from..].iter();
        let begin = from + rest.take_while(|byte| b" \t[]},".contains(byte)).count();
        (line.get(begin) == Some(&b'{')).then_some(begin)
    };
    if end.is_some() && first_line(text) == b"{" {
        let mut at = 0;
        text.split_inclusive(|&byte| byte == b'\n')
            .find_map(|line| {
                let begin = begins(line, 0).filter(|_| at > 0);
                let spaces = line.iter().take_while(|byte| b" \t".contains(byte)).count();
                let found = begin.filter(|_| spaces <= indent).map(|begin| at + begin);
                at += line.len();
                found
            })
    } else {
        let line = &text[..end.unwrap_or(text.len())];
        let closed = (0..line.len()).filter(|&at| line[at] == b'}');
        let mut behind = closed.filter_map(|at| begins(line, at));
        behind.next().or(end.map(|end| end + 1))
    }
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
    let line = String::from_utf8_lossy(first_line(text));
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

struct Reader {
    windows: WindowsBuilder,
    /// The last time we take.
    latest: i64,
}

impl Reader {
    /// Takes the document, or nothing of it.
    fn document(&mut self, document: &Value) -> Result<(), String> {
        let field = |name| document.get(name);
        let time = rule(field(document::TIME), |time| {
            document::time(time, self.latest)
        })?;
        let declared = rule(field(document::SINCE), |since| {
            document::length(since, time)
        })?;
        let count = |name, value| rule(value, |field| document::count(name, field));
        let online = count(document::ONLINE, field(document::ONLINE))?;
        let volume = count(document::VOLUME, field(document::VOLUME))?;
        let quantities = match field(document::QUANTITIES) {
            Some(Value::Object(members)) => members,
            Some(_) => return Err(format!("{} is not a sub-document", document::QUANTITIES)),
            None => return Err(format!("{} is missing", document::QUANTITIES)),
        };
        let sent: Vec<(MemberId, u32)> = quantities
            .iter()
            .map(|(key, value)| Ok((document::member(key)?, count(key, Some(value))?)))
            .collect::<Result<_, String>>()?;
        for (id, sent) in sent {
            self.windows.sent(id, sent);
        }
        let window = Window {
            end: time,
            declared,
            online,
            volume,
        };
        self.windows.window(window).map_err(|e| e.to_string())
    }
}

/// Applies a rule to a value, which the rule's reason shows where it is of no
/// type that the rules know.
fn rule<T>(
    value: Option<&Value>,
    rule: impl FnOnce(Field) -> Result<T, String>,
) -> Result<T, String> {
    let Some(value) = value else {
        return rule(Field::Missing);
    };
    match field(value) {
        Some(field) => rule(field),
        None => {
            let text = value.to_string();
            let mut shown: String = text.chars().take(60).collect();
            if shown.len() < text.len() {
                shown.push('…');
            }
            rule(Field::Other(&shown))
        }
    }
}

/// Extended JSON, v1 and v2: `7`, `7.0`, `{"$numberInt": "7"}`, the same with
/// `$numberLong`, `$numberDouble` and `$numberDecimal`, `{"$date":
/// "2020-09-04T21:00:00Z"}`, `{"$date": {"$numberLong": "1599253200000"}}` and
/// `{"$date": 1599253200000}`. A number in place of its text does as well.
///
/// <https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md>
fn field(value: &Value) -> Option<Field<'static>> {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Some(Field::Integer(integer)),
            None => number.as_f64().map(Field::Double),
        },
        Value::Object(wrapper) if wrapper.len() == 1 => {
            let (kind, inner) = wrapper.iter().next()?;
            match (kind.as_str(), inner) {
                ("$date", inner) => date(inner).map(Field::Date),
                (
                    "$numberInt" | "$numberLong" | "$numberDouble" | "$numberDecimal",
                    Value::String(text),
                ) => document::decimal(text),
                (
                    "$numberInt" | "$numberLong" | "$numberDouble" | "$numberDecimal",
                    Value::Number(_),
                ) => field(inner),
                _ => None,
            }
        }
        _ => None,
    }
}

fn date(value: &Value) -> Option<i64> {
    let Value::String(text) = value else {
        return match field(value)? {
            Field::Integer(time) => Some(time),
            Field::Double(time) if time.fract() == 0.0 => Some(time as i64),
            _ => None,
        };
    };
    let read = |format| DateTime::parse_from_str(text, format);
    let time = DateTime::parse_from_rfc3339(text)
        // mongoexport 100.5 and older write the zone without a colon.
        .or_else(|_| read("%Y-%m-%dT%H:%M:%S%.f%z"))
        .or_else(|_| read("%Y-%m-%dT%H:%M%#z"));
    time.ok().map(|time| time.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::sample::Random;

    const RELAXED: &str = r#"{"_id":{"$oid":"5f52a7d0c8a1b2c3d4e5f601"},"time":{"$date":"2020-09-04T21:00:00.123Z"},"online-members":84,"messages-sent":3,"quantities":{"12":2,"34":1}}"#;
    const CANONICAL: &str = r#"{"_id":{"$oid":"5f52a7d0c8a1b2c3d4e5f601"},"time":{"$date":{"$numberLong":"1599253200123"}},"online-members":{"$numberInt":"84"},"messages-sent":{"$numberLong":"3"},"quantities":{"12":{"$numberDouble":"2.0"},"34":{"$numberInt":"1"}}}"#;

    #[test]
    fn relaxed_and_canonical_are_the_same() {
        let (relaxed, none) = read(RELAXED.as_bytes()).unwrap();
        assert_eq!(none, []);
        assert_eq!(relaxed.ends, [1_599_253_200_123]);
        assert_eq!(relaxed.volume, [3]);
        assert_eq!(relaxed.members, [12, 34]);
        assert_eq!(relaxed.sent, [2, 1]);
        assert_eq!(relaxed, read(CANONICAL.as_bytes()).unwrap().0);
    }

    #[test]
    fn a_bad_line_is_named_and_the_rest_is_used() {
        let cut = &RELAXED[..RELAXED.len() - 9];
        let text = format!("\n{RELAXED}\nnonsense\n{{}}\n{CANONICAL}\r\n{cut}");
        let (windows, left_out) = read(text.as_bytes()).unwrap();
        assert_eq!(windows.ends.len(), 2);
        let lines: Vec<&str> = left_out.iter().map(|s| s.document.as_str()).collect();
        assert_eq!(lines, ["line 3", "line 4", "line 6"]);
        assert!(left_out[2].reason.contains("cut off"), "{left_out:?}");
    }

    #[test]
    fn every_prefix_of_a_file_is_read_without_a_panic() {
        let text = format!("{RELAXED}\n{CANONICAL}\n");
        for end in 1..text.len() {
            let (windows, left_out) = read(&text.as_bytes()[..end]).unwrap();
            let lines = text.as_bytes()[..end]
                .split(|&b| b == b'\n')
                .filter(|l| !l.is_empty());
            assert_eq!(windows.ends.len() + left_out.len(), lines.count());
        }
    }

    /// Three documents a line, the same without the middle one, and the same
    /// three as the tools write them: the name, the text, and the line that the
    /// middle one begins on.
    fn layouts(middle: &str) -> Vec<(&'static str, String, usize)> {
        let document = |minute: u32| RELAXED.replace("21:00:00", &format!("21:{minute}0:00"));
        let (first, last) = (document(1), document(3));
        let lines = |text: &str, indent: &str| {
            // Each field on a line of its own, as `--pretty` does.
            let text = text
                .replace('{', "{\n\t")
                .replace(',', ",\n\t")
                .replace('}', "\n}");
            let mut depth = 0;
            let lines = text.lines().map(|line| {
                depth -= isize::from(line.starts_with('}'));
                let line = format!(
                    "{indent}{}{}",
                    "\t".repeat(depth.max(0) as usize),
                    line.trim_start()
                );
                depth += isize::from(line.ends_with('{'));
                line
            });
            lines.collect::<Vec<_>>().join("\n")
        };
        let [a, b, c] = [&first, middle, &last].map(|text| lines(text, ""));
        let [d, e, f] = [&first, middle, &last].map(|text| lines(text, "  "));
        let after = |before: &str| before.matches('\n').count() + 1;
        let mut layouts = Vec::new();
        let mut add = |name, before: String, after_it: String, middle: &str| {
            let line = after(&before);
            layouts.push((name, format!("{before}{middle}{after_it}"), line));
        };
        add("lines", format!("{first}\n"), format!("\n{last}\n"), middle);
        add(
            "windows",
            format!("\u{feff}{first}\r\n"),
            format!("\r\n{last}\r\n"),
            middle,
        );
        add(
            "blank lines",
            format!("\n\n{first}\n\n"),
            format!("\n \n{last}"),
            middle,
        );
        add(
            "jsonArray",
            format!("[{first},"),
            format!(",{last}]\n"),
            middle,
        );
        add(
            "array of lines",
            format!("[\n{first},\n"),
            format!(",\n{last}\n]"),
            middle,
        );
        add(
            "commas first",
            format!("[{first}\n,"),
            format!("\n,{last}]"),
            middle,
        );
        add("pretty", format!("{a}\n"), format!("\n{c}\n"), &b);
        add("pretty array", format!("[{a},\n"), format!(",\n{c}]\n"), &b);
        add(
            "indented array",
            format!("[\n{d},\n"),
            format!(",\n{f}\n]\n"),
            &e,
        );
        add("braces together", format!("[{a}, "), format!(", {c}]"), &b);
        layouts
    }

    #[test]
    fn documents_are_read_however_they_lie() {
        let middle = RELAXED.replace("21:00:00", "21:20:00");
        for (name, text, _) in layouts(&middle) {
            let (windows, left_out) = read(text.as_bytes()).unwrap();
            assert_eq!(left_out, [], "{name}");
            let times = [1, 2, 3].map(|minute| 1_599_253_200_123 + minute * 600_000);
            assert_eq!(windows.ends, times, "{name}: {text}");
            assert_eq!(windows.sent, [2, 1, 2, 1, 2, 1], "{name}");
        }
        // Without a character between them.
        let (windows, left_out) = read(format!("{RELAXED}{CANONICAL}").as_bytes()).unwrap();
        assert_eq!((windows.ends.len(), left_out.len()), (2, 0));
        // Longer than what is read at once, so that documents lie on its border.
        for (name, text, _) in layouts(&middle) {
            let long = text.replace("\u{feff}", "").repeat(500);
            let (windows, left_out) = read(long.as_bytes()).unwrap();
            assert_eq!((windows.ends.len(), left_out), (1500, vec![]), "{name}");
        }
    }

    #[test]
    fn a_broken_document_is_left_out_alone_wherever_it_lies() {
        let good = RELAXED.replace("21:00:00", "21:20:00");
        let breaks: [(&str, &str, &str); 7] = [
            ("no quote", "\"online-members\"", "online-members\""),
            ("no value", ":84", ":"),
            ("no number", ":84", ":NaN"),
            ("a cut word", ":84", ":tru"),
            ("no comma", "84,", "84 "),
            ("no end", "}}", "}"),
            ("a rule", ":84", ":-84"),
        ];
        for (what, from, to) in breaks {
            for (name, text, line) in layouts(&good.replace(from, to)) {
                let (windows, left_out) = read(text.as_bytes()).unwrap();
                let times = [1, 3].map(|minute| 1_599_253_200_123 + minute * 600_000);
                assert_eq!(windows.ends, times, "{what}, {name}: {left_out:?}\n{text}");
                assert_eq!(left_out.len(), 1, "{what}, {name}: {left_out:?}");
                assert_eq!(
                    left_out[0].document,
                    format!("line {line}"),
                    "{what}, {name}"
                );
                assert!(!left_out[0].reason.contains("column"), "{left_out:?}");
            }
        }
    }

    #[test]
    fn the_last_document_is_named_where_the_file_is_cut_off() {
        let middle = RELAXED.replace("21:00:00", "21:20:00");
        for (name, text, line) in layouts(&middle) {
            let begin = text.rfind("\"_id\"").unwrap();
            let last = text[..begin].rfind('{').unwrap();
            for end in
                (last + 1..text.rfind('}').unwrap()).filter(|&end| text.is_char_boundary(end))
            {
                let (windows, left_out) = read(&text.as_bytes()[..end]).unwrap();
                assert_eq!(windows.ends.len(), 2, "{name} {end}");
                let begin = format!("line {}", text[..last].matches('\n').count() + 1);
                assert_eq!(left_out[0].document, begin, "{name} {line}");
                assert_eq!(
                    left_out[0].reason,
                    "it ends in the middle of a document; was the file cut off?"
                );
                assert_eq!(left_out.len(), 1, "{name} {end}: {left_out:?}");
            }
        }
    }

    #[test]
    fn a_file_of_another_kind_is_named_once_with_what_to_do() {
        let utf_16: Vec<u8> = RELAXED.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked = [b"\xff\xfe", &utf_16[..]].concat();
        let cases: [(&[u8], &str); 18] = [
            (b"", "it is empty; export it as JSON: mongoexport "),
            (b"\n \n", "it is empty; "),
            (b"[]\n", "it holds no JSON document; export it as JSON: "),
            (b"hello\nworld\n", "it holds no JSON document; "),
            (b"\x1f\x8b\x08\x00", "it is compressed (gzip); unpack it with `gunzip -k`"),
            (b"\x28\xb5\x2f\xfd\x04", "it is compressed (zstd); unpack it with `zstd -d`"),
            (b"PK\x03\x04\x14", "it is compressed (zip); unpack it with `unzip`"),
            (b"_id,time,online-members\n1,2,3\n", "it is CSV; export it as JSON: "),
            (b"\xef\xbb\xbf\"_id\";\"time\"\n", "it is CSV; "),
            (b"time\tonline-members\n", "it is CSV; "),
            (
                b"\xa4\0\0\0\x07_id\0",
                "it is BSON, as mongodump writes it; turn it into JSON with bsondump --outFile=activity.json",
            ),
            (b"\x6d\xe2\x99\x81d\0\0\0", "it is an archive of mongodump; restore it with mongorestore"),
            (&marked, "it is UTF-16 text, as PowerShell's > writes it; save it as UTF-8"),
            (&utf_16, "it is UTF-16 text"),
            (b"<!DOCTYPE html>\n<html>", "it is a web page or XML; "),
            (
                b"{ \"_id\" : ObjectId(\"5f52a7d0c8a1b2c3d4e5f601\"), \"time\" : ISODate(\"2020-09-04T21:00:00Z\") }",
                "its documents are as a shell or Python shows them",
            ),
            (
                b"[\n  {\n    _id: ObjectId('5f52a7d0c8a1b2c3d4e5f601'),\n    time: ISODate('2020",
                "its documents are as a shell or Python shows them",
            ),
            (
                b"{'time': datetime.datetime(2020, 9, 4, 21, 0), 'online-members': 84}\n",
                "its documents are as a shell or Python shows them",
            ),
        ];
        for (bytes, why) in cases {
            let error = read(bytes).unwrap_err().to_string();
            assert!(
                error.starts_with(why),
                "{:?}: {error}",
                String::from_utf8_lossy(bytes)
            );
        }
        // Among others, such a document is left out alone.
        let text = format!("connected to: localhost\n{RELAXED}\n{{_id: ObjectId('1')}}\n{RELAXED}");
        let (windows, left_out) = read(text.as_bytes()).unwrap();
        assert_eq!((windows.ends.len(), left_out.len()), (2, 2), "{left_out:?}");
    }

    #[test]
    fn dates_and_counts_of_other_tools_are_read_or_shown() {
        let read = |name: &str, value: &str| {
            let value = format!("\"{name}\":{value}");
            let from = match name {
                "time" => "\"time\":{\"$date\":\"2020-09-04T21:00:00.123Z\"}",
                _ => "\"messages-sent\":3",
            };
            let (windows, left_out) = read(RELAXED.replace(from, &value).as_bytes()).unwrap();
            match left_out.first() {
                None => Ok((windows.ends[0], windows.volume[0])),
                Some(one) => Err(one.reason.clone()),
            }
        };
        for time in [
            r#"{"$date":{"$numberLong":1599253200000}}"#,
            r#"{"$date":{"$numberLong":"1599253200000"}}"#,
            r#"{"$date":1599253200000}"#,
            r#"{"$date":1.5992532e12}"#,
            r#"{"$date":"2020-09-04T21:00Z"}"#,
            r#"{"$date":"2020-09-04T23:00+02:00"}"#,
            r#"{"$date":"2020-09-04 21:00:00Z"}"#,
            r#"{"$date":"2020-09-04T21:00:00.000+0000"}"#,
            r#"{"$date":"2020-09-04T17:00:00-04:00"}"#,
        ] {
            assert_eq!(read("time", time), Ok((1_599_253_200_000, 3)), "{time}");
        }
        for time in [
            r#"{"$date":"2020-09-04"}"#,
            r#"{"$date":"2020-09-04T21:00:00"}"#,
            r#"{"$timestamp":{"i":1,"t":1599253200}}"#,
            r#""2020-09-04T21:00:00Z""#,
            "null",
        ] {
            assert_eq!(
                read("time", time),
                Err(format!("time is not a date ({time})"))
            );
        }
        for count in [
            r#"{"$numberDecimal":"7"}"#,
            r#"{"$numberDecimal":"7.0"}"#,
            r#"{"$numberInt":7}"#,
            r#"{"$numberLong":7}"#,
            r#"{"$numberDouble":7.0}"#,
        ] {
            assert_eq!(
                read("messages-sent", count),
                Ok((1_599_253_200_123, 7)),
                "{count}"
            );
        }
        for count in [
            r#"{"$numberDecimal":"seven"}"#,
            r#"{"$binary":{}}"#,
            "true",
            r#""7""#,
        ] {
            let why = format!("messages-sent is not a number ({count})");
            assert_eq!(read("messages-sent", count), Err(why));
        }
        let long = format!("[{}]", "\"é\",".repeat(1000) + "7");
        let why = read("messages-sent", &long).unwrap_err();
        assert!(why.ends_with("\"é…)") || why.len() < 150, "{why}");
    }

    #[test]
    fn a_window_may_say_when_it_began() {
        let with =
            |since: &str| RELAXED.replace("\"online", &format!("\"since\":{since},\"online"));
        let text = [
            with(r#"{"$date":"2020-09-04T20:50:00Z"}"#),
            with(r#"{"$date":"2020-09-04T21:00:00.123Z"}"#),
            with(r#"{"$date":"2020-01-01T00:00:00Z"}"#),
            with("7"),
        ];
        let (windows, left_out) = read(text.join("\n").as_bytes()).unwrap();
        assert_eq!(windows.ends.len(), 1);
        let reasons: Vec<&str> = left_out.iter().map(|one| one.reason.as_str()).collect();
        assert_eq!(
            reasons,
            [
                "since is not before time (2020-09-04T21:00:00.123Z)",
                "since lies more than 49 days before time (2020-01-01T00:00:00Z)",
                "since is a number, not a date (7)",
            ]
        );
    }

    /// Values that break the rules wherever they stand for a field.
    const REFUSED: [&str; 20] = [
        "null",
        "true",
        "-1",
        "0.5",
        "1e300",
        "-1e-300",
        "1e999",
        "NaN",
        "18446744073709551616",
        "\"7\"",
        "\"\\ud800\"",
        "[]",
        "[[[[[[[[7]]]]]]]]",
        "{\"$numberInt\":\"\"}",
        "{\"$numberDecimal\":\"7.5\"}",
        "{\"$numberLong\":\"-1\"}",
        "{\"$numberDouble\":\"NaN\"}",
        "{\"$date\":\"2020-13-41T25:61:61Z\"}",
        "{\"$date\":{\"$numberLong\":\"9223372036854775807\"}}",
        "{\"$undefined\":true}",
    ];
    /// Keys that are no member's.
    const NO_IDS: [&str; 5] = ["", "-1", "x", "99999999999999999999", "\\u0000"];

    /// A line, and whether it can be used where that is known.
    fn mangled(random: &mut impl FnMut(usize) -> usize) -> (Vec<u8>, Option<bool>) {
        let time = format!(
            "{{\"$date\":{}}}",
            1_599_253_200_000 + random(1 << 37) as i64
        );
        let ids = [random(9), 100 + random(usize::MAX >> 1)];
        let mut fields = [
            (document::TIME, time),
            (document::ONLINE, random(1000).to_string()),
            (document::VOLUME, format!("{}.0", random(1000))),
            (
                document::QUANTITIES,
                format!(
                    "{{\"{}\":7,\"{}\":{{\"$numberInt\":\"0\"}}}}",
                    ids[0], ids[1]
                ),
            ),
        ];
        let bad = REFUSED[random(REFUSED.len())];
        let one = random(fields.len());
        let kind = random(8);
        match kind {
            1 => fields[one].1 = bad.to_owned(),
            2 => fields[3].1 = format!("{{\"7\":{bad}}}"),
            3 => fields[3].1 = format!("{{\"{}\":7}}", NO_IDS[random(NO_IDS.len())]),
            4 => fields[one].0 = "another",
            5 => fields[one].1 = "[".repeat(1 << random(16)),
            _ => (),
        }
        let fields = fields.map(|(name, value)| format!("\"{name}\":{value}"));
        let mut line = format!("{{{}}}", fields.join(",")).into_bytes();
        match kind {
            6 => line.truncate(1 + random(line.len() - 1)),
            7 => {
                for _ in 0..=random(4) {
                    let at = random(line.len());
                    line[at] = random(256) as u8;
                }
                // Still one line, and not an empty one.
                line.iter_mut()
                    .filter(|byte| **byte == b'\n')
                    .for_each(|byte| *byte = 0);
            }
            _ => (),
        }
        (line, (kind < 7).then_some(kind == 0))
    }

    /// Lines as [`mangled`] makes them, the same in every run.
    fn mangled_lines(count: usize) -> Vec<(Vec<u8>, Option<bool>)> {
        let mut generator = Random(7);
        let mut random = |below: usize| generator.index(below);
        (0..count).map(|_| mangled(&mut random)).collect()
    }

    #[test]
    fn each_of_ten_thousand_mangled_lines_is_taken_or_named() {
        let lines = mangled_lines(10_000);
        let file: Vec<&[u8]> = lines.iter().map(|(line, _)| &**line).collect();
        let (windows, left_out) = read(&*file.join(&b'\n')).unwrap();
        let mut left_out = left_out.iter().peekable();
        let mut times = windows.ends.iter();
        for (number, (line, usable)) in (1..).zip(&lines) {
            let text = String::from_utf8_lossy(line);
            let name = format!("line {number}");
            let reported = left_out.next_if(|one| one.document == name);
            if let Some(one) = reported {
                assert!(
                    !one.reason.is_empty() && one.reason.len() < 200,
                    "{}",
                    one.reason
                );
            } else {
                // What is taken is that line's.
                let alone = read(&line[..]).unwrap().0;
                assert_eq!(times.next(), alone.ends.first(), "{name}: {text:.200}");
            }
            if let Some(usable) = usable {
                assert_eq!(reported.is_none(), *usable, "{name}: {text:.200}");
            }
        }
        assert_eq!((left_out.next(), times.next()), (None, None));
        assert!(windows.ends.len() > 1000, "{}", windows.ends.len());
        assert_eq!(windows.first_sender.len(), windows.ends.len() + 1);
        assert_eq!(
            windows.first_sender.last(),
            Some(&(windows.sender.len() as u32))
        );
        let members = windows.members.len() as u32;
        assert!(windows.sender.iter().all(|&sender| sender < members));
    }

    #[test]
    fn a_file_that_is_cut_off_loses_only_its_last_line() {
        let lines = mangled_lines(200);
        let file: Vec<&[u8]> = lines.iter().map(|(line, _)| &**line).collect();
        let file = file.join(&b'\n');
        let (all, _) = read(&file[..]).unwrap();
        for end in (1..file.len()).step_by(97) {
            let whole = file[..end].iter().filter(|&&byte| byte == b'\n').count();
            let (windows, left_out) = read(&file[..end]).unwrap();
            assert!(all.ends.starts_with(&windows.ends));
            let begun = usize::from(end > 0 && file[end - 1] != b'\n');
            assert_eq!(windows.ends.len() + left_out.len(), whole + begun);
        }
    }
}
