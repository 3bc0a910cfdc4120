//! Who is here, and how many: who comes, stays, leaves and comes back.

use super::axis::number;
use super::chart::{Bars, Layer, Line, MOST, Series};
use super::csv::csv;
use super::figure::Figure;
use super::labels::{Labels, MEMBERS, NOBODY, Noun, capital};
use super::newcomers::{NOBODY_JOINED, raids_in_words};
use super::people::{People, in_percent};
use super::svg::{BLUE, GREEN, INK, ORANGE, PURPLE, VERMILLION, Words};
use crate::aggregate::{Growth, growth_over, raids, stickiness_over};
use crate::names::Names;
use activity_data::{Activity, DAY, Gap, GapKind, Period, Periods, Zone};

/// The layer that is a line.
const LINE: &str = "net";

/// Who wrote in each period, compared with the period before: new members, those
/// retained and those resurrected upwards, those churned downwards. Periods that
/// weren't fully recorded, in which members were missed, are marked. See
/// [`aggregate::growth`](crate::aggregate::growth).
///
/// ```
/// use analysis_lib::{Activity, Names, WEEK, plot};
///
/// let activity = Activity::sample()?;
/// let figure = plot::growth(&activity, &Names::load(&activity)?, WEEK);
/// assert_eq!(figure.heading(), "Members Who Wrote by Week");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn growth(activity: &Activity, names: &Names, period: Period) -> Figure {
    let people = People::of(activity, names);
    let noun = Noun::of(period);
    let title = format!("Members Who Wrote by {}", noun.title());
    let labels = people.labels(title, "Number of Members", "active");
    let calendar = people.activity.calendar(period);
    let growth = growth_over(&calendar);
    if growth.iter().all(|growth| growth.active == 0) {
        return Figure::nothing(&labels, NOBODY);
    }
    let layer =
        |name, colour, value: fn(&Growth) -> f64| Layer::of(name, colour, growth.iter().map(value));
    let layers = [
        layer("active", BLUE, |growth| growth.active as f64),
        layer("churned", ORANGE, |growth| -(growth.churned as f64)),
        layer("retained", BLUE, |growth| growth.retained as f64),
        layer("resurrected", PURPLE, |growth| growth.resurrected as f64),
        layer("new", GREEN, |growth| growth.new as f64),
    ];
    let says = |series: &Series| growth_says(&growth, series, activity.origin().timezone(), noun);
    let labels = labels.counting(MEMBERS);
    stacked(&calendar, labels, calendar.windows(), &layers, says)
}

/// Human members of the server at each window's end, over time.
///
/// ```
/// use analysis_lib::{Activity, plot};
///
/// let figure = plot::members(&Activity::sample()?);
/// assert_eq!(figure.heading(), "Number of Members of Sample Server");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn members(activity: &Activity) -> Figure {
    let title = format!("Number of Members of {}", activity.origin().server());
    let labels = Labels::of(activity, title, "Number of Members (Human)", "members");
    let why = "How many members the server has isn't known: no document says it.";
    Line::of_counts(
        activity,
        labels.counting(MEMBERS),
        &activity.member_count(),
        why,
    )
}

