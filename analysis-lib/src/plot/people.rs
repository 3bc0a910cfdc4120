//! Members as figures show them.

use super::chart::Bar;
use super::labels::{BOTS, Labels};
use crate::MemberId;
use crate::aggregate::{ShownMembers, shown_members, without_bots};
use crate::names::Names;
use activity_data::{Activity, DAY, MONTH, Period, Periods, WEEK};

/// What figures of members look at.
pub(super) struct People {
    /// Without what bots sent, with `HIDE_BOTS=yes`.
    pub(super) activity: Activity,
    pub(super) shown: ShownMembers,
}

impl People {
    pub(super) fn of(activity: &Activity, names: &Names) -> Self {
        Self {
            activity: without_bots(activity, names),
            shown: shown_members(activity, names),
        }
    }

    /// With how many windows there are, and how many bots were left out.
    pub(super) fn labels(&self, title: impl Into<String>, axis: &str, column: &str) -> Labels {
        let mut labels = Labels::of(&self.activity, title, axis, column);
        if self.shown.bots > 0 {
            labels.note += &format!(" · without {}", BOTS.count(self.shown.bots));
        }
        labels
    }
}

/// The bar that each of these members is in: all hidden members follow
/// those who are shown, and all others are last.
pub(super) fn bar_of_each(members: &[MemberId], names: &Names, bars: &[Bar]) -> Vec<usize> {
    let known = bars.iter().filter(|bar| bar.id.is_some()).count();
    let place = |&id: &MemberId| {
        let own = bars.iter().position(|bar| bar.id == Some(id));
        // Who wrote nothing may have no bar, and adds nothing to any.
        let last = bars.len() - 1;
        let together = if names.is_hidden(id) { known } else { last };
        own.unwrap_or(together.min(last))
    };
    members.iter().map(place).collect()
}

/// These periods, or coarser ones where more than `most` were recorded.
pub(super) fn at_most(activity: &Activity, period: Period, most: usize) -> Periods {
    let periods = activity.every(period);
    match period {
        _ if periods.len() <= most => periods,
        Period::Hour => at_most(activity, DAY, most),
        Period::Day => at_most(activity, WEEK, most),
        Period::Week | Period::Month => at_most(activity, MONTH, usize::MAX),
    }
}

/// "< 0.1%", "7.1%", "71%".
pub(super) fn in_percent(percent: f64) -> String {
    match percent {
        0.0 => "0%".to_owned(),
        ..0.1 => "< 0.1%".to_owned(),
        ..10.0 => format!("{percent:.1}%"),
        _ => format!("{percent:.0}%"),
    }
}
