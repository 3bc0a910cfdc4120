//! What windows seem to be that they shouldn't, and what to do.

use chrono::Utc;

use crate::{Activity, HOUR_LENGTH, Zone};

/// So many members' ids don't all end in a zero by chance.
const ENOUGH: usize = 5;

/// A sentence for each, without its full stop.
pub fn doubts(activity: &Activity) -> Vec<String> {
    let mut doubts = Vec::new();
    let overlapping: Vec<usize> = activity.overlapping().collect();
    // Of a bot's local time, wherever the bot is.
    let comes_twice = |&index: &usize| Zone::comes_twice(activity.middle(index));
    let what = if overlapping.iter().all(comes_twice) {
        "all in an hour that clocks show twice when they go back: the bot writes its local time as UTC; let it write UTC"
    } else {
        "as when two bots write: messages that both saw count twice; stop one of the bots"
    };
    if !overlapping.is_empty() {
        let (count, all) = (overlapping.len(), activity.len());
        doubts.push(format!(
            "Overlapping: {count} of {all} windows begin before the one before ended, {what}"
        ));
    }
    let ahead = (activity.span().1 - Utc::now().timestamp_millis()) as f64 / HOUR_LENGTH as f64;
    if ahead > 0.5 {
        doubts.push(format!(
            "The newest window ends {ahead:.1} hours from now, as where a bot writes its local time as UTC; let it write UTC"
        ));
    }
    doubts.extend(nobody_online(activity).map(str::to_owned));
    let long = || {
        activity
            .members()
            .iter()
            .filter(|id| id.get() >= 10_u64.pow(16))
    };
    if long().count() >= ENOUGH && long().all(|id| id.get() % 10 == 0) {
        doubts.push("Ids are rounded: all end in zeros, as JavaScript rounds long numbers, so members are mixed up and have no names; export ids as strings".to_owned());
    }
    doubts
}

/// What to do where nobody is ever online, though members write.
pub fn nobody_online(activity: &Activity) -> Option<&'static str> {
    let nobody = activity.online_members().iter().all(|&online| online == 0);
    let wrote = activity
        .message_volume()
        .iter()
        .any(|&messages| messages > 0);
    (nobody && wrote).then_some("Online members are 0 throughout, though members write: the bot isn't told who is online; turn on its Presence Intent (Developer Portal > application > Bot) and ask for it where the bot connects")
}
