//! Labels that tell members apart, whatever names strangers choose.

use std::collections::{BTreeMap, HashMap};

/// Digits of the id that are shown first; more where these aren't enough.
const TAIL: usize = 4;

/// What is shown for a member without a name that we know nothing else about.
pub(super) fn unknown(id: u64) -> String {
    with_tail("unknown", id, TAIL)
}

/// The end of an id is what differs: its beginning is the day of registration.
fn with_tail(name: &str, id: u64, digits: usize) -> String {
    let id = format!("{id:0>TAIL$}");
    format!("{name} …{}", &id[id.len().saturating_sub(digits)..])
}

/// A label for each id, no two equal.
///
/// A name that several have gets the end of the id. Where labels are equal even
/// then, or someone calls themselves what another is labelled, all that look
/// the same get a digit more, until they differ: at the latest with whole ids.
pub(super) fn distinct(names: &BTreeMap<u64, Option<&str>>) -> BTreeMap<u64, String> {
    let label = |id: u64, digits: usize| match names[&id] {
        Some(name) if digits == 0 => name.to_owned(),
        name => with_tail(name.unwrap_or("unknown"), id, digits.max(TAIL)),
    };
    let mut digits: BTreeMap<u64, usize> = names.keys().map(|&id| (id, 0)).collect();
    loop {
        let mut same: HashMap<String, Vec<u64>> = HashMap::new();
        for (&id, &digits) in &digits {
            same.entry(label(id, digits)).or_default().push(id);
        }
        let clashes: Vec<u64> = same
            .into_values()
            .filter(|ids| ids.len() > 1)
            .flatten()
            .collect();
        if clashes.is_empty() {
            break;
        }
        for id in clashes {
            let digits = digits.get_mut(&id).expect("every id has a length");
            // An unknown member shows the end of the id from the start.
            let shown = if names[&id].is_none() { TAIL } else { TAIL - 1 };
            *digits = (*digits).max(shown) + 1;
        }
    }
    digits
        .iter()
        .map(|(&id, &digits)| (id, label(id, digits)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels<const N: usize>(names: [(u64, Option<&str>); N]) -> Vec<String> {
        let labels = distinct(&BTreeMap::from(names));
        names.iter().map(|(id, _)| labels[id].clone()).collect()
    }

    #[test]
    fn a_name_of_ones_own_is_shown_alone() {
        assert_eq!(
            labels([(111_111, Some("Ann")), (222_222, Some("Ben"))]),
            ["Ann", "Ben"]
        );
    }

    #[test]
    fn two_with_one_name_stay_two() {
        assert_eq!(
            labels([(111_234, Some("Ann")), (225_678, Some("Ann"))]),
            ["Ann …1234", "Ann …5678"]
        );
    }

    #[test]
    fn ids_with_the_same_end_are_shown_further() {
        assert_eq!(
            labels([(811_234, Some("Ann")), (921_234, Some("Ann"))]),
            ["Ann …11234", "Ann …21234"]
        );
        assert_eq!(
            labels([(811_234, None), (921_234, None), (5_678, None)]),
            ["unknown …11234", "unknown …21234", "unknown …5678"]
        );
    }

    #[test]
    fn nobody_passes_for_another() {
        let labels = labels([(81_234, None), (95_678, Some("unknown …1234"))]);
        assert_eq!(labels, ["unknown …81234", "unknown …1234 …5678"]);
    }

    #[test]
    fn short_ids_are_told_apart() {
        assert_eq!(
            labels([
                (7, None),
                (10_007, None),
                (0, Some("Z")),
                (70_000, Some("Z"))
            ]),
            ["unknown …0007", "unknown …10007", "Z …0000", "Z …70000"]
        );
    }
}
