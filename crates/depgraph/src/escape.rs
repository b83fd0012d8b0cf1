//! Texts from outside, made safe for each format.

use std::fmt::{self, Write};

/// True for what a reader cannot see and a renderer may obey: control characters, line separators, marks that turn the direction of
/// writing, and others without a width.
pub(crate) fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Writes a text for people: what cannot be seen is shown as `\n` or `\u{202e}`. At most `max` characters, then an ellipsis.
pub(crate) fn visible(text: &str, max: usize) -> String {
    let mut seen = String::with_capacity(text.len().min(max.saturating_mul(4)));
    for (at, character) in text.chars().enumerate() {
        if at == max {
            seen.push('…');
            break;
        }
        match character {
            '\n' => seen.push_str("\\n"),
            '\r' => seen.push_str("\\r"),
            '\t' => seen.push_str("\\t"),
            _ if is_unseen(character) => seen.extend(character.escape_unicode()),
            _ => seen.push(character),
        }
    }
    seen
}

/// Writes a JSON string with its quotes. What cannot be seen is escaped, so that the document is safe to look at, and `<`, so that it
/// is safe inside a script element.
pub(crate) fn json(text: &str, out: &mut dyn Write) -> fmt::Result {
    out.write_char('"')?;
    let mut plain = 0;
    for (at, character) in text.char_indices() {
        if !(matches!(character, '"' | '\\' | '<') || is_unseen(character)) {
            continue;
        }
        out.write_str(&text[plain..at])?;
        plain = at + character.len_utf8();
        match character {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
    }
    out.write_str(&text[plain..])?;
    out.write_char('"')
}

/// Writes a quoted DOT string.
pub(crate) fn dot(text: &str, out: &mut dyn Write) -> fmt::Result {
    out.write_char('"')?;
    for character in visible(text, usize::MAX).chars() {
        // A backslash would begin one of DOT's own escapes.
        if matches!(character, '"' | '\\') {
            out.write_char('\\')?;
        }
        out.write_char(character)?;
    }
    out.write_char('"')
}

/// Writes text for a quoted Mermaid label: everything but letters, digits and harmless signs as a numeric entity.
pub(crate) fn mermaid(text: &str, out: &mut dyn Write) -> fmt::Result {
    for character in visible(text, usize::MAX).chars() {
        if character.is_alphanumeric()
            || matches!(character, ' ' | '.' | ',' | ':' | '/' | '-' | '_' | '…')
        {
            out.write_char(character)?;
        } else {
            write!(out, "#{};", u32::from(character))?;
        }
    }
    Ok(())
}

/// Writes text for HTML and SVG, between tags or in a quoted attribute.
pub(crate) fn html(text: &str, out: &mut dyn Write) -> fmt::Result {
    html_seen(&visible(text, usize::MAX), out)
}

/// Like [`html`], for text that was made visible already.
pub(crate) fn html_seen(text: &str, out: &mut dyn Write) -> fmt::Result {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        out.write_str(&text[plain..at])?;
        out.write_str(entity)?;
        plain = at + 1;
    }
    out.write_str(&text[plain..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\"b\\</script><img src=x onerror=alert(1)>\n\u{202e}evil\u{2028}#quot; &amp; `x` 'y' \u{5d0}\u{1f600}";

    #[test]
    fn json_is_read_back_unchanged_and_holds_no_tag_and_no_mark() {
        let mut out = String::new();
        json(HOSTILE, &mut out).unwrap();
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), HOSTILE);
        assert!(!out.contains('<') && !out.chars().any(is_unseen));
    }

    #[test]
    fn html_has_no_sign_that_means_anything() {
        let mut out = String::new();
        html(HOSTILE, &mut out).unwrap();
        assert!(!out.contains(['<', '>', '"', '\'']) && !out.chars().any(is_unseen));
        assert!(
            out.contains("\\u{202e}evil") && out.contains("&amp;amp;") && out.contains('\u{5d0}')
        );
    }

    #[test]
    fn dot_strings_end_where_they_should() {
        let mut out = String::new();
        dot(HOSTILE, &mut out).unwrap();
        let inner = &out[1..out.len() - 1];
        let mut escaped = false;
        for character in inner.chars() {
            assert!(escaped || character != '"');
            escaped = !escaped && character == '\\';
        }
        assert!(!escaped && !out.chars().any(is_unseen));
    }

    #[test]
    fn mermaid_labels_hold_no_sign_of_its_grammar() {
        let mut out = String::new();
        mermaid(HOSTILE, &mut out).unwrap();
        let entities = out.replace(|c: char| c.is_alphanumeric() || " .,:/-_…".contains(c), "");
        assert!(entities.chars().all(|c| c == '#' || c == ';'), "{entities}");
    }
}
