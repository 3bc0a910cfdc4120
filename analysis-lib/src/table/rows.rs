use super::{Cell, Table};
use crate::MemberId;
use crate::aggregate::{Field, Row, Value, without_bots};
use crate::names::Names;
use crate::plot::axis::number::number;
use crate::plot::axis::time::duration;
use crate::plot::labels::{MEMBERS, MESSAGES, Noun, window_count};
use activity_data::rows::PeriodRow;
use activity_data::{Activity, Origin, Periods};

/// What shows itself as a table when it is a cell's last value: an activity,
/// periods, and a `Vec` or slice of results. `use analysis_lib::*` brings this into the cell.
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

impl ShownAsTable for Activity {
    fn table(&self) -> Table {
        windows(self)
    }
}

impl ShownAsTable for Periods {
    fn table(&self) -> Table {
        let noun = Noun::of(self.period());
        let (count, messages) = (noun.count(self.len()), self.messages().iter().sum::<u64>());
        let rows = self.iter();
        let row = move |index| rows.clone().nth(index).expect("it is below the length");
        let first: PeriodRow = row(0);
        let title = format!("{}s", noun.title());
        let table = made(self.origin(), &title, count, &first, self.len(), row);
        let (from, to) = (
            self.origin().show(self.begins()[0]),
            self.ends()[self.len() - 1],
        );
        table.saying(format!(
            "{} by {} from {from} to {}.",
            MESSAGES.count(messages),
            MEMBERS.count(self.members().len()),
            self.origin().show(to)
        ))
    }
}

impl ShownAsTable for Table {
    fn table(&self) -> Table {
        self.clone()
    }
}

impl<T: Row> ShownAsTable for [T] {
    fn table(&self) -> Table {
        of(self)
    }
}

/// Results, a row each.
fn of<T: Row>(rows: &[T]) -> Table {
    let Some((first, origin)) = rows
        .first()
        .and_then(|row| Some((row, row.provenance().origin()?)))
    else {
        return Table::unknown(T::TITLE).saying("There is none.");
    };
    let count = Noun::new("row", "rows").count(rows.len());
    let (kept, length) = (rows.to_vec(), rows.len());
    made(origin, T::TITLE, count, first, length, move |index| {
        kept[index].clone()
    })
}

/// The windows, a row each: when it began and ended on local clocks, its messages,
/// who was online at its end, and how many members wrote.
///
/// ```
/// use analysis_lib::{Activity, table};
///
/// let activity = Activity::sample()?;
/// assert_eq!(table::windows(&activity).len(), activity.len());
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn windows(activity: &Activity) -> Table {
    let messages: u64 = activity
        .message_volume()
        .iter()
        .map(|&n| u64::from(n))
        .sum();
    let mut has_written = vec![false; activity.members().len()];
    for &member in &activity.windows().sender {
        has_written[member as usize] = true;
    }
    let members = has_written.into_iter().filter(|&wrote| wrote).count();
    let rows = activity.iter();
    let row = move |index| rows.clone().nth(index).expect("it is below the length");
    let (origin, count) = (activity.origin(), window_count(activity));
    let table = made(
        origin,
        "Windows",
        count,
        &row(0),
        activity.len(),
        row.clone(),
    );
    table.saying(format!(
        "{} by {} from {} to {}.",
        MESSAGES.count(messages),
        MEMBERS.count(members),
        origin.show(activity.begins()[0]),
        origin.show(activity.ends()[activity.len() - 1])
    ))
}

/// Who wrote how much, a row for each window and member with a message in it.
/// Hidden members are shown as hidden, and have no id.
pub fn messages(activity: &Activity, names: &Names) -> Table {
    let origin = activity.origin();
    let rows = without_bots(activity, names);
    let shown: Vec<(Option<MemberId>, String)> = rows
        .members()
        .iter()
        .map(|&id| ((!names.is_hidden(id)).then_some(id), names.show(id)))
        .collect();
    let mut table = Table::new(
        origin,
        "Messages by Window and Member",
        &[
            ("Begin", "begin_local,begin_utc"),
            ("End", "end_local,end_utc"),
            ("", "member_id"),
            ("Member", "name"),
            ("Messages", "messages"),
        ],
    );
    let count = rows.windows().sender.len();
    let sent: u64 = rows.windows().sent.iter().map(|&n| u64::from(n)).sum();
    table.made(count, window_count(activity), move |row| {
        let windows = rows.windows();
        let index = windows
            .first_sender
            .partition_point(|&first| first as usize <= row)
            - 1;
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
    table.saying(format!(
        "{} in {}.",
        MESSAGES.count(sent),
        Noun::new("row", "rows").count(count)
    ))
}

/// A table of rows that are made when they are shown or saved.
fn made<T: Row>(
    origin: &Origin,
    title: &str,
    count: String,
    first: &T,
    length: usize,
    row: impl Fn(usize) -> T + Send + Sync + 'static,
) -> Table {
    let columns: Vec<(&'static str, String)> = first.fields().iter().map(column).collect();
    let columns: Vec<_> = columns
        .iter()
        .map(|(heading, name)| (*heading, name.as_str()))
        .collect();
    let mut table = Table::new(origin, title, &columns);
    table.made(length, count, move |index| {
        let row = row(index);
        let origin = row.provenance().origin();
        let fields = row.fields();
        fields
            .into_iter()
            .map(|field| cell(origin, field))
            .collect()
    });
    table
}

fn column((name, heading, value): &Field) -> (&'static str, String) {
    let name = match value {
        Value::Time(_) => format!("{name}_local,{name}_utc"),
        Value::Range(_) => format!("{name}_low,{name}_high"),
        Value::Member(_) => format!("member_{name}"),
        _ => (*name).to_owned(),
    };
    (heading, name)
}

fn cell(origin: Option<&Origin>, (_, _, value): Field) -> Cell {
    match (value, origin) {
        (Value::Time(time), Some(origin)) => Cell::time(origin, time, origin.show(time)),
        (Value::Length(length), _) => Cell::measure(length as f64, duration(length)),
        (Value::Member(id), _) => Cell::shown_id(id),
        (Value::Count(count), _) => Cell::measure(count as f64, number(count as f64, 0)),
        (Value::Number(Some(value)), _) => Cell::number(value, 2),
        (Value::Share(share), _) => Cell::share(share),
        (Value::Range(Some([low, high])), _) => {
            Cell::pair([low, high], format!("{low:.2} to {high:.2}"))
        }
        _ => Cell::none(),
    }
}