/// How many joined in each hour, day, week or month, upwards, how many left,
/// downwards, and the difference as a line. Joins of raids have a colour of their own
/// and aren't in the mean that the sentence says: see
/// [`aggregate::raids`](crate::aggregate::raids()).
///
/// ```
/// use analysis_lib::{Activity, WEEK, plot};
///
/// let figure = plot::joins(&Activity::sample()?, WEEK);
/// assert_eq!(figure.heading(), "Members Who Joined and Left by Week");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn joins(activity: &Activity, period: Period) -> Figure {
    let noun = Noun::of(period);
    let title = format!("Members Who Joined and Left by {}", noun.title());
    let labels = Labels::of(activity, title, "Number of Members", "net").counting(MEMBERS);
    let calendar = activity.calendar(period);
    let (known, joined, left) = (calendar.joins_known(), calendar.joined(), calendar.left());
    if known.iter().all(|&known| known == 0) {
        return Figure::nothing(&labels, NOBODY_JOINED);
    }
    let (raids, mut usual) = (raids(activity), joined.to_vec());
    for raid in &raids {
        let next = calendar.begins().partition_point(|own| *own <= raid.begin);
        usual[next.saturating_sub(1)] -= raid.joins;
    }
    let layer = |name, colour, value: &dyn Fn(usize) -> f64| {
        Layer::of(name, colour, (0..joined.len()).map(value))
    };
    let mut layers = vec![
        layer(LINE, INK, &|i| joined[i] as f64 - left[i] as f64),
        layer("left", ORANGE, &|i| -(left[i] as f64)),
        layer("joined", BLUE, &|i| usual[i] as f64),
    ];
    if !raids.is_empty() {
        let raided = |i: usize| (joined[i] - usual[i]) as f64;
        layers.push(layer("joined in raids", VERMILLION, &raided));
    }
    let says = |series: &Series| {
        let is_told = |&i: &usize| series.is_whole(i) && !series.is_running(i);
        let (whole, partly): (Vec<usize>, Vec<usize>) = (0..joined.len()).partition(is_told);
        let told = if whole.is_empty() { partly } else { whole };
        let mean = |counts: &[u64]| {
            let sum: u64 = told.iter().map(|&i| counts[i]).sum();
            number(sum as f64 / told.len() as f64, 1)
        };
        let (joined, left, one) = (mean(&usual), mean(left), noun.one);
        let mut says = format!("On average {joined} joined and {left} left in a {one}.");
        if let Some(raids) = raids_in_words(&raids) {
            says += &format!(" Not in that: {raids}.");
        }
        says
    };
    stacked(&calendar, labels, known, &layers, says)
}

/// Bars of layers over periods of which none is missing between two; `known` is how
/// many windows of each say what is shown. The first layer is no bar but what each
/// period comes to, and a line if it is called that.
fn stacked(
    calendar: &Periods,
    mut labels: Labels,
    known: &[u64],
    layers: &[Layer],
    says: impl Fn(&Series) -> String,
) -> Figure {
    let windows = calendar.windows();
    let count = Noun::of(calendar.period()).count(known.len());
    if known.len() > MOST {
        let coarser = match calendar.period() {
            Period::Hour => "DAY, WEEK or MONTH",
            Period::Day => "WEEK or MONTH",
            _ => "MONTH",
        };
        let why = format!("{count} are too many for bars; use {coarser}.");
        return Figure::nothing(&labels, &why);
    }
    let share = |i: usize| known[i] as f64 / windows[i].max(1) as f64;
    let coverage = calendar.coverage().iter().enumerate();
    let coverage: Vec<f64> = coverage.map(|(i, own)| own * share(i)).collect();
    let series = Series {
        coverage: coverage.as_slice().into(),
        ..Series::of_periods(calendar, &layers[0].values)
    };
    let mut gaps: Vec<Gap> = Vec::new();
    for i in (0..known.len()).filter(|&i| known[i] == 0) {
        let kind = [GapKind::NotKnown, GapKind::NoData][usize::from(windows[i] == 0)];
        let (begin, end) = (series.starts[i], series.ends[i]);
        match gaps.last_mut() {
            Some(gap) if gap.end == begin && gap.kind == kind => gap.end = end,
            _ => gaps.push(Gap { begin, end, kind }),
        }
    }
    gaps.retain(|gap| !series.is_unseen(gap));
    // What each period comes to, and then the bars from the top down.
    let columns = || layers[..1].iter().chain(layers[1..].iter().rev());
    let value = |layer: &Layer, i: usize| match layer.name.as_str() {
        LINE => layer.values[i],
        _ => layer.values[i].abs(),
    };
    let tooltip = |i: usize| {
        let line = |own: &Layer| format!("{}: {}", own.name, number(value(own, i), 0));
        let lines: Vec<String> = columns().map(line).collect();
        let pairs = lines[1..].chunks(2).map(|pair| pair.join(", "));
        [lines[0].clone()].into_iter().chain(pairs).collect()
    };
    let row = |i: usize| {
        let counts: String = columns().map(|own| format!("{},", value(own, i))).collect();
        let when = calendar.origin().timezone().iso(series.starts[i]);
        let over = !series.is_running(i);
        format!("{when},{counts}{:.4},{over}", coverage[i])
    };
    let names: String = columns()
        .map(|own| own.name.replace(' ', "_") + ",")
        .collect();
    let names = format!("begin_local,begin_utc,{names}coverage,over");
    labels.note += &format!(" · {count}");
    let bars = Bars {
        layers: &layers[1..],
        line: layers.first().filter(|own| own.name == LINE),
        gaps: &gaps,
        tooltips: (0..known.len()).map(tooltip).collect(),
        ..Bars::of(&labels, series.clone())
    };
    bars.drawn().figure(Words {
        description: format!("Stacked bars of {}.", labels.title.to_lowercase()),
        says: says(&series),
        table: csv(&names, (0..known.len()).map(row)),
    })
}

