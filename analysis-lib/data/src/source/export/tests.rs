use super::*;
use crate::Windows;
use crate::source::sample::Random;

/// The windows of a whole file, and what is left out.
fn read(text: &[u8]) -> io::Result<(Windows, Vec<LeftOut>)> {
    let read = super::read(text, Contents::default(), None)?;
    Ok((read.windows, read.left_out))
}

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
        let read = read(&text.as_bytes()[..end]);
        let Ok((windows, left_out)) = read else {
            assert!(end < RELAXED.len());
            continue;
        };
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
        "jsonArray of lines",
        format!("[{first},\n"),
        format!(",\n{last}]\n"),
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
    // Longer than what is read at once, so that documents lie on its border.
    let long = format!("{RELAXED}\n").repeat(1500);
    let (windows, left_out) = read(long.as_bytes()).unwrap();
    assert_eq!((windows.ends.len(), left_out), (1500, vec![]));
}

/// The layouts in which each document has a line of its own.
const BY_LINE: [&str; 6] = [
    "lines",
    "windows",
    "blank lines",
    "jsonArray of lines",
    "array of lines",
    "commas first",
];

#[test]
fn a_broken_document_is_left_out_where_it_has_a_line_and_named_where_not() {
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
            let read = read(text.as_bytes());
            if what != "a rule" && !BY_LINE.contains(&name) {
                let error = read.unwrap_err().to_string();
                assert!(error.starts_with("in line "), "{what}, {name}: {error}");
                assert!(error.contains(", column "), "{what}, {name}: {error}");
                continue;
            }
            let (windows, left_out) = read.unwrap();
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
fn a_file_that_is_cut_off_says_so_and_keeps_the_lines_before() {
    let middle = RELAXED.replace("21:00:00", "21:20:00");
    for (name, text, _) in layouts(&middle) {
        let begin = text.rfind("\"_id\"").unwrap();
        let last = text[..begin].rfind('{').unwrap();
        for end in (last + 1..text.rfind('}').unwrap()).filter(|&end| text.is_char_boundary(end)) {
            let read = read(&text.as_bytes()[..end]);
            let cut = "it ends in the middle of a document; was the file cut off?";
            if !BY_LINE.contains(&name) {
                let error = read.unwrap_err().to_string();
                assert!(error.ends_with(cut), "{name} {end}: {error}");
                continue;
            }
            let (windows, left_out) = read.unwrap();
            assert_eq!(windows.ends.len(), 2, "{name} {end}");
            let begin = format!("line {}", text[..last].matches('\n').count() + 1);
            assert_eq!(left_out[0].document, begin, "{name}");
            assert_eq!(left_out[0].reason, cut);
            assert_eq!(left_out.len(), 1, "{name} {end}: {left_out:?}");
        }
    }
}

#[test]
fn documents_of_a_script_or_in_an_object_are_read() {
    let other = RELAXED.replace("21:00:00", "21:20:00");
    for text in [
        format!("const data = [{RELAXED},\n{other}];\n"),
        format!("module.exports = [\n  {RELAXED},\n  {other}\n];\n"),
        format!("var data =\n[\n{RELAXED},\n{other}\n]\n"),
        format!("{{\"documents\": [\n{RELAXED},\n{other}]}}"),
        format!("{{\"documents\": [{RELAXED},{other}], \"count\": 2}}\n"),
    ] {
        let (windows, left_out) = read(text.as_bytes()).unwrap();
        assert_eq!(windows.ends.len(), 2, "{text}: {left_out:?}");
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
        r#""2020-09-04T21:00:00.000Z""#,
        r#""2020-09-04T23:00:00+02:00""#,
    ] {
        assert_eq!(read("time", time), Ok((1_599_253_200_000, 3)), "{time}");
    }
    for time in [
        r#"{"$timestamp":{"i":1,"t":1599253200}}"#,
        r#"{"$undefined":true}"#,
        "null",
    ] {
        assert_eq!(
            read("time", time),
            Err(format!("time is not a date ({time})"))
        );
    }
    for (time, why) in [
        (r#""2020-09-04""#, "is not a date (\"2020-09-04\")"),
        (
            r#"{"$date":"2020-09-04T21:00:00"}"#,
            "has no time zone (2020-09-04T21:00:00); export dates with theirs, as mongoexport does: 2020-09-04T21:00:00Z is UTC",
        ),
    ] {
        assert_eq!(read("time", time), Err(format!("time {why}")));
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
    let with = |since: &str| RELAXED.replace("\"online", &format!("\"since\":{since},\"online"));
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
        (document::MEMBERS, random(1000).to_string()),
        (document::JOINED, format!("[\"{}\"]", ids[0])),
        (document::LEFT, "[]".to_owned()),
        (document::CHANNELS, format!("{{\"{}\":7}}", ids[1])),
    ];
    let bad = REFUSED[random(REFUSED.len())];
    let one = random(fields.len());
    let kind = random(8);
    // What may be missing, or null.
    let is_optional = one == 1 || one > 3;
    let is_empty = matches!((one, bad), (5 | 6, "[]") | (7, "{}") | (1 | 4.., "null"));
    let is_usable = kind == 0 || is_optional && kind == 4 || kind == 1 && is_empty;
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
    (line, (kind < 7).then_some(is_usable))
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
    // A first line that is cut off would be the beginning of a document on many.
    let file: Vec<&[u8]> = lines.iter().map(|(line, _)| &**line).collect();
    let file = [b"nonsense\n", &*file.join(&b'\n')].concat();
    let (windows, left_out) = read(&file).unwrap();
    let left_out = &left_out[1..];
    let mut left_out = left_out.iter().peekable();
    let mut times = windows.ends.iter();
    for (number, (line, usable)) in (2..).zip(&lines) {
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
            let alone = read(&[b"nonsense\n", &line[..]].concat()[..]).unwrap().0;
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
    let file = [b"nonsense\n", &*file.join(&b'\n')].concat();
    let (all, _) = read(&file[..]).unwrap();
    for end in (150..file.len()).step_by(97) {
        let whole = file[..end].iter().filter(|&&byte| byte == b'\n').count();
        let (windows, left_out) = read(&file[..end]).unwrap();
        assert!(all.ends.starts_with(&windows.ends));
        let begun = usize::from(end > 0 && file[end - 1] != b'\n');
        assert_eq!(windows.ends.len() + left_out.len(), whole + begun);
    }
}

#[test]
fn a_file_that_is_being_written_is_read_on_from_its_last_whole_line() {
    let text = format!(
        "\u{feff}{RELAXED}\n\nnonsense\n{}\n",
        RELAXED.replace("T21", "T22")
    );
    let mut place = [0, 0];
    let mut contents = Contents::default();
    for end in 0..=text.len() {
        let from = place[0] as usize;
        contents = super::read(
            &text.as_bytes()[from..end.max(from)],
            contents,
            Some(&mut place),
        )
        .unwrap();
        let whole = text.as_bytes()[..end]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count();
        assert_eq!(place[1], whole as u64);
        assert_eq!(contents.left_out.len(), usize::from(whole > 2));
    }
    assert_eq!(place[0], text.len() as u64);
    assert_eq!(contents.left_out[0].document, "line 3");
    assert_eq!(
        contents.windows.ends,
        [1_599_253_200_123, 1_599_256_800_123]
    );
}
