//! From the configured source to an [`Activity`].

use std::io::BufReader;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;

use crate::activity::Skipped;
use crate::calendar::Offsets;
use crate::format::{self, Broken, Contents};
use crate::origin::{Origin, Source};
use crate::periods::{Periods, Unit};
use crate::program::Program;
use crate::settings::Settings;
use crate::snapshot::{Opened, Snapshot};
use crate::source::sample;
use crate::{Activity, Error, Result};

/// The settings that the program needs. They may
/// stand in `.env`, and are passed on as variables: arguments can be seen by
/// everyone on the machine.
const PASSED_ON: [&str; 5] = [
    "MONGOKEY",
    "MONGODB_DATABASE",
    "MONGODB_COLLECTION",
    "MONGODB_TIMEOUT",
    "TIMEZONE",
];

/// Where a pull can go on from, in hexadecimal: the payload of an `R` frame.
pub(crate) const RESUME: &str = "ACTIVITY_PULL_RESUME";
/// First time wanted, in milliseconds since the epoch.
pub(crate) const SINCE: &str = "ACTIVITY_PULL_SINCE";
/// First time no longer wanted, in milliseconds since the epoch.
pub(crate) const UNTIL: &str = "ACTIVITY_PULL_UNTIL";
/// What MongoDB shall merge windows into: `hour` or `day`.
pub(crate) const EVERY: &str = "ACTIVITY_PULL_EVERY";

/// Documents left out that are shown; the others are only counted.
const SHOWN: usize = 5;

/// Pulls all windows from the MongoDB that `MONGOKEY` names, or gives the sample
/// when it names none.
///
/// Prints where the windows are from, how many there are, their span, which
/// documents were left out and why, and when this was. What the last pull
/// brought is kept in a snapshot and not fetched again, if it still fits the
/// collection; [`pull_fresh`] ignores it.
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
/// # Ok::<(), analysis_lib::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a pull begins with `run`"]
pub struct Pull {
    fresh: bool,
    since: Option<String>,
    until: Option<String>,
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
        self.since = Some(time.to_owned());
        self
    }

    /// Only windows that ended before this time, written as for
    /// [`since`](Self::since).
    pub fn until(mut self, time: &str) -> Self {
        self.until = Some(time.to_owned());
        self
    }

    /// Lets MongoDB merge windows into hours or days ([`HOUR`](crate::HOUR),
    /// [`DAY`](crate::DAY)) of the configured zone: what is fetched is as long
    /// as what is shown, however long the collection.
    pub fn every(self, period: Duration) -> PullPeriods {
        PullPeriods { pull: self, period }
    }

    /// Pulls.
    ///
    /// # Errors
    ///
    /// As [`pull`], or a time can't be read.
    pub fn run(self) -> Result<Activity> {
        let settings = Settings::load()?;
        let span = self.span(settings.timezone()?)?;
        let activity = self.windows(&settings, span)?;
        report(&activity);
        Ok(activity)
    }

    fn windows(&self, settings: &Settings, span: Span) -> Result<Activity> {
        let Some(connection) = settings.get("MONGOKEY") else {
            return self.sample(settings, span);
        };
        settings.timeout()?;
        let snapshot = Snapshot::from_settings(settings, &connection).filter(|_| span.is_all());
        let contents = fetch(settings, snapshot.as_ref(), self.fresh, &span.environment())?;
        let origin = origin(settings, contents.source)?;
        if contents.windows.times.is_empty() {
            self.nothing_in_span(&origin, span, contents.skipped.len())?;
        }
        Activity::new(origin, contents.windows, contents.skipped)
    }

    /// The sample, in words that nobody can miss.
    fn sample(&self, settings: &Settings, span: Span) -> Result<Activity> {
        let mut activity = sample::activity(settings.timezone()?)?;
        println!(
            "SAMPLE DATA: MADE UP, NOT FROM YOUR SERVER. MONGOKEY is not set: put your MongoDB's"
        );
        println!(
            "connection string into a file named .env (see .env.example), and run this cell again."
        );
        if !span.is_all() {
            let wanted = span.since.unwrap_or(i64::MIN)..span.until.unwrap_or(i64::MAX);
            let times = activity.windows.times.iter();
            let indices: Vec<usize> = times
                .enumerate()
                .filter_map(|(index, time)| wanted.contains(time).then_some(index))
                .collect();
            if indices.is_empty() {
                self.nothing_in_span(&activity.origin, span, 0)?;
            }
            let windows = activity.windows.take(indices.into_iter());
            activity = Activity::new(activity.origin().clone(), windows, Vec::new())?;
        }
        Ok(activity)
    }

    fn span(&self, timezone: Tz) -> Result<Span> {
        let read =
            |text: &Option<String>| text.as_deref().map(|text| time(text, timezone)).transpose();
        let span = Span {
            since: read(&self.since)?,
            until: read(&self.until)?,
        };
        if let (Some(since), Some(until)) = (span.since, span.until)
            && since >= until
        {
            return Err(Error::new(format!(
                "{} is empty; `until` must be later than `since`",
                self.shown_span()
            )));
        }
        Ok(span)
    }

    /// The span, as it was asked for.
    fn shown_span(&self) -> String {
        let part = |word: &str, time: &Option<String>| {
            let time = time.as_deref()?.trim();
            Some(format!(" {word} {time}"))
        };
        let parts = [part("since", &self.since), part("until", &self.until)];
        let parts: String = parts.into_iter().flatten().collect();
        format!("the span{parts}")
    }

    /// An error when it is a span that has no window.
    fn nothing_in_span(&self, origin: &Origin, span: Span, left_out: usize) -> Result<()> {
        if span.is_all() {
            return Ok(());
        }
        Err(Error::new(format!(
            "{} has no window that can be used in {} ({left_out} left out); ask for another span, or for none to see all",
            origin.source,
            self.shown_span()
        )))
    }
}

