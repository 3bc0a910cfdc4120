//! What figures show, in words.

use super::axis::{MINUTE, days, duration, moments, months, number};
use super::svg::{LIGHT, Theme};
use crate::aggregate::Unusual;
use activity_data::doubts::nobody_online;
use activity_data::{Activity, DAY_LENGTH, HOUR_LENGTH, Origin, Period, Zone};

/// A word for one of a kind and for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noun {
    pub(crate) one: &'static str,
    pub(crate) many: &'static str,
}

pub(crate) const MESSAGES: Noun = Noun::new("message", "messages");
pub(crate) const MEMBERS: Noun = Noun::new("member", "members");
pub(crate) const CHANNELS: Noun = Noun::new("channel", "channels");
pub(crate) const MEMBERS_ONLINE: Noun = Noun::new("member online", "members online");
pub(crate) const BOTS: Noun = Noun::new("bot", "bots");
pub(crate) const HOURS: Noun = Noun::of(Period::Hour);
pub(crate) const GAPS: Noun = Noun::new("gap", "gaps");
pub(crate) const POINTS: Noun = Noun::new("point", "points");
pub(crate) const WINDOWS: Noun = Noun::new("window", "windows");

impl Noun {
    pub(crate) const fn new(one: &'static str, many: &'static str) -> Self {
        Self { one, many }
    }

    pub(crate) const fn of(period: Period) -> Self {
        match period {
            Period::Hour => Self::new("hour", "hours"),
            Period::Day => Self::new("day", "days"),
            Period::Week => Self::new("week", "weeks"),
            Period::Month => Self::new("month", "months"),
        }
    }

    /// "1 window", "1,234 windows".
    pub(crate) fn count(self, count: impl TryInto<u64>) -> String {
        let text = number(count.try_into().unwrap_or(u64::MAX) as f64, 0);
        self.after(&text)
    }

    /// "Day".
    pub(crate) fn title(self) -> String {
        capital(self.one)
    }

    /// The noun after a number as it is written.
    pub(crate) fn after(self, text: &str) -> String {
        format!("{text} {}", if text == "1" { self.one } else { self.many })
    }
}

/// The words with a capital letter first.
pub(crate) fn capital(words: &str) -> String {
    let (first, rest) = words.split_at(1);
    first.to_uppercase() + rest
}

/// Where no member has a message.
pub(crate) const NOBODY: &str = "Nobody wrote a message in these windows.";

/// Where no channel is known.
pub(crate) const NO_CHANNELS: &str =
    "No document says in which channels messages were sent; the recorder (make record) writes it.";

/// What a figure shows, and of what.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    pub(crate) origin: Origin,
    pub(crate) title: String,
    /// What the number axis counts.
    pub(crate) axis: String,
    /// The values' column in a table.
    pub(crate) column: String,
    /// What the caption says beside where the data is from.
    pub(crate) note: String,
    /// What stands after a value.
    pub(crate) unit: Noun,
    /// Decimal places of values; counts have none.
    pub(crate) places: usize,
    /// A sentence for what the figure is about, before what it says by itself.
    pub(crate) about: String,
    /// A sentence in place of what the figure says by itself.
    pub(crate) instead: Option<String>,
    /// What it is drawn on.
    pub(crate) theme: Theme,
}

impl Labels {
    /// Of counts of messages.
    pub(crate) fn new(origin: &Origin, title: impl Into<String>, axis: &str, column: &str) -> Self {
        Self {
            origin: origin.clone(),
            title: title.into(),
            axis: axis.to_owned(),
            column: column.to_owned(),
            note: String::new(),
            unit: MESSAGES,
            places: 0,
            about: String::new(),
            instead: None,
            theme: LIGHT,
        }
    }

    /// Of all windows, whose number is in the caption.
    pub(crate) fn of(
        activity: &Activity,
        title: impl Into<String>,
        axis: &str,
        column: &str,
    ) -> Self {
        Self::new(activity.origin(), title, axis, column).noting(window_count(activity))
    }

    /// The zone of all times.
    pub(crate) fn zone(&self) -> &Zone {
        self.origin.timezone()
    }

    /// With a note for the caption.
    pub(crate) fn noting(self, note: String) -> Self {
        Self { note, ..self }
    }

    /// Counts of something else.
    pub(crate) fn counting(self, unit: Noun) -> Self {
        Self { unit, ..self }
    }

