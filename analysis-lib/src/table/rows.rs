use super::{Cell, Table};
use crate::MemberId;
use crate::aggregate::{messages_by_member, without_bots};
use crate::names::Names;
use crate::plot::axis::number;
use crate::plot::labels::{MEMBERS, MESSAGES, Noun, window_count};
use activity_data::rows::{Row, Value};
use activity_data::{Activity, Origin, Periods};

/// What shows itself as a table when it is a cell's last value: an activity,
/// periods, and a `Vec` or slice of results. `use analysis_lib::*` brings this into
/// the cell.
///
/// ```
/// use analysis_lib::*;
///
/// let weeks = aggregate::growth(&Activity::sample()?, WEEK);
/// assert!(weeks.table().csv().starts_with("begin_local,begin_utc,active,new,"));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub trait ShownAsTable {
    /// The table.
    fn table(&self) -> Table;

    /// Shows the table: evcxr calls this for a cell's last expression.
    fn evcxr_display(&self) {
        self.table().evcxr_display();
    }
}

impl ShownAsTable for Table {
    fn table(&self) -> Table {
        self.clone()
    }
}

impl ShownAsTable for Activity {
    fn table(&self) -> Table {
        windows(self)
    }
}

impl ShownAsTable for Periods {
    fn table(&self) -> Table {
        let noun = Noun::of(self.period());
        let table = made(self.origin(), noun.count(self.len()), self.iter().collect());
        let messages = MESSAGES.count(self.messages().iter().sum::<u64>());
        let members = MEMBERS.count(self.members().len());
        table.saying(format!("By {}: {messages} by {members}.", noun.one))
    }
}

impl<T: Row> ShownAsTable for [T] {
    fn table(&self) -> Table {
        let origin = self.first().and_then(|row| row.provenance().origin());
        let count = Noun::new("row", "rows").count(self.len());
        made(origin.unwrap_or(&Origin::nobody()), count, self.to_vec())
    }
}

/// The windows, a row each: when it began and ended on local clocks, who was online
/// at its end, its messages, and how many members wrote.
///
/// ```
/// use analysis_lib::{Activity, table};
///
/// let activity = Activity::sample()?;
/// assert_eq!(table::windows(&activity).len(), activity.len());
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn windows(activity: &Activity) -> Table {
    let rows = activity.iter().collect();
    let table = made(activity.origin(), window_count(activity), rows);
    let volume = activity.message_volume().iter();
    let messages = MESSAGES.count(volume.map(|&messages| u64::from(messages)).sum::<u64>());
    let members = MEMBERS.count(messages_by_member(activity).len());
    table.saying(format!("{messages} by {members}."))
}

/// Who wrote how much, a row for each window and member with a message in it.
/// Hidden members are shown as hidden, and have no id.
pub fn messages(activity: &Activity, names: &Names) -> Table {
    let columns = [
        ("begin", "begin_local,begin_utc"),
        ("end", "end_local,end_utc"),
        ("", "member_id"),
        ("member", "name"),
        ("messages", "messages"),
    ];
    let mut table = Table::new(activity.origin(), "Messages by Window and Member", columns);
    let rows = without_bots(activity, names);
    let shown = |&id: &MemberId| ((!names.is_hidden(id)).then_some(id), names.show(id));
    let shown: Vec<(Option<MemberId>, String)> = rows.members().iter().map(shown).collect();
    let sent: u64 = rows.windows().sent.iter().map(|&n| u64::from(n)).sum();
    let count = rows.windows().sender.len();
    table.made(count, window_count(activity), move |row| {
        let windows = rows.windows();
        let firsts = &windows.first_sender;
        let index = firsts.partition_point(|&first| first as usize <= row) - 1;
        let (id, name) = &shown[windows.sender[row] as usize];
        let time = |time| Cell::time(rows.origin(), time, rows.origin().show(time));
        vec![
            time(rows.begins()[index]),
            time(rows.ends()[index]),
            Cell::id(*id),
            Cell::text(name.as_str()),
            Cell::number(f64::from(windows.sent[row]), 0),
        ]
    });
    let sent = MESSAGES.count(sent);
    table.saying(format!("{sent}, a row a window and member."))
}

/// A table of rows, whose cells are made when they are shown or saved.
fn made<T: Row>(origin: &Origin, note: String, rows: Vec<T>) -> Table {
    let first = rows.first().map(T::fields).unwrap_or_default();
    let name = |(name, value): &(&'static str, Value)| (*name, value.csv(name, origin).0);
    let mut table = Table::new(origin, T::TITLE, first.iter().map(name));
    let origin = origin.clone();
    let range = |[low, high]: [f64; 2]| format!("{low:.2} to {high:.2}");
    table.made(rows.len(), note, move |index| {
        let cell = |(name, value): (&str, Value)| Cell {
            shown: match &value {
                Value::Time(time) => origin.show(*time),
                Value::Id(_, id) => id.to_string(),
                Value::Number(value, places) => value.map_or(String::new(), |v| number(v, *places)),
                Value::Truth(is_so) => if *is_so { "yes" } else { "no" }.to_owned(),
                Value::Range(value) => value.map_or(String::new(), range),
            },
            plain: value.csv(name, &origin).1,
            is_number: !matches!(value, Value::Time(_) | Value::Id(..) | Value::Truth(_)),
        };
        rows[index].fields().into_iter().map(cell).collect()
    });
    table
}
