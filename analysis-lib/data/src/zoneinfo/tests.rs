use std::path::PathBuf;

use chrono::DateTime;

use super::*;

const DUBLIN: &[u8] = include_bytes!("../../../tests/reference/fat-zoneinfo/Europe/Dublin");

/// A tz database with one file, in a folder that goes away with its owner.
struct Database(PathBuf);

impl Database {
    fn with(test: &str, name: &str, file: &[u8]) -> Self {
        let folder = std::env::temp_dir().join(format!("zone-{test}-{}", std::process::id()));
        let path = folder.join("zoneinfo").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file).unwrap();
        Self(folder)
    }

    fn zone(&self, name: &str) -> Option<Zone> {
        Zone::named(name, Some(&self.0.join("zoneinfo")))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn utc(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text)
        .unwrap()
        .timestamp_millis()
}

/// The table must say what chrono-tz says: around each change, and between.
#[test]
fn built_in_rules_are_chrono_tzs() {
    for tz in chrono_tz::TZ_VARIANTS {
        let zone = Zone::built_in(tz.name(), None).unwrap();
        let around = zone.offsets(0, i64::MAX).iter().skip(1);
        let around = around.flat_map(|&(from, _)| [from - 1, from]);
        for time in (0..LAST * 1_000).step_by(301 * 3_600_000).chain(around) {
            let expected = tz.timestamp_millis_opt(time).unwrap();
            let found = zone.timestamp_millis_opt(time).unwrap();
            assert_eq!(found.naive_local(), expected.naive_local(), "{tz} {time}");
        }
        let abbreviations = zone.abbreviations().iter().skip(1);
        for (time, abbreviation) in abbreviations {
            let expected = tz.timestamp_millis_opt(*time).unwrap();
            assert_eq!(*abbreviation, expected.offset().to_string(), "{tz} {time}");
        }
    }
}

#[test]
fn a_zone_of_the_system_alone_is_known() {
    let system = Database::with("new-name", "America/New_Dublin", DUBLIN);
    let zone = system.zone(" America/New_Dublin\n").unwrap();
    assert_eq!(zone.name(), "America/New_Dublin");
    assert_eq!(zone.note(), None);
    let summer = zone
        .timestamp_millis_opt(utc("2026-07-01T12:00:00Z"))
        .unwrap();
    assert_eq!(
        summer.format("%H:%M %Z %:z").to_string(),
        "13:00 IST +01:00"
    );
    assert_eq!(
        format!("{zone} {zone:?} {:?}", summer.offset()),
        "America/New_Dublin Zone(America/New_Dublin) IST"
    );
    assert_eq!(zone.differs(0, i64::MAX), None);
}

#[test]
fn a_zone_that_nobody_knows_is_none() {
    let system = Database::with("unknown", "Europe/Dublin", DUBLIN);
    assert_eq!(system.zone("Europe/Atlantis"), None);
    // A folder of the database.
    assert_eq!(system.zone("Europe"), None);
    assert_eq!(Zone::named("Europe/Atlantis", None), None);
}

#[test]
fn a_zone_that_the_system_lacks_is_built_in_and_says_so() {
    let system = Database::with("lacks", "Europe/Dublin", DUBLIN);
    let zone = system.zone("Asia/Kolkata").unwrap();
    let note = zone.note().unwrap();
    let folder = system.0.join("zoneinfo");
    assert_eq!(
        note,
        format!(
            "The rules of Asia/Kolkata are the built-in ones of {IANA_TZDB_VERSION}, \
             since Asia/Kolkata is not in {}; for newer ones install or update the \
             system's package tzdata",
            folder.display()
        )
    );
    assert!(zone.has_rules_of(&Zone::built_in("Asia/Kolkata", None).unwrap()));
}

#[test]
fn a_broken_file_gives_way_to_built_in_rules_and_is_named() {
    let mut leaping = DUBLIN.to_vec();
    // The version 1 block of a file with a leap second: no transition, one
    // kind of time, four letters.
    leaping.truncate(44);
    leaping[4] = 0;
    leaping[20..44].fill(0);
    (leaping[31], leaping[39], leaping[43]) = (1, 1, 4);
    leaping.extend([0, 0, 0, 0, 0, 0]);
    leaping.extend(*b"GMT\0");
    let mut far = leaping.clone();
    leaping.extend([4, 0xb2, 0x58, 0, 0, 0, 0, 1]);
    far[31] = 0;
    // 86,400 seconds ahead of UTC.
    far[44..48].copy_from_slice(&[0, 1, 0x51, 0x80]);
    let footer = b"\nIST-1GMT0,M10.5.0,M3.5.0/1\n";
    assert!(DUBLIN.ends_with(footer));
    let cut = &DUBLIN[..DUBLIN.len() - footer.len() + 1];
    let cases: [(&[u8], &str); 7] = [
        (b"", "unexpected end of data"),
        (b"Europe/Dublin is a zone\n", "invalid magic number"),
        (&DUBLIN[..DUBLIN.len() - 9], "invalid footer"),
        (cut, "cut off"),
        (&vec![0; LARGEST as usize + 1], "too large"),
        (&leaping, "leap seconds"),
        (&far, "a day from UTC"),
    ];
    let built_in = Zone::built_in("Europe/Dublin", None).unwrap();
    for (file, why) in cases {
        let system = Database::with("broken", "Europe/Dublin", file);
        let zone = system.zone("Europe/Dublin").unwrap();
        let note = zone.note().unwrap();
        assert!(
            note.contains("Europe/Dublin can't be used (") && note.contains(why),
            "{why}: {note}"
        );
        assert!(zone.has_rules_of(&built_in), "{why}");
    }
    let system = Database::with("directory", "Europe/Dublin/Centre", DUBLIN);
    let zone = system.zone("Europe/Dublin").unwrap();
    assert!(zone.note().unwrap().contains("(it is not a file"), "{zone}");
    assert!(zone.has_rules_of(&built_in));
}

