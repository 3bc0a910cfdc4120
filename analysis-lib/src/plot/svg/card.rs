//! The card that a figure is drawn on: title, texts, caption.

use std::sync::Arc;

use super::element::{Anchor, TEXT_LIMIT, bold_text, short, small_text, text};
use super::escape::escape;
use super::style::{
    CAPTION_SIZE, CARD_EDGE, Colour, FONTS, INK, LABEL_SIZE, MARGIN, SOFT_INK, TITLE_SIZE, WHITE,
    WIDTH, shorten, width,
};
use super::tooltip::{Tooltip, layer};
use crate::plot::figure::{Figure, Word};
use crate::plot::labels::Labels;
use activity_data::Origin;
use activity_data::text::clean;

/// A small square in a colour, and what the colour means.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) fill: Colour,
    pub(crate) edge: Colour,
    pub(crate) text: String,
}

impl Key {
    pub(crate) fn new(fill: Colour, edge: Colour, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { fill, edge, text }
    }

    /// What a colour without an edge means.
    pub(crate) fn of(colour: Colour, text: impl Into<String>) -> Self {
        Self::new(colour, colour, text)
    }

    /// Where a key begins that ends at `right`.
    pub(crate) fn left(&self, right: f64) -> f64 {
        right - width(&self.text, CAPTION_SIZE) - 18.0
    }

    pub(crate) fn element(&self, left: f64, baseline: f64, ink: Colour) -> String {
        format!(
            "<rect x=\"{}\" y=\"{}\" width=\"12\" height=\"10\" fill=\"{}\" stroke=\"{}\"/>\n{}",
            short(left),
            short(baseline - 9.0),
            self.fill,
            self.edge,
            small_text((left + 18.0, baseline), ink, &self.text)
        )
    }
}

/// Where the name of what is counted stands in a card's body.
pub(crate) const AXIS_NAME: &str = "<!--axis-->";

/// What a chart hands over.
#[derive(Clone, Default)]
pub(crate) struct Content {
    /// What the caption says beside where the data is from.
    pub(crate) note: String,
    pub(crate) shapes: String,
    /// Texts above the chart, and those within.
    pub(crate) legend: String,
    pub(crate) texts: String,
    /// The place of the name of what is counted, if it has one.
    pub(crate) axis: Option<((f64, f64), Anchor)>,
    /// The card's width, if it isn't that of all.
    pub(crate) width: Option<f64>,
    /// From the right to the left.
    pub(crate) keys: Vec<Key>,
    pub(crate) tooltips: Vec<Tooltip>,
    /// What is drawn, for readers of the screen; then come the sentences below.
    pub(crate) description: String,
    /// What the figure shows, in sentences computed from the data.
    pub(crate) says: String,
    /// The figure as CSV.
    pub(crate) table: String,
}

/// A card of this height: `body` has all that stands between title and caption.
pub(crate) fn card(
    labels: &Labels,
    origin: &Origin,
    height: f64,
    body: &str,
    content: Content,
) -> Figure {
    let (origin, body) = (origin.clone(), body.to_owned());
    let draw = move |labels: &Labels, content| drawn(labels, &origin, height, &body, content);
    reworded(labels.clone(), content, Arc::new(draw))
}

/// Draws a figure from its words.
type Draw = Arc<dyn Fn(&Labels, Content) -> Figure + Send + Sync>;

/// A figure that is drawn from these words, and again from others.
pub(crate) fn reworded(labels: Labels, content: Content, draw: Draw) -> Figure {
    let figure = draw(&labels, content.clone());
    let again = move |word: Word| {
        let (mut labels, mut content) = (labels.clone(), content.clone());
        reword(word, &mut labels, &mut content);
        reworded(labels, content, Arc::clone(&draw))
    };
    Figure {
        again: Some(Arc::new(again)),
        ..figure
    }
}

