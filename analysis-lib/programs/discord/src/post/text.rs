//! Plain text in Discord's markdown.

/// The letters that Discord takes in a message.
pub(super) const CONTENT: usize = 2000;
/// And in a picture's description.
pub(super) const DESCRIPTION: usize = 1024;

/// Text that Discord shows as it is: nothing in it is formatted, mentions anybody,
/// stands for a time or an emoji, or is a link.
///
/// A name may hold all of these.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '*' | '_' | '~' | '`' | '|' | '#' | '[' | ']' | '>' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            // Nothing stands for a mention or a time any more when a space without a
            // width follows its first letter.
            '@' | '<' => escaped.extend([letter, '\u{200b}']),
            // A link begins with these three.
            '/' if escaped.ends_with(":/") => escaped.extend(['\u{200b}', '/']),
            '-' if escaped.is_empty() || escaped.ends_with('\n') => escaped.push_str("\\-"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// A table's text under its title, in letters of one width; the last rows are left out
/// where it would be too long, and their number is said. `below` follows.
pub fn as_code(title: &str, table: &str, below: &str) -> String {
    let title = escape(title);
    let below = shorten(&escape(below), CONTENT / 2);
    // A block of code ends with three of these.
    let table = table.replace('`', "`\u{200b}");
    let lines: Vec<&str> = table.lines().collect();
    (0..=lines.len())
        .rev()
        .map(|shown| {
            let left = match lines.len() - shown {
                0 => String::new(),
                left => format!("\n… and {left} more rows"),
            };
            let rows = lines[..shown].join("\n");
            format!("**{title}**\n```\n{rows}{left}\n```\n{below}")
        })
        .find(|text| length(text) <= CONTENT)
        .unwrap_or(below)
}

/// As Discord counts.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text, cut at a word where it is longer.
pub(super) fn shorten(text: &str, most: usize) -> String {
    if length(text) <= most {
        return text.to_owned();
    }
    let mut cut = String::new();
    for word in text.split_inclusive(' ') {
        if length(&cut) + length(word) >= most {
            break;
        }
        cut += word;
    }
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_mentions_nobody_and_formats_nothing() {
        let name = r#"@everyone <@1> <t:0:R> **b** `c` [x](https://e.x) # h > q ||s||"#;
        let escaped = escape(name);
        assert!(
            !escaped.contains("@everyone") && !escaped.contains("<@") && !escaped.contains("<t:")
        );
        assert!(!escaped.contains("://") && escaped.contains("\\]("));
        let shown: String = escaped
            .chars()
            .filter(|&letter| letter != '\\' && letter != '\u{200b}')
            .collect();
        assert_eq!(shown, name);
        assert_eq!(escape("- 3 % less\n- x"), "\\- 3 % less\n\\- x");
    }

    #[test]
    fn a_table_that_is_too_long_says_how_much_is_missing() {
        let row = "a name with `ticks` 12345";
        let table = vec![row; 200].join("\n");
        let text = as_code("Members", &table, "Ann wrote most.");
        assert!(length(&text) <= CONTENT && text.ends_with("```\nAnn wrote most."));
        let shown = text.matches("12345").count();
        assert!(text.contains(&format!("… and {} more rows", 200 - shown)));
        assert_eq!(text.matches("```").count(), 2);
        assert!(as_code("Members", row, "").contains("12345\n```"));
    }

    #[test]
    fn text_is_cut_between_words() {
        assert_eq!(shorten("one two three", 9), "one two…");
        assert_eq!(shorten("one two", 7), "one two");
        assert!(length(&shorten(&"🎉 ".repeat(2000), DESCRIPTION)) <= DESCRIPTION);
    }
}
