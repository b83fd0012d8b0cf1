//! How text is written so that it stays text.

const fn unreserved() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    table
}

const fn plain_in_json(braces: bool) -> [bool; 256] {
    let mut table = [true; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = false;
        byte += 1;
    }
    table[b'"' as usize] = false;
    table[b'\\' as usize] = false;
    table[b'{' as usize] = !braces;
    table
}

static UNRESERVED: [bool; 256] = unreserved();
static PLAIN: [bool; 256] = plain_in_json(false);
static PLAIN_WITHOUT_BRACES: [bool; 256] = plain_in_json(true);
const UPPER: &[u8; 16] = b"0123456789ABCDEF";
const LOWER: &[u8; 16] = b"0123456789abcdef";

/// Percent-encodes all but the unreserved characters.
pub(crate) fn percent(out: &mut String, text: &str) {
    runs(out, text, &UNRESERVED, |out, byte| {
        out.push('%');
        hex(out, byte, UPPER);
    });
}

/// Writes the inside of a JSON string; with `braces`, `{` too is escaped.
pub(crate) fn json(out: &mut String, text: &str, braces: bool) {
    let table = if braces {
        &PLAIN_WITHOUT_BRACES
    } else {
        &PLAIN
    };
    runs(out, text, table, |out, byte| match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        _ => {
            out.push_str("\\u00");
            hex(out, byte, LOWER);
        }
    });
}

fn hex(out: &mut String, byte: u8, digits: &[u8; 16]) {
    for digit in [byte >> 4, byte & 15] {
        out.push(char::from(digits[usize::from(digit)]));
    }
}

/// Copies what `table` says is plain, in as few pieces as possible, and hands the other bytes to `escape`.
///
/// A table either leaves no byte of a multi-byte character plain, or all of them.
fn runs(out: &mut String, text: &str, table: &[bool; 256], escape: impl Fn(&mut String, u8)) {
    let mut copied = 0;
    for (place, byte) in text.bytes().enumerate() {
        if !table[usize::from(byte)] {
            // An empty run may stand inside a character, which is no place to cut at.
            if copied < place {
                out.push_str(&text[copied..place]);
            }
            escape(out, byte);
            copied = place + 1;
        }
    }
    out.push_str(&text[copied..]);
}

/// True when a path segment, or a part of it that a server may cut out after decoding, is `.` or `..`.
pub(crate) fn climbs(segment: &str) -> bool {
    let escaped_dot = |three: &[u8]| matches!(three, [b'%', b'2', b'e' | b'E']);
    if !segment.contains('.') && !segment.as_bytes().windows(3).any(escaped_dot) {
        return false;
    }
    let mut bytes = segment.as_bytes();
    // Dots of the part so far; nothing when the part has anything else.
    let mut dots = Some(0);
    while let Some(first) = bytes.first() {
        let (decoded, length) = match bytes {
            [b'%', high, low, ..] => match (
                char::from(*high).to_digit(16),
                char::from(*low).to_digit(16),
            ) {
                (Some(high), Some(low)) => (high * 16 + low, 3),
                _ => (u32::from(*first), 1),
            },
            _ => (u32::from(*first), 1),
        };
        bytes = &bytes[length..];
        match char::from_u32(decoded) {
            Some('.') => dots = dots.map(|dots| dots + 1),
            Some('/' | '\\') if is_dots(dots) => return true,
            Some('/' | '\\') => dots = Some(0),
            _ => dots = None,
        }
    }
    is_dots(dots)
}

fn is_dots(dots: Option<u32>) -> bool {
    matches!(dots, Some(1 | 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay_in_a_url() {
        let mut out = String::new();
        percent(&mut out, "aZ09-._~ /?#%@é\u{0}");
        assert_eq!(out, "aZ09-._~%20%2F%3F%23%25%40%C3%A9%00");
    }

    #[test]
    fn a_json_string_reads_back_as_it_was() {
        let all: String = (0..0x250).filter_map(char::from_u32).collect();
        for braces in [false, true] {
            let mut out = String::from("\"");
            json(&mut out, &all, braces);
            out.push('"');
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), all);
            assert_eq!(out.contains('{'), !braces);
        }
    }

    #[test]
    fn dots_climb_however_they_are_spelled() {
        for climbing in [
            ".",
            "..",
            "%2e",
            "%2E.",
            ".%2e",
            "..%2fx",
            "x%2F..",
            "a%5c..%5cb",
            "%2f.",
            "./",
        ] {
            assert!(climbs(climbing), "{climbing}");
        }
        for staying in [
            "",
            "...",
            "a.b",
            ".a",
            "a..",
            "%252e%252e",
            "v1.2",
            "%2",
            "%zz",
            "..;",
            "a%2Fb",
        ] {
            assert!(!climbs(staying), "{staying}");
        }
    }
}
