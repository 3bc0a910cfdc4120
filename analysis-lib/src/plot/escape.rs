//! Text from outside, made harmless.
//!
//! Names are chosen by strangers. What stands in one is text in a figure and
//! nothing else.

use super::style::is_mark;

/// The text on one line, without what could leave its place: control
/// characters and those that turn the direction of writing are dropped, breaks
/// become spaces, of marks that stack on one letter three are kept, and what
/// follows after `limit` characters is an ellipsis. What XML forbids and
/// Unicode reserves becomes the replacement character.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let mut clean = String::new();
    let mut length = 0;
    let mut marks = 0;
    for c in text.chars() {
        let c = match c {
            _ if c.is_whitespace() => ' ',
            _ if c.is_control() => continue,
            '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' => continue,
            '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => continue,
            _ if c as u32 & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}') => '\u{fffd}',
            _ => c,
        };
        if is_mark(c) {
            marks += 1;
            if marks > 3 {
                continue;
            }
        } else {
            marks = 0;
        }
        if c == ' ' && clean.ends_with(' ') {
            continue;
        }
        if length == limit {
            clean.push('…');
            break;
        }
        clean.push(c);
        length += 1;
    }
    clean.trim().to_owned()
}

/// Whether nothing of the text would be seen.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_whitespace()
            || is_mark(c)
            // Letters that have no ink: fillers, the empty Braille cell, joiners.
            || matches!(c, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{2060}'..='\u{2064}' | '\u{2800}' | '\u{3164}'
                | '\u{ffa0}' | '\u{1d159}' | '\u{e0000}'..='\u{e0fff}')
    })
}

/// The text as XML and HTML content or attribute value.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    // The kernel cuts a cell's output at lines that begin with this.
    escaped.replace("EVCXR_", "EVCXR&#95;")
}

/// A field of a CSV file (RFC 4180). A text that a spreadsheet would take for a
/// formula gets an apostrophe before it.
pub(crate) fn csv_field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if formula || text.contains(['"', ',', '\n', '\r', ';']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_leave_its_place_is_gone() {
        assert_eq!(clean("a\u{0}\u{1b}[31mb\nc\t\td", 99), "a[31mb c d");
        assert_eq!(clean("\u{202e}evil\u{2066}", 99), "evil");
        assert_eq!(clean("a\u{ffff}\u{fdd0}", 99), "a\u{fffd}\u{fffd}");
        assert_eq!(clean(&"x".repeat(10_000), 5), "xxxxx…");
        let stacked = format!("Z{}", "\u{301}".repeat(50));
        assert_eq!(clean(&stacked, 99).chars().count(), 4);
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(
            escape("<script>'\"&]]></script>"),
            "&lt;script&gt;&#39;&quot;&amp;]]&gt;&lt;/script&gt;"
        );
        assert!(!escape("EVCXR_END_CONTENT").contains("EVCXR_END_CONTENT"));
    }

    #[test]
    fn invisible_names_are_blank() {
        for blank in ["", " ", "\u{200b}", "\u{3164}", "\u{2800}\u{2800}"] {
            assert!(is_blank(blank), "{blank:?}");
        }
        assert!(!is_blank("."));
    }

    #[test]
    fn a_spreadsheet_sees_text() {
        assert_eq!(csv_field("Ann"), "Ann");
        assert_eq!(csv_field("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv_field("=1+1"), "\"'=1+1\"");
        assert_eq!(csv_field("@x"), "\"'@x\"");
    }
}
