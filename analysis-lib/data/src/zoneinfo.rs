//! Where the rules of time zones come from: the system's tz database, or else
//! chrono-tz's built-in rules.

use std::error::Error;
use std::path::{Path, PathBuf};

use chrono::{DateTime, LocalResult, Offset, TimeZone};
use chrono_tz::{IANA_TZDB_VERSION, TZ_VARIANTS, Tz};

use crate::{Change, Zone};

/// Where systems keep their tz database: a file for each zone, by its name.
const FOLDERS: [&str; 4] = [
    "/usr/share/zoneinfo",
    "/usr/lib/zoneinfo",
    "/usr/share/lib/zoneinfo",
    "/etc/zoneinfo",
];
/// The most bytes that a zone's file may have. The tz database's have up to 4,000.
const LARGEST: u64 = 1_000_000;
/// 1870, in seconds since the epoch: local mean time held nearly everywhere.
const FIRST: i64 = -3_155_760_000;
/// The end of 2100, in seconds since the epoch. chrono-tz's rules end there.
const LAST: i64 = 4_133_980_800;
/// How far apart a rule is asked for its changes, in seconds. No zone changes its
/// clocks twice within six days from 1970 to 2100 (the shortest time between two
/// changes is a week, in Gaza in 2040), so that asking every three days finds all.
const STEP: i64 = 3 * 86_400;

impl Zone {
    /// The zone of this IANA name, if the system's tz database or chrono-tz knows
    /// it. Blanks around the name are ignored; small and capital letters differ.
    ///
    /// `folder` holds a tz database, as `TZDIR` does; `None` stands for the
    /// folders where systems keep it.
    pub fn named(name: &str, folder: Option<&Path>) -> Option<Self> {
        let name = name.trim();
        if !is_name(name) {
            return None;
        }
        let usual = FOLDERS.map(Path::new);
        let folders = folder.as_ref().map_or(&usual[..], std::slice::from_ref);
        let find = |name: &str| {
            let mut paths = folders.iter().map(|folder| folder.join(name));
            paths.find(|path| path.exists())
        };
        let why = match find(name).or_else(|| same_zone(name, find)) {
            Some(path) => match read(&path) {
                Ok(changes) => return Some(Self::new(name, changes, None)),
                Err(error) => format!("{} can't be used ({error})", path.display()),
            },
            None => {
                let folders: Vec<_> = folders.iter().map(|f| f.display().to_string()).collect();
                format!("{name} is not in {}", folders.join(", "))
            }
        };
        let note = format!(
            "The rules of {name} are the built-in ones of {IANA_TZDB_VERSION}, since {why}; \
             for newer ones install or update the system's package tzdata"
        );
        Self::built_in(name, Some(note))
    }

    /// chrono-tz's zone of this name, whatever the system has.
    pub fn built_in(name: &str, note: Option<String>) -> Option<Self> {
        let zone: Tz = name.parse().ok()?;
        let changes = changes(0, |second| rule(zone, second))
            .into_iter()
            .filter_map(|(from, offset)| {
                let offset = offset?;
                Some((from, offset.fix().local_minus_utc(), offset.to_string()))
            });
        Some(Self::new(name, changes, note))
    }

    /// Whether clocks somewhere on earth show this local time (milliseconds since 1970
    /// on the clock) twice, since they go back then.
    pub fn comes_twice(local: i64) -> bool {
        DateTime::from_timestamp_millis(local).is_some_and(|time| {
            let found = |zone: &Tz| zone.offset_from_local_datetime(&time.naive_utc());
            let mut found = TZ_VARIANTS.iter().map(found);
            found.any(|found| matches!(found, LocalResult::Ambiguous(..)))
        })
    }

    /// The first instant from one time to another (milliseconds since the epoch)
    /// at which chrono-tz's rules have another offset. `None` if they agree, or
    /// chrono-tz doesn't know the zone.
    pub fn differs(&self, from: i64, to: i64) -> Option<i64> {
        let built_in = Self::built_in(self.name(), None)?;
        let starts = [self, &built_in].map(|zone| zone.offsets(from, to));
        let starts = starts.into_iter().flatten().map(|start| start.0.max(from));
        let differ = |&time: &i64| self.offset(time) != built_in.offset(time);
        starts.filter(differ).min()
    }
}

