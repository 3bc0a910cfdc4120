//! Bars over time that are made of layers.

use super::frame::{Frame, no_data};
use super::series::Series;
use crate::plot::Figure;
use crate::plot::axis::time::time_ticks;
use crate::plot::labels::Labels;
use crate::plot::svg::{
    Area, Colour, Content, GREY, Key, Look, Tooltip, VERMILLION, WHITE, label_width,
};
use activity_data::{DAY_LENGTH as DAY, Gap, Origin};

/// How much white is in the colours of what isn't fully recorded.
const PALE: f64 = 0.6;
/// The narrowest bar, in pixels, and the narrowest with air beside it.
const NARROWEST: f64 = 1.0;
const AIRY: f64 = 4.0;
/// How far the legend is from the chart, and the height of its rows, in pixels.
const BESIDE: f64 = 16.0;
const ROW: f64 = 22.0;

/// From where to where something reaches.
type Span = (f64, f64);

/// What has one colour in all bars.
pub(crate) struct Layer {
    pub(crate) name: String,
    pub(crate) colour: Colour,
    /// A value a bar, upwards from the layers before; those below zero hang from
    /// the zero line.
    pub(crate) values: Vec<f64>,
}

pub(crate) struct Stacked<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) labels: &'a Labels,
    /// When bars begin and end, and how much of each was recorded.
    pub(crate) series: Series<'a>,
    pub(crate) layers: &'a [Layer],
    /// Stretches without data, in order.
    pub(crate) gaps: &'a [Gap],
    /// What each bar's tooltip says beside when it was.
    pub(crate) tooltips: Vec<Vec<String>>,
    /// Notes, sentences and the table.
    pub(crate) content: Content,
}

impl Stacked<'_> {
    pub(crate) fn figure(self) -> Figure {
        let (series, zone) = (&self.series, self.origin.timezone());
        let Series {
            item, starts, ends, ..
        } = *series;
        let (bars, noun) = (starts.len(), item.noun());
        let (layers, heights) = self.spans();
        let extremes: Vec<f64> = heights
            .iter()
            .flat_map(|&(low, high)| [low, high])
            .collect();
        let reach = Series {
            values: &extremes,
            ..*series
        };
        let times = starts[0]..ends[bars - 1] - 1;
        let mut frame = Frame::over_time(self.origin, self.labels, times, &reach);
        let names = self.layers.iter().map(|layer| label_width(&layer.name));
        frame.area.right -= BESIDE + 18.0 + names.fold(0.0, f64::max);
        frame.x.scale.end = frame.area.right;
        frame.x.name = format!("{} ({})", noun.title(), zone.name());
        frame.x.ticks = time_ticks(zone, &frame.x.scale, item.length());
        for tick in frame.x.ticks.iter_mut().filter(|_| item.length() >= DAY) {
            // A day's label stands below the middle of its bar.
            if let Ok(own) = starts.binary_search(&(tick.value as i64)) {
                tick.value = (tick.value + ends[own] as f64) / 2.0;
            }
        }

        let mut paths = frame.paths_over(self.gaps);
        let corners = |bar: usize, (low, high): Span| {
            let (from, to) = (starts[bar] as f64, ends[bar] as f64);
            let width = frame.x.scale.pixels(from, to);
            let air = if width < AIRY { 0.0 } else { (to - from) * 0.1 };
            let to = from + (to - from) * (NARROWEST / width).max(1.0);
            [(from + air, low), (to - air, high)]
        };
        for (is_whole, white) in [(true, 0.0), (false, PALE)] {
            for (layer, spans) in self.layers.iter().zip(&layers) {
                let look = Look::Filled(layer.colour.mixed(WHITE, white));
                let own =
                    |&bar: &usize| series.is_whole(bar) == is_whole && spans[bar].0 < spans[bar].1;
                for bar in (0..bars).filter(own) {
                    paths.rectangle(corners(bar, spans[bar]), look);
                }
            }
        }
        let mut keys = Vec::new();
        if series.is_running(bars - 1) {
            let outline = Look::Outlined(VERMILLION, 15);
            paths.rectangle(corners(bars - 1, heights[bars - 1]), outline);
            let text = format!("{} not over when recorded", noun.one);
            keys.push(Key::new(WHITE, VERMILLION, text));
        }
        if !(0..bars).all(|bar| series.is_whole(bar)) {
            let pale = GREY.mixed(WHITE, PALE);
            keys.push(Key::new(pale, pale, "pale: not fully recorded"));
        }
        keys.extend(no_data(self.gaps));
        frame.zero_line(&mut paths);

        let mut legend = String::new();
        // As the layers lie on each other.
        for (row, layer) in self.layers.iter().rev().enumerate() {
            let key = Key::new(layer.colour, layer.colour, layer.name.as_str());
            let baseline = frame.area.top + 14.0 + row as f64 * ROW;
            legend += &key.element(frame.area.right + BESIDE, baseline);
        }
        let tooltip = |(bar, mut lines): (usize, Vec<String>)| {
            let x = |time: i64| frame.x.scale.place(time as f64);
            let area = Area {
                left: x(starts[bar]),
                right: x(ends[bar]),
                ..frame.area
            };
            lines.insert(0, series.when(zone, bar..bar + 1));
            if !series.is_whole(bar) {
                let percent = series.coverage[bar] * 100.0;
                lines.push(format!("{percent:.0}% recorded"));
            }
            if series.is_running(bar) {
                lines.push("not over when recorded".to_owned());
            }
            let top = frame.y.scale.place(heights[bar].1);
            Tooltip {
                at: (area.middle().0, top),
                ..Tooltip::above(area, lines)
            }
        };
        let tooltips = self.tooltips.into_iter().enumerate().map(tooltip).collect();
        frame.figure(Content {
            shapes: paths.group(),
            legend,
            keys,
            tooltips: frame.side_by_side(tooltips, &series.gaps(), item),
            ..self.content
        })
    }

    /// From where to where each layer's part of each bar reaches, and each whole
    /// bar.
    fn spans(&self) -> (Vec<Vec<Span>>, Vec<Span>) {
        let mut heights = vec![(0.0, 0.0); self.series.starts.len()];
        let grow = |(low, high): &mut Span, value: f64| {
            let end = if value < 0.0 { low } else { high };
            let from = *end;
            *end += value;
            (from.min(*end), from.max(*end))
        };
        let layers = self.layers.iter().map(|layer| {
            let values = layer.values.iter();
            heights
                .iter_mut()
                .zip(values)
                .map(|(height, &value)| grow(height, value))
                .collect()
        });
        (layers.collect(), heights)
    }
}
