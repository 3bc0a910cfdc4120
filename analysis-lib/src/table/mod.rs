//! [`Activity`](crate::Activity) → [`Table`].
//!
//! A table shows itself in the notebook, says in a sentence what it shows, and
//! saves itself as CSV. Where there is too little data for it, it has no row, and
//! its sentence says what is needed.
//!
//! As a figure, a table takes the activity, then the names where it shows members,
//! then the period where it can be of the hour, day, week or month:
//! `top_members(&activity, &names, WEEK)`.

mod channels;
mod compare;
mod effects;
mod gaps;
mod members;
mod rows;
mod unusual;

pub use channels::channels;
pub use compare::compare;
pub use effects::effects;
pub use gaps::gaps;
pub use members::{seen, top_members};
pub use rows::{ShownAsTable, messages, windows};
pub use unusual::unusual;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::Result;
use crate::plot::axis::number;
use crate::plot::csv::{csv, id_field};
use crate::plot::figure::{ending, no_such_ending, said, write};
use crate::plot::svg::{TEXT_LIMIT, escape};
use activity_data::Origin;
use activity_data::text::{clean, csv_field};

/// As many rows are shown; CSV has all.
const SHOWN: usize = 25;
/// Of more rows that are made when they are asked for, as many from both ends.
const ENDS: usize = 5;

type MakeRow = Arc<dyn Fn(usize) -> Vec<Cell> + Send + Sync>;

/// A table that shows itself in a notebook, and saves itself.
#[derive(Clone)]
pub struct Table {
    title: String,
    caption: String,
    /// Headings, and names in CSV.
    columns: Vec<(&'static str, String)>,
    /// Rows that are there, or how many are made when they are shown or saved: a year
    /// has a million of a window and member.
    rows: Vec<Vec<Cell>>,
    made: Option<(usize, MakeRow)>,
    says: String,
}

/// What stands in a row's column.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// As people read it.
    shown: String,
    /// As programs do.
    plain: String,
    is_number: bool,
}

impl Cell {
    fn new(shown: String, plain: String, is_number: bool) -> Self {
        Self {
            shown,
            plain,
            is_number,
        }
    }

    /// A name, or other words.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        let text = clean(&text.into(), TEXT_LIMIT);
        let plain = csv_field(&text);
        Self::new(text, plain, false)
    }

    /// The id of a member or a channel: only in CSV, in a column of its own that isn't
    /// shown.
    pub(crate) fn id(id: Option<impl fmt::Display>) -> Self {
        Self::new(String::new(), id_field(id), false)
    }

    /// A number, shown with this many decimal places; nothing where it isn't known.
    pub(crate) fn number(value: impl Into<Option<f64>>, places: usize) -> Self {
        Self::measure(value, |value| number(value, places))
    }

    /// A number that is shown like this; nothing where it isn't known, or none.
    pub(crate) fn measure(
        value: impl Into<Option<f64>>,
        shown: impl FnOnce(f64) -> String,
    ) -> Self {
        let value = value.into().filter(|value| value.is_finite());
        value.map_or_else(Self::none, |value| {
            Self::new(shown(value), value.to_string(), true)
        })
    }

    /// A share from 0 to 1, shown in percent.
    pub(crate) fn share(share: f64) -> Self {
        Self::measure(share, |share| format!("{:.1}%", share * 100.0))
    }

    /// A time, shown as this; in CSV two columns, on local clocks and in UTC.
    pub(crate) fn time(origin: &Origin, time: i64, shown: String) -> Self {
        Self::new(shown, origin.timezone().iso(time), false)
    }

    /// Nothing is known.
    pub(crate) fn none() -> Self {
        Self::text("")
    }
}

