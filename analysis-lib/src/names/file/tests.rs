use super::*;

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = format!("names-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn files(path: PathBuf) -> Files {
    Files(vec![(path, None)])
}

#[test]
fn whatever_strangers_choose_comes_back_as_it_was() {
    let folder = Folder::new("strangers");
    let path = folder.0.join("names.json");
    let long = "é".repeat(10_000);
    let chosen = [
        "<b>\"É🎉",
        "\u{0}\n\r\t\u{7f}\u{202e}",
        "\\u0041\u{2028}",
        &long,
        "",
        " ",
    ];
    let mut files = files(path.clone());
    let now = Utc::now();
    for (id, name) in (1..).zip(chosen) {
        let mut said = Entry::named(name.to_owned());
        said.bot = id == 2;
        files.keep(MemberId::from(id), said, now);
    }
    files.keep(MemberId::from(u64::MAX), Entry::default(), now);
    files.save().unwrap();
    let read = read(&path).unwrap().unwrap();
    for (id, name) in (1..).zip(chosen) {
        assert_eq!(read[&MemberId::from(id)].name.as_deref(), Some(name));
        assert_eq!(read[&MemberId::from(id)].bot, id == 2);
        assert!(files.is_fresh(MemberId::from(id), now));
    }
    assert_eq!(read[&MemberId::from(u64::MAX)].name, None);
    // Nothing else is left in the folder.
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[test]
fn the_file_reads_well() {
    let time = DateTime::parse_from_rfc3339("2026-11-23T22:00:00Z").unwrap();
    let mut files = files("names.json".into());
    files.keep(
        MemberId::from(7),
        Entry::named("Ann".to_owned()),
        time.to_utc(),
    );
    let mut dice = Entry::named("Dice".to_owned());
    dice.bot = true;
    files.keep(MemberId::from(9), dice, time.to_utc());
    files.keep(MemberId::from(12), Entry::default(), time.to_utc());
    assert_eq!(
        format(files.kept().1.as_ref().unwrap()),
        r#"{
  "7": {"name": "Ann", "asked": "2026-11-23T22:00:00Z"},
  "9": {"name": "Dice", "bot": true, "asked": "2026-11-23T22:00:00Z"},
  "12": {"name": null, "asked": "2026-11-23T22:00:00Z"}
}
"#
    );
}

#[test]
fn names_are_fresh_for_a_week() {
    let mut files = files("names.json".into());
    let asked = Utc::now();
    files.keep(MemberId::from(7), Entry::default(), asked);
    assert!(files.is_fresh(MemberId::from(7), asked));
    assert!(files.is_fresh(MemberId::from(7), asked + TimeDelta::days(6)));
    assert!(!files.is_fresh(MemberId::from(7), asked + TimeDelta::days(7)));
    assert!(!files.is_fresh(MemberId::from(7), asked - TimeDelta::days(1)));
    assert!(!files.is_fresh(MemberId::from(8), asked));
}

