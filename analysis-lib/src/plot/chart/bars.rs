//! Bars over time, of one colour or of layers.

use std::ops::Range;

use super::frame::{Frame, range_of};
use super::series::{Bucket, Series};
use crate::plot::axis::{number, time_ticks};
use crate::plot::csv::csv;
use crate::plot::figure::Figure;
use crate::plot::labels::{Labels, Noun};
use crate::plot::svg::*;
use activity_data::{DAY_LENGTH, Gap};

/// More bars than this would be narrower than two pixels, and with their
/// tooltips take more than 150 kB.
pub(crate) const MOST: usize = 365;
/// The narrowest bar, in pixels, and the narrowest with air beside it: narrower
/// ones would be mostly air.
const NARROWEST: f64 = 1.0;
const AIRY: f64 = 4.0;
/// How much white is in the colours of layers that aren't fully recorded.
const PALE: f64 = 0.6;
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

/// A bar for each period of a series.
pub(crate) struct Bars<'a> {
    pub(crate) labels: &'a Labels,
    pub(crate) series: Series<'a>,
    /// From when to when the axis reaches.
    pub(crate) times: Range<i64>,
    /// What bars are made of. Without any, bars show the series' values, and of
    /// too many periods a bar shows the highest of several.
    pub(crate) layers: &'a [Layer],
    /// What is a line over layers.
    pub(crate) line: Option<&'a Layer>,
    /// Stretches without data, in order, beside those between periods.
    pub(crate) gaps: &'a [Gap],
    /// What each bar's tooltip says after when it was, where there are layers.
    pub(crate) tooltips: Vec<Vec<String>>,
}

impl Layer {
    pub(crate) fn of(name: &str, colour: Colour, values: impl Iterator<Item = f64>) -> Self {
        Self {
            name: name.to_owned(),
            colour,
            values: values.collect(),
        }
    }
}

impl<'a> Bars<'a> {
    /// Bars of a series' values.
    pub(crate) fn of(labels: &'a Labels, series: Series<'a>) -> Self {
        Self {
            labels,
            times: series.starts[0]..series.ends[series.len() - 1],
            series,
            layers: &[],
            line: None,
            gaps: &[],
            tooltips: Vec::new(),
        }
    }

    /// The figure of bars without layers.
    pub(crate) fn figure(&self) -> Figure {
        let (series, (buckets, each)) = (&self.series, self.buckets());
        let mut frame = self.drawn();
        frame.labels.note = series.item.noun().count(series.len());
        if each > 1 {
            let each = number(each as f64, 0);
            frame.labels.note += &format!(", a bar for the highest of each {each}");
        }
        let gaps = self.gaps_between(&buckets, &frame).len();
        let zone = self.labels.zone();
        let row = |bucket: &Bucket| {
            let coverage = series.coverage.get(bucket.from..bucket.to);
            format!(
                "{},{},{},{},{:.4},{}",
                zone.iso(series.starts[bucket.from]),
                bucket.to - bucket.from,
                series.values[bucket.highest],
                zone.iso(series.starts[bucket.highest]),
                coverage.into_iter().flatten().copied().fold(1.0, f64::min),
                !series.is_running(bucket.to - 1)
            )
        };
        let (Noun { one, many }, column) = (series.item.noun(), &self.labels.column);
        let highest = format!("highest_{one}_local,highest_{one}_utc");
        let columns = format!("begin_local,begin_utc,{many},{column},{highest},coverage,over");
        frame.figure(Words {
            description: format!("Bars of {}.", self.labels.title.to_lowercase()),
            says: frame.extent(series, gaps),
            table: csv(&columns, buckets.iter().map(row)),
        })
    }

    /// Gaps between bars that can be seen, and aren't within one.
    fn gaps_between(&self, buckets: &[Bucket], frame: &Frame) -> Vec<Gap> {
        let mut gaps = self.series.gaps();
        let width = |gap: &Gap| frame.x.scale.pixels(gap.begin as f64, gap.end as f64);
        let is_between = |gap: &Gap| bar_at(buckets, &self.series.starts, gap.end).is_some();
        gaps.retain(|gap| is_between(gap) && width(gap) >= 1.0);
        gaps
    }