#[test]
fn a_file_that_ends_anywhere_is_broken() {
    for length in 0..DUBLIN.len() {
        assert!(parse(&DUBLIN[..length]).is_err(), "{length} bytes");
    }
}

/// Files of before 2006 have 32-bit times and no rule for the future.
#[test]
fn a_file_of_the_first_version_is_read() {
    let second = DUBLIN[4..]
        .windows(4)
        .position(|bytes| bytes == b"TZif")
        .unwrap()
        + 4;
    let mut file = DUBLIN[..second].to_vec();
    file[4] = 0;
    let system = Database::with("first-version", "Europe/Dublin", &file);
    let zone = system.zone("Europe/Dublin").unwrap();
    assert_eq!(zone.note(), None);
    let built_in = Zone::built_in("Europe/Dublin", None).unwrap();
    let until = utc("2037-12-31T00:00:00Z");
    assert_eq!(zone.offsets(0, until), built_in.offsets(0, until));
    assert_eq!(zone.offset(utc("2050-07-01T00:00:00Z")), 0);
}

/// No name may lead out of the database, or to what isn't a zone in it.
#[test]
fn odd_names_are_no_zones() {
    let system = Database::with("odd", "Europe/Dublin", DUBLIN);
    let folder = system.0.join("zoneinfo");
    std::fs::write(system.0.join("Outside"), DUBLIN).unwrap();
    for name in [
        "posix/Europe/Dublin",
        "right/Dublin",
        "localtime",
        "europe/dublin",
    ] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, DUBLIN).unwrap();
        assert_eq!(system.zone(name), None, "{name}");
    }
    let absolute = folder.join("Europe/Dublin");
    for name in [
        "",
        " ",
        "/",
        "..",
        "../Outside",
        "Europe/../../Outside",
        "Europe/../Europe/Dublin",
        "./Europe/Dublin",
        "Europe//Dublin",
        "Europe/Dublin/",
        "Europe\\Dublin",
        "Europe/Dublin\0",
        "Europe/Dublin.",
        "EUROPE/DUBLIN",
        absolute.to_str().unwrap(),
    ] {
        assert_eq!(system.zone(name), None, "{name:?}");
    }
    assert!(system.zone("Europe/Dublin").is_some());
}

#[test]
fn rules_that_differ_are_found_from_their_first_difference_on() {
    // Dublin's rules under the name of a zone that has GMT all year.
    let system = Database::with("differs", "Africa/Abidjan", DUBLIN);
    let zone = system.zone("Africa/Abidjan").unwrap();
    let (winter, spring) = (utc("2026-01-01T00:00:00Z"), utc("2026-03-29T01:00:00Z"));
    assert_eq!(zone.differs(winter, spring), None);
    assert_eq!(zone.differs(winter, spring + 1), Some(spring));
    assert_eq!(zone.differs(spring + 5, spring + 9), Some(spring + 5));
    let summer = utc("2026-12-01T00:00:00Z");
    assert_eq!(zone.differs(summer, summer + 1), None);
    let same = Zone::built_in("Africa/Abidjan", None).unwrap();
    assert_eq!(same.differs(0, i64::MAX), None);
}

/// US/Eastern is New York's other name, which some systems don't have.
#[test]
fn an_alias_that_the_system_lacks_is_the_zone_that_it_names() {
    let file = std::fs::read("/usr/share/zoneinfo/America/New_York");
    let Ok(file) = file else {
        panic!("the tests need the system's tz database");
    };
    let database = Database::with("alias", "America/New_York", &file);
    let alias = database.zone("US/Eastern").unwrap();
    assert_eq!((alias.name(), alias.note()), ("US/Eastern", None));
    assert!(alias.has_rules_of(&database.zone("America/New_York").unwrap()));
    // Toronto has had the same clocks for fifty years, but not always.
    assert!(database.zone("America/Toronto").unwrap().note().is_some());
}
