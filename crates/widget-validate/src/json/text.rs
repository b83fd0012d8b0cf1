//! Escapes in strings, both ways.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text of a string body. Unusable escapes become U+FFFD: the reader has reported them.
pub(super) fn unescape(body: &str) -> Cow<'_, str> {
    if !body.contains('\\') {
        return Cow::Borrowed(body);
    }
    let mut text = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        let (letter, used) = one_escape(escape);
        text.push(letter);
        rest = &escape[used..];
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The character of an escape (after its backslash), and how many bytes it takes.
fn one_escape(escape: &str) -> (char, usize) {
    let letter = match escape.bytes().next() {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode_escape(escape),
        _ => return ('\u{fffd}', escape.chars().next().map_or(0, char::len_utf8)),
    };
    (letter, 1)
}

fn unicode_escape(escape: &str) -> (char, usize) {
    let Some(first) = hex4(escape, 1) else {
        return ('\u{fffd}', 1);
    };
    if let Some(letter) = char::from_u32(first) {
        return (letter, 5);
    }
    if first < 0xDC00
        && escape.get(5..7) == Some("\\u")
        && let Some(second @ 0xDC00..=0xDFFF) = hex4(escape, 7)
    {
        let joined = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return (char::from_u32(joined).unwrap_or('\u{fffd}'), 11);
    }
    ('\u{fffd}', 5)
}

/// Four hexadecimal digits.
pub(super) fn hex4(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4)?;
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

/// The text as a JSON string, with quotes.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if (control as u32) < 0x20 || control == '\u{7f}' => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\u{:04x}", control as u32);
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
