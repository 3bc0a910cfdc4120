use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use super::labels::Labels;
use super::svg::*;
use crate::program::Program;
use crate::{Error, Result};
use activity_data::text::clean;

/// Draws a figure in these words or others.
type Draw = Arc<dyn Fn(&Labels, &Words) -> Sheet + Send + Sync>;

/// A figure that shows itself in a notebook, and saves itself.
#[derive(Clone)]
pub struct Figure {
    labels: Labels,
    words: Words,
    draw: Draw,
    sheet: Sheet,
}

impl Figure {
    pub(crate) fn new(
        labels: Labels,
        words: Words,
        draw: impl Fn(&Labels, &Words) -> Sheet + Send + Sync + 'static,
    ) -> Self {
        Self {
            sheet: draw(&labels, &words),
            labels,
            words,
            draw: Arc::new(draw),
        }
    }

    /// A card with a sentence: what the chart needs that isn't there.
    pub(crate) fn nothing(labels: &Labels, why: &str) -> Self {
        let body = text((MARGIN, 72.0), Anchor::Left, SOFT_INK, why);
        let words = Words {
            description: format!("No {}.", labels.title.to_lowercase()),
            says: why.to_owned(),
            table: format!("{}\n", labels.column),
        };
        Self::new(labels.clone(), words, move |labels, words| {
            card(labels, [WIDTH, 118.0], &body, &[], words)
        })
    }

    /// The figure's title.
    pub fn heading(&self) -> &str {
        &self.sheet.title
    }

    /// The same figure with another title.
    #[must_use]
    pub fn title(&self, title: &str) -> Self {
        let mut own = self.clone();
        own.words.rename(&mut own.labels.title, title);
        own.drawn()
    }

    /// The same figure with another name of what is counted, which is also the name
    /// of its column in CSV. The summary counts many things and stays as it is.
    #[must_use]
    pub fn axis(&self, axis: &str) -> Self {
        let mut own = self.clone();
        own.words.rename(&mut own.labels.axis, axis);
        let words = axis.split(|c: char| !c.is_alphanumeric());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let column = words.join("_").to_lowercase();
        let (names, rows) = self.words.table.split_once('\n').unwrap_or_default();
        let names = names.split(',').map(|name| match name {
            _ if name == self.labels.column => &column,
            _ => name,
        });
        own.words.table = format!("{}\n{rows}", names.collect::<Vec<_>>().join(","));
        own.labels.column = column;
        own.drawn()
    }

    /// The same figure with other words in its caption, in place of how many windows
    /// or values there are. Where they are from stays.
    #[must_use]
    pub fn note(&self, note: &str) -> Self {
        let mut own = self.clone();
        own.labels.note = clean(note, TEXT_LIMIT);
        own.drawn()
    }

    fn drawn(mut self) -> Self {
        self.sheet = (self.draw)(&self.labels, &self.words);
        self
    }

    /// What the figure shows, in a sentence or two computed from the data; it
    /// stands below the figure in the notebook.
    pub fn says(&self) -> &str {
        &self.sheet.says
    }

    /// The figure as SVG, with tooltips where the reader knows style sheets.
    pub fn svg(&self) -> &str {
        &self.sheet.live
    }

    /// Exactly what is drawn, as CSV. An apostrophe stands before members' ids,
    /// of which a spreadsheet would keep 15 digits of 18, and before names that it
    /// would take for numbers or formulas. In pandas:
    /// `table.member_id.str.lstrip("'")`.
    pub fn csv(&self) -> &str {
        &self.words.table
    }

    /// Shows the figure: evcxr calls this for a cell's last expression.
    ///
    /// HTML, where tooltips live, for the notebook; SVG for what shows no HTML.
    pub fn evcxr_display(&self) {
        println!("{}", self.content());
    }

    /// What [`evcxr_display`](Self::evcxr_display) prints.
    fn content(&self) -> String {
        format!(
            "EVCXR_BEGIN_CONTENT text/html\n<figure style=\"margin:8px 0;line-height:normal;break-inside:avoid\">{}{}</figure>\nEVCXR_END_CONTENT\n\
             EVCXR_BEGIN_CONTENT image/svg+xml\n{}\nEVCXR_END_CONTENT",
            self.sheet.live,
            said(self.says()),
            self.sheet.still
        )
    }

