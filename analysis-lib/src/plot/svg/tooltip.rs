//! Tooltips without a script.

use super::element::{Area, short, text_element};
use super::style::{AXIS, BOLD, INK, VERMILLION, WHITE, WIDTH, label_width};

/// The height of a line, and the space around the text, in pixels.
const LINE: f64 = 17.0;
const PAD: f64 = 9.0;

/// What is shown while the mouse is over an area.
#[derive(Clone, Debug)]
pub(crate) struct Tooltip {
    pub(crate) area: Area,
    /// The place that the tooltip stands beside.
    pub(crate) at: (f64, f64),
    /// Whether a dot is drawn there.
    pub(crate) has_dot: bool,
    /// The first line is the value, in bold.
    pub(crate) lines: Vec<String>,
}

impl Tooltip {
    /// A tooltip beside the middle of an area's upper edge.
    pub(crate) fn above(area: Area, lines: Vec<String>) -> Self {
        Self {
            area,
            at: (area.middle().0, area.top),
            has_dot: false,
            lines,
        }
    }

    fn element(&self, height: f64) -> String {
        let [(left, top), (right, bottom)] = self.area.corners(0.0);
        let [left, top, right, bottom] = [left, top, right, bottom].map(short);
        let edges = format!("M{left} {top}H{right}V{bottom}H{left}z");
        let mut out = format!("<g><path d=\"{edges}\"/><g class=\"tip\">");
        let (x, y) = self.at;
        if self.has_dot {
            let [x, y] = [x, y].map(short);
            out += &format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"4.5\"/>");
        }
        let bold = label_width(&self.lines[0]) * BOLD;
        let widths = self.lines.iter().map(|line| label_width(line));
        let width = widths.fold(bold, f64::max) + 2.0 * PAD;
        let tall = self.lines.len() as f64 * LINE + 9.0;
        let left = match x + 12.0 + width < WIDTH - 4.0 {
            true => x + 12.0,
            false => (x - 12.0 - width).max(4.0),
        };
        let top = (y - tall - 8.0).clamp(4.0, (height - tall - 4.0).max(4.0));
        let [x, y, width] = [left, top, width].map(short);
        out += &format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{tall}\" rx=\"4\"/>");
        for (line, row) in self.lines.iter().zip(1..) {
            let baseline = top + LINE * f64::from(row) - 0.5;
            out += &text_element((left + PAD, baseline), "", line);
        }
        out + "</g></g>\n"
    }
}

/// Each tooltip as an unseen area that shows its own box while the mouse is over
/// it. A reader without style sheets sees nothing.
pub(crate) fn layer(id: &str, height: f64, tooltips: &[Tooltip]) -> String {
    if tooltips.is_empty() {
        return String::new();
    }
    let elements = tooltips.iter().map(|tooltip| tooltip.element(height));
    let elements: String = elements.collect();
    // The empty title keeps the browser from showing the figure's over a tooltip.
    format!(
        "<style>#{id} .tip{{pointer-events:none}}#{id} g:hover>.tip,#{id} .tips>g:hover>path{{visibility:visible}}\
         #{id} .tips path{{fill:{INK};fill-opacity:.07}}\
         #{id} .tip rect{{fill:{WHITE};stroke:{AXIS}}}#{id} .tip text{{fill:{INK}}}\
         #{id} .tip text:first-of-type{{font-weight:bold}}\
         #{id} .tip circle{{fill:{VERMILLION};stroke:{WHITE};stroke-width:2px}}</style>\n\
         <g class=\"tips\" visibility=\"hidden\" pointer-events=\"all\"><title></title>\n{elements}</g>\n"
    )
}
