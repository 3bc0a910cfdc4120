use activity_data::{Activity, HOUR_LENGTH, Provenance};

/// One hour of the week in the configured zone.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct WeekHour {
    /// Day of the week, from 0 for Monday to 6 for Sunday.
    pub weekday: u32,
    /// Hour on local clocks, from 0 to 23.
    pub hour: u32,
    /// Windows that were recorded in it, over all weeks.
    pub windows: u64,
    /// Messages in these windows.
    pub messages: u64,
    /// Online members at these windows' ends, summed up where they are known.
    pub online: u64,
    /// Windows in which they are.
    pub online_known: u64,
    /// The length of these windows together, in milliseconds.
    pub recorded: i64,
    pub(crate) provenance: Provenance,
}

impl WeekHour {
    /// Mean messages in a window. `None` if none was recorded.
    pub fn mean(&self) -> Option<f64> {
        (self.windows > 0).then(|| self.messages as f64 / self.windows as f64)
    }

    /// Mean messages in a recorded hour. `None` if nothing was recorded.
    pub fn per_hour(&self) -> Option<f64> {
        let hours = self.recorded as f64 / HOUR_LENGTH as f64;
        (self.recorded > 0).then(|| self.messages as f64 / hours)
    }

    /// Mean online members. `None` if they are known in no window.
    pub fn online_mean(&self) -> Option<f64> {
        (self.online_known > 0).then(|| self.online as f64 / self.online_known as f64)
    }
}

/// The server's week: message volume and online members by weekday and hour of
/// local clocks. 168 hours, from Monday 00:00 on.
///
/// A window counts for the hour that its middle lies in. What wasn't recorded
/// doesn't count as silence: means are over recorded windows.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let week = aggregate::weekly_rhythm(&Activity::sample()?);
/// let friday_evening = week[4 * 24 + 21].mean();
/// let monday_morning = week[5].mean();
/// assert!(friday_evening > monday_morning);
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn weekly_rhythm(activity: &Activity) -> Vec<WeekHour> {
    let timezone = activity.origin().timezone();
    let hour = |hour: u32| WeekHour {
        weekday: hour / 24,
        hour: hour % 24,
        provenance: activity.provenance(),
        ..WeekHour::default()
    };
    let mut week: Vec<WeekHour> = (0..168).map(hour).collect();
    for index in 0..activity.len() {
        let cell = &mut week[timezone.hour_of_week(activity.middle(index))];
        cell.windows += 1;
        cell.messages += u64::from(activity.message_volume()[index]);
        if let Some(online) = activity.online_members()[index] {
            cell.online += u64::from(online);
            cell.online_known += 1;
        }
        cell.recorded += activity.ends()[index] - activity.begins()[index];
    }
    week
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Activity {
        activity_data::source::sample::activity(crate::Zone::named("US/Eastern", None).unwrap())
            .unwrap()
    }

    #[test]
    fn every_window_counts_once() {
        let activity = sample();
        let week = weekly_rhythm(&activity);
        assert_eq!(
            week.iter().map(|cell| cell.windows).sum::<u64>(),
            activity.len() as u64
        );
        assert!(week.iter().all(|cell| cell.windows > 0));
    }

    #[test]
    fn hours_that_were_not_seen_have_no_mean() {
        let week = weekly_rhythm(&sample().last_hours(2));
        let seen: Vec<(u32, u32)> = week
            .iter()
            .filter(|cell| cell.mean().is_some())
            .map(|cell| (cell.weekday, cell.hour))
            .collect();
        // The sample ends at 05:50 on a Sunday.
        assert_eq!(seen, [(6, 3), (6, 4), (6, 5)]);
    }
}