impl Table {
    /// A table without rows. Columns are a heading and a name in CSV each; a
    /// column without a heading isn't shown, and one of times has two names with
    /// a comma between them.
    pub(crate) fn new<N: Into<String>>(
        origin: &Origin,
        title: &str,
        columns: impl IntoIterator<Item = (&'static str, N)>,
    ) -> Self {
        let source = clean(&origin.source().to_string(), TEXT_LIMIT);
        let zone = origin.timezone().name();
        let column = |(heading, name): (&'static str, N)| (heading, name.into());
        Self {
            title: clean(title, TEXT_LIMIT),
            caption: format!("Source: {source} · times in {zone}"),
            columns: columns.into_iter().map(column).collect(),
            rows: Vec::new(),
            made: None,
            says: String::new(),
        }
    }

    /// So many rows, each made when it is asked for; `note` stands in the caption.
    pub(crate) fn made(
        &mut self,
        count: usize,
        note: String,
        make: impl Fn(usize) -> Vec<Cell> + Send + Sync + 'static,
    ) {
        self.made = Some((count, Arc::new(make)));
        let note = format!(" · {note} · times");
        self.caption = self.caption.replace(" · times", &note);
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let row: Vec<Cell> = cells.into_iter().collect();
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows.push(row);
    }

    /// The table with what it shows, in words.
    pub(crate) fn saying(mut self, says: impl Into<String>) -> Self {
        self.says = clean(&says.into(), 1000);
        self
    }

    /// The table's title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What the table shows, in a sentence or two computed from the data; it
    /// stands below the table in the notebook. Of a table without rows, why it
    /// has none.
    pub fn says(&self) -> &str {
        &self.says
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        let made = self.made.as_ref();
        made.map_or(self.rows.len(), |(count, _)| *count)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All rows as CSV. An apostrophe stands before members' ids, of which a
    /// spreadsheet would keep 15 digits of 18, and before names that it would
    /// take for numbers or formulas.
    pub fn csv(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(_, name)| name.as_str()).collect();
        // An empty cell of a column of times is two empty fields.
        let field = |(cell, (_, name)): (&Cell, &(&str, String))| match cell.plain.as_str() {
            "" => ",".repeat(name.matches(',').count()),
            plain => plain.to_owned(),
        };
        let row = |index: usize| {
            let cells = self.at(index);
            let fields: Vec<String> = cells.iter().zip(&self.columns).map(field).collect();
            fields.join(",")
        };
        csv(&names.join(","), (0..self.len()).map(row))
    }

    fn at(&self, index: usize) -> Vec<Cell> {
        let made = self.made.as_ref();
        made.map_or_else(|| self.rows[index].clone(), |(_, make)| make(index))
    }

    /// Saves all rows as `.csv`. The file may show people: it is readable by you
    /// alone. A file that is there is replaced as a whole.
    ///
    /// # Errors
    ///
    /// Another ending, or the file can't be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        match ending(path).as_str() {
            "csv" => write(path, self.csv().as_bytes()),
            _ => Err(no_such_ending(path, "table", ".csv")),
        }
    }

    /// Posts the table to the channel of `DISCORD_WEBHOOK`, as text: the rows that a
    /// notebook shows, as many as fit into a message, then [`says`](Self::says). The
    /// same table isn't posted twice within an hour.
    ///
    /// # Errors
    ///
    /// `DISCORD_WEBHOOK` is missing or wrong; Discord refuses, can't be reached or gives
    /// no clear answer.
    pub fn post(&self) -> Result<()> {
        let text = self.to_string();
        // The title and the sentences stand outside the block of code.
        let rows = &text[self.title.len()..text.len() - self.says.len()];
        let rows = Some(rows.trim_matches('\n'));
        crate::post::post(&self.title, &self.says, rows, || Ok(Vec::new()))
    }

    /// Shows the table: evcxr calls this for a cell's last expression.
    pub fn evcxr_display(&self) {
        // The kernel cuts a cell's output at lines that begin with its own marks.
        let text = self.to_string().replace("EVCXR_", "EVCXR-");
        println!(
            "EVCXR_BEGIN_CONTENT text/html\n{}\nEVCXR_END_CONTENT\n\
             EVCXR_BEGIN_CONTENT text/plain\n{text}\nEVCXR_END_CONTENT",
            self.html()
        );
    }