fn reword(word: Word, labels: &mut Labels, content: &mut Content) {
    let (own, new) = match word {
        Word::Title(title) => (&mut labels.title, title),
        Word::Axis(axis) => (&mut labels.axis, axis),
        Word::Note(note) => {
            content.note = clean(note, TEXT_LIMIT);
            return;
        }
    };
    if !own.is_empty() {
        let [before, after] = [own.as_str(), new].map(str::to_lowercase);
        content.description = content.description.replace(&before, &after);
    }
    *own = new.to_owned();
    if matches!(word, Word::Axis(_)) {
        let words = new.split(|c: char| !c.is_alphanumeric());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        // Columns' names are the code's own elsewhere; this one stays with the process.
        let column: &'static str = words.join("_").to_lowercase().leak();
        let (names, rows) = content.table.split_once('\n').unwrap_or_default();
        let own = |name| if name == labels.column { column } else { name };
        let names: Vec<&str> = names.split(',').map(own).collect();
        content.table = format!("{}\n{rows}", names.join(","));
        labels.column = column;
    }
}

fn drawn(
    labels: &Labels,
    origin: &Origin,
    height: f64,
    body: &str,
    mut content: Content,
) -> Figure {
    let (source, zone) = (source(origin), origin.timezone().name());
    let caption = match *origin == Origin::nobody() {
        true => content.note.clone(),
        false => format!("Source: {source} · {} · times in {zone}", content.note),
    };
    let width = content.width.unwrap_or(WIDTH);
    let wide = width - 2.0 * MARGIN;
    let title = clean(&labels.title, TEXT_LIMIT);
    let heading = bold_text((MARGIN, 33.0), TITLE_SIZE, INK, wide, &title);
    let shown = shorten(&caption, CAPTION_SIZE, wide);
    let foot = small_text((MARGIN, height - 15.0), SOFT_INK, &shown);
    let edge = format!("rx=\"6\" fill=\"{WHITE}\" stroke=\"{CARD_EDGE}\"");
    let (right, bottom) = (width - 1.0, height - 1.0);
    let name = content.axis.map_or(String::new(), |(at, anchor)| {
        text(at, anchor, SOFT_INK, &labels.axis)
    });
    let body = body.replacen(AXIS_NAME, &name, 1);
    let body = format!(
        "<rect x=\"0.5\" y=\"0.5\" width=\"{right}\" height=\"{bottom}\" {edge}/>\n{heading}\n{foot}{body}"
    );
    let says = labels.instead.as_ref().unwrap_or(&content.says);
    let says = format!("{} {says}", labels.about);
    content.says = says.trim_start().to_owned();
    sheet(&title, [width, height], 1.0, &body, &caption, content)
}

/// Where the data is from.
pub(crate) fn source(origin: &Origin) -> String {
    clean(&origin.source().to_string(), TEXT_LIMIT)
}

/// A figure of this size, in pixels, shown so many times as large: `body` is all
/// that is seen of it, tooltips aside.
pub(crate) fn sheet(
    title: &str,
    [width, height]: [f64; 2],
    zoom: f64,
    body: &str,
    caption: &str,
    content: Content,
) -> Figure {
    let description = format!("{} {}", content.description, content.says);
    let id = format!("figure-{:016x}", fnv(&[title, body, &description]));
    let description = clean(&format!("{description} {caption}."), 1000);
    let head = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"{id}\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" font-family=\"{FONTS}\" font-size=\"{LABEL_SIZE}\" style=\"max-width:100%;height:auto\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n{body}",
        width * zoom,
        height * zoom,
        escape(title),
        escape(&description),
    );
    Figure {
        title: title.to_owned(),
        live: format!("{head}{}</svg>", layer(&id, height, &content.tooltips)),
        still: head + "</svg>",
        table: content.table,
        says: clean(&content.says, 1000),
        again: None,
    }
}

/// A hash that is the same everywhere (FNV-1a): two figures on one page have
/// ids of their own.
fn fnv(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
