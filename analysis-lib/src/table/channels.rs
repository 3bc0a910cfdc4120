use super::compare::percent;
use super::members::recorded_in_words;
use super::{Cell, Table};
use crate::aggregate::{ChannelTotal, compare, messages_by_channel};
use crate::names::Names;
use crate::plot::axis::{days, number};
use crate::plot::labels::{Item, MESSAGES, NO_CHANNELS, NOBODY};
use activity_data::{Activity, HOUR_LENGTH, Period, newest_whole};

/// Where people talk: the channels in the last period that is over and of which half was
/// recorded at least (else the newest), with their messages, their share, the change
/// against the period before, and the last day with a message.
///
/// A change is over the hours of the clock that were recorded in both periods, with the
/// interval of [`compare`]. The sentence names the channels that changed by more than
/// chance, and those that fell asleep: see [`messages_by_channel`].
///
/// ```
/// use analysis_lib::{Activity, Names, WEEK, table};
///
/// let activity = Activity::sample()?;
/// let channels = table::channels(&activity, &Names::load(&activity)?, WEEK);
/// assert!(channels.title().starts_with("Messages by Channel"));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn channels(activity: &Activity, names: &Names, period: Period) -> Table {
    let (origin, zone) = (activity.origin(), activity.origin().timezone());
    let columns = [
        ("", "channel_id"),
        ("Channel", "name"),
        ("Messages", "messages"),
        ("Share", "share"),
        ("Change", "change_share"),
        ("95% interval from", "change_share_low"),
        ("to", "change_share_high"),
        ("Last Active", "last_active_local,last_active_utc"),
    ];
    let Some(by_channel) = activity.channels_as_members() else {
        return Table::new(origin, "Messages by Channel", columns).saying(NO_CHANNELS);
    };
    let calendar = by_channel.calendar(period);
    let last = newest_whole(calendar.coverage(), calendar.is_over());
    let when = Item::Period(period).when(zone, calendar.begins()[last], calendar.ends()[last]);
    let mut table = Table::new(origin, &format!("Messages by Channel: {when}"), columns);
    let sent = calendar.sent(last);
    let all = sent.iter().sum::<u64>();
    let messages = |own: &ChannelTotal| {
        let place = calendar.members().binary_search(&own.id.get().into());
        place.map_or(0, |channel| sent[channel])
    };
    let mut rows = messages_by_channel(activity);
    rows.sort_by_key(|own| std::cmp::Reverse(messages(own)));
    let Some(&first) = rows.first() else {
        return table.saying(NOBODY);
    };

    // What was before isn't compared, but for a window that reaches into the first hour.
    let before = calendar.begins()[last.saturating_sub(1)] - 2 * HOUR_LENGTH;
    let recent = by_channel.within(before, i64::MAX).unwrap_or(by_channel);
    let (mut why, mut changed, mut asleep) = (None, Vec::new(), Vec::new());
    let mut is_told = false;
    for own in rows {
        let name = names.channel(own.id);
        let day = days(zone, own.last_day, own.last_day);
        let messages = messages(&own) as f64;
        let change = compare(&recent.only_members([own.id.get()]), period);
        let change = change.map_err(|error| why = Some(error)).ok();
        let change = change.map(|both| both.messages);
        let interval = |end: usize| change.and_then(|change| Some(change.interval?[end]));
        table.row([
            Cell::id(Some(own.id)),
            Cell::text(name.as_str()),
            Cell::number(messages, 0),
            Cell::share(messages / all.max(1) as f64),
            percent(change.and_then(|change| change.share())),
            percent(interval(0)),
            percent(interval(1)),
            Cell::time(origin, own.last_day, day.clone()),
        ]);
        asleep.extend(own.is_asleep.then(|| format!("{name} ({day})")));
        let is_more = change.and_then(|change| change.more_than_chance);
        is_told |= is_more.is_some();
        changed.extend((is_more == Some(true)).then_some(name));
    }
    let (noun, name) = (Item::Period(period).noun().one, names.channel(first.id));
    let (most, all) = (number(messages(&first) as f64, 0), MESSAGES.count(all));
    let mut says = format!("{name} had {most} of {all}.");
    says += &match (why, changed.is_empty()) {
        (Some(why), _) => format!(" {why}."),
        (None, _) if !is_told => " Whether changes are more than chance can't be told.".to_owned(),
        (None, true) => format!(" None changed since the {noun} before by more than chance."),
        (None, false) => format!(
            " Changed by more than chance since the {noun} before, as 1 of 20 channels would by chance alone: {}.",
            changed.join(", ")
        ),
    };
    if !asleep.is_empty() {
        says += &format!(
            " Asleep, that is without a message for 14 recorded days and more than twice as long as ever before: {}.",
            asleep.join(", ")
        );
    }
    says += &recorded_in_words(&calendar, last, noun);
    table.saying(says)
}