    /// Of each column that is shown whether it holds numbers, which stand at its right,
    /// and its heading and texts. Nothing of a table without rows.
    fn shown(&self) -> Vec<(bool, Vec<String>)> {
        let (count, at) = (self.len(), |index| self.at(index));
        let rows: Vec<Vec<Cell>> = match self.made {
            Some(_) if count > SHOWN => {
                let dots = vec![Cell::text("⋮"); self.columns.len()];
                let last = (count - ENDS..count).map(at);
                (0..ENDS).map(at).chain([dots]).chain(last).collect()
            }
            _ => (0..count.min(SHOWN)).map(at).collect(),
        };
        let mut shown = Vec::new();
        for (column, &(heading, _)) in self.columns.iter().enumerate() {
            if !heading.is_empty() && !rows.is_empty() {
                let cells = || rows.iter().map(|row| &row[column]);
                let mut texts = vec![heading.to_owned()];
                texts.extend(cells().map(|cell| cell.shown.clone()));
                shown.push((cells().any(|cell| cell.is_number), texts));
            }
        }
        shown
    }

    /// How many rows aren't shown, in words.
    fn more(&self) -> Option<String> {
        let (shown, place, all) = match self.made {
            None => (SHOWN, "more", ""),
            Some(_) => (2 * ENDS, "between", "table()."),
        };
        let more = number(self.len().saturating_sub(shown) as f64, 0);
        let more = format!("and {more} {place}: {all}save(\"table.csv\") has all rows");
        (self.len() > SHOWN).then_some(more)
    }

    fn html(&self) -> String {
        let shown = self.shown();
        let row = |row: usize| {
            let tag = if row == 0 { "th" } else { "td" };
            let cell = |(is_number, texts): &(bool, Vec<String>)| {
                let style = match is_number {
                    true => "text-align:right;padding:3px 10px;font-variant-numeric:tabular-nums",
                    false => "text-align:left;padding:3px 10px",
                };
                format!("<{tag} style=\"{style}\">{}</{tag}>", escape(&texts[row]))
            };
            format!("<tr>{}</tr>\n", shown.iter().map(cell).collect::<String>())
        };
        let table = shown.first().map_or_else(String::new, |(_, texts)| {
            let rows: String = (1..texts.len()).map(row).collect();
            format!("<thead>{}</thead>\n<tbody>{rows}</tbody>", row(0))
        });
        let more = self.more().map(|more| format!("{} · ", escape(&more)));
        format!(
            "<figure style=\"margin:8px 0;break-inside:avoid\"><table style=\"margin:0\"><caption style=\"text-align:left;padding:3px 10px\"><b>{}</b></caption>{table}</table>\n\
             <div style=\"padding:3px 10px;font-size:85%;opacity:.75\">{}{}</div>{}</figure>",
            escape(&self.title),
            more.unwrap_or_default(),
            escape(&self.caption),
            said(&self.says)
        )
    }
}

/// The table as text, in columns.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        let shown = self.shown();
        for row in 0..shown.first().map_or(0, |(_, texts)| texts.len()) {
            let cell = |(is_number, texts): &(bool, Vec<String>)| {
                let width = texts.iter().map(|text| text.chars().count()).max();
                let (text, width) = (&texts[row], width.unwrap_or(0));
                match is_number {
                    true => format!("{text:>width$}"),
                    false => format!("{text:<width$}"),
                }
            };
            let cells: Vec<String> = shown.iter().map(cell).collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        if let Some(more) = self.more() {
            writeln!(f, "{more}")?;
        }
        write!(f, "{}\n{}", self.caption, self.says)
    }
}

/// One line: the rows would fill pages.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({:?}, {} rows)", self.title, self.len())
    }
}
