//! What can't be seen of a name, against Python's tables of Unicode.

use std::process::Command;

use analysis_lib::Names;

/// The characters of these general categories, as Python's `unicodedata` has
/// them.
fn characters(categories: &str) -> Vec<char> {
    let python = std::env::var("REFERENCE_PYTHON")
        .expect("Python has Unicode's tables, and REFERENCE_PYTHON is not set; run `make test`");
    let script = "import sys, unicodedata\nfor code in range(sys.maxunicode + 1):\n    if unicodedata.category(chr(code)) in sys.argv[1].split(): print(code)";
    let output = Command::new(python)
        .args(["-c", script, categories])
        .output();
    let codes = String::from_utf8(output.unwrap().stdout).unwrap();
    let characters = codes
        .lines()
        .map(|code| char::from_u32(code.parse().unwrap()).unwrap());
    characters.collect()
}

/// Whether a member called by this alone has a name.
fn is_name(text: String) -> bool {
    !Names::from_iter([(5, text)]).is_empty()
}

#[test]
fn what_only_combines_or_is_blank_is_no_name() {
    let unseen = characters("Mn Me Zs Zl Zp Cc");
    assert!(unseen.len() > 1900, "{}", unseen.len());
    for c in unseen {
        // A sign of Ahom's, which takes room since Unicode 16.
        assert!(!is_name(format!("{c}{c}")) || c == '\u{1171e}', "{c:?}");
        assert!(is_name(format!("{c}A{c}")), "{c:?}");
    }
}

/// `Default_Ignorable_Code_Point`, which Python's tables don't have.
#[test]
fn what_may_be_ignored_is_no_name() {
    for range in [
        0xad..=0xad,
        0x34f..=0x34f,
        0x61c..=0x61c,
        0x115f..=0x1160,
        0x17b4..=0x17b5,
        0x180b..=0x180f,
        0x200b..=0x200f,
        0x202a..=0x202e,
        0x2060..=0x206f,
        0x3164..=0x3164,
        0xfe00..=0xfe0f,
        0xfeff..=0xfeff,
        0xffa0..=0xffa0,
        0xfff0..=0xfff8,
        0x1bca0..=0x1bca3,
        0x1d173..=0x1d17a,
        0xe0000..=0xe0fff_u32,
    ] {
        for c in range.filter_map(char::from_u32) {
            assert!(!is_name(c.into()), "{c:?}");
        }
    }
}

#[test]
fn every_letter_digit_sign_and_emoji_is_a_name() {
    let seen = characters("Lu Ll Lt Lm Lo Mc Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So");
    assert!(seen.len() > 130_000, "{}", seen.len());
    let fillers = "\u{115f}\u{1160}\u{3164}\u{ffa0}\u{2800}\u{1d159}";
    for c in seen {
        assert_eq!(is_name(c.into()), !fillers.contains(c), "{c:?}");
    }
}
