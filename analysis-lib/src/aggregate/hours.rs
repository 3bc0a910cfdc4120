use activity_data::{Activity, HOUR, HOUR_LENGTH, WHOLE};

/// An hour of local clocks that was recorded from begin to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct WholeHour {
    /// When it began, in milliseconds since the epoch (UTC).
    pub(super) start: i64,
    /// Hour of the local week, from 0 for Monday 00:00 to 167.
    pub(super) of_week: usize,
    pub(super) messages: u64,
    /// Mean online members; no number where they aren't known.
    pub(super) online: f64,
}

/// The whole hours, in order. Parts of an hour in which clocks change are none.
pub(super) fn whole_hours(activity: &Activity) -> Vec<WholeHour> {
    if !are_within_hours(activity) {
        return Vec::new();
    }
    let zone = activity.origin().timezone();
    let hours = activity.totals(HOUR);
    let (begins, ends) = (hours.begins(), hours.ends());
    let is_whole = |&i: &usize| hours.coverage()[i] >= WHOLE && ends[i] - begins[i] == HOUR_LENGTH;
    let hour = |i: usize| WholeHour {
        start: begins[i],
        of_week: zone.hour_of_week(begins[i]),
        messages: hours.messages()[i],
        online: hours.online_mean()[i],
    };
    (0..hours.len()).filter(is_whole).map(hour).collect()
}

/// The hours' indices by hour of the day, of 24 groups, or of the week, of 168.
pub(super) fn grouped(hours: &[WholeHour], groups: usize) -> Vec<Vec<usize>> {
    let mut grouped = vec![Vec::new(); groups];
    for (index, hour) in hours.iter().enumerate() {
        grouped[hour.of_week % groups].push(index);
    }
    grouped
}

/// The values that these shares of all lie below, linear between two of them; no
/// numbers of none.
///
/// References: R. J. Hyndman, Y. Fan (1996), Sample quantiles in statistical
/// packages, The American Statistician 50: definition 7, NumPy's.
pub(super) fn quantiles<const N: usize>(mut values: Vec<f64>, shares: [f64; N]) -> [f64; N] {
    values.sort_unstable_by(f64::total_cmp);
    let value = |place: f64| values.get(place as usize).copied().unwrap_or(f64::NAN);
    shares.map(|share| {
        let place = share * values.len().saturating_sub(1) as f64;
        let (below, above) = (value(place), value(place.ceil()));
        below * (1.0 - place.fract()) + above * place.fract()
    })
}

/// Whether windows are short enough to say what an hour brought: of longer ones,
/// some hours have none though all was recorded.
pub(super) fn are_within_hours(activity: &Activity) -> bool {
    activity.usual_length().unwrap_or(0) <= HOUR_LENGTH + HOUR_LENGTH / 10
}