    /// Saves the figure; the ending says as what.
    ///
    /// - `.svg`: with tooltips, for a browser.
    /// - `.png`: for posting, at twice the size. Its first time takes a minute
    ///   or two, in which the program that draws it is built. DejaVu Sans is
    ///   part of that program; emoji and other letters that it lacks are taken
    ///   from the system's fonts, and are boxes where those lack them too.
    /// - `.csv`: exactly what is drawn.
    ///
    /// The file may show people: it is readable by you alone. A file that is
    /// there is replaced as a whole.
    ///
    /// # Errors
    ///
    /// Another ending, the file can't be written, or the program fails.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        match ending(path).as_str() {
            "svg" => write(path, self.svg().as_bytes()),
            "csv" => write(path, self.csv().as_bytes()),
            "png" => write(path, &self.png()?),
            _ => Err(no_such_ending(path, "figure", ".svg, .png or .csv")),
        }
    }

    /// Posts the figure to the channel of `DISCORD_WEBHOOK`: its picture, which is
    /// drawn as [`save`](Self::save) does, with [`says`](Self::says) as the message and
    /// as what is read out to those who can't see it. The same picture isn't posted
    /// twice within an hour.
    ///
    /// # Errors
    ///
    /// `DISCORD_WEBHOOK` is missing or wrong; Discord refuses, can't be reached or gives
    /// no clear answer; the picture can't be drawn.
    pub fn post(&self) -> Result<()> {
        crate::post::post(self.heading(), self.says(), None, || self.png())
    }

    /// The figure as a PNG, as [`save`](Self::save) writes it.
    ///
    /// # Errors
    ///
    /// The program that draws it fails.
    pub fn png(&self) -> Result<Vec<u8>> {
        let length = (self.sheet.still.len() as u64).to_le_bytes();
        Program::ask("png", &[], &[&length, self.sheet.still.as_bytes()])
    }
}

/// A path's ending in small letters, or nothing.
pub(crate) fn ending(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default();
    ending.to_string_lossy().to_lowercase()
}

pub(crate) fn no_such_ending(path: &Path, what: &str, endings: &str) -> Error {
    let path = path.display();
    Error::new(format!(
        "{path} can't be saved: a {what} is saved as {endings}"
    ))
}

/// Puts a file there, or in place of the one that is.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    activity_data::store::replace::replace(path, |out| out.write_all(bytes))
        .map_err(|e| Error::new(format!("{} can't be written: {e}", path.display())))
}

/// The sentences below a figure or a table.
pub(crate) fn said(says: &str) -> String {
    let says = escape(says);
    format!("<figcaption style=\"max-width:860px;padding:2px 20px\">{says}</figcaption>")
}

/// The figure's title and size; its text would fill pages.
impl fmt::Debug for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (title, size) = (self.heading(), self.svg().len());
        write!(f, "Figure({title:?}, {size} bytes of SVG)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activity, plot};

    /// The kernel takes lines of a cell's output for a block's begin and end.
    #[test]
    fn a_title_cannot_end_its_block() {
        let activity = Activity::sample().unwrap();
        let title = "x\nEVCXR_END_CONTENT\nEVCXR_BEGIN_CONTENT text/html\n<script>";
        let words = Words {
            description: title.to_owned(),
            ..Words::default()
        };
        let labels = Labels::new(activity.origin(), title, title, "column");
        let draw = |labels: &Labels, words: &Words| card(labels, [WIDTH, 200.0], "", &[], words);
        let figure = Figure::new(labels.noting(title.to_owned()), words, draw);
        let content = figure.content();
        let lines: Vec<&str> = content
            .lines()
            .filter(|line| line.contains("EVCXR_"))
            .collect();
        assert_eq!(
            lines,
            [
                "EVCXR_BEGIN_CONTENT text/html",
                "EVCXR_END_CONTENT",
                "EVCXR_BEGIN_CONTENT image/svg+xml",
                "EVCXR_END_CONTENT"
            ]
        );
    }

    #[test]
    fn a_figure_for_debugging_is_short() {
        let figure = plot::online_members(&Activity::sample().unwrap());
        let text = format!("{figure:?}");
        assert!(
            text.starts_with("Figure(\"Number of Online Members on Sample Server\", "),
            "{text}"
        );
    }
}
