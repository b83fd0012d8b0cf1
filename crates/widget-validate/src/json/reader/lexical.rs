//! Strings, numbers, words, and what stands between them.

use super::Reader;
use super::words::{SPACES, plain_length, spaces, stops};
use crate::code::structure;
use crate::json::text::hex4;
use crate::json::{NONE, NodeId, Type};
use crate::span::Span;

impl Reader<'_> {
    /// Reads a string; tells whether it has escapes. `None` when it has no end.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Option<bool> {
        let start = self.at;
        let mut rest = self.bytes.get(start + 1..).unwrap_or(b"");
        while let Some((word, behind)) = rest.split_first_chunk() {
            let stops = stops(u64::from_le_bytes(*word));
            if stops == 0 {
                rest = behind;
                continue;
            }
            let bits = stops.trailing_zeros() & !7;
            let at = self.bytes.len() - rest.len() + bits as usize / 8;
            if u64::from_le_bytes(*word) >> bits & 0xff == u64::from(b'"') {
                self.at = at + 1;
                return Some(false);
            }
            self.at = at;
            return self.rest_of_string(start);
        }
        self.at = self.bytes.len() - rest.len();
        self.rest_of_string(start)
    }

    /// Goes on with a string that has an escape, a mistake or no end.
    #[inline(never)]
    fn rest_of_string(&mut self, start: usize) -> Option<bool> {
        let mut special = false;
        loop {
            self.at += plain_length(self.bytes.get(self.at..).unwrap_or(b""));
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Some(special);
                }
                Some(b'\\') => {
                    special = true;
                    self.escape()?;
                }
                Some(0..=0x1f) => {
                    let at = self.at;
                    self.at += 1;
                    self.defect(
                        structure::JSON_SYNTAX,
                        at,
                        "a control character stands in a string".to_owned(),
                        "write it as an escape, such as \\n or \\u0000",
                    );
                }
                Some(_) => self.at += 1,
                None => {
                    let node = self.current();
                    self.defect_at(
                        structure::JSON_SYNTAX,
                        node,
                        Span::new(start, self.at),
                        "a string has no closing quote".to_owned(),
                        "the document is cut off, or a quote is missing",
                    );
                    return None;
                }
            }
        }
    }

    pub(super) fn escape(&mut self) -> Option<()> {
        let start = self.at;
        match self.bytes.get(start + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => match hex4(self.document.text, start + 2) {
                None => {
                    self.at += 2;
                    self.defect(
                        structure::JSON_SYNTAX,
                        start,
                        "an escape lacks its four hexadecimal digits".to_owned(),
                        "write \\u and four hexadecimal digits",
                    );
                }
                Some(high @ 0xD800..=0xDBFF) => {
                    let low = (self.bytes.get(start + 6..start + 8) == Some(b"\\u"))
                        .then(|| hex4(self.document.text, start + 8))
                        .flatten();
                    if let Some(0xDC00..=0xDFFF) = low {
                        self.at += 12;
                    } else {
                        self.at += 6;
                        self.surrogate(start, high);
                    }
                }
                Some(low @ 0xDC00..=0xDFFF) => {
                    self.at += 6;
                    self.surrogate(start, low);
                }
                Some(_) => self.at += 6,
            },
            Some(_) => {
                self.at += 1;
                self.at += self
                    .document
                    .text
                    .get(self.at..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(1, char::len_utf8);
                self.defect(
                    structure::JSON_SYNTAX,
                    start,
                    "JSON has no such escape".to_owned(),
                    "double the backslash, or use one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u",
                );
            }
            // The end of the text; the caller reports the missing quote.
            None => self.at += 1,
        }
        Some(())
    }

    pub(super) fn surrogate(&mut self, start: usize, unit: u32) {
        let message = format!("\\u{unit:04x} is half of a surrogate pair and stands alone");
        self.defect(
            structure::LONE_SURROGATE,
            start,
            message,
            "write both halves, or the character itself",
        );
    }

    #[inline]
    pub(super) fn number(&mut self, id: u32) {
        let start = self.at;
        let first = self.peek();
        let rest = self.bytes.get(start..).unwrap_or(b"");
        self.at += rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        // Most numbers are a few digits and nothing else.
        let digits = self.at - start;
        if !(1..=300).contains(&digits)
            || (first == b'0' && digits > 1)
            || is_of_number(self.peek())
        {
            self.rest_of_number(id, start);
        }
    }

    /// Goes on with a number that has a sign, a fraction, an exponent, very many digits or a mistake.
    #[inline(never)]
    fn rest_of_number(&mut self, id: u32, start: usize) {
        while is_of_number(self.peek()) {
            self.at += 1;
        }
        let text = &self.document.text[start..self.at];
        if is_number(text.as_bytes()) {
            // Without an exponent, fewer than 300 digits are always finite.
            let large = text.len() > 300 || text.bytes().any(|byte| matches!(byte, b'e' | b'E'));
            if large && !text.parse::<f64>().is_ok_and(f64::is_finite) {
                self.document.nodes[id as usize].special = true;
                let message = "the number is too large and reads as infinity".to_owned();
                self.defect(
                    structure::NON_FINITE_NUMBER,
                    start,
                    message,
                    "write a number below 1.8e308",
                );
            }
            return;
        }
        self.document.nodes[id as usize].special = true;
        let word = text.trim_start_matches(['+', '-']);
        if ["nan", "infinity", "inf"]
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
        {
            self.not_finite(start);
        } else {
            let message = "this is not a JSON number".to_owned();
            let hint = "write decimal digits without leading zeros, plus signs or separators";
            self.defect(structure::JSON_SYNTAX, start, message, hint);
        }
    }

    pub(super) fn not_finite(&mut self, start: usize) {
        let message = format!("JSON has no {}", &self.document.text[start..self.at]);
        self.defect(
            structure::NON_FINITE_NUMBER,
            start,
            message,
            "write a number, or null",
        );
    }

    /// Reads `true`, `false`, `null`, or the words that JavaScript prints in their place.
    pub(super) fn word(&mut self, id: u32) -> Option<()> {
        let start = self.at;
        while let b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' = self.peek() {
            self.at += 1;
        }
        match &self.document.text[start..self.at] {
            "null" => {}
            "true" | "false" => self.document.nodes[id as usize].kind = Type::Bool,
            word if word.eq_ignore_ascii_case("nan")
                || word.eq_ignore_ascii_case("infinity")
                || word.eq_ignore_ascii_case("inf") =>
            {
                self.document.nodes[id as usize].kind = Type::Number;
                self.document.nodes[id as usize].special = true;
                self.not_finite(start);
            }
            _ => {
                let end = self.at;
                self.defect_at(
                    structure::JSON_SYNTAX,
                    Some(NodeId(id)),
                    Span::new(start, end),
                    "JSON has no such word".to_owned(),
                    "put texts in double quotes; true, false and null are lower case",
                );
                self.finish(id);
                return None;
            }
        }
        Some(())
    }

    /// Skips white space, and comments, which it reports; answers the byte that follows, 0 at the end.
    #[inline(always)]
    pub(super) fn token(&mut self) -> u8 {
        // Compact documents have nothing to skip at most places.
        let byte = self.peek();
        if is_token(byte) {
            byte
        } else {
            self.skip_indentation(byte)
        }
    }

    /// The same where one byte is likely: it is looked for first.
    #[inline(always)]
    pub(super) fn token_or(&mut self, likely: u8) -> u8 {
        if self.peek() == likely {
            likely
        } else {
            self.token()
        }
    }

    /// Skips what indented documents have between tokens: a line break or a space, and then fewer than eight spaces.
    #[inline(never)]
    fn skip_indentation(&mut self, first: u8) -> u8 {
        let ahead = self
            .bytes
            .get(self.at..)
            .and_then(|rest| rest.first_chunk::<9>());
        if let Some([_, word @ ..]) = ahead
            && (first == b'\n' || first == b' ')
        {
            let word = u64::from_le_bytes(*word);
            let bits = (word ^ SPACES).trailing_zeros() & !7;
            self.at += 1 + bits as usize / 8;
            // Nothing is left to shift out of eight spaces.
            let byte = word.checked_shr(bits).unwrap_or(0) as u8;
            if is_token(byte) {
                return byte;
            }
        }
        self.skip_blanks()
    }

    #[inline(never)]
    fn skip_blanks(&mut self) -> u8 {
        loop {
            match self.peek() {
                b' ' => self.at += spaces(self.bytes.get(self.at..).unwrap_or(b"")),
                b'\n' | b'\r' | b'\t' => self.at += 1,
                b'/' if matches!(self.bytes.get(self.at + 1), Some(b'/' | b'*')) => self.comment(),
                other => return other,
            }
        }
    }

    #[cold]
    pub(super) fn comment(&mut self) {
        let start = self.at;
        let rest = &self.document.text[start + 2..];
        let length = if self.bytes[start + 1] == b'/' {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        };
        self.at = start + 2 + length;
        let node = (self.open != NONE).then_some(NodeId(self.open));
        self.defect_at(
            structure::JSON_SYNTAX,
            node,
            Span::new(start, self.at),
            "JSON has no comments".to_owned(),
            "remove the comment",
        );
    }
}

/// False for white space, control characters and what may begin a comment.
#[inline(always)]
fn is_token(byte: u8) -> bool {
    byte > b' ' && byte != b'/'
}

/// Bytes that are taken for a part of a number, right or wrong.
fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_')
}

/// The number grammar of RFC 8259.
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text[0] == b'0') {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    match rest {
        [] => true,
        [b'e' | b'E', exponent @ ..] => {
            let exponent = exponent
                .strip_prefix(b"+")
                .or_else(|| exponent.strip_prefix(b"-"))
                .unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
        _ => false,
    }
}
