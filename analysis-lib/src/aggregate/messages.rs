use crate::Activity;

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
