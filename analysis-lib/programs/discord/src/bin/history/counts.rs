//! Who sent how much, of windows that aren't written yet.

use std::collections::BTreeMap;

use super::progress::Page;

/// Messages by id.
type Sums = BTreeMap<u64, u32>;

/// About how many bytes a sum takes, and a window with room for four of each kind.
const SUM: usize = 32;
const WINDOW: usize = 200;

/// What is known of one window.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) members: Sums,
    pub(crate) channels: Sums,
}

#[derive(Default)]
pub(crate) struct Counts {
    windows: BTreeMap<i64, Counted>,
    /// About how much memory they take.
    pub(crate) bytes: usize,
}

impl Counts {
    /// Adds a page's counts.
    pub(crate) fn add(&mut self, page: &Page) {
        for &(window, member, sent) in &page.sent {
            let counted = self.windows.entry(window).or_insert_with(|| {
                self.bytes += WINDOW;
                Counted::default()
            });
            let sums = [
                (&mut counted.members, member),
                (&mut counted.channels, page.counts_as),
            ];
            for (sums, id) in sums {
                let sum = sums.entry(id).or_insert_with(|| {
                    self.bytes += SUM;
                    0
                });
                *sum = sum.saturating_add(sent);
            }
        }
    }

    /// Takes out what is known of the window that begins then.
    pub(crate) fn take(&mut self, window: i64) -> Counted {
        let Some(counted) = self.windows.remove(&window) else {
            return Counted::default();
        };
        self.bytes -= WINDOW + SUM * (counted.members.len() + counted.channels.len());
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_what_is_taken_out_takes_no_memory() {
        let mut counts = Counts::default();
        let page = |counts_as, sent: &[(i64, u64, u32)]| Page {
            counts_as,
            sent: sent.to_vec(),
            ..Page::default()
        };
        counts.add(&page(5, &[(0, 9, 1), (0, 2, u32::MAX), (600, 9, 3)]));
        counts.add(&page(4, &[(0, 9, 2), (600, 1, 1)]));
        assert_eq!(counts.bytes, 2 * WINDOW + 8 * SUM);
        let first = counts.take(0);
        assert_eq!(first.members, [(2, u32::MAX), (9, 3)].into());
        assert_eq!(first.channels, [(4, 2), (5, u32::MAX)].into());
        let second = counts.take(600);
        assert_eq!(second.members, [(1, 1), (9, 3)].into());
        assert_eq!(second.channels, [(4, 1), (5, 3)].into());
        assert!(counts.take(1_200).members.is_empty());
        assert_eq!(counts.bytes, 0);
    }
}
