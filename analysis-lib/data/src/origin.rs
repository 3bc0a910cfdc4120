//! Where an [`Activity`](crate::Activity) came from and how it wants to be shown.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use chrono::DateTime;

use super::{Error, LeftOut, Zone};

/// What the windows were read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The built-in data: deterministic and made up.
    Sample,
    /// A file, by its name without folders.
    File(String),
    /// A MongoDB collection.
    MongoDb {
        /// The database's name.
        database: String,
        /// The collection's name.
        collection: String,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sample => f.write_str("sample data, made up"),
            Self::File(name) if name.is_empty() => f.write_str("values of your own"),
            Self::File(name) => write!(f, "file {name}"),
            Self::MongoDb {
                database,
                collection,
            } => write!(f, "MongoDB {database}.{collection}"),
        }
    }
}

/// What its owner says happened on a server, so that figures over time show it.
///
/// Events are read from `events.csv` beside the notebooks when data is pulled or
/// opened: a line each, `date,label`, for example `2026-03-21 20:00,Movie night`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it began, in milliseconds since the epoch (UTC).
    pub time: i64,
    /// What it is called.
    pub label: String,
}

/// Source, server, time zone and events: what titles, axes and captions need.
///
/// It travels with everything computed from an [`Activity`](crate::Activity),
/// so that no figure can be made without saying where its data is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What the windows were read from.
    pub source: Source,
    /// The server's name, as titles show it.
    pub server: String,
    /// The zone of every axis, table and calendar.
    pub timezone: Zone,
    /// What is known to have happened, in order of time.
    pub events: Vec<Event>,
}

impl Origin {
    /// Of values that nobody says where they are from: a source without a name.
    pub fn nobody() -> Self {
        Self {
            source: Source::File(String::new()),
            server: String::new(),
            timezone: Zone::new("UTC", [(0, 0, "UTC".to_owned())], None),
            events: Vec::new(),
        }
    }

    /// What the windows were read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The server's name, as titles show it.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The zone of every axis, table and calendar.
    pub fn timezone(&self) -> &Zone {
        &self.timezone
    }

    /// Whether the data is the built-in sample.
    pub fn is_sample(&self) -> bool {
        self.source == Source::Sample
    }

    /// That nothing is left to look at, after these documents were left out.
    pub fn nothing_usable(&self, left_out: &[LeftOut]) -> Error {
        let first = left_out.first().map_or(String::new(), |first| {
            format!("; {}: {}", first.document, first.reason)
        });
        Error::new(format!(
            "{} has no window that can be used ({} left out{first})",
            self.source,
            left_out.len()
        ))
    }

    /// A time, given in milliseconds since the epoch (UTC), in this zone.
    pub fn local(&self, time: i64) -> DateTime<Zone> {
        self.timezone.date_time(time)
    }

    /// A time as a pull prints it: `2026-03-01 14:30 EST`.
    pub fn show(&self, time: i64) -> String {
        self.local(time).format("%Y-%m-%d %H:%M %Z").to_string()
    }
}

/// The [`Origin`] of what a row of results was computed from, so that the row can
/// show itself with local times. It is free to copy.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Provenance(Option<&'static Origin>);

impl Provenance {
    /// Keeps the origin for as long as the process lives, once however often it is
    /// asked for: some two hundred bytes for each source and zone.
    pub fn of(origin: &Origin) -> Self {
        static ALL: Mutex<Vec<&'static Origin>> = Mutex::new(Vec::new());
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().copied().find(|known| *known == origin);
        Self(Some(known.unwrap_or_else(|| {
            let new: &'static Origin = Box::leak(Box::new(origin.clone()));
            all.push(new);
            new
        })))
    }

    /// The origin; none of a value that nothing was computed from.
    pub fn origin(self) -> Option<&'static Origin> {
        self.0
    }

    /// As [`Origin::show`].
    pub fn show(self, time: i64) -> String {
        self.0
            .map_or_else(|| format!("{time} ms"), |origin| origin.show(time))
    }
}
