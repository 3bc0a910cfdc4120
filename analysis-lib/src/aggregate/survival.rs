use activity_data::DAY_LENGTH;

use super::chance::NORMAL;

/// How many are still there after so many days: a Kaplan–Meier curve with its 95 %
/// band. There is an entry for 0 days and for each time at which somebody ended or
/// was last known of; all columns are empty where there is nobody.
///
/// Who ended and who was last known of at one time were both at risk there. The
/// band is the log-log one: 1 where the share is 1, and 0 where that is 0.
///
/// References: E. L. Kaplan, P. Meier (1958), Nonparametric estimation from
/// incomplete observations, JASA 53. J. D. Kalbfleisch, R. L. Prentice (2002), The
/// Statistical Analysis of Failure Time Data, 2nd edition, 1.4.1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survival {
    /// Times, of 24 hours each, ascending from 0.
    pub days: Vec<f64>,
    /// The share, from 0 to 1, of those who are still there after each.
    pub share: Vec<f64>,
    /// The band's lower edge.
    pub lower: Vec<f64>,
    /// The band's upper edge.
    pub upper: Vec<f64>,
    /// How many were there just before each time, and known of.
    pub at_risk: Vec<u64>,
}

impl Survival {
    /// Of times in milliseconds, each with whether it ended then or was only known of
    /// until then.
    pub(super) fn of(mut times: Vec<(i64, bool)>) -> Self {
        let mut found = Self::default();
        times.sort_unstable();
        let (mut at_risk, mut share, mut variance) = (times.len() as u64, 1.0, 0.0);
        let groups = times.chunk_by(|one, other| one.0 == other.0);
        let groups = groups.map(|own| (own[0].0, own));
        // All were there at first.
        let first = times.first().filter(|(time, _)| *time > 0);
        for (time, own) in first.map(|_| (0, &times[..0])).into_iter().chain(groups) {
            let ended = own.iter().filter(|(_, is_end)| *is_end).count() as f64;
            let all = at_risk as f64;
            share *= 1.0 - ended / all;
            // Greenwood's, of the share's logarithm.
            variance += ended / (all * (all - ended));
            let edge = |side: f64| match share {
                0.0 | 1.0 => share,
                _ => share.powf((side * NORMAL * variance.sqrt() / share.ln()).exp()),
            };
            found.days.push(time as f64 / DAY_LENGTH as f64);
            found.share.push(share);
            found.lower.push(edge(-1.0));
            found.upper.push(edge(1.0));
            found.at_risk.push(at_risk);
            at_risk -= own.len() as u64;
        }
        found
    }

    /// The entry that holds after so many days. `None` where it isn't known: nobody is
    /// at risk any more.
    pub(crate) fn after(&self, days: f64) -> Option<usize> {
        let is_known = self.days.last().is_some_and(|&last| days <= last);
        let next = self.days.partition_point(|&own| own <= days);
        next.checked_sub(1).filter(|_| is_known)
    }
}
