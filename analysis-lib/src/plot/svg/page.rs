//! A picture of any size and ground, without the card's frame.

use super::card::fnv;
use super::element::{TEXT_LIMIT, text_element};
use super::escape::escape;
use super::paths::Paths;
use super::style::{Colour, FONTS};
use crate::plot::figure::Figure;
use activity_data::text::clean;

/// Texts on a ground; shapes come with [`figure`](Self::figure).
pub(crate) struct Page {
    size: [f64; 2],
    ground: Colour,
    texts: String,
}

impl Page {
    pub(crate) fn new(size: [f64; 2], ground: Colour) -> Self {
        Self {
            size,
            ground,
            texts: String::new(),
        }
    }

    /// A text that begins at its place.
    pub(crate) fn text(&mut self, at: (f64, f64), size: f64, ink: Colour, bold: bool, text: &str) {
        let weight = if bold { " font-weight=\"bold\"" } else { "" };
        self.put(at, size, ink, weight, text);
    }

    /// A text with its middle at its place.
    pub(crate) fn centred(&mut self, at: (f64, f64), size: f64, ink: Colour, text: &str) {
        self.put(at, size, ink, " text-anchor=\"middle\"", text);
    }

    /// A text that ends at its place.
    pub(crate) fn ending(&mut self, at: (f64, f64), size: f64, ink: Colour, text: &str) {
        self.put(at, size, ink, " text-anchor=\"end\"", text);
    }

    fn put(&mut self, at: (f64, f64), size: f64, ink: Colour, look: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        let look = format!("{look} font-size=\"{size:.0}\" fill=\"{ink}\"");
        self.texts += &(text_element(at, &look, text) + "\n");
    }

    pub(crate) fn figure(self, shapes: Paths, title: &str, says: String, table: String) -> Figure {
        let (title, says) = (clean(title, TEXT_LIMIT), clean(&says, 1000));
        let body = shapes.group() + &self.texts;
        let id = format!("figure-{:016x}", fnv(&[&title, &body, &says]));
        let ([width, height], ground) = (self.size, self.ground);
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"{id}\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" font-family=\"{FONTS}\" style=\"max-width:100%;height:auto\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"{ground}\"/>\n{body}</svg>",
            escape(&title),
            escape(&says)
        );
        Figure {
            title,
            again: None,
            live: svg.clone(),
            still: svg,
            table,
            says,
        }
    }
}
