//! Bars over time.

use super::frame::{Frame, no_data};
use super::series::{Bucket, Series};
use crate::plot::Figure;
use crate::plot::axis::number::number;
use crate::plot::axis::time::iso;
use crate::plot::labels::Labels;
use crate::plot::svg::{Area, BLUE, Content, Key, Look, PALE_BLUE, Tooltip, VERMILLION, WHITE};
use activity_data::{DAY_LENGTH as DAY, Origin};

/// More bars than this would be narrower than two pixels, and with their
/// tooltips take more than 150 kB.
const MOST: i64 = 365;
/// The narrowest bar, in pixels, and the narrowest with air beside it: narrower
/// ones would be mostly air.
const NARROWEST: f64 = 1.0;
const AIRY: f64 = 4.0;

/// A bar for each period, or for the highest of several.
pub(crate) fn figure(origin: &Origin, labels: &Labels, series: &Series) -> Figure {
    let noun = series.item.noun();
    let Series { starts, ends, .. } = *series;
    let (first, last) = (starts[0], series.len() - 1);
    // How many periods after the first, those that weren't recorded included:
    // clocks change by less than half a period.
    let length = series.item.length();
    let place = |i: usize| (starts[i] - first + length / 2) / length;
    let each = place(last) / MOST + 1;
    let buckets = series.buckets(0..series.len(), |i| match each {
        1 => i as i64,
        _ => place(i) / each,
    });
    let mut note = noun.count(series.len());
    if each > 1 {
        let each = number(each as f64, 0);
        note += &format!(", a bar for the highest of each {each}");
    }

    // The period after the last has no tick.
    let mut frame = Frame::over_time(origin, labels, first..ends[last] - 1, series);
    frame.x.name = format!("{} ({})", noun.title(), origin.timezone().name());
    let bar_at = |time: i64| buckets.binary_search_by_key(&time, |bucket| starts[bucket.from]);
    for tick in frame.x.ticks.iter_mut().filter(|_| length >= DAY) {
        // A day's label stands below the middle of its bar.
        if let Ok(own) = bar_at(tick.value as i64) {
            let end = ends[buckets[own].to - 1];
            tick.value = (tick.value + end as f64) / 2.0;
        }
    }

    // Gaps within a bar, and those narrower than a pixel, can't be seen.
    let width = |from: i64, to: i64| frame.x.scale.pixels(from as f64, to as f64);
    let mut gaps = series.gaps();
    gaps.retain(|gap| bar_at(gap.end).is_ok() && width(gap.begin, gap.end) >= 1.0);

    let mut paths = frame.paths_over(&gaps);
    let mut draw = |bucket: &Bucket, look| {
        let (from, to) = (starts[bucket.from] as f64, ends[bucket.to - 1] as f64);
        let width = frame.x.scale.pixels(from, to);
        let air = if width < AIRY { 0.0 } else { (to - from) * 0.1 };
        let to = from + (to - from) * (NARROWEST / width).max(1.0);
        let top = series.values[bucket.highest];
        paths.rectangle([(from + air, 0.0), (to - air, top)], look);
    };
    let mut keys = Vec::new();
    let is_whole = |bucket: &&Bucket| series.are_whole(bucket.from..bucket.to);
    let (whole, partly): (Vec<&Bucket>, Vec<&Bucket>) = buckets.iter().partition(is_whole);
    whole
        .iter()
        .for_each(|bucket| draw(bucket, Look::Filled(BLUE)));
    partly
        .iter()
        .for_each(|bucket| draw(bucket, Look::Filled(PALE_BLUE)));
    if series.is_running(last) {
        draw(&buckets[buckets.len() - 1], Look::Outlined(VERMILLION, 15));
        let text = format!("{} not over when recorded", noun.one);
        keys.push(Key::new(WHITE, VERMILLION, text));
    }
    if !partly.is_empty() {
        keys.push(Key::new(PALE_BLUE, PALE_BLUE, "not fully recorded"));
    }
    keys.extend(no_data(&gaps));
    frame.zero_line(&mut paths);

    let tooltip = |bucket: &Bucket| {
        let x = |time: i64| frame.x.scale.place(time as f64);
        let area = Area {
            left: x(starts[bucket.from]),
            right: x(ends[bucket.to - 1]),
            ..frame.area
        };
        let top = frame.y.scale.place(series.values[bucket.highest]);
        Tooltip {
            at: (area.middle().0, top),
            ..Tooltip::above(area, frame.lines(series, bucket))
        }
    };
    let tooltips = buckets.iter().map(tooltip).collect();
    let title = labels.title.to_lowercase();
    frame.figure(Content {
        note,
        shapes: paths.group(),
        keys,
        tooltips: frame.side_by_side(tooltips, &gaps, series.item),
        description: format!("Bars of {title}."),
        says: frame.extent(series, gaps.len()),
        table: table(series, &buckets, &frame),
        ..Content::default()
    })
}

fn table(series: &Series, buckets: &[Bucket], frame: &Frame) -> String {
    let noun = series.item.noun();
    let zone = frame.origin.timezone();
    let row = |bucket: &Bucket| {
        let items = bucket.from..bucket.to;
        let coverage = series.coverage.get(items.clone());
        format!(
            "{},{},{},{},{:.4},{}\n",
            iso(zone, series.starts[bucket.from]),
            items.len(),
            series.values[bucket.highest],
            iso(zone, series.starts[bucket.highest]),
            coverage.into_iter().flatten().copied().fold(1.0, f64::min),
            !series.is_running(bucket.to - 1)
        )
    };
    let rows: String = buckets.iter().map(row).collect();
    let (one, many, column) = (noun.one, noun.many, frame.labels.column);
    format!(
        "bar_start_local,bar_start_utc,{many},{column},highest_{one}_local,highest_{one}_utc,coverage,over\n{rows}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::labels::Item;
    use crate::{Activity, Origin};
    use activity_data::HOUR_LENGTH as HOUR;
    use activity_data::Period;

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
            starts: &starts,
            ends: &ends,
            values: &values,
            coverage,
            is_over: false,
        };
        let labels = Labels::new("Messages", "Number of Messages", "messages");
        figure(&origin(), &labels, &series)
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
        assert!(
            bars.len() <= MOST as usize && bars.len() > 300,
            "{}",
            bars.len()
        );
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
