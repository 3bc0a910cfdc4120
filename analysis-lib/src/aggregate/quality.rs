use std::fmt;

use super::{coverage, gaps};
use activity_data::text::counted;
use activity_data::{Activity, HOUR_LENGTH, doubts};

/// How far the windows can be trusted: a cell that ends with it shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// The number of windows.
    pub windows: usize,
    /// The share of the time that was recorded, from 0 to 1: see [`coverage`].
    pub coverage: f64,
    /// How many [`gaps`] there are.
    pub gaps: usize,
    /// The longest gap, in milliseconds; 0 without one.
    pub longest_gap: i64,
    /// Documents that can't be used: see [`Activity::left_out`].
    pub left_out: usize,
    /// The time that these cover and no window does, in milliseconds: gaps of their own.
    pub left_out_time: i64,
    /// Documents that equal another: see [`Activity::duplicates`].
    pub duplicates: usize,
    /// Windows whose members together sent another number of messages than the
    /// window's message volume: a member who left, a bot that isn't counted, or
    /// two counters that disagree.
    pub sum_differs: usize,
    /// Windows whose channels together had another number of messages, where the
    /// document says where these were sent.
    pub channel_sum_differs: usize,
    /// Windows that begin before the one before ended: see [`Activity::overlapping`].
    pub overlapping: usize,
    /// What windows seem to be that they shouldn't, and what to do: a sentence each.
    pub doubts: Vec<String>,
}

/// What was left out, what came twice, and how much of the time was recorded.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let quality = aggregate::quality(&Activity::sample()?);
/// assert_eq!((quality.gaps, quality.left_out), (2, 0));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn quality(activity: &Activity) -> Quality {
    let gaps = gaps(activity);
    let lengths = gaps.iter().map(|gap| gap.end - gap.begin);
    let channels = activity.channels_as_members();
    Quality {
        sum_differs: sum_differs(activity),
        channel_sum_differs: channels.as_ref().map_or(0, sum_differs),
        windows: activity.len(),
        coverage: coverage(activity),
        gaps: gaps.len(),
        longest_gap: lengths.max().unwrap_or(0),
        left_out: activity.left_out().len(),
        left_out_time: activity.left_out_time(),
        duplicates: activity.duplicates(),
        overlapping: activity.overlapping(),
        doubts: doubts::doubts(activity),
    }
}

/// In how many windows those who sent messages don't add up to all.
fn sum_differs(activity: &Activity) -> usize {
    let differs = |&window: &usize| {
        let sent = activity.senders(window).map(|(_, sent)| u64::from(sent));
        sent.sum::<u64>() != u64::from(activity.message_volume()[window])
    };
    (0..activity.len()).filter(differs).count()
}

impl Quality {
    /// Shows the lines: evcxr calls this for a cell's last expression.
    pub fn evcxr_display(&self) {
        println!("{self}");
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never "100.0 %" of what isn't whole.
        let percent = (self.coverage * 1000.0).floor() / 10.0;
        let windows = counted(self.windows, "window");
        write!(f, "Recorded: {percent:.1} % of the time, in {windows}")?;
        let longest = self.longest_gap as f64 / HOUR_LENGTH as f64;
        match self.gaps {
            0 => write!(f, "\nGaps: none")?,
            gaps => write!(f, "\nGaps: {gaps}, the longest {longest:.1} hours")?,
        }
        let left_out = counted(self.left_out, "document");
        write!(f, "\nLeft out, since they can't be used: {left_out}")?;
        if self.left_out_time > 0 {
            let hours = self.left_out_time as f64 / HOUR_LENGTH as f64;
            write!(f, ", with {hours:.1} hours that count as gaps")?;
        }
        let equal = counted(self.duplicates, "document");
        write!(f, "\nCounted once, since they equal another: {equal}")?;
        let [over, members, channels] =
            [self.overlapping, self.sum_differs, self.channel_sum_differs]
                .map(|count| counted(count, "window"));
        write!(f, "\nOverlapping: {over}")?;
        write!(f, "\nMembers' messages don't add up to all: {members}")?;
        if self.channel_sum_differs > 0 {
            write!(f, "\nChannels' messages don't add up to all: {channels}")?;
        }
        for doubt in &self.doubts {
            write!(f, "\n{doubt}.")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::rate;
    use activity_data::{DAY, LeftOut, Origin, Source, WindowsBuilder, Zone};

    const BEGIN: i64 = 1_790_985_600_000;
    const WINDOW: i64 = 600_000;

    /// Two days of 10 messages a window, and 40 around 20:00, of which some windows
    /// are left out.
    fn two_days(is_left_out: impl Fn(i64) -> bool) -> Activity {
        let (mut windows, mut left_out) = (WindowsBuilder::new(), Vec::new());
        for i in 0..288 {
            let end = BEGIN + (i + 1) * WINDOW;
            if is_left_out(i) {
                left_out.push(LeftOut {
                    document: i.to_string(),
                    reason: "messages-sent is missing".to_owned(),
                    end: Some(end),
                });
                continue;
            }
            let distance = (i % 144 - 120).abs() as f64;
            let volume = (10.0 + 30.0 * (-distance * distance / 200.0).exp()).round() as u32;
            let window = activity_data::Window {
                end,
                declared: 0,
                online: Some(5),
                volume,
            };
            windows.window(window).unwrap();
        }
        let origin = Origin {
            source: Source::Sample,
            server: String::new(),
            timezone: Zone::named("UTC", None).unwrap(),
            events: Vec::new(),
        };
        Activity::new(origin, windows.finish(), left_out).unwrap()
    }

    /// Every second window of both evenings, from 15:00 to 23:00.
    fn in_the_evening(i: i64) -> bool {
        (90..138).contains(&(i % 144)) && i % 2 == 0
    }

    #[test]
    fn what_is_left_out_is_time_that_is_not_recorded_and_moves_no_peak() {
        let (all, some) = (two_days(|_| false), two_days(in_the_evening));
        let quality = quality(&some);
        assert_eq!(quality.left_out_time, 48 * WINDOW);
        assert!((quality.coverage - 240.0 / 288.0).abs() < 1e-12);
        let lines = quality.to_string();
        assert!(lines.starts_with("Recorded: 83.3 % of the time"), "{lines}");
        assert!(
            lines.contains("48 documents, with 8.0 hours that count as gaps"),
            "{lines}"
        );
        let days = some.every(DAY);
        assert!(
            days.coverage()
                .iter()
                .all(|share| (share - 120.0 / 144.0).abs() < 1e-12)
        );
        let peak = |activity: &Activity| {
            let rate = rate(activity).unwrap();
            let per_minute = rate.per_minute().iter().enumerate();
            let (most, value) = per_minute.max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
            (rate.times()[most] as i64, *value)
        };
        let ((at, value), (other, less)) = (peak(&all), peak(&some));
        let day = 144 * WINDOW;
        assert!(
            (at - other)
                .rem_euclid(day)
                .min((other - at).rem_euclid(day))
                < 3_600_000
        );
        // As fast to a tenth, where half of the windows are there.
        assert!((value / less - 1.0).abs() < 0.1, "{value} {less}");
    }

    /// Every third window is left out: two thirds are recorded, at the same rate.
    #[test]
    fn every_third_window_left_out_leaves_rates_as_they_are() {
        let some = two_days(|i| i % 3 == 1);
        assert!((coverage(&some) - 191.0 / 287.0).abs() < 0.01);
        let begins = some.begins().iter().zip(some.ends());
        assert!(begins.into_iter().all(|(begin, end)| end - begin == WINDOW));
    }
}