    /// Numbers with decimal places.
    pub(crate) fn measuring(mut self, unit: &'static str, places: usize) -> Self {
        (self.unit, self.places) = (Noun::new(unit, unit), places);
        self
    }

    /// Of online members, given the most in each item, how many members wrote, and the
    /// share of the time in which online members are known: where nobody ever is online,
    /// what to do about it is all that is said.
    pub(crate) fn of_online(self, most: &[Option<u32>], writers: usize, known: f64) -> Self {
        let instead = nobody_online(most, writers).map(|why| format!("{why}."));
        Self { instead, ..self }.knowing(known)
    }

    /// With the share of the time in which online members are known.
    pub(crate) fn knowing(self, known: f64) -> Self {
        let about = known_in_words(known);
        Self { about, ..self }
    }

    /// The least that ticks may be apart: a count has no parts.
    pub(crate) fn least_step(&self) -> f64 {
        f64::from(self.places == 0)
    }
}

/// What a point or a bar stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// Something at one moment: a window at its end, or a place on a curve.
    Moment(Noun),
    Period(Period),
}

impl Item {
    pub(crate) fn noun(self) -> Noun {
        match self {
            Self::Moment(noun) => noun,
            Self::Period(period) => Noun::of(period),
        }
    }

    /// About how long an item is, in milliseconds: ticks aren't closer.
    pub(crate) fn length(self) -> i64 {
        match self {
            Self::Moment(_) => MINUTE,
            Self::Period(Period::Hour) => HOUR_LENGTH,
            Self::Period(Period::Day) => DAY_LENGTH,
            Self::Period(Period::Week) => 7 * DAY_LENGTH,
            Self::Period(Period::Month) => 30 * DAY_LENGTH,
        }
    }

    /// When one item was, or several in a row: from the first one's begin to
    /// the last one's end.
    pub(crate) fn when(self, zone: &Zone, from: i64, to: i64) -> String {
        match self {
            Self::Moment(_) | Self::Period(Period::Hour) => moments(zone, from, to),
            Self::Period(Period::Week) if to - from < 8 * DAY_LENGTH => {
                format!("week from {}", days(zone, from, from))
            }
            Self::Period(Period::Day | Period::Week) => days(zone, from, to - 1),
            Self::Period(Period::Month) => months(zone, from, to - 1),
        }
    }
}

/// What stands in place of a figure of online members where these are never known.
pub(crate) const NOT_KNOWN: &str = "How many members were online isn't known: no document says it.";

/// In what share of the time online members are known; nothing where they always are,
/// or never.
pub(crate) fn known_in_words(share: f64) -> String {
    if share <= 0.0 || share >= 1.0 {
        return String::new();
    }
    // Never "100 %" of what isn't whole, and never "0 %" of something.
    let percent = number((share * 100.0).floor().max(1.0), 0);
    format!("Online members are known in {percent}% of the recorded time.")
}

/// The most unusual event and the longest silence, as sentences.
pub(crate) fn unusual_in_words(unusual: &Unusual, zone: &Zone) -> String {
    let when = |from, to| Item::Period(Period::Hour).when(zone, from, to);
    let mut text = match unusual.events.first() {
        Some(event) => {
            let usual = number(event.usual, 0);
            let are = if usual == "1" { "is" } else { "are" };
            format!(
                "The most unusual: {}, {} where {usual} {are} usual.",
                when(event.begin, event.end),
                MESSAGES.count(event.messages)
            )
        }
        None if unusual.compared_hours == 0 => {
            "What is usual can't be told: that takes a week of whole hours, in windows of at most an hour.".to_owned()
        }
        None => "No hour was far from usual.".to_owned(),
    };
    match unusual.silences.first() {
        Some(silence) => {
            let length = duration(silence.end - silence.begin);
            let when = when(silence.begin, silence.end);
            text += &format!(" The longest silence lasted {length}, {when}.");
        }
        None => text += " No window was without a message.",
    }
    text
}

/// "78 windows of 10 min": how many, and how long they usually are.
pub(crate) fn window_count(activity: &Activity) -> String {
    let count = WINDOWS.count(activity.len());
    match activity.usual_length() {
        Some(usual) => format!("{count} of {}", duration(usual)),
        None => count,
    }
}
