//! The card that a figure is drawn on: title, texts, caption.

use super::element::{TEXT_LIMIT, bold_text, escape, short, small_text};
use super::style::{
    CAPTION_SIZE, CARD_EDGE, Colour, FONTS, INK, LABEL_SIZE, MARGIN, SOFT_INK, TITLE_SIZE, WHITE,
    shorten, width,
};
use super::tooltip::{Tooltip, layer};
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

/// A figure in words.
#[derive(Clone, Default)]
pub(crate) struct Words {
    /// What is drawn, for readers of the screen; then come the sentences below.
    pub(crate) description: String,
    /// What the figure shows, in sentences computed from the data.
    pub(crate) says: String,
    /// The figure as CSV.
    pub(crate) table: String,
}

impl Words {
    /// Puts another name in place of one, which the description may say.
    pub(crate) fn rename(&mut self, name: &mut String, new: &str) {
        if !name.is_empty() {
            let [before, after] = [name.as_str(), new].map(str::to_lowercase);
            self.description = self.description.replace(&before, &after);
        }
        new.clone_into(name);
    }
}

/// What is seen of a figure.
#[derive(Clone)]
pub(crate) struct Sheet {
    pub(crate) title: String,
    /// As SVG with tooltips, and without.
    pub(crate) live: String,
    pub(crate) still: String,
    pub(crate) says: String,
}

/// A card of this size: `body` has all that stands between title and caption.
pub(crate) fn card(
    labels: &Labels,
    [width, height]: [f64; 2],
    body: &str,
    tooltips: &[Tooltip],
    words: &Words,
) -> Sheet {
    let (source, zone) = (source(&labels.origin), labels.zone().name());
    let caption = match labels.origin == Origin::nobody() {
        true => labels.note.clone(),
        false => format!("Source: {source} · {} · times in {zone}", labels.note),
    };
    let wide = width - 2.0 * MARGIN;
    let title = clean(&labels.title, TEXT_LIMIT);
    let heading = bold_text((MARGIN, 33.0), TITLE_SIZE, INK, wide, &title);
    let shown = shorten(&caption, CAPTION_SIZE, wide);
    let foot = small_text((MARGIN, height - 15.0), SOFT_INK, &shown);
    let edge = format!("rx=\"6\" fill=\"{WHITE}\" stroke=\"{CARD_EDGE}\"");
    let (right, bottom) = (width - 1.0, height - 1.0);
    let body = format!(
        "<rect x=\"0.5\" y=\"0.5\" width=\"{right}\" height=\"{bottom}\" {edge}/>\n{heading}\n{foot}{body}"
    );
    let says = labels.instead.as_ref().unwrap_or(&words.says);
    let says = format!("{} {says}", labels.about);
    let words = Words {
        says: says.trim_start().to_owned(),
        ..words.clone()
    };
    let size = [width, height];
    sheet(&title, size, 1.0, &body, &caption, tooltips, &words)
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
    tooltips: &[Tooltip],
    words: &Words,
) -> Sheet {
    let description = format!("{} {}", words.description, words.says);
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
    Sheet {
        title: title.to_owned(),
        live: format!("{head}{}</svg>", layer(&id, height, tooltips)),
        still: head + "</svg>",
        says: clean(&words.says, 1000),
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
