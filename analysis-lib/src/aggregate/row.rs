use std::fmt;

use super::gaps::Gap;
use super::{Busyness, Event, Growth, Lag, MemberTotal, Seen, Stickiness, Stretch, WeekHour};
use activity_data::Provenance;
use activity_data::rows::{Row, Value};

/// Each result's title, and its fields: what a value is, and its name.
macro_rules! rows {
    (value $row:ident Time $field:ident) => { Value::Time($row.$field) };
    (value $row:ident Member $field:ident) => { Value::Member($row.$field) };
    (value $row:ident Count $field:ident) => { Value::Number(Some($row.$field as f64), 0) };
    (value $row:ident Number $field:ident) => { Value::Number($row.$field.into(), 2) };
    (value $row:ident Truth $field:ident) => { Value::Truth($row.$field) };
    (value $row:ident Range $field:ident) => { Value::Range($row.$field) };
    (debug $row:ident $out:ident Time $field:ident) => {
        let shown = $row.provenance.show($row.$field);
        $out.field(stringify!($field), &format_args!("{shown}"));
    };
    (debug $row:ident $out:ident $kind:ident $field:ident) => {
        $out.field(stringify!($field), &$row.$field);
    };
    ($($row:ident $title:literal { $($kind:ident $field:ident),+ })+) => {$(
        impl Row for $row {
            const TITLE: &'static str = $title;

            fn provenance(&self) -> Provenance {
                self.provenance
            }

            fn fields(&self) -> Vec<(&'static str, Value)> {
                vec![$((stringify!($field), rows!(value self $kind $field))),+]
            }
        }

        /// `Growth { begin: 2026-02-09 00:00 EST, active: 31, … }`: times are local.
        impl fmt::Debug for $row {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut out = f.debug_struct(stringify!($row));
                $(rows!(debug self out $kind $field);)+
                out.finish()
            }
        }
    )+};
}

rows! {
    Busyness "Messages per Online Member" { Count hour, Count hours, Number mean, Range quartiles }
    Event "Unusual Hours" {
        Time begin, Time end, Count messages, Number usual, Time peak, Number deviations
    }
    Gap "Gaps" { Time begin, Time end, Truth left_out }
    Growth "Growth" {
        Time begin, Count active, Count new, Count retained, Count resurrected, Count churned
    }
    Lag "Messages and Members Online, Hours Apart" {
        Count hours, Count pairs, Number correlation, Number beyond_rhythm, Number by_chance
    }
    MemberTotal "Messages by Member" { Member id, Count messages }
    Seen "Members Seen" {
        Member id, Count messages, Time first, Time last, Count days, Count days_ago
    }
    Stickiness "Stickiness" { Time begin, Count daily, Count monthly }
    Stretch "Stretches of Time" { Time begin, Time end, Count messages }
    WeekHour "Hours of the Week" {
        Count weekday, Count hour, Count windows, Count messages, Count online, Count online_known, Count recorded
    }
}
