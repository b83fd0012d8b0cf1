//! From a member and a place in its text to bytes of the document.

use std::ops::Range;

use serde_json::value::RawValue;

use super::document::Members;
use super::finding::NodeFinding;

/// Tells each finding its bytes.
pub(super) fn fill(findings: &mut [NodeFinding], text: &str, members: &Members<'_>) {
    for finding in findings.iter_mut().filter(|found| found.span.is_none()) {
        finding.span = Some(find(&finding.member, finding.offset, text, members));
    }
}

/// The bytes of a member, or of the character at `offset` of its text. A member that is missing has those of the object that it is
/// missing from.
pub(super) fn find(
    member: &str,
    offset: Option<usize>,
    text: &str,
    members: &Members<'_>,
) -> Range<usize> {
    let Some((raw, exact)) = locate(member, members) else {
        return 0..text.len();
    };
    let start = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let inside = offset.filter(|_| exact);
    match inside.and_then(|offset| character(raw.get(), offset)) {
        Some(range) => start + range.start..start + range.end,
        None => start..start + raw.get().len(),
    }
}

/// The value that a pointer leads to, or the innermost one on the way there; and whether it is the very value.
fn locate<'a>(pointer: &str, members: &Members<'a>) -> Option<(&'a RawValue, bool)> {
    let mut names = pointer
        .split('/')
        .skip(1)
        .map(|name| name.replace("~1", "/").replace("~0", "~"));
    let mut at: &'a RawValue = members.get(&names.next()?)?;
    for name in names {
        let inner: Option<&'a RawValue> = match at.get().bytes().next() {
            Some(b'{') => serde_json::from_str::<Members<'a>>(at.get())
                .ok()
                .and_then(|members| members.get(&name).copied()),
            Some(b'[') => {
                let items = serde_json::from_str::<Vec<&'a RawValue>>(at.get()).ok();
                let index = name.parse::<usize>().ok();
                items
                    .zip(index)
                    .and_then(|(items, index)| items.get(index).copied())
            }
            _ => None,
        };
        match inner {
            Some(inner) => at = inner,
            None => return Some((at, false)),
        }
    }
    Some((at, true))
}

/// The bytes of a JSON string, quotes included, that its decoded byte `offset` was written with.
fn character(literal: &str, offset: usize) -> Option<Range<usize>> {
    let inside = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut decoded = 0;
    let mut at = 0;
    while at < inside.len() {
        let (raw, length) = letter(&inside[at..])?;
        if decoded + length > offset {
            return Some(at + 1..at + 1 + raw);
        }
        decoded += length;
        at += raw;
    }
    // Behind the last character: the closing quote.
    (decoded == offset).then_some(literal.len() - 1..literal.len())
}

/// How long the first character is as it is written, and decoded.
fn letter(text: &str) -> Option<(usize, usize)> {
    let first = text.chars().next()?;
    if first != '\\' {
        return Some((first.len_utf8(), first.len_utf8()));
    }
    if text.as_bytes().get(1) != Some(&b'u') {
        return Some((2, 1));
    }
    let unit = u32::from_str_radix(text.get(2..6)?, 16).ok()?;
    match char::from_u32(unit) {
        Some(decoded) => Some((6, decoded.len_utf8())),
        // A surrogate pair.
        None => Some((12, 4)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_in_a_text_is_found_in_its_literal() {
        let literal = r#""aé\n\u0041\ud83d\ude00z""#;
        let text: String = serde_json::from_str(literal).unwrap();
        for (offset, written) in [
            (0, "a"),
            (1, "é"),
            (3, "\\n"),
            (4, "\\u0041"),
            (5, "\\ud83d\\ude00"),
            (text.find('z').unwrap(), "z"),
            (text.len(), "\""),
        ] {
            assert_eq!(&literal[character(literal, offset).unwrap()], written);
        }
        assert_eq!(character(literal, text.len() + 1), None);
    }
}
