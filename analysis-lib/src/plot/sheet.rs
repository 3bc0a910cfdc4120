//! The card that a figure is drawn on: title, texts, caption, tooltips.

use std::fmt::Write;

use super::escape::{clean, escape};
use super::figure::Figure;
use super::style::{
    self, BOLD, CAPTION_SIZE, CARD, CARD_EDGE, FONTS, INK, LABEL_SIZE, MARGIN, SOFT_INK,
    TITLE_SIZE, WIDTH,
};
use crate::origin::Origin;

/// As many characters of one text go into a figure.
const TEXT_LIMIT: usize = 300;

/// Which end of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

/// A place that says something when the mouse is over it.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    pub(crate) area: Area,
    /// Where the tooltip points, and whether a dot is drawn there.
    pub(crate) at: (f64, f64),
    pub(crate) dot: bool,
    /// What it says, a line each: the first is the value.
    pub(crate) lines: Vec<String>,
}

/// A figure in the making. Places are in pixels from the top left.
pub(crate) struct Sheet {
    pub(crate) height: f64,
    pub(crate) body: String,
    title: String,
    caption: String,
}

impl Sheet {
    /// A card with a title, and a caption that says where the data is from.
    pub(crate) fn new(height: f64, title: &str, origin: &Origin, note: &str) -> Self {
        let title = clean(title, TEXT_LIMIT);
        let source = clean(&origin.source().to_string(), TEXT_LIMIT);
        let zone = origin.timezone().name();
        let mut caption = format!("Source: {source}");
        for part in [note, &format!("times in {zone}")] {
            if !part.is_empty() {
                caption.push_str(" · ");
                caption.push_str(part);
            }
        }
        let mut sheet = Self {
            height,
            body: String::new(),
            title,
            caption,
        };
        let wide = WIDTH - 2.0 * MARGIN;
        let shown = style::fit(&sheet.title, TITLE_SIZE * BOLD, wide);
        sheet.write(MARGIN, 33.0, &shown, TITLE_SIZE, INK, Anchor::Start, true);
        let shown = style::fit(&sheet.caption, CAPTION_SIZE, wide);
        sheet.write(
            MARGIN,
            height - 15.0,
            &shown,
            CAPTION_SIZE,
            SOFT_INK,
            Anchor::Start,
            false,
        );
        sheet
    }

    /// Text in the size of labels.
    pub(crate) fn text(&mut self, x: f64, y: f64, text: &str, ink: &str, anchor: Anchor) {
        self.write(x, y, text, LABEL_SIZE, ink, anchor, false);
    }

    #[allow(clippy::too_many_arguments)] // Private, and each is one attribute.
    fn write(
        &mut self,
        x: f64,
        y: f64,
        text: &str,
        size: f64,
        ink: &str,
        anchor: Anchor,
        bold: bool,
    ) {
        let text = clean(text, TEXT_LIMIT);
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let bold = if bold { " font-weight=\"bold\"" } else { "" };
        let size = if size == LABEL_SIZE {
            String::new()
        } else {
            format!(" font-size=\"{size}\"")
        };
        writeln!(
            self.body,
            "<text x=\"{}\" y=\"{}\"{size}{bold}{anchor} fill=\"{ink}\"{}>{}</text>",
            short(x),
            short(y),
            isolate(&text),
            escape(&text)
        )
        .expect("a string takes all");
    }

    /// A small filled square before a text that ends at `right`: what a colour
    /// means. Gives back where the square begins.
    pub(crate) fn key(&mut self, right: f64, y: f64, fill: &str, edge: &str, text: &str) -> f64 {
        let left = right - style::width(text, CAPTION_SIZE) - 18.0;
        writeln!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"12\" height=\"10\" fill=\"{fill}\" stroke=\"{edge}\"/>",
            short(left),
            short(y - 9.0)
        )
        .expect("a string takes all");
        self.write(
            left + 18.0,
            y,
            text,
            CAPTION_SIZE,
            SOFT_INK,
            Anchor::Start,
            false,
        );
        left
    }

    /// The figure. `description` tells readers of the screen what is seen.
    pub(crate) fn finish(self, description: &str, spots: &[Spot], table: String) -> Figure {
        let id = format!(
            "figure-{:016x}",
            fnv(&[&self.title, &self.body, description])
        );
        let height = self.height;
        let mut head = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"{id}\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" font-family=\"{FONTS}\" font-size=\"{LABEL_SIZE}\" style=\"max-width:100%;height:auto\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n",
            escape(&self.title),
            escape(&clean(&format!("{description} {}.", self.caption), 1000)),
        );
        let card = format!(
            "<rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"{CARD}\" stroke=\"{CARD_EDGE}\"/>\n",
            WIDTH - 1.0,
            height - 1.0
        );
        let still = format!("{head}{card}{}</svg>", self.body);
        let tooltips = tooltips(&id, height, spots);
        head.push_str(&card);
        let live = format!("{head}{}{tooltips}</svg>", self.body);
        Figure::new(self.title, live, still, table)
    }
}

