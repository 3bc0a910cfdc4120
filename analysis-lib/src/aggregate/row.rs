use std::fmt;

use super::gaps::Gap;
use super::{Busyness, Event, Growth, Lag, MemberTotal, Seen, Stickiness, Stretch, WeekHour};
use crate::MemberId;
use activity_data::Provenance;
use activity_data::rows::{PeriodRow, Window};

/// What stands in a [`Row`].
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Milliseconds since the epoch (UTC).
    Time(i64),
    /// A length in milliseconds.
    Length(i64),
    /// A member's id.
    Member(MemberId),
    /// A count, or an integer that may be below zero.
    Count(i128),
    /// Any number; `None` where there is none.
    Number(Option<f64>),
    /// From 0 to 1.
    Share(f64),
    /// From one number to another.
    Range(Option<[f64; 2]>),
}

/// A field's name, its heading in a table, and what stands in it.
pub type Field = (&'static str, &'static str, Value);

/// One of several results: a `Vec` of them is a table when it is a cell's last
/// value, and its times are local ones.
pub trait Row: Clone + Send + Sync + 'static {
    /// What the rows are, as a table's title.
    const TITLE: &'static str;

    /// What they were computed from.
    fn provenance(&self) -> Provenance;

    /// All fields, in order; of each row the same ones.
    fn fields(&self) -> Vec<Field>;
}

/// Each result's title, and its fields: what a value is, its name, its heading.
macro_rules! rows {
    (@ $row:ident $out:ident Time $field:ident) => {
        let shown = $row.provenance.show($row.$field);
        $out.field(stringify!($field), &format_args!("{shown}"));
    };
    (@ $row:ident $out:ident $kind:ident $field:ident) => {
        $out.field(stringify!($field), &$row.$field);
    };
    ($($row:ident $title:literal { $($kind:ident $field:ident $heading:literal),+ })+) => {$(
        impl Row for $row {
            const TITLE: &'static str = $title;

            fn provenance(&self) -> Provenance {
                self.provenance
            }

            fn fields(&self) -> Vec<Field> {
                vec![$((stringify!($field), $heading, Value::$kind(self.$field.into()))),+]
            }
        }

        /// `Growth { begin: 2026-02-09 00:00 EST, active: 31, … }`: times are local.
        impl fmt::Debug for $row {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut out = f.debug_struct(stringify!($row));
                $(rows!(@ self out $kind $field);)+
                out.finish()
            }
        }
    )+};
}

rows! {
    Busyness "Messages per Online Member" {
        Count hour "Hour", Count hours "Hours", Number mean "Mean", Range quartiles "Quartiles"
    }
    Event "Unusual Hours" {
        Time begin "Begin", Time end "End", Count messages "Messages", Number usual "Usual",
        Time peak "Peak", Number deviations "Deviations"
    }
    Gap "Gaps" { Time begin "Begin", Time end "End" }
    Growth "Growth" {
        Time begin "Begin", Count active "Active", Count new "New", Count retained "Retained",
        Count resurrected "Resurrected", Count churned "Churned"
    }
    Lag "Messages and Members Online, Hours Apart" {
        Count hours "Hours Later", Count pairs "Pairs", Number correlation "Correlation",
        Number beyond_rhythm "Beyond Rhythm", Number by_chance "By Chance"
    }
    MemberTotal "Messages by Member" { Member id "Member", Count messages "Messages" }
    Seen "Members Seen" {
        Member id "Member", Count messages "Messages", Time first "First", Time last "Last",
        Count days "Days", Count days_ago "Days Ago"
    }
    Stickiness "Stickiness" { Time begin "Begin", Count daily "Daily", Count monthly "Monthly" }
    Stretch "Stretches" { Time begin "Begin", Time end "End", Count messages "Messages" }
    WeekHour "Hours of the Week" {
        Count weekday "Weekday", Count hour "Hour", Count windows "Windows",
        Count messages "Messages", Count online "Online", Length recorded "Recorded"
    }
}

impl Row for Window {
    const TITLE: &'static str = "Windows";

    fn provenance(&self) -> Provenance {
        self.activity().provenance()
    }

    fn fields(&self) -> Vec<Field> {
        let (activity, index) = (self.activity(), self.index());
        vec![
            ("begin", "Begin", Value::Time(activity.begins()[index])),
            ("end", "End", Value::Time(activity.ends()[index])),
            ("minutes", "Minutes", Value::Number(Some(self.minutes()))),
            ("messages", "Messages", Value::Count(self.messages().into())),
            (
                "online_members",
                "Members Online",
                self.online()
                    .map_or(Value::Number(None), |online| Value::Count(online.into())),
            ),
            (
                "members",
                "Members Who Wrote",
                Value::Count(self.members().count() as i128),
            ),
        ]
    }
}

impl Row for PeriodRow {
    const TITLE: &'static str = "Periods";

    fn provenance(&self) -> Provenance {
        Provenance::of(self.periods().origin())
    }

    fn fields(&self) -> Vec<Field> {
        let (periods, index) = (self.periods(), self.index());
        vec![
            ("begin", "Begin", Value::Time(periods.begins()[index])),
            ("end", "End", Value::Time(periods.ends()[index])),
            ("coverage", "Coverage", Value::Share(self.coverage())),
            ("messages", "Messages", Value::Count(self.messages().into())),
            (
                "online_mean",
                "Mean Members Online",
                Value::Number(Some(self.online_mean())),
            ),
            (
                "members",
                "Members Who Wrote",
                Value::Count(self.members().count() as i128),
            ),
        ]
    }
}
