use super::messages_by_member;
use crate::Activity;

/// How unevenly messages are spread over those who write.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Concentration {
    /// Members with at least one message.
    pub members: usize,
    /// Gini coefficient: 0 where all sent as many, and close to 1 where one of
    /// many sent everything; at most `1 - 1 / members`.
    pub gini: f64,
    /// The share of messages, from 0 to 1, of the tenth of the members who sent
    /// the most; a tenth of them, rounded up to whole members.
    pub top_tenth: f64,
    /// The fewest members who sent at least half of all messages.
    pub half: usize,
}

/// How much of the conversation few members carry.
///
/// Members without a message don't count, since the data doesn't know who they
/// are: among all of a server's members, messages are spread more unevenly. The
/// Gini coefficient is the population's, without the correction for samples
/// `n / (n - 1)`. Without any message all values are 0.
///
/// References: C. Gini (1912), Variabilità e mutabilità; C. Damgaard, J. Weiner
/// (2000), Describing inequality in plant size or fecundity, Ecology 81(4), for
/// the formula over sorted values.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let concentration = aggregate::concentration(&Activity::sample()?);
/// assert_eq!((concentration.members, concentration.half), (266, 12));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn concentration(activity: &Activity) -> Concentration {
    let totals = messages_by_member(activity).into_iter();
    let sent: Vec<u64> = totals.map(|total| total.messages).collect();
    let (members, all) = (sent.len(), sent.iter().sum::<u64>());
    if all == 0 {
        return Concentration::default();
    }
    // Whole numbers up to the one division: Σ (2i - n - 1) x over ascending x,
    // with i from 1, divided by n Σ x. Here x descends.
    let share = |(place, &sent): (i128, &u64)| (members as i128 - 1 - 2 * place) * i128::from(sent);
    let spread: i128 = (0..).zip(&sent).map(share).sum();
    let top: u64 = sent[..members.div_ceil(10)].iter().sum();
    let mut sum = 0;
    let before_half = sent.iter().take_while(|&&sent| {
        sum += sent;
        2 * sum < all
    });
    Concentration {
        members,
        gini: spread as f64 / (members as f64 * all as f64),
        top_tenth: top as f64 / all as f64,
        half: before_half.count() + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemberId;
    use activity_data::{Window, WindowsBuilder};

    /// One window in which members sent this.
    fn of(sent: &[u32]) -> Concentration {
        let mut windows = WindowsBuilder::new();
        for (id, &sent) in (1..).zip(sent) {
            windows.sent(MemberId::from(id), sent);
        }
        windows.window(Window::default()).unwrap();
        let origin = Activity::sample().unwrap().origin().clone();
        concentration(&Activity::new(origin, windows.finish(), Vec::new()).unwrap())
    }

    #[test]
    fn trivial() {
        assert_eq!(of(&[]), Concentration::default());
        let alone = Concentration {
            members: 1,
            gini: 0.0,
            top_tenth: 1.0,
            half: 1,
        };
        assert_eq!(of(&[0, 7]), alone);
    }

    #[test]
    fn simple() {
        let equal = of(&[5; 10]);
        assert_eq!((equal.gini, equal.top_tenth, equal.half), (0.0, 0.1, 5));
        // Mean absolute difference (0 + 2 + 2) / 2 pairs of ordered values, over
        // twice the mean: 4 / 4 / 2 / 2.
        let uneven = of(&[1, 3]);
        assert_eq!((uneven.gini, uneven.half), (0.25, 1));
        // Eleven members have a tenth of two.
        let eleven = of(&[20, 10, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!((eleven.top_tenth, eleven.half), (30.0 / 39.0, 1));
    }
}
