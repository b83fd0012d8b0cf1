//! Strict JSON (RFC 8259), read without recursion; placeholders may stand where values do.

mod lexer;

pub(crate) use lexer::{Container, Event, Fault, Lexer, Scalar, Text};

/// The text that the inside of a JSON string stands for. The lexer has read it, so every escape is whole.
pub(crate) fn unescape(inside: &str) -> String {
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut chars = escaped.chars();
        out.push(match chars.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let (decoded, length) = code_point(chars.as_str()).unwrap_or(('\u{fffd}', 0));
                chars = chars.as_str()[length..].chars();
                decoded
            }
            Some(itself) => itself,
            None => break,
        });
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

/// What follows `\u`, with the second half of a surrogate pair; and its length. Nothing for a surrogate alone.
fn code_point(text: &str) -> Option<(char, usize)> {
    let unit = hex(text)?;
    if let Some(decoded) = char::from_u32(unit) {
        return Some((decoded, 4));
    }
    let low = hex(text.get(4..)?.strip_prefix("\\u")?)?;
    if !(0xd800..0xdc00).contains(&unit) || !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)).map(|decoded| (decoded, 10))
}

fn hex(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    let valid = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| valid)
}
