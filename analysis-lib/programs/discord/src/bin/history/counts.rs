//! Who sent how much, of windows that aren't written yet.

use std::collections::BTreeMap;

use super::progress::Page;

/// Ids and messages, in the order of ids.
type Sums = Vec<(u64, u32)>;

/// What is known of one window.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) members: Sums,
    pub(crate) channels: Sums,
}

#[derive(Default)]
pub(crate) struct Counts {
    windows: BTreeMap<i64, Counted>,
    /// Members and channels of all windows together: how much memory they take.
    pub(crate) entries: usize,
}

impl Counts {
    /// Adds a page's counts.
    pub(crate) fn add(&mut self, page: &Page) {
        for &(window, member, sent) in &page.sent {
            let counted = self.windows.entry(window).or_default();
            self.entries += usize::from(add(&mut counted.members, member, sent));
            self.entries += usize::from(add(&mut counted.channels, page.counts_as, sent));
        }
    }

    /// Takes out what is known of the window that begins then.
    pub(crate) fn take(&mut self, window: i64) -> Counted {
        let counted = self.windows.remove(&window).unwrap_or_default();
        self.entries -= counted.members.len() + counted.channels.len();
        counted
    }
}

/// Whether the id is new there.
fn add(sums: &mut Sums, id: u64, sent: u32) -> bool {
    match sums.binary_search_by_key(&id, |sum| sum.0) {
        Ok(at) => sums[at].1 = sums[at].1.saturating_add(sent),
        Err(at) => {
            sums.insert(at, (id, sent));
            return true;
        }
    }
    false
}
