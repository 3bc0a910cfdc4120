//! Text from outside as XML.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(
            escape("<script>'\"&]]></script>"),
            "&lt;script&gt;&#39;&quot;&amp;]]&gt;&lt;/script&gt;"
        );
        assert!(!escape("EVCXR_END_CONTENT").contains("EVCXR_END_CONTENT"));
    }
}
