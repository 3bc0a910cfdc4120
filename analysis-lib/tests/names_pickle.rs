//! The program `unpickle`, on pickles that Python writes and on hostile ones.

#![cfg(feature = "pickle")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

/// The program's answer: names, or the message it failed with.
///
/// Whatever the pickle, the program ends soon, by itself, within half a
/// gigabyte, and says no more than a line.
fn unpickle(pickle: &[u8]) -> Result<Map<String, Value>, String> {
    let begin = Instant::now();
    let output = run(&(pickle.len() as u64).to_le_bytes(), pickle);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        begin.elapsed() < Duration::from_secs(20),
        "it takes {:?}",
        begin.elapsed()
    );
    match output.status.code() {
        Some(0) => {
            assert_eq!(said, "");
            Ok(serde_json::from_slice(&output.stdout).unwrap())
        }
        Some(1) => {
            assert!(output.stdout.is_empty());
            assert_eq!(said.lines().count(), 1, "{said}");
            assert!(said.len() < 400, "{said}");
            let message = said.trim_end().strip_prefix("error: not names: ");
            Err(message.expect("it says what is wrong").to_owned())
        }
        _ => panic!("{}: {said}", output.status),
    }
}

fn run(length: &[u8], pickle: &[u8]) -> Output {
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -v 500000; exec \"$0\""])
        .arg(env!("CARGO_BIN_EXE_unpickle"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = [length, pickle].concat();
    // It may end before it has read everything.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    output
}

/// Pickles that Python wrote, by their file's name.
struct Pickles(PathBuf);

impl Pickles {
    fn write(name: &str) -> Self {
        let python = std::env::var("REFERENCE_PYTHON")
            .expect("Python writes the pickles, and REFERENCE_PYTHON is not set; run `make test`");
        let folder = format!("pickles-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir(&folder).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/names_pickle.py");
        let status = Command::new(python).arg(script).arg(&folder).status();
        assert!(status.unwrap().success());
        Self(folder)
    }

    fn read(&self, kind: &str) -> BTreeMap<String, Vec<u8>> {
        let files = std::fs::read_dir(self.0.join(kind)).unwrap().map(|file| {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        });
        files.collect()
    }
}

impl Drop for Pickles {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn every_protocol_gives_the_names_that_python_wrote() {
    let good = Pickles::write("good").read("good");
    assert_eq!(good.len(), 5 * 6);
    let strange = "<b>\"'É🎉\\ \\u0041\n\r\t\0\u{1a}\u{7f}\u{2028}";
    for (name, pickle) in good {
        let names = unpickle(&pickle).unwrap_or_else(|e| panic!("{name}: {e}"));
        match name.split('-').next().unwrap() {
            "integers" | "strings" => {
                assert_eq!(names.len(), 10, "{name}");
                assert_eq!(names["1"], "one");
                assert_eq!(names["255"], "a byte");
                assert_eq!(names["65535"], "two bytes");
                assert_eq!(names["2147483647"], "four bytes");
                assert_eq!(names["2147483648"], "Ann");
                assert_eq!(names["123456789012345678"], "Ann");
                assert_eq!(names["9223372036854775807"], strange, "{name}");
                assert_eq!(names["7"], "é".repeat(10_000));
                assert_eq!(names["8"], "");
                assert_eq!(names["9"], Value::Null);
            }
            "both" => {
                assert_eq!(names.len(), 2, "{name}");
                assert_eq!(names["223456789012345678"], "Ben");
            }
            "empty" => assert!(names.is_empty(), "{name}"),
            "many" => {
                assert_eq!(names.len(), 3000, "{name}");
                assert_eq!(names["100000000000002999"], "user3");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn what_is_not_a_dict_of_names_is_an_error_and_is_not_executed() {
    let pickles = Pickles::write("bad");
    let bad = pickles.read("bad");
    assert_eq!(bad.len(), 26 * 6);
    for (name, pickle) in bad {
        match unpickle(&pickle) {
            Err(why) => assert!(!why.is_empty()),
            // The library knows which text is an id, and says so.
            Ok(names) => assert!(name.starts_with("text-as-id"), "{name}: {names:?}"),
        }
    }
    assert!(!pickles.0.join("executed").exists());
    assert_eq!(
        unpickle(b"cos\nsystem\n(S'touch executed'\ntR.").unwrap_err(),
        "its pickle does more than hold names (instruction 'c')"
    );
    assert_eq!(
        unpickle(b"(S'touch executed'\nios\nsystem\n.").unwrap_err(),
        "its pickle does more than hold names (instruction 'i')"
    );
}

#[test]
fn a_pickle_that_is_cut_short_anywhere_is_an_error() {
    let good = Pickles::write("cut").read("good");
    for (name, pickle) in good.iter().filter(|(name, _)| name.starts_with("both")) {
        for length in 0..pickle.len() {
            let why = unpickle(&pickle[..length]).expect_err(name);
            assert_eq!(why, "its pickle is cut short", "{name} {length}");
        }
        let longer = [pickle, &b"."[..]].concat();
        assert_eq!(
            unpickle(&longer).unwrap_err(),
            "something follows its pickle"
        );
    }
}

#[test]
fn any_bytes_end_in_names_or_an_error() {
    // SplitMix64 (Steele, Lea, Flood 2014).
    let mut state = 2026_u64;
    let mut random = |below: usize| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % below as u64) as usize
    };
    for _ in 0..300 {
        let bytes: Vec<u8> = (0..random(200)).map(|_| random(256) as u8).collect();
        let _ = unpickle(&bytes);
    }
    // And with changes to what Python wrote.
    let good = Pickles::write("changed").read("good");
    for (_, pickle) in good.iter().filter(|(name, _)| name.starts_with("both")) {
        for _ in 0..150 {
            let mut pickle = pickle.clone();
            for _ in 0..=random(3) {
                let place = random(pickle.len());
                pickle[place] = random(256) as u8;
            }
            let _ = unpickle(&pickle);
        }
    }
}

#[test]
fn bombs_do_not_go_off() {
    const MEGA: usize = 1 << 20;
    let text = |length: usize| {
        let mut text = vec![b'X'];
        text.extend((length as u32).to_le_bytes());
        text.resize(text.len() + length, b'x');
        text
    };
    let join = |parts: &[&[u8]]| parts.concat();
    let bombs: Vec<(&str, Vec<u8>)> = vec![
        ("marks", vec![b'('; 30 * MEGA]),
        ("nested lists", vec![b']'; 30 * MEGA]),
        (
            "nested dicts",
            join(&[&b"}K\x01".repeat(8 * MEGA), &b"s".repeat(8 * MEGA), b"."]),
        ),
        ("nested tuples", join(&[b"N", &vec![0x85; 30 * MEGA], b"."])),
        ("a text of 4 GB", b"}X\xff\xff\xff\xffAnn".to_vec()),
        (
            "a text without end",
            b"}\x8d\xff\xff\xff\xff\xff\xff\xff\xffAnn".to_vec(),
        ),
        (
            "a text that wraps around",
            b"}\x8d\xf8\xff\xff\xff\xff\xff\xff\xffAnn".to_vec(),
        ),
        ("a negative length", b"}T\xff\xff\xff\xffAnn".to_vec()),
        (
            "copies on the stack",
            join(&[&text(MEGA), &vec![b'2'; MEGA], b"."]),
        ),
        (
            "copies in the memo",
            join(&[&text(MEGA), &b"q\x00".repeat(MEGA), b"."]),
        ),
        (
            "copies of the dict in the memo",
            join(&[
                b"}q\x00(",
                &b"NN".repeat(1000),
                b"u",
                &b"q\x00".repeat(MEGA),
                b".",
            ]),
        ),
        (
            "one long name for all",
            join(&[
                b"}",
                &text(MEGA),
                b"q\x00(",
                &b"K\x01h\x00".repeat(MEGA / 4),
                b"u.",
            ]),
        ),
        (
            "one long id for all",
            join(&[
                b"}",
                &text(MEGA),
                b"q\x00(",
                &b"h\x00N".repeat(MEGA / 4),
                b"u.",
            ]),
        ),
        (
            "nothing but None",
            join(&[b"}(", &vec![b'N'; 30 * MEGA], b"u."]),
        ),
        (
            "a long number",
            join(&[b"}L", &vec![b'9'; 30 * MEGA], b"L\nN", b"s."]),
        ),
        (
            "a long binary number",
            join(&[b"}\x8b\x00\x00\x00\x01", &vec![0xff; 16 * MEGA], b"Ns."]),
        ),
        (
            "frames",
            b"\x80\x04"
                .iter()
                .copied()
                .chain([0x95].into_iter().chain([0xff; 8]).cycle().take(30 * MEGA))
                .collect(),
        ),
    ];
    for (name, pickle) in bombs {
        println!("{name}");
        assert!(unpickle(&pickle).is_err(), "{name}");
    }
}

#[test]
fn half_a_million_names_fit() {
    let mut pickle = b"\x80\x02}".to_vec();
    for id in 0..499_999_u32 {
        pickle.extend(b"J");
        pickle.extend((id & 0x7fff_ffff).to_le_bytes());
        pickle.extend(b"X\x04\x00\x00\x00Ann!s");
    }
    pickle.push(b'.');
    assert_eq!(unpickle(&pickle).unwrap().len(), 499_999);
}

#[test]
fn input_that_ends_early_ends_the_program() {
    for input in [&b""[..], b"\x05", b"\x05\0\0\0\0\0\0\0(d"] {
        let output = run(&[], input);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
    }
    // A length that nobody could send is not reserved.
    assert_eq!(run(&[0xff; 8], b"(d.").status.code(), Some(0));
}