/// A [`Pull`] of hours or days.
#[derive(Clone, Debug)]
#[must_use = "a pull begins with `run`"]
pub struct PullPeriods {
    pull: Pull,
    period: Duration,
}

impl PullPeriods {
    /// Pulls.
    ///
    /// # Errors
    ///
    /// As [`pull`], or a time can't be read, or the period is neither an hour
    /// nor a day.
    pub fn run(self) -> Result<Periods> {
        let unit = Unit::of(self.period)?;
        let settings = Settings::load()?;
        let timezone = settings.timezone()?;
        let span = self.pull.span(timezone)?;
        let periods = if settings.get("MONGOKEY").is_some() {
            settings.timeout()?;
            let mut environment = span.environment();
            let every = match unit {
                Unit::Hour => "hour",
                Unit::Day => "day",
            };
            environment.push((EVERY, every.to_owned()));
            let contents = fetch(&settings, None, true, &environment)?;
            // A server that can't merge sends the windows instead.
            let sums = if contents.periods.is_empty() {
                crate::periods::merge(&contents.windows, timezone, unit)
            } else {
                contents.periods
            };
            let origin = origin(&settings, contents.source)?;
            if sums.is_empty() {
                self.pull
                    .nothing_in_span(&origin, span, contents.skipped.len())?;
            }
            Periods::new(origin, unit, &sums, contents.skipped)?
        } else {
            self.pull.sample(&settings, span)?.every(self.period)?
        };
        report_periods(&periods);
        Ok(periods)
    }
}

/// Times from the first on and before the last, in milliseconds.
#[derive(Clone, Copy)]
struct Span {
    since: Option<i64>,
    until: Option<i64>,
}

impl Span {
    fn is_all(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let since = self.since.map(|since| (SINCE, since.to_string()));
        let until = self.until.map(|until| (UNTIL, until.to_string()));
        since.into_iter().chain(until).collect()
    }
}

/// Reads a time as [`Pull::since`] says.
fn time(text: &str, timezone: Tz) -> Result<i64> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.timestamp_millis());
    }
    let local = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .and_then(|date| date.and_hms_opt(0, 0, 0))
        .or_else(|| {
            [
                "%Y-%m-%d %H:%M",
                "%Y-%m-%d %H:%M:%S",
                "%Y-%m-%dT%H:%M",
                "%Y-%m-%dT%H:%M:%S",
            ]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        })
        .ok_or_else(|| {
            Error::new(format!(
                "{text:?} is not a time; write 2026-03-01, 2026-03-01 14:30 or 2026-03-01T14:30:00Z"
            ))
        })?;
    Ok(Offsets::of(timezone).instant(local.and_utc().timestamp_millis()))
}

fn origin(settings: &Settings, source: Option<Source>) -> Result<Origin> {
    Ok(Origin {
        source: source
            .ok_or_else(|| Error::new("the program `pull` didn't say what it read; pull again"))?,
        server: settings.server_name(),
        timezone: settings.timezone()?,
    })
}

