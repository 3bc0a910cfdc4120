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

    /// In these periods.
    ///
    /// # Errors
    ///
    /// What it was merged into before, if those are other periods.
    fn by(&self, period: Period) -> Result<Periods, Periods>;
}

impl ByPeriod for Activity {
    fn origin(&self) -> &Origin {
        self.origin()
    }

    fn by(&self, period: Period) -> Result<Periods, Periods> {
        Ok(self.every(period))
    }
}

impl ByPeriod for Periods {
    fn origin(&self) -> &Origin {
        self.origin()
    }

    fn by(&self, period: Period) -> Result<Periods, Periods> {
        match self.period() == period {
            true => Ok(self.clone()),
            false => Err(self.clone()),
        }
    }
}

/// The figure of these periods, or a card that says how to have them.
pub(super) fn merged(
    data: &dyn ByPeriod,
    period: Period,
    labels: &Labels,
    draw: impl FnOnce(&Periods) -> Figure,
) -> Figure {
    match data.by(period) {
        Ok(periods) => draw(&periods),
        Err(own) => {
            let note = Noun::of(own.period()).count(own.len());
            let name = |period: Period| period.to_string().to_uppercase();
            let many = Noun::of(own.period()).many;
            let (wanted, own) = (name(period), name(own.period()));
            let why =
                format!("These are {many} already: take every({wanted}) in place of every({own}).");
            Figure::nothing(&labels.clone().noting(note), &why)
        }
    }
}