    /// The frame with what is in it.
    pub(crate) fn drawn(&self) -> Frame {
        let (series, theme) = (&self.series, &self.labels.theme);
        let Series { starts, ends, .. } = series;
        let is_stacked = !self.layers.is_empty();
        let (buckets, _) = self.buckets();
        let (layers, heights) = self.spans();
        let mut frame = self.frame(&heights, &buckets);
        let between = self.gaps_between(&buckets, &frame);
        let gaps = [&between, self.gaps].concat();

        frame.ground(&gaps);
        let scale = frame.x.scale;
        let corners = |bucket: &Bucket, (low, high): Span| {
            let (from, to) = (starts[bucket.from] as f64, ends[bucket.to - 1] as f64);
            let width = scale.pixels(from, to);
            let air = if width < AIRY { 0.0 } else { (to - from) * 0.1 };
            let to = from + (to - from) * (NARROWEST / width).max(1.0);
            [(from + air, low), (to - air, high)]
        };
        let is_whole = |bucket: &&Bucket| series.are_whole(bucket.from..bucket.to);
        let (whole, partly): (Vec<&Bucket>, Vec<&Bucket>) = buckets.iter().partition(is_whole);
        let shapes = &mut frame.shapes;
        let pale = |colour: Colour| match is_stacked {
            true => colour.mixed(theme.ground, PALE),
            false => theme.part,
        };
        for (buckets, is_pale) in [(&whole, false), (&partly, true)] {
            for &(colour, ref spans) in &layers {
                let colour = if is_pale { pale(colour) } else { colour };
                for bucket in buckets {
                    let span = spans[bucket.highest];
                    if span.0 < span.1 || !is_stacked {
                        shapes.rectangle(corners(bucket, span), colour.filled());
                    }
                }
            }
        }
        let last = &buckets[buckets.len() - 1];
        if series.is_running(last.to - 1) {
            let corners = corners(last, heights[last.highest]);
            shapes.rectangle(corners, VERMILLION.stroke_width(15));
            let text = format!("{} not over when recorded", series.item.noun().one);
            frame.keys.push(Key::new(theme.ground, VERMILLION, text));
        }
        if !partly.is_empty() {
            let how = if is_stacked { "pale: " } else { "" };
            let text = format!("{how}not fully recorded");
            frame.keys.push(Key::of(pale(theme.others), text));
        }
        frame.no_data(&gaps);
        frame.zero_line();
        if let Some(line) = self.line {
            let middle = |i: usize| (starts[i] as f64 + ends[i] as f64) / 2.0;
            let point = |i: usize| (series.coverage[i] > 0.0).then(|| (middle(i), line.values[i]));
            let (points, look) = ((0..series.len()).map(point), line.colour.stroke_width(15));
            frame.shapes.broken(points, look);
        }

        let mut tooltips = self.tooltips.iter();
        let tooltip = |bucket: &Bucket| {
            let mut lines = frame.lines(series, bucket);
            if let Some(own) = tooltips.next() {
                lines.remove(0);
                lines.splice(1..1, own.iter().cloned());
            }
            let across = [starts[bucket.from], ends[bucket.to - 1]].map(|time| time as f64);
            let middle = (across[0] + across[1]) / 2.0;
            frame.tooltip(across, (middle, heights[bucket.highest].1), false, lines)
        };
        frame.tooltips = buckets.iter().map(tooltip).collect();
        frame.side_by_side(&between, series.item);
        frame.legend = self.legend(frame.area);
        frame
    }

    /// The periods of each bar, and how many they are, those that weren't recorded
    /// included.
    fn buckets(&self) -> (Vec<Bucket>, i64) {
        let series = &self.series;
        let first = series.starts[0];
        // How many periods after the first: clocks change by less than half a
        // period.
        let length = series.item.length();
        let place = |i: usize| (series.starts[i] - first + length / 2) / length;
        let each = match self.layers {
            [] => place(series.len() - 1) / MOST as i64 + 1,
            _ => 1,
        };
        let buckets = series.buckets(0..series.len(), |i| match each {
            1 => i as i64,
            _ => place(i) / each,
        });
        (buckets, each)
    }

