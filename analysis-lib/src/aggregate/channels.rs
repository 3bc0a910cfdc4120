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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::{quality, simulation::START};
    use activity_data::{DAY_LENGTH, Extra, Origin, Window, WindowsBuilder, Zone};

    /// A window a day over 40 days; where messages were sent isn't said on three of
    /// them. Two channels have a message each day for so many days, another always.
    fn forty_days(first: i64, second: i64) -> Activity {
        let mut windows = WindowsBuilder::new();
        for day in 0..40 {
            let channels = [(1, 40), (2, first), (3, second)];
            let channels = channels.iter().filter(|own| day < own.1);
            let channels: Vec<_> = channels.map(|own| (ChannelId::from(own.0), 1)).collect();
            let volume = 1 + channels.len() as u32 / 3;
            windows.extra(Extra {
                channels: (!(25..28).contains(&day)).then_some(channels),
                ..Extra::default()
            });
            let window = Window {
                end: START + (day + 1) * DAY_LENGTH,
                declared: DAY_LENGTH as u32,
                online: None,
                volume,
            };
            windows.window(window).unwrap();
        }
        let origin = Origin {
            timezone: Zone::named("Asia/Kolkata", None).unwrap(),
            ..Origin::nobody()
        };
        Activity::new(origin, windows.finish(), Vec::new()).unwrap()
    }

    #[test]
    fn a_channel_is_asleep_after_fourteen_days_of_which_it_is_known_where_messages_were() {
        // 40 days but for those before and three unknown ones.
        let days = forty_days(23, 24);
        let found = messages_by_channel(&days);
        let found: Vec<_> = found
            .iter()
            .map(|own| (own.id.get(), own.is_asleep))
            .collect();
        assert_eq!(found, [(1, false), (3, false), (2, true)]);
        let messages: Vec<_> = messages_by_channel(&days)
            .iter()
            .map(|own| own.messages)
            .collect();
        assert_eq!(messages, [37, 24, 23]);
        // Who had messages on six days only isn't known well enough.
        let few = messages_by_channel(&forty_days(6, 7));
        let few: Vec<_> = few
            .iter()
            .map(|own| (own.id.get(), own.is_asleep))
            .collect();
        assert_eq!(few, [(1, false), (3, true), (2, false)]);
    }

    #[test]
    fn windows_whose_channels_do_not_add_up_are_counted_where_they_are_said() {
        // Three channels' messages are two in all, one channel's is one.
        assert_eq!(quality(&forty_days(10, 10)).channel_sum_differs, 10);
        assert_eq!(quality(&forty_days(0, 0)).channel_sum_differs, 0);
    }

    #[test]
    fn days_of_which_nothing_is_known_are_a_gap_and_no_silence() {
        let days = forty_days(23, 24).channels_as_members().unwrap();
        assert_eq!((days.len(), days.gaps().len()), (37, 1));
        assert_eq!(days.gaps()[0].end - days.gaps()[0].begin, 3 * DAY_LENGTH);
        assert_eq!(days.every(DAY).len(), 37);
    }
}