/// The file of a zone that chrono-tz has the same rules for, from local mean time on:
/// one of the two is another name of the other, such as US/Eastern, which
/// distributions have in a package of its own.
fn same_zone(name: &str, find: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let own: Tz = name.parse().ok()?;
    let at = |zone, second| rule(zone, second).map(|offset| offset.fix());
    let mut others = TZ_VARIANTS.iter().filter(|&&other| {
        let mut moments = (FIRST..LAST).step_by(10 * STEP as usize);
        other != own && moments.all(|second| at(own, second) == at(other, second))
    });
    others.find_map(|other| find(other.name()))
}

/// What chrono-tz's rules say of a zone at a second.
fn rule(zone: Tz, second: i64) -> Option<<Tz as TimeZone>::Offset> {
    let time = zone.timestamp_opt(second, 0).single()?;
    Some(*time.offset())
}

/// Whether this may be a zone's name, such as America/Port-au-Prince. Each part
/// begins with a capital letter, which leaves out `..`, absolute paths and what
/// is no zone in a tz database's folder: `posix/…`, `right/…`, `localtime`.
fn is_name(name: &str) -> bool {
    name.split('/').all(|part| {
        part.starts_with(|first: char| first.is_ascii_uppercase())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
    })
}

fn read(path: &Path) -> Result<Vec<Change>, Box<dyn Error>> {
    let about = std::fs::metadata(path)?;
    // A pipe would block, and a device may have no end.
    if !about.is_file() || about.len() > LARGEST {
        return Err("it is not a file, or too large".into());
    }
    parse(&std::fs::read(path)?)
}

/// What a zone's file says (TZif, RFC 9636).
fn parse(file: &[u8]) -> Result<Vec<Change>, Box<dyn Error>> {
    let zone = tz::TimeZone::from_tz_data(file)?;
    let zone = zone.as_ref();
    if !zone.leap_seconds().is_empty() {
        return Err("it counts leap seconds".into());
    }
    // Without a rule the last line is empty, or there is none in the first version.
    if zone.extra_rule().is_none() && file[4] != 0 && !file.ends_with(b"\n\n") {
        return Err("its last line is cut off".into());
    }
    let kinds = zone.local_time_types();
    let mut known = vec![(i64::MIN, &kinds[0])];
    known.extend(zone.transitions().iter().map(|change| {
        let kind = &kinds[change.local_time_type_index()];
        (change.unix_leap_time(), kind)
    }));
    if zone.extra_rule().is_some() {
        // After the last change of the list.
        let last = known[known.len() - 1].0.max(0);
        let ruled = changes(last, |second| zone.find_local_time_type(second).ok());
        let ruled = ruled.into_iter();
        known.extend(ruled.filter_map(|(from, kind)| Some((from, kind?))));
    }
    let mut offsets = known.iter().map(|(_, kind)| kind.ut_offset());
    if offsets.any(|offset| offset.unsigned_abs() >= 86_400) {
        return Err("its clocks are a day from UTC".into());
    }
    let changes = known.into_iter().map(|(from, kind)| {
        let abbreviation = kind.time_zone_designation().to_owned();
        (from, kind.ut_offset(), abbreviation)
    });
    Ok(changes.collect())
}

/// What a rule says from a second on until 2100: from when on, and what.
fn changes<T: PartialEq + Copy>(from: i64, rule: impl Fn(i64) -> T) -> Vec<(i64, T)> {
    let mut value = rule(from);
    let mut changes = vec![(from, value)];
    let mut before = from;
    while before < LAST {
        let after = before + STEP;
        if rule(after) == value {
            before = after;
            continue;
        }
        // The first second with another value is above `before`, and at most `other`.
        let mut other = after;
        while other - before > 1 {
            let middle = before + (other - before) / 2;
            if rule(middle) == value {
                before = middle;
            } else {
                other = middle;
            }
        }
        value = rule(other);
        changes.push((other, value));
        before = other;
    }
    changes
}

#[cfg(test)]
mod tests;
