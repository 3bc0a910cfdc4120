//! What windows seem to be that they shouldn't, and what to do.

use std::collections::BTreeSet;

use chrono::Utc;

use crate::text::counted;
use crate::{Activity, HOUR_LENGTH, Zone};

/// So many members' ids don't all end in a zero by chance.
const ENOUGH: usize = 5;

/// A sentence for each, without its full stop.
pub fn doubts(activity: &Activity) -> Vec<String> {
    let mut doubts = Vec::new();
    let (overlapping, all) = (activity.overlapping(), activity.len());
    if let Some(count) = twice_on_the_clock(activity) {
        doubts.push(format!(
            "Clocks went back: {count} of {all} windows lie in an hour that clocks show twice then, so the bot writes its local time as UTC; let it write UTC"
        ));
    } else if overlapping > 0 {
        doubts.push(format!(
            "Overlapping: {overlapping} of {all} windows begin before the one before ended, as when two bots write: messages that both saw count twice; stop one of the bots"
        ));
    }
    let ahead = (activity.span().1 - Utc::now().timestamp_millis()) as f64 / HOUR_LENGTH as f64;
    if ahead > 0.5 {
        doubts.push(format!(
            "The newest window ends {ahead:.1} hours from now, as where a bot writes its local time as UTC; let it write UTC"
        ));
    }
    let writers = activity.members().len();
    doubts.extend(nobody_online(activity.online_members(), writers));
    let ids = activity.members().iter().map(|id| id.get());
    let mut long = ids.filter(|id| *id >= 10_u64.pow(16));
    if long.clone().count() >= ENOUGH && long.all(|id| id % 10 == 0) {
        doubts.push("Ids are rounded: all end in zeros, as JavaScript rounds long numbers, so members are mixed up and have no names; export ids as strings".to_owned());
    }
    doubts
}

/// Where windows overlap, or are less than half as long as usual, in an hour alone that
/// clocks somewhere show twice: how many.
fn twice_on_the_clock(activity: &Activity) -> Option<usize> {
    let (begins, ends) = (activity.begins(), activity.ends());
    let usual = activity.usual_length().unwrap_or(0);
    let short = (1..activity.len()).filter(|&index| 2 * (ends[index] - begins[index]) < usual);
    let odd: BTreeSet<usize> = activity.overlaps().chain(short).collect();
    let is_twice = |&index: &usize| Zone::comes_twice(activity.middle(index));
    (odd.len() >= 3 && odd.iter().all(is_twice)).then_some(odd.len())
}

/// What to do where nobody is ever online, though members write.
pub fn nobody_online(most: &[Option<u32>], writers: usize) -> Option<String> {
    let mut known = most.iter().flatten().peekable();
    let nobody = known.peek().is_some() && known.all(|&online| online == 0);
    (nobody && writers > 0).then(|| format!(
        "Nobody was ever online while {} wrote: does the bot have its Presence Intent? Turn it on (Developer Portal > application > Bot) and ask for it where the bot connects",
        counted(writers, "member")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemberId, Origin, Source, Window, WindowsBuilder};

    /// Windows with these ends, each with this many online and messages, and members.
    fn activity(ends: impl IntoIterator<Item = i64>, online: u32, ids: &[u64]) -> Activity {
        let mut windows = WindowsBuilder::new();
        for end in ends {
            ids.iter()
                .for_each(|&id| windows.sent(MemberId::from(id), 1));
            let volume = ids.len() as u32;
            windows
                .window(Window {
                    end,
                    declared: 0,
                    online: Some(online),
                    volume,
                })
                .unwrap();
        }
        let origin = Origin {
            source: Source::Sample,
            server: String::new(),
            timezone: Zone::named("US/Eastern", None).unwrap(),
            events: Vec::new(),
        };
        Activity::new(origin, windows.finish(), Vec::new()).unwrap()
    }

    const MINUTE: i64 = 60_000;
    /// 25 October 2026, 00:00 on a clock, of which Berlin's goes back at three.
    const CHANGE: i64 = 1_792_886_400_000;

    fn only(activity: &Activity) -> String {
        let doubts = doubts(activity);
        assert!(doubts.len() <= 1, "{doubts:?}");
        doubts.into_iter().next().unwrap_or_default()
    }

    #[test]
    fn local_time_over_a_change_of_clocks_is_named_and_two_bots_are_two_bots() {
        // What clocks in Berlin show, every ten minutes.
        let shown = |minute: i64| match minute {
            ..=180 => CHANGE + minute * MINUTE,
            _ => CHANGE + (minute - 60) * MINUTE + 20_000,
        };
        let shown: Vec<i64> = (1..72).map(|i| shown(i * 10)).collect();
        let local = only(&activity(shown.clone(), 5, &[7]));
        assert!(
            local.starts_with("Clocks went back: 6 of 71 windows"),
            "{local}"
        );
        // A day earlier no clock goes back.
        let ends = shown.iter().map(|end| end - 24 * 60 * MINUTE);
        assert_eq!(only(&activity(ends, 5, &[7])), "");
        let bots = (1..72).flat_map(|i| [0, 47_000].map(|late| CHANGE + i * 10 * MINUTE + late));
        let other = only(&activity(bots, 5, &[7]));
        assert!(other.ends_with("stop one of the bots"), "{other}");
    }

    #[test]
    fn a_newest_window_hours_from_now_is_named() {
        let now = Utc::now().timestamp_millis();
        let ends = |ahead: i64| (0..20).map(move |i| now + (ahead - i * 10) * MINUTE);
        assert!(
            only(&activity(ends(120), 5, &[7]))
                .starts_with("The newest window ends 2.0 hours from now")
        );
        assert_eq!(only(&activity(ends(5), 5, &[7])), "");
    }

    #[test]
    fn nobody_online_is_said_where_members_write() {
        let ends = || (0..20).map(|i| CHANGE - 90_000_000 + i * 10 * MINUTE);
        assert!(only(&activity(ends(), 0, &[7])).contains("Presence Intent"));
        assert_eq!(only(&activity(ends(), 0, &[])), "");
        assert_eq!(only(&activity(ends(), 1, &[7])), "");
    }

    /// Rounded as JavaScript does: the nearest double, in its shortest form.
    #[test]
    fn ids_that_javascript_rounded_are_named() {
        let ends = || (0..3).map(|i| CHANGE - 90_000_000 + i * 10 * MINUTE);
        let ids = [
            900_053_580_247_703_719_u64,
            123_456_789_012_345_678,
            1_100_000_007_654_321_111,
            355_555_555_555_555_555,
            287_654_321_987_654_321,
        ];
        let rounded = ids.map(|id| format!("{:e}", id as f64));
        let rounded = rounded.map(|id| {
            let (digits, power) = id.split_once('e').unwrap();
            let digits = digits.replace('.', "");
            format!(
                "{digits:0<width$}",
                width = power.parse::<usize>().unwrap() + 1
            )
            .parse()
            .unwrap()
        });
        assert!(only(&activity(ends(), 5, &rounded)).starts_with("Ids are rounded"));
        assert_eq!(only(&activity(ends(), 5, &ids)), "");
    }
}
