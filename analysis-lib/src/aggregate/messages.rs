use activity_data::{Activity, HOUR_LENGTH};

/// Cumulative messages: the running sum of the message volume, one value a
/// window, that window included.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let activity = Activity::sample()?;
/// let cumulative = aggregate::cumulative_messages(&activity);
/// assert_eq!(cumulative[0], u64::from(activity.message_volume()[0]));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn cumulative_messages(activity: &Activity) -> Vec<u64> {
    let volume = activity.message_volume().iter();
    volume
        .scan(0, |sum, &messages| {
            *sum += u64::from(messages);
            Some(*sum)
        })
        .collect()
}

/// The rolling mean of messages in an hour: at each window's end, over the
/// `hours` hours before it. One value a window.
///
/// Messages of the windows that end in that stretch (its first instant left out)
/// are divided by these windows' lengths together, so what wasn't recorded is
/// not silence. `None` where less than half of the stretch was recorded, and at
/// the beginning, where the stretch would reach back before the first window.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let activity = Activity::sample()?;
/// let day = aggregate::rolling(&activity, 24);
/// assert_eq!(day.len(), activity.len());
/// assert!(day[0].is_none() && day[day.len() - 1].is_some());
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn rolling(activity: &Activity, hours: u32) -> Vec<Option<f64>> {
    let (begins, ends) = (activity.begins(), activity.ends());
    let stretch = i64::from(hours) * HOUR_LENGTH;
    let (mut first, mut messages, mut recorded) = (0, 0, 0);
    let mean = |index: usize| {
        messages += u64::from(activity.message_volume()[index]);
        recorded += ends[index] - begins[index];
        while ends[first] <= ends[index] - stretch {
            messages -= u64::from(activity.message_volume()[first]);
            recorded -= ends[first] - begins[first];
            first += 1;
        }
        let is_whole = ends[index] - stretch >= begins[0];
        (is_whole && recorded > 0 && 2 * recorded >= stretch)
            .then(|| messages as f64 / (recorded as f64 / HOUR_LENGTH as f64))
    };
    (0..activity.len()).map(mean).collect()
}
