//! Can I trust this data?

use super::axis::number;
use super::by_period::{ByPeriod, merged};
use super::chart::{Series, Shades, calendar};
use super::figure::Figure;
use super::labels::Labels;
use activity_data::DAY;

/// The share of each day that was recorded, as a calendar, a column a week. Days
/// without a window are marked.
pub fn coverage(data: &dyn ByPeriod) -> Figure {
    let (title, axis) = ("Recorded Share of Each Day", "Percent Recorded");
    let labels = Labels::new(data.origin(), title, axis, "percent_recorded")
        .measuring("percent recorded", 0);
    merged(data, DAY, &labels, |days| {
        // Never "100" of a day that isn't whole.
        let percent = |&share: &f64| (share * 1000.0 + 1e-9).floor() / 10.0;
        let values: Vec<f64> = days.coverage().iter().map(percent).collect();
        let series = Series::of_periods(days, &values);
        let [least, _] = series.extremes();
        let when = series.when(labels.zone(), least..least + 1);
        let says = format!(" The least: {}% of {when}.", number(values[least], 0));
        calendar(&labels, &series, Shades::of_percent(), false, &says)
    })
}