/// Lets the program pull, on top of what the snapshot holds.
fn fetch(
    settings: &Settings,
    snapshot: Option<&Snapshot>,
    fresh: bool,
    wanted: &[(&str, String)],
) -> Result<Contents> {
    // Looked at even if it isn't used, since it is replaced in the end.
    let before = match snapshot.map(Snapshot::open).transpose()?.flatten() {
        Some(Opened::Whole(reader, resume)) if !fresh => Some((reader, resume)),
        Some(Opened::Unusable(reason)) if !fresh => {
            println!("Pulling everything anew: the snapshot of the last pull {reason}.");
            None
        }
        _ => None,
    };
    let resume = before.as_ref().map(|(_, bytes)| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    });
    let passed: Vec<(&str, String)> = PASSED_ON
        .iter()
        .filter_map(|&name| Some((name, settings.get(name)?)))
        .chain(resume.map(|resume| (RESUME, resume)))
        .chain(wanted.iter().cloned())
        .collect();
    let environment: Vec<(&str, &str)> = passed
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let (program, stdout) = Program::start("pull", "mongodb", &environment)?;
    // The program connects while we read what is here.
    let before = match before
        .map(|(mut file, _)| format::read_all(&mut file, Contents::default(), |_| ()))
    {
        None => Contents::default(),
        Some(Ok(before)) => before,
        Some(Err(_)) => {
            println!("Pulling everything anew: the snapshot of the last pull is damaged.");
            drop(program);
            return fetch(settings, snapshot, true, wanted);
        }
    };
    let known = before.windows.times.len() + before.skipped.len();
    let input = BufReader::with_capacity(1 << 16, stdout);
    let read = format::Reader::new(input).and_then(|mut reader| {
        format::read_all(&mut reader, before, |source| {
            if let Source::MongoDb {
                database,
                collection,
            } = source
            {
                println!("Connected to MongoDB database {database}, collection {collection}");
            }
        })
    });
    match read {
        Ok(contents) => {
            program.finish()?;
            keep(snapshot, &contents, known);
            Ok(contents)
        }
        Err(Broken::Read(_)) => {
            // It ended early, and has said why.
            program.finish()?;
            Err(Error::new(
                "the program `pull` ended before its end; pull again",
            ))
        }
        Err(Broken::Unknown | Broken::Damaged) => Err(Error::new(
            "what the program `pull` sent can't be read; was the project changed while the notebook ran? Restart the kernel",
        )),
    }
}

/// Writes the snapshot, when that saves more than it costs: a few windows more
/// are fetched again sooner than a long file is written.
fn keep(snapshot: Option<&Snapshot>, contents: &Contents, known: usize) {
    let (Some(snapshot), Some(resume), Some(source)) =
        (snapshot, &contents.resume, &contents.source)
    else {
        return;
    };
    let all = contents.windows.times.len() + contents.skipped.len();
    if !contents.anew && all.saturating_sub(known) <= known / 100 {
        return;
    }
    if let Err(error) = snapshot.write(source, &contents.windows, &contents.skipped, resume) {
        println!("Note: {error}");
    }
}

/// Prints what there is.
fn report(activity: &Activity) {
    println!("Number of entries: {}", activity.len());
    report_span(activity.origin(), activity.times());
    report_rest(activity.origin(), activity.skipped());
}

fn report_periods(periods: &Periods) {
    let what = if periods.period() == crate::DAY {
        "days"
    } else {
        "hours"
    };
    let windows: u64 = periods.windows().iter().sum();
    println!(
        "Number of entries: {windows}, merged into {} {what}",
        periods.len()
    );
    report_span(periods.origin(), periods.starts());
    report_rest(periods.origin(), periods.skipped());
}

fn report_span(origin: &Origin, times: &[i64]) {
    let show = |time: i64| origin.local(time).format("%Y-%m-%d %H:%M %Z").to_string();
    let (first, last) = (times[0], times[times.len() - 1]);
    println!(
        "From {} to {} ({})",
        show(first),
        show(last),
        origin.timezone()
    );
}

/// Prints what was left out, and why.
pub(crate) fn report_skipped(skipped: &[Skipped]) {
    if !skipped.is_empty() {
        println!("Left out: {} that can't be used", documents(skipped.len()));
        for one in skipped.iter().take(SHOWN) {
            println!("  {}: {}", one.document, one.reason);
        }
        if skipped.len() > SHOWN {
            println!(
                "  and {} more; skipped() lists them all",
                skipped.len() - SHOWN
            );
        }
    }
}

fn report_rest(origin: &Origin, skipped: &[Skipped]) {
    report_skipped(skipped);
    let now = Utc::now().with_timezone(&origin.timezone());
    println!("Last updated: {}", now.format("%Y-%m-%d %H:%M:%S %Z"));
}

fn documents(count: usize) -> String {
    if count == 1 {
        "1 document".to_owned()
    } else {
        format!("{count} documents")
    }
}