#[test]
fn who_left_keeps_the_last_name() {
    let (older, _) = parse(br#"{"7":"Old","8":"Only"}"#, true).unwrap();
    let mut files = Files(vec![
        ("names".into(), Some(older)),
        ("names.json".into(), None),
    ]);
    let mut new = Entry::named("New".to_owned());
    new.bot = true;
    files.keep(MemberId::from(7), new, Utc::now());
    files.keep(MemberId::from(7), Entry::default(), Utc::now());
    files.keep(MemberId::from(8), Entry::default(), Utc::now());
    let merged = files.merged();
    assert_eq!(merged[&MemberId::from(7)].name.as_deref(), Some("New"));
    assert!(merged[&MemberId::from(7)].bot);
    assert_eq!(merged[&MemberId::from(8)].name.as_deref(), Some("Only"));
}

#[test]
fn json_may_be_written_by_hand() {
    let text = b"\xef\xbb\xbf {\"7\": \"Ann\", \"8\": {\"name\": \"Ben\"}, \"9\": null}";
    let (names, _) = parse(text, false).unwrap();
    assert_eq!(names[&MemberId::from(7)], Entry::named("Ann".to_owned()));
    assert_eq!(names[&MemberId::from(8)], Entry::named("Ben".to_owned()));
    assert_eq!(names[&MemberId::from(9)], Entry::default());
}

fn names(text: &[u8]) -> (BTreeMap<u64, Option<String>>, Vec<String>) {
    let (names, left_out) = parse(text, true).unwrap();
    let names = names.into_iter().map(|(id, entry)| (id.get(), entry.name));
    (names.collect(), left_out)
}

#[test]
fn a_broken_letter_costs_no_name() {
    for (broken, name) in [
        (&br#""Ann \ud83d""#[..], "Ann \u{fffd}"),
        (br#""\ude00Ann""#, "\u{fffd}Ann"),
        (br#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
        (br#""\\ud83d""#, "\\ud83d"),
        (br#""\\\ud83dx""#, "\\\u{fffd}x"),
        (b"\"J\xf6rg\"", "J\u{fffd}rg"),
        (b"\"Ann \xed\xa0\xbd\"", "Ann \u{fffd}"),
    ] {
        let text = [b"{\"7\": ", broken, b", \"8\": \"B\xc3\xa9\"}"].concat();
        let (names, left_out) = names(&text);
        assert_eq!(names[&7].as_deref(), Some(name));
        assert_eq!(names[&8].as_deref(), Some("Bé"));
        assert_eq!(left_out.len(), 0);
    }
}

#[test]
fn what_is_no_entry_is_left_out_alone() {
    let (names, left_out) = names(
            br#"{"7": 8, "Ann": "9", "10": ["Ann"], "11": true, "12": {"name": 7}, "13": {"id": 7}, "14": "Dan"}"#,
        );
    assert_eq!(names, [(14, Some("Dan".to_owned()))].into());
    assert_eq!(
        left_out,
        [
            "10 has no name that is text",
            "11 has no name that is text",
            "12 has no name that is text",
            "13 has no name that is text",
            "7 has no name that is text",
            "its key \"Ann\" is not a member's id",
        ]
    );
}

#[test]
fn users_of_discords_tools_have_their_names() {
    let (names, left_out) = names(
        br#"{
                "1": {"username": "ann", "global_name": "Ann"},
                "2": {"username": "ben", "global_name": null},
                "3": {"username": "cem", "global_name": "\u200b ", "nick": null},
                "4": {"username": "dan", "global_name": "Dan", "nick": "Danny"},
                "5": {"username": "eva", "display_name": "Eva", "bot": true},
                "6": {"username": null},
                "7": {"bot": true}
            }"#,
    );
    let shown: Vec<Option<&str>> = names.values().map(Option::as_deref).collect();
    let expected = [
        Some("Ann"),
        Some("ben"),
        Some("cem"),
        Some("Danny"),
        Some("Eva"),
        None,
        None,
    ];
    assert_eq!(shown, expected);
    assert_eq!(left_out.len(), 0);
}

#[test]
fn a_file_that_is_none_is_named_with_the_reason() {
    let folder = Folder::new("none");
    let cases: [(&str, &[u8], &str); 11] = [
        ("names", b"", "it is empty"),
        ("names", b"hello", "it is neither JSON nor a pickled dict"),
        ("names", b"\x89PNG", "it is neither JSON nor a pickled dict"),
        (
            "names",
            b"{",
            "it is not JSON (EOF while parsing an object at line 1 column 1)",
        ),
        (
            "a.json",
            b"",
            "it is not JSON (EOF while parsing a value at line 1 column 0)",
        ),
        ("a.json", b"[]", "it is not an object from id to name"),
        (
            "a.json",
            b"{\"Ann\": \"7\"}",
            "its key \"Ann\" is not a member's id",
        ),
        ("a.json", b"{\"7\": 8}", "7 has no name that is text"),
        (
            "a.json",
            b"{\"7\": {\"name\": 8}}",
            "7 has no name that is text",
        ),
        (
            "names",
            b"\xff\xfe{\0",
            "it is UTF-16 text; save it as UTF-8",
        ),
        (
            "names",
            b"cos\nsystem\n(S'touch executed'\ntR.",
            "it is not a dict",
        ),
    ];
    for (name, bytes, why) in cases {
        let path = folder.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        let remedy = "It must be JSON such as {\"123456789012345678\": \"Ann\"}, or Python's pickle of a plain dict, {int(id): name for id, name in names.items()}; correct it, take it away, or set NAMES_FILE to another";
        assert_eq!(
            read(&path).unwrap_err().to_string(),
            format!("names file {} isn't one: {why}. {remedy}", path.display())
        );
    }
    let error = read(&folder.0).unwrap_err().to_string();
    assert!(error.contains("isn't one: it is not a file."), "{error}");
    // Deep nesting ends in an error, not in a stack overflow.
    let path = folder.0.join("deep.json");
    std::fs::write(&path, "{\"7\":".repeat(1_000_000)).unwrap();
    let error = read(&path).unwrap_err().to_string();
    assert!(error.contains("recursion limit exceeded"), "{error}");
    assert!(read(&folder.0.join("missing")).unwrap().is_none());
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_and_a_link_stays_one() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("mode");
    let (real, link) = (folder.0.join("real.json"), folder.0.join("names.json"));
    std::fs::write(&real, "{}").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let mut files = files(link.clone());
    files.keep(
        MemberId::from(7),
        Entry::named("Ann".to_owned()),
        Utc::now(),
    );
    files.save().unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(read(&link).unwrap().unwrap().len(), 1);
}

#[test]
fn a_file_that_cannot_be_written_is_named_and_the_old_one_stays() {
    let folder = Folder::new("unwritable");
    let path = folder.0.join("no-such-folder/names.json");
    let mut files = Files(vec![(path, Some(BTreeMap::new()))]);
    let error = files.save().unwrap_err().to_string();
    assert!(
        error.ends_with("names.json can't be written: No such file or directory (os error 2)"),
        "{error}"
    );
}

#[test]
fn members_as_discord_lists_them_are_read() {
    let json = r#"{
        "1": {"user": {"id": "1", "username": "ann", "global_name": "Ann"}, "nick": null},
        "2": {"user": {"username": "ben", "global_name": null, "bot": true}, "nick": "Benny"},
        "3": {"user": {"username": "cy", "global_name": null}, "nick": null}
    }"#;
    let (names, left_out) = parse(json.as_bytes(), true).unwrap();
    assert_eq!(left_out, Vec::<String>::new());
    let name = |id: u64| names[&MemberId::from(id)].name.as_deref();
    assert_eq!(
        [name(1), name(2), name(3)],
        [Some("Ann"), Some("Benny"), Some("cy")]
    );
    assert!(names[&MemberId::from(2)].bot);
}