/// What became of members in the last period that is over, if there is one, and
/// how many periods can't tell.
fn growth_says(growth: &[Growth], series: &Series, zone: &Zone, noun: Noun) -> String {
    let last = growth.len() - 1;
    let told = last.saturating_sub(usize::from(series.is_running(last)));
    let own = &growth[told];
    let counts = [own.new, own.retained, own.resurrected, own.churned];
    let [new, retained, resurrected, churned] = counts.map(|count| number(count as f64, 0));
    let members = MEMBERS.count(own.active);
    let when = capital(&series.when(zone, told..told + 1));
    let mut says = format!("{when}: {members} wrote");
    says += &match told {
        0 => ".".to_owned(),
        _ => format!(
            ", {retained} of them also the {} before, {new} for the first time, {resurrected} after a pause; {churned} from the {0} before did not.",
            noun.one
        ),
    };
    let partly = (0..growth.len()).filter(|&i| !series.is_whole(i)).count();
    if partly > 0 {
        says += &format!(
            " Not fully recorded: {partly} of {}; who wrote unseen counts as churned.",
            noun.count(growth.len()),
        );
    }
    says
}

/// Stickiness: of those who wrote within 30 days, how many wrote on the last of
/// them, in percent, day by day. See
/// [`aggregate::stickiness`](crate::aggregate::stickiness).
pub fn stickiness(activity: &Activity, names: &Names) -> Figure {
    let people = People::of(activity, names);
    let axis = "Who Wrote on the Day, of Those in the 30 Days up to It (%)";
    let labels = people.labels("Stickiness", axis, "stickiness_percent");
    let mut labels = labels.measuring("% wrote", 1);
    let days = people.activity.calendar(DAY);
    let mut shares = vec![f64::NAN; days.len()];
    for (day, stickiness) in stickiness_over(&days) {
        // Where nobody wrote in all of 30 days, there is no share.
        shares[day] = stickiness.share().map_or(f64::NAN, |share| share * 100.0);
    }
    let all = Series::of_periods(&days, &shares);
    let Some((series, _)) = all.known(days.begins(), &[]) else {
        let why = "Stickiness needs 30 days of data with a message, and there are fewer.";
        return Figure::nothing(&labels, why);
    };
    // Days that were recorded in part miss members, unless there are no others.
    let (whole, partly): (Vec<usize>, Vec<usize>) =
        (0..series.len()).partition(|&i| series.is_whole(i));
    let told = if whole.is_empty() { partly } else { whole };
    let mean = told.iter().map(|&i| series.values[i]).sum::<f64>() / told.len() as f64;
    labels.note += &format!(" · {}", series.item.noun().count(series.len()));
    let mean = in_percent(mean);
    labels.about =
        format!("On an average day {mean} of those who wrote in the 30 days up to it wrote.");
    let gaps = series.gaps();
    Line::new(labels, series, &gaps).figure()
}
