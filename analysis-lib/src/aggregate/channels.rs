use std::cmp::Reverse;

use activity_data::{Activity, ChannelId, DAY, MemberId, Provenance};

/// A channel that had messages on so many days, and then none on so many, is asleep.
const DAYS: usize = 7;
const SILENT: usize = 14;

/// What was sent in one channel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChannelTotal {
    /// The channel's Discord id.
    pub id: ChannelId,
    /// Messages in all windows.
    pub messages: u64,
    /// When the last day with a message began, in milliseconds since the epoch (UTC).
    pub last_day: i64,
    /// Whether it fell asleep: see [`messages_by_channel`].
    pub is_asleep: bool,
    pub(crate) provenance: Provenance,
}

/// Messages by channel, the most first; channels with as many in order of their id.
/// Threads count for the channel that they belong to. Channels without a message in
/// these windows are left out; empty where no document says where messages were sent.
///
/// A channel is asleep that had messages on at least 7 days, and then none for 14 days
/// and for more than twice as long as between any two of those. Only days with a window
/// count that says where messages were sent: what wasn't recorded isn't silence.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let channels = aggregate::messages_by_channel(&Activity::sample()?);
/// assert!(channels.is_sorted_by(|one, next| one.messages >= next.messages));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn messages_by_channel(activity: &Activity) -> Vec<ChannelTotal> {
    let Some(channels) = activity.channels_as_members() else {
        return Vec::new();
    };
    let days = channels.every(DAY);
    // Of each channel its messages, the days with one, and the longest pause between two.
    let mut totals = vec![(0, Vec::new(), 0); days.members().len()];
    for day in 0..days.len() {
        for (channel, sent) in days.senders(day) {
            let (messages, own, pause) = &mut totals[channel];
            *messages += sent;
            *pause = (*pause).max(day - own.last().unwrap_or(&day));
            own.push(day);
        }
    }
    let ids = days.members().iter().zip(totals);
    let total = |(id, (messages, own, pause)): (&MemberId, (u64, Vec<usize>, usize))| {
        let silent = days.len() - 1 - own[own.len() - 1];
        ChannelTotal {
            id: id.get().into(),
            messages,
            last_day: days.begins()[own[own.len() - 1]],
            is_asleep: own.len() >= DAYS && silent >= SILENT && silent > 2 * pause,
            provenance: activity.provenance(),
        }
    };
    let mut totals: Vec<ChannelTotal> = ids.map(total).collect();
    totals.sort_by_key(|total| (Reverse(total.messages), total.id));
    totals
}