    /// The colour of each layer, and from where to where its part of each period
    /// reaches; and the same for whole bars.
    fn spans(&self) -> (Vec<(Colour, Vec<Span>)>, Vec<Span>) {
        let mut heights = vec![(0.0, 0.0); self.series.len()];
        let mut pile = |colour: Colour, values: &[f64]| {
            let grow = |((low, high), &value): (&mut Span, &f64)| {
                let end = if value < 0.0 { low } else { high };
                let from = *end;
                *end += value;
                (from.min(*end), from.max(*end))
            };
            (colour, heights.iter_mut().zip(values).map(grow).collect())
        };
        let layers = match self.layers {
            [] => vec![pile(self.labels.theme.own, &self.series.values)],
            layers => layers
                .iter()
                .map(|own| pile(own.colour, &own.values))
                .collect(),
        };
        (layers, heights)
    }

    /// Axes that hold all bars, with room for the legend.
    fn frame(&self, heights: &[Span], buckets: &[Bucket]) -> Frame {
        let Series { starts, ends, .. } = &self.series;
        let item = self.series.item;
        let range = range_of(heights.iter().flat_map(|&(low, high)| [low, high]));
        let zone = self.labels.zone();
        // The period after the last has no tick.
        let times = self.times.start..self.times.end - 1;
        let mut frame = Frame::over_time(self.labels, times, item, range);
        let names = self.layers.iter().chain(self.line);
        let names = names.map(|layer| label_width(&layer.name));
        if let Some(widest) = names.reduce(f64::max) {
            frame.area.right -= BESIDE + 18.0 + widest;
            frame.x.scale.ends[1] = frame.area.right;
            frame.x.ticks = time_ticks(zone, &frame.x.scale, item.length());
        }
        frame.x.name = format!("{} ({})", item.noun().title(), zone.name());
        let is_long = item.length() >= DAY_LENGTH;
        for tick in frame.x.ticks.iter_mut().filter(|_| is_long) {
            // A day's label stands below the middle of its bar.
            if let Some(own) = bar_at(buckets, starts, tick.value as i64) {
                tick.value = (tick.value + ends[own.to - 1] as f64) / 2.0;
            }
        }
        frame
    }

    /// The layers' names beside the chart, as the layers lie on each other.
    fn legend(&self, area: Area) -> String {
        let row = |(row, layer): (usize, &Layer)| {
            let key = Key::of(layer.colour, layer.name.as_str());
            let baseline = area.top + 14.0 + row as f64 * ROW;
            key.element(area.right + BESIDE, baseline, self.labels.theme.soft_ink)
        };
        let layers = self.line.into_iter().chain(self.layers.iter().rev());
        layers.enumerate().map(row).collect()
    }
}

