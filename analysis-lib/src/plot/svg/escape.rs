//! Text from outside as XML.

/// The text as XML and HTML content or attribute value.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = text.replace('&', "&amp;");
    for (c, entity) in [
        ('<', "&lt;"),
        ('>', "&gt;"),
        ('"', "&quot;"),
        ('\'', "&#39;"),
    ] {
        escaped = escaped.replace(c, entity);
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
