use super::figure::Figure;
use super::labels::{Labels, Noun};
use activity_data::{Activity, Origin, Period, Periods};

/// What can be shown by the hour, day, week or month: an [`Activity`], or
/// [`Periods`] that were merged before.
///
/// ```
/// use analysis_lib::{Activity, DAY, WEEK, plot};
///
/// let activity = Activity::sample()?;
/// let days = activity.every(DAY); // or Pull::new().every(DAY).run()?
/// let figure = plot::messages_by_period(&days, DAY);
/// assert_eq!(figure.csv(), plot::messages_by_period(&activity, DAY).csv());
/// let figure = plot::messages_by_period(&days, WEEK);
/// assert_eq!(figure.says(), "These are days already: take every(WEEK) in place of every(DAY).");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub trait ByPeriod {
    /// Source, server and time zone.
    fn origin(&self) -> &Origin;

    /// In these periods, or in those that it was merged into before.
    fn by(&self, period: Period) -> Periods;
}

impl ByPeriod for Activity {
    fn origin(&self) -> &Origin {
        self.origin()
    }

    fn by(&self, period: Period) -> Periods {
        self.every(period)
    }
}

impl ByPeriod for Periods {
    fn origin(&self) -> &Origin {
        self.origin()
    }

    fn by(&self, _: Period) -> Periods {
        self.clone()
    }
}

/// The figure of these periods, or a card that says how to have them.
pub(super) fn merged(
    data: &dyn ByPeriod,
    period: Period,
    labels: &Labels,
    draw: impl FnOnce(&Periods) -> Figure,
) -> Figure {
    let periods = data.by(period);
    if periods.period() == period {
        return draw(&periods);
    }
    let noun = Noun::of(periods.period());
    let [wanted, own] = [period, periods.period()].map(|own| own.to_string().to_uppercase());
    let why = format!(
        "These are {} already: take every({wanted}) in place of every({own}).",
        noun.many
    );
    let labels = labels.clone().noting(noun.count(periods.len()));
    Figure::nothing(&labels, &why)
}
