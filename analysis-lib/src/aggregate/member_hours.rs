use activity_data::{Activity, HOUR_LENGTH};

/// Windows and messages by hour of local clocks.
pub(crate) struct Hours {
    /// Windows whose middle lies in each hour of the day, over all days.
    pub(crate) windows: [u64; 24],
    /// Messages in these by each of the activity's members.
    pub(crate) messages: Vec<[u64; 24]>,
}

/// Who writes at what hour of the day.
pub(crate) fn hours_by_member(activity: &Activity) -> Hours {
    let zone = activity.origin().timezone();
    let mut hours = Hours {
        windows: [0; 24],
        messages: vec![[0; 24]; activity.members().len()],
    };
    for window in 0..activity.len() {
        let local = zone.local(activity.middle(window));
        let hour = local.div_euclid(HOUR_LENGTH).rem_euclid(24) as usize;
        hours.windows[hour] += 1;
        for (member, sent) in activity.senders(window) {
            hours.messages[member][hour] += u64::from(sent);
        }
    }
    hours
}
