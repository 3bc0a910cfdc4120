//! Labels that tell members apart, whatever names strangers choose.

use std::collections::BTreeMap;

use crate::MemberId;
use activity_data::text::{TAIL, seen, tail, tell_apart};

/// What is shown for a member without a name that we know nothing else about.
pub(super) fn unknown(id: MemberId) -> String {
    format!("unknown {}", tail(id, TAIL))
}

/// A label for each id, no two of which look alike: the name, with the end of the
/// id where another's looks the same, or where it could be taken for all hidden
/// members or all others together.
pub(super) fn distinct(names: &BTreeMap<MemberId, Option<&str>>) -> BTreeMap<MemberId, String> {
    let members: Vec<_> = names.iter().collect();
    let label = |index: usize, digits: usize| match members[index] {
        (_, Some(name)) if digits == 0 => (*name).to_owned(),
        (&id, name) => format!("{} {}", name.unwrap_or("unknown"), tail(id, digits)),
    };
    let first = names.values().map(|name| match name {
        Some(name) if !is_ours(name) => 0,
        _ => TAIL,
    });
    let digits = tell_apart(first.collect(), label).into_iter().enumerate();
    let labels = digits.map(|(index, digits)| label(index, digits));
    names.keys().copied().zip(labels).collect()
}

/// Whether a name looks like what we call several members together.
fn is_ours(name: &str) -> bool {
    let name = seen(name).to_lowercase();
    let mut rests = ["hidden", "others"]
        .iter()
        .filter_map(|ours| name.strip_prefix(ours));
    rests.any(|rest| rest.is_empty() || rest.trim_start().starts_with('('))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels<const N: usize>(names: [(u64, Option<&str>); N]) -> Vec<String> {
        let names = names.map(|(id, name)| (MemberId::from(id), name));
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

    #[test]
    fn names_that_look_alike_are_told_apart() {
        let alike = ["Ann", "Ann\u{200b}", "A\u{ad}nn", "Ann\u{200f}", "Ann "];
        let names = std::array::from_fn::<_, 5, _>(|i| (111_230 + i as u64, Some(alike[i])));
        let labels = labels(names);
        for (label, end) in labels.iter().zip(["1230", "1231", "1232", "1233", "1234"]) {
            assert!(label.ends_with(&format!(" …{end}")), "{labels:?}");
        }
    }

    #[test]
    fn nobody_passes_for_several_together() {
        for name in [
            "others (3 members)",
            "hidden (2 members)",
            "Hidden\u{200b} (1 member)",
            "others\u{2800}(36 members)",
            "hidden",
        ] {
            assert_eq!(labels([(111_234, Some(name))]), [format!("{name} …1234")]);
        }
        assert_eq!(labels([(1, Some("hiddenite"))]), ["hiddenite"]);
    }
}