/// The bar that begins at this time.
fn bar_at<'b>(buckets: &'b [Bucket], starts: &[i64], time: i64) -> Option<&'b Bucket> {
    let place = buckets.binary_search_by_key(&time, |bucket| starts[bucket.from]);
    place.ok().map(|place| &buckets[place])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::labels::Item;
    use crate::{Activity, Origin};
    use activity_data::Period;
    use activity_data::{DAY_LENGTH as DAY, HOUR_LENGTH as HOUR};

    fn utc(date: &str) -> i64 {
        let date: chrono::NaiveDate = date.parse().unwrap();
        date.and_hms_opt(0, 0, 0)
            .unwrap()
            .and_utc()
            .timestamp_millis()
    }

    fn origin() -> Origin {
        let sample = Activity::sample().unwrap().in_timezone("UTC").unwrap();
        sample.origin().clone()
    }

    /// A figure of periods with a value, and the last of them not over.
    fn drawn(period: Period, edges: &[[i64; 2]], coverage: &[f64]) -> Figure {
        let starts: Vec<i64> = edges.iter().map(|edge| edge[0]).collect();
        let ends: Vec<i64> = edges.iter().map(|edge| edge[1]).collect();
        let values: Vec<f64> = (0..edges.len()).map(|i| (i + 1) as f64 * 100.0).collect();
        let series = Series {
            item: Item::Period(period),
            starts: starts.into(),
            ends: ends.into(),
            values: values.into(),
            coverage: coverage.into(),
            is_over: false,
            unseen: &[],
        };
        let labels = Labels::new(&origin(), "Messages", "Number of Messages", "messages");
        Bars::of(&labels, series).figure()
    }

    /// The left and right edges of the bars of a colour, in tenths of a pixel.
    fn edges(figure: &Figure, colour: &str) -> Vec<(i32, i32)> {
        let path = figure
            .svg()
            .split("<path ")
            .find(|path| path.starts_with(&format!("fill=\"{colour}\"")) && path.contains('H'));
        let Some(path) = path else { return Vec::new() };
        let path = path.split('"').nth(3).unwrap();
        let bars = path.split('M').skip(1).map(|bar| {
            let left = bar.split(' ').next().unwrap().parse().unwrap();
            let right = bar.split('H').nth(1).unwrap().split('V').next().unwrap();
            (left, right.parse().unwrap())
        });
        bars.collect()
    }

    #[test]
    fn each_period_says_when_it_was() {
        let week = [
            [utc("2026-03-02"), utc("2026-03-09")],
            [utc("2026-03-09"), utc("2026-03-16")],
        ];
        let weeks = drawn(Period::Week, &week, &[1.0, 0.5]);
        assert!(weeks.svg().contains(">week from Mon 2 Mar 2026<"));
        let month = [
            [utc("2026-02-01"), utc("2026-03-01")],
            [utc("2026-03-01"), utc("2026-04-01")],
        ];
        let months = drawn(Period::Month, &month, &[1.0, 0.5]);
        assert!(months.svg().contains(">March 2026<"));
        let evening = utc("2026-03-13") + 21 * HOUR;
        let hours = drawn(Period::Hour, &[[evening, evening + HOUR]], &[0.5]);
        assert!(hours.svg().contains(">Fri 13 Mar 2026, 21:00 – 22:00<"));
        let days = drawn(
            Period::Day,
            &[[utc("2026-03-13"), utc("2026-03-14")]],
            &[0.5],
        );
        for text in [
            ">Fri 13 Mar 2026<",
            ">50% recorded<",
            ">not over when recorded<",
        ] {
            assert!(days.svg().contains(text), "{text}");
        }
    }

    /// A month is as wide as it is long, and one without a window is a hole.
    #[test]
    fn bars_lie_where_their_periods_do() {
        let month = [
            [utc("2026-01-01"), utc("2026-02-01")],
            [utc("2026-02-01"), utc("2026-03-01")],
            [utc("2026-04-01"), utc("2026-05-01")],
        ];
        let figure = drawn(Period::Month, &month, &[1.0, 1.0, 1.0]);
        let bars = edges(&figure, "#0072b2");
        let widths: Vec<f64> = bars.iter().map(|bar| f64::from(bar.1 - bar.0)).collect();
        assert_eq!(bars.len(), 3);
        assert!(
            (widths[0] / widths[1] - 31.0 / 28.0).abs() < 0.01,
            "{widths:?}"
        );
        assert!(f64::from(bars[2].0 - bars[1].1) > widths[0], "{bars:?}");
        assert!(figure.svg().contains(">no data<"));
        assert!(figure.svg().contains(">March 2026<"), "the hole's tooltip");
    }

    /// An hour that lacks half a minute at each end is whole; one that lacks a
    /// window of ten minutes isn't.
    #[test]
    fn seconds_of_jitter_are_no_missing_data() {
        let start = utc("2026-03-13");
        let hour = |i: i64| [start + i * HOUR, start + (i + 1) * HOUR];
        let figure = drawn(
            Period::Hour,
            &[hour(0), hour(1), hour(2)],
            &[0.984, 0.833, 1.0],
        );
        assert_eq!(edges(&figure, "#0072b2").len(), 2);
        assert_eq!(edges(&figure, "#9cc8e3").len(), 1);
    }

    /// However many periods there are, bars can be seen and the figure is small.
    #[test]
    fn many_periods_share_bars_of_their_highest() {
        let start = utc("2026-01-01");
        // An hour of every day, over three years.
        let hour = |i: i64| [start + i * DAY, start + i * DAY + HOUR];
        let hours: Vec<[i64; 2]> = (0..1000).map(hour).collect();
        let figure = drawn(Period::Hour, &hours, &[1.0; 1000]);
        // Between the hours of a bar nothing was recorded.
        let bars = edges(&figure, "#9cc8e3");
        assert!(bars.len() <= MOST && bars.len() > 300, "{}", bars.len());
        assert!(bars.iter().all(|(left, right)| right - left >= 9));
        let rows = figure.csv().lines().skip(1);
        let counts = rows.map(|row| row.split(',').nth(2).unwrap().parse::<usize>().unwrap());
        assert_eq!(counts.sum::<usize>(), 1000);
        assert!(
            figure.csv().contains(",100000,"),
            "the highest of all is drawn"
        );
    }
}