/// Tooltips without a script: every spot is an unseen area that shows its own
/// box while the mouse is over it. A reader without style sheets sees nothing.
fn tooltips(id: &str, height: f64, spots: &[Spot]) -> String {
    if spots.is_empty() {
        return String::new();
    }
    const LINE: f64 = 17.0;
    const PAD: f64 = 9.0;
    let mut out = format!(
        "<style>#{id} .tip{{pointer-events:none}}#{id} g:hover>.tip,#{id} .tips>g:hover>path{{visibility:visible}}\
         #{id} .tips path{{fill:{INK};fill-opacity:.07}}\
         #{id} .tip rect{{fill:{CARD};stroke:#8c959f}}#{id} .tip text{{fill:{INK}}}\
         #{id} .tip text:first-of-type{{font-weight:bold}}\
         #{id} .tip circle{{fill:{};stroke:{CARD};stroke-width:2px}}</style>\n\
         <g class=\"tips\" visibility=\"hidden\" pointer-events=\"all\">",
        style::hex(style::VERMILLION)
    );
    // Keeps the browser from showing the figure's title over the tooltip.
    out.push_str("<title></title>\n");
    for spot in spots {
        let Area {
            left,
            top,
            right,
            bottom,
        } = spot.area;
        let wide = |(i, line): (usize, &String)| {
            style::width(line, LABEL_SIZE) * if i == 0 { BOLD } else { 1.0 }
        };
        let width = spot.lines.iter().enumerate().map(wide).fold(0.0, f64::max) + 2.0 * PAD;
        let tall = spot.lines.len() as f64 * LINE + 9.0;
        let (x, y) = spot.at;
        let box_left = if x + 12.0 + width < WIDTH - 4.0 {
            x + 12.0
        } else {
            (x - 12.0 - width).max(4.0)
        };
        let box_top = (y - tall - 8.0).clamp(4.0, (height - tall - 4.0).max(4.0));
        write!(
            out,
            "<g><path d=\"M{} {}H{}V{}H{}z\"/><g class=\"tip\">",
            short(left),
            short(top),
            short(right),
            short(bottom),
            short(left)
        )
        .expect("a string takes all");
        if spot.dot {
            write!(
                out,
                "<circle cx=\"{}\" cy=\"{}\" r=\"4.5\"/>",
                short(x),
                short(y)
            )
            .expect("a string takes all");
        }
        write!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{tall}\" rx=\"4\"/>",
            short(box_left),
            short(box_top),
            short(width)
        )
        .expect("a string takes all");
        for (i, line) in spot.lines.iter().enumerate() {
            let line = clean(line, TEXT_LIMIT);
            write!(
                out,
                "<text x=\"{}\" y=\"{}\"{}>{}</text>",
                short(box_left + PAD),
                short(box_top + LINE * (i as f64 + 1.0) - 0.5),
                isolate(&line),
                escape(&line)
            )
            .expect("a string takes all");
        }
        out.push_str("</g></g>\n");
    }
    out.push_str("</g>\n");
    out
}

/// Text that may run from right to left keeps its place: its line begins at the
/// left, whatever letters it has.
fn isolate(text: &str) -> &'static str {
    if text
        .chars()
        .all(|c| c < '\u{590}' || ('\u{2000}'..'\u{2070}').contains(&c))
    {
        ""
    } else {
        " direction=\"ltr\" unicode-bidi=\"isolate\""
    }
}

/// A coordinate, to a tenth of a pixel.
pub(crate) fn short(value: f64) -> String {
    let tenths = (value * 10.0).round();
    if !tenths.is_finite() {
        return "0".to_owned();
    }
    let tenths = tenths as i64;
    if tenths % 10 == 0 {
        (tenths / 10).to_string()
    } else {
        format!(
            "{}{}.{}",
            if tenths < 0 { "-" } else { "" },
            tenths.abs() / 10,
            tenths.abs() % 10
        )
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
