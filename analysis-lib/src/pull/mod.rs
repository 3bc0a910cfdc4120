//! From the configured source to an [`Activity`].

mod fetch;
mod file;
mod span;

use crate::Result;
use activity_data::report;
use activity_data::settings::Settings;
use activity_data::source::request::EVERY;
use activity_data::source::sample;
use activity_data::store::columns::Contents;
use activity_data::store::snapshot::Snapshot;
use activity_data::{Activity, LeftOut, Origin, Period, Periods, Source};

use fetch::fetch;
use span::Span;

/// Pulls all windows from the MongoDB that `MONGOKEY` names; without one, from the file
/// `ACTIVITY_FILE` that a recorder writes, if it is there; else gives the sample.
///
/// Prints where the windows are from, how many there are, their span, which
/// documents were left out and why, and when this was. What the last pull
/// brought is kept in a snapshot and not fetched again, if it still fits the
/// collection; [`pull_fresh`] ignores it. A pull doesn't notice a document that was
/// deleted when another was inserted before the last one, nor one that was
/// changed: [`pull_fresh`] does. A collection that loses its oldest documents (TTL,
/// capped) is pulled anew each time.
///
/// Windows with the same time stay in the order in which the server sent them.
/// All other windows come in the same order whatever happens during a pull.
///
/// # Errors
///
/// A setting can't be used, the server can't be reached or read, or the
/// collection has no window that can be used. The message says which, and what
/// to do.
pub fn pull() -> Result<Activity> {
    Pull::new().run()
}

/// Like [`pull`], but fetches everything anew.
///
/// # Errors
///
/// As [`pull`].
pub fn pull_fresh() -> Result<Activity> {
    Pull::new().fresh().run()
}

/// A pull of other than everything, or in other than windows.
///
/// ```no_run
/// use analysis_lib::{DAY, Pull};
///
/// let march = Pull::new().since("2026-03-01").until("2026-04-01").run()?;
/// let days = Pull::new().since("2020-01-01").every(DAY).run()?;
/// println!("{} windows in March, {} days since 2020", march.len(), days.len());
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a pull begins with `run`"]
pub struct Pull {
    fresh: bool,
    /// Since when and until when, as it was asked for.
    span: [Option<String>; 2],
}

impl Pull {
    /// A pull of everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ignores the snapshot of an earlier pull.
    pub fn fresh(mut self) -> Self {
        self.fresh = true;
        self
    }

    /// Only windows that ended then or later: a date (`2026-03-01`) or a date
    /// and time (`2026-03-01 14:30`) in the configured zone, or a time in RFC
    /// 3339 (`2026-03-01T14:30:00Z`). A local time that comes twice is the
    /// first, and one that the clocks skip is the moment when they do.
    ///
    /// Fetches that span from the server, and uses no snapshot.
    pub fn since(mut self, time: &str) -> Self {
        self.span[0] = Some(time.to_owned());
        self
    }

    /// Only windows that ended before this time, written as for
    /// [`since`](Self::since).
    pub fn until(mut self, time: &str) -> Self {
        self.span[1] = Some(time.to_owned());
        self
    }

    /// Merges windows as they come, by the configured zone: for servers with
    /// thousands of writers, whose windows fill the memory. What it gives is what
    /// [`Activity::every`] gives of all windows.
    pub fn every(self, period: Period) -> PullPeriods {
        PullPeriods { pull: self, period }
    }

    /// Pulls.
    ///
    /// # Errors
    ///
    /// As [`pull`], or a time can't be read.
    pub fn run(self) -> Result<Activity> {
        let (origin, read) = self.read(None)?;
        let activity = Activity::new(origin, read.windows, read.left_out)?;
        report::activity(&activity);
        Ok(activity)
    }

    /// What there is in the span; of a MongoDB merged into such periods, if they are
    /// given.
    fn read(&self, every: Option<Period>) -> Result<(Origin, Contents)> {
        let settings = Settings::load()?;
        let span = Span::read(&self.span, &settings.timezone()?)?;
        let (origin, read) = match settings.get("MONGOKEY") {
            Some(connection) => {
                settings.timeout()?;
                let snapshot = Snapshot::from_settings(&settings, &connection);
                let snapshot = snapshot.filter(|_| span.is_all() && every.is_none());
                let mut wanted = span.environment();
                wanted.extend(every.map(|period| (EVERY, period.to_string())));
                fetch(&settings, snapshot.as_ref(), self.fresh, &wanted)?
            }
            None => self.local(&settings, &span)?,
        };
        match read.windows.len() {
            0 => Err(span.nothing(&origin, &read.left_out)),
            _ => Ok((origin, read)),
        }
    }

    /// The file that a recorder writes; the sample where there is none, in words that
    /// nobody can miss.
    fn local(&self, settings: &Settings, span: &Span) -> Result<(Origin, Contents)> {
        let path = settings.activity_file();
        let (origin, mut read) = if path.exists() {
            file::read(settings, &path, self.fresh)?
        } else {
            println!(
                "SAMPLE DATA: MADE UP, NOT FROM YOUR SERVER. MONGOKEY is not set, nor is there a file of\nwindows: the README says under \"Your own server\" how to get either; then run this cell again."
            );
            let all = sample::activity(settings.timezone()?)?;
            let windows = all.windows().clone();
            let nothing = Contents::default();
            (all.origin().clone(), Contents { windows, ..nothing })
        };
        if !span.is_all() {
            read.windows = span.of(&read.windows);
            let is_in = |one: &LeftOut| one.end.is_some_and(|end| span.contains(end));
            read.left_out.retain(is_in);
        }
        Ok((origin, read))
    }
}

/// A [`Pull`] of hours, days, weeks or months.
#[derive(Clone, Debug)]
#[must_use = "a pull begins with `run`"]
pub struct PullPeriods {
    pull: Pull,
    period: Period,
}

impl PullPeriods {
    /// Pulls.
    ///
    /// # Errors
    ///
    /// As [`pull`], or a time can't be read.
    pub fn run(self) -> Result<Periods> {
        let (period, (origin, read)) = (self.period, self.pull.read(Some(self.period))?);
        let (windows, left_out) = (read.windows, read.left_out);
        let periods = match origin.source() {
            Source::MongoDb { .. } => {
                Activity::merged(origin, windows, left_out, period, read.sent)?
            }
            _ => Activity::new(origin, windows, left_out)?.every(period),
        };
        report::periods(&periods);
        Ok(periods)
    }
}
