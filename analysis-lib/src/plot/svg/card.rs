//! The card that a figure is drawn on: title, texts, caption.

use std::sync::Arc;

use super::element::{Anchor, TEXT_LIMIT, short, small_text, text, text_element};
use super::escape::escape;
use super::style::{
    BOLD, CAPTION_SIZE, CARD_EDGE, Colour, FONTS, INK, LABEL_SIZE, MARGIN, SOFT_INK, TITLE_SIZE,
    WHITE, WIDTH, shorten, width,
};
use super::tooltip::{Tooltip, layer};
use crate::plot::figure::Figure;
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

    /// Where a key begins that ends at `right`.
    pub(crate) fn left(&self, right: f64) -> f64 {
        right - width(&self.text, CAPTION_SIZE) - 18.0
    }

    pub(crate) fn element(&self, left: f64, baseline: f64) -> String {
        format!(
            "<rect x=\"{}\" y=\"{}\" width=\"12\" height=\"10\" fill=\"{}\" stroke=\"{}\"/>\n{}",
            short(left),
            short(baseline - 9.0),
            self.fill,
            self.edge,
            small_text((left + 18.0, baseline), &self.text)
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

/// A figure of this height: `body` has all that stands between title and caption.
pub(crate) fn card(
    labels: &Labels,
    origin: &Origin,
    height: f64,
    body: &str,
    content: Content,
) -> Figure {
    let again = {
        let (labels, origin) = (labels.clone(), origin.clone());
        let (body, content) = (body.to_owned(), content.clone());
        move |reword: &dyn Fn(&mut Labels, &mut Content)| {
            let (mut labels, mut content) = (labels.clone(), content.clone());
            reword(&mut labels, &mut content);
            card(&labels, &origin, height, &body, content)
        }
    };
    let title = clean(&labels.title, TEXT_LIMIT);
    let source = clean(&origin.source().to_string(), TEXT_LIMIT);
    let zone = origin.timezone().name();
    let caption = match *origin == Origin::nobody() {
        true => content.note.clone(),
        false => format!("Source: {source} · {} · times in {zone}", content.note),
    };
    let width = content.width.unwrap_or(WIDTH);
    let wide = width - 2.0 * MARGIN;
    let heading = text_element(
        (MARGIN, 33.0),
        &format!(" font-size=\"{TITLE_SIZE}\" font-weight=\"bold\" fill=\"{INK}\""),
        &shorten(&title, TITLE_SIZE * BOLD, wide),
    );
    let shown = shorten(&caption, CAPTION_SIZE, wide);
    let foot = small_text((MARGIN, height - 15.0), &shown);
    let name = content.axis.map_or(String::new(), |(at, anchor)| {
        text(at, anchor, SOFT_INK, &labels.axis)
    });
    let body = format!("{heading}\n{foot}{}", body.replacen(AXIS_NAME, &name, 1));
    let says = format!("{} {}", labels.about, content.says);
    let says = says.trim_start();
    let description = format!("{} {says}", content.description);
    let id = format!("figure-{:016x}", fnv(&[&title, &body, &description]));
    let description = format!("{description} {caption}.");
    let head = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"{id}\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" font-family=\"{FONTS}\" font-size=\"{LABEL_SIZE}\" style=\"max-width:100%;height:auto\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n\
         <rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"{WHITE}\" stroke=\"{CARD_EDGE}\"/>\n{body}",
        escape(&title),
        escape(&clean(&description, 1000)),
        width - 1.0,
        height - 1.0
    );
    Figure {
        title,
        live: format!("{head}{}</svg>", layer(&id, height, &content.tooltips)),
        still: head + "</svg>",
        table: content.table,
        says: clean(says, 1000),
        again: Some(Arc::new(again)),
    }
}

/// A hash that is the same everywhere (FNV-1a): two figures on one page have
/// ids of their own.
pub(super) fn fnv(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
