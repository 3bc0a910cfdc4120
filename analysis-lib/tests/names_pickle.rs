//! Names that Python pickled, and hostile pickles.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

use analysis_lib::{Activity, Names};

/// One notebook for all tests: a folder that the names are read in.
static NOTEBOOK: Mutex<Option<(PathBuf, Activity)>> = Mutex::new(None);

/// The names of a file `names` with this pickle, or the error.
fn load(pickle: &[u8]) -> Result<Names, String> {
    let mut notebook = NOTEBOOK.lock().unwrap_or_else(|e| e.into_inner());
    let (folder, activity) = notebook.get_or_insert_with(|| {
        let folder = std::env::temp_dir().join(format!("pickled-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::env::set_current_dir(&folder).unwrap();
        // An empty one, so that none above is found.
        std::fs::write(".env", "").unwrap();
        let window = r#"{"time": {"$date": "2026-11-23T22:00:00Z"}, "online-members": 9, "messages-sent": 1, "quantities": {"1": 1}}"#;
        std::fs::write("activity.json", window).unwrap();
        (folder, Activity::open("activity.json").unwrap())
    });
    std::fs::write(folder.join("names"), pickle).unwrap();
    Names::load(activity).map_err(|e| e.to_string())
}

/// Why a file is none of names.
fn why(pickle: &[u8]) -> String {
    let error = load(pickle).unwrap_err();
    let why = error.strip_prefix("names file names isn't one: ");
    let why = why.unwrap_or_else(|| panic!("{error}"));
    let (why, remedy) = why.split_once(". It must be JSON").unwrap();
    assert!(remedy.contains("{int(id): name for id, name in names.items()}"));
    why.to_owned()
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
    assert_eq!(good.len(), 6 * 6);
    // White space around a name is not shown.
    let strange = "<b>\"'É🎉\\ \\u0041\n\r\t\0\u{1a}\u{7f}";
    for (name, pickle) in good {
        let names = load(&pickle).unwrap_or_else(|e| panic!("{name}: {e}"));
        match name.split('-').next().unwrap() {
            "integers" | "strings" => {
                assert_eq!(names.len(), 8, "{name}");
                assert_eq!(names.show(1), "one");
                assert_eq!(names.show(255), "a byte");
                assert_eq!(names.show(65535), "two bytes");
                assert_eq!(names.show(2_147_483_647), "four bytes");
                assert_eq!(names.show(2_147_483_648), "Ann …3648");
                assert_eq!(names.show(123_456_789_012_345_678), "Ann …5678");
                assert_eq!(names.show(9_223_372_036_854_775_807), strange, "{name}");
                assert_eq!(names.show(7), "é".repeat(10_000));
                assert_eq!(names.show(8), "unknown …0008");
                assert_eq!(names.show(9), "unknown …0009");
            }
            "both" => {
                assert_eq!(names.len(), 2, "{name}");
                assert_eq!(names.show(223_456_789_012_345_678), "Ben");
            }
            "empty" => assert!(names.is_empty(), "{name}"),
            "half" => {
                assert_eq!(names.show(1), "Ann \u{fffd}", "{name}");
                assert_eq!(names.show(2), "\u{fffd}", "{name}");
                assert_eq!(names.show(3), "Ben", "{name}");
            }
            "many" => {
                assert_eq!(names.len(), 3000, "{name}");
                assert_eq!(names.show(100_000_000_000_002_999), "user3 …2999");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn one_entry_that_is_no_name_costs_no_other_and_is_not_executed() {
    let pickles = Pickles::write("kept");
    let kept = pickles.read("kept");
    assert_eq!(kept.len(), 23 * 6 + 4);
    for (name, pickle) in kept {
        let names = load(&pickle).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(names.show(1), "Ann", "{name}");
        assert_eq!(names.len(), 1, "{name}");
    }
    assert!(!pickles.0.join("executed").exists());
}

#[test]
fn what_is_not_a_dict_of_names_is_an_error_and_is_not_executed() {
    let pickles = Pickles::write("bad");
    let bad = pickles.read("bad");
    assert_eq!(bad.len(), 11 * 6);
    for (name, pickle) in bad {
        let expected = match name.rsplit_once('-').unwrap().0 {
            "numpy" => "its key \"an object\" is not a member's id",
            "numbers" => "1 has no name that is text",
            "names-to-ids" => "its key \"Ann\" is not a member's id",
            _ => {
                // The beginning of some is no dict's in any protocol.
                let why = why(&pickle);
                let whys = ["it is not a dict", "it is neither JSON nor a pickled dict"];
                assert!(whys.contains(&why.as_str()), "{name}: {why}");
                continue;
            }
        };
        assert_eq!(why(&pickle), expected, "{name}");
    }
    assert!(!pickles.0.join("executed").exists());
}

#[test]
fn a_pickle_that_is_cut_short_anywhere_is_an_error() {
    let good = Pickles::write("cut").read("good");
    for (name, pickle) in good.iter().filter(|(name, _)| name.starts_with("both")) {
        for length in 1..pickle.len() {
            assert_eq!(
                why(&pickle[..length]),
                "its pickle is cut short",
                "{name} {length}"
            );
        }
        let longer = [pickle, &b"."[..]].concat();
        assert_eq!(why(&longer), "something follows its pickle");
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
    for _ in 0..3000 {
        let bytes: Vec<u8> = (0..random(200)).map(|_| random(256) as u8).collect();
        let _ = load(&bytes);
    }
    // And with changes to what Python wrote.
    let good = Pickles::write("changed").read("good");
    for (_, pickle) in good.iter().filter(|(name, _)| name.starts_with("both")) {
        for _ in 0..300 {
            let mut pickle = pickle.clone();
            for _ in 0..=random(3) {
                let place = random(pickle.len());
                pickle[place] = random(256) as u8;
            }
            let _ = load(&pickle);
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
        let begin = Instant::now();
        assert!(load(&pickle).is_err(), "{name}");
        println!("{name}: {:.2?}", begin.elapsed());
    }
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes: u64 = peak
            .unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap();
        assert!(kilobytes < 1_000_000, "{kilobytes} kB");
    }
}

#[test]
fn half_a_million_names_fit() {
    let mut pickle = b"\x80\x02}".to_vec();
    for id in 0..499_999_u32 {
        pickle.push(b'J');
        pickle.extend(id.to_le_bytes());
        pickle.extend(format!("X\x06\0\0\0{id:06}s").bytes());
    }
    pickle.push(b'.');
    assert_eq!(load(&pickle).unwrap().len(), 499_999);
}
