//! Checks that many members share: texts, words of a fixed set, whole numbers, lists of ids.

use std::borrow::Cow;

use super::Scan;
use crate::code::structure;
use crate::finding::{Draft, shown};
use crate::json::{NodeId, Type, quote};
use crate::patch::Patch;
use crate::similar::nearest;

/// True when the value has the type; reports otherwise.
#[inline]
pub(super) fn is(scan: &mut Scan<'_>, node: NodeId, expected: Type) -> bool {
    let kind = scan.document.kind(node);
    if kind != expected {
        wrong_type(scan, node, kind, expected);
    }
    kind == expected
}

#[cold]
fn wrong_type(scan: &mut Scan<'_>, node: NodeId, kind: Type, expected: Type) {
    let draft = Draft::new(
        structure::WRONG_TYPE,
        format!(
            "{} is needed here, not {}",
            expected.described(),
            kind.described()
        ),
        "correct the type, or remove the member",
    );
    scan.at(node, draft);
}

/// True when the text holds nothing but white space.
fn is_blank(text: &str) -> bool {
    // Most texts begin with a letter, which is cheaper to tell than where their white space ends.
    !text.starts_with(|letter: char| letter.is_ascii_graphic()) && text.trim().is_empty()
}

/// A text that is not empty and not too long; answers it when it is a string at all.
pub(super) fn required_text<'s>(
    scan: &mut Scan<'s>,
    node: NodeId,
    longest: usize,
) -> Option<Cow<'s, str>> {
    let text = optional_text(scan, node, longest)?;
    if is_blank(&text) {
        scan.at(
            node,
            Draft::new(structure::EMPTY_VALUE, "the text is empty", "fill it in"),
        );
        return None;
    }
    Some(text)
}

/// A text that is not too long.
pub(super) fn optional_text<'s>(
    scan: &mut Scan<'s>,
    node: NodeId,
    longest: usize,
) -> Option<Cow<'s, str>> {
    if !is(scan, node, Type::String) {
        return None;
    }
    let text = scan.document.string(node)?;
    // Bytes are an upper bound of characters; most texts need no counting.
    if text.len() > longest {
        let length = text.chars().count();
        if length > longest {
            scan.at(
                node,
                Draft::new(
                    structure::TOO_LONG,
                    format!("{length} characters, the limit is {longest}"),
                    "shorten it",
                ),
            );
        }
    }
    Some(text)
}

/// One of a fixed set of words.
pub(super) fn word(scan: &mut Scan<'_>, node: NodeId, words: &[&str]) {
    if !is(scan, node, Type::String) {
        return;
    }
    let Some(text) = scan.document.string(node) else {
        return;
    };
    if words.contains(&text.as_ref()) {
        return;
    }
    unknown_word(scan, node, &text, words);
}

#[cold]
fn unknown_word(scan: &mut Scan<'_>, node: NodeId, text: &str, words: &[&str]) {
    if is_blank(text) {
        return scan.at(
            node,
            Draft::new(
                structure::EMPTY_VALUE,
                "the text is empty",
                format!("write one of: {}", words.join(", ")),
            ),
        );
    }
    let near = nearest(text, words);
    let hint = near.map_or_else(
        || format!("write one of: {}", words.join(", ")),
        |near| format!("did you mean {near}?"),
    );
    let fix = near.map(|near| {
        Patch::swap(
            &scan.document.pointer(node),
            scan.document.raw(node),
            quote(near),
        )
    });
    scan.at(
        node,
        Draft::new(
            structure::UNKNOWN_VALUE,
            format!("{} is not allowed here", shown(text)),
            hint,
        )
        .with_fix(fix),
    );
}

/// A whole number within bounds.
pub(super) fn whole_number(scan: &mut Scan<'_>, node: NodeId, least: f64, most: f64, unit: &str) {
    if !is(scan, node, Type::Number) {
        return;
    }
    // Unusable spellings have been reported by the reader.
    let Some(number) = scan.document.number(node) else {
        return;
    };
    if number.fract() != 0.0 || number < least || number > most {
        let fixed = number.round().clamp(least, most);
        let fix = Patch::swap(
            &scan.document.pointer(node),
            scan.document.raw(node),
            format!("{fixed:.0}"),
        );
        let draft = Draft::new(
            structure::OUT_OF_RANGE,
            format!(
                "{} is not a whole number from {least} to {most}{unit}",
                scan.document.raw(node)
            ),
            "choose a number in that range",
        );
        scan.at(node, draft.with_fix(fix));
    }
}

/// A list of different ids.
pub(super) fn ids(scan: &mut Scan<'_>, list: NodeId) {
    if !is(scan, list, Type::Array) {
        return;
    }
    let document = scan.document;
    let limit = scan.limits().max_items;
    let count = document.children(list).count();
    if count > limit {
        scan.at(
            list,
            Draft::new(
                structure::TOO_LONG,
                format!("{count} entries, the limit is {limit}"),
                "shorten the list",
            ),
        );
    }
    let mut seen = std::collections::HashSet::new();
    for item in document.children(list) {
        let Some(id) = required_text(scan, item, 256) else {
            continue;
        };
        if !seen.insert(id.into_owned()) {
            let fix = Patch::new()
                .with_test(document.pointer(item), document.raw(item))
                .with_remove(document.pointer(item));
            scan.at(
                item,
                Draft::new(
                    structure::REPEATED_ITEM,
                    format!("{} stands in the list already", shown(document.raw(item))),
                    "remove it",
                )
                .with_fix(fix),
            );
        }
    }
}

/// A member that the format does not have. Where a known name is near and free, the fix renames it, else it removes it.
pub(super) fn unknown_member(scan: &mut Scan<'_>, object: NodeId, member: NodeId, known: &[&str]) {
    if !scan.wants(structure::UNKNOWN_MEMBER) {
        return;
    }
    let document = scan.document;
    let name = document.key(member).unwrap_or_default();
    let pointer = document.pointer(member);
    let near = nearest(&name, known).filter(|near| is_free(scan, object, known, near));
    let (hint, fix) = match near {
        Some(near) => {
            let path = crate::patch::child_pointer(&document.pointer(object), near);
            (
                format!("did you mean {near}?"),
                Patch::new().with(crate::patch::Operation::Move {
                    from: pointer,
                    path,
                }),
            )
        }
        None => ("remove it".to_owned(), Patch::new().with_remove(pointer)),
    };
    scan.at_name(
        member,
        Draft::new(
            structure::UNKNOWN_MEMBER,
            format!("{} is not part of the format", shown(&name)),
            hint,
        )
        .with_fix(fix),
    );
}

/// True when the object has no member of that known name. Looks through the object once and not for every finding.
fn is_free(scan: &mut Scan<'_>, object: NodeId, known: &[&str], name: &str) -> bool {
    let document = scan.document;
    let present = match scan.present {
        Some((of, present)) if of == object => present,
        _ => document.children(object).fold(0_u64, |present, member| {
            let place = known.iter().position(|name| document.key_is(member, name));
            place.map_or(present, |place| present | 1 << (place % 64))
        }),
    };
    scan.present = Some((object, present));
    let place = known.iter().position(|known| *known == name);
    place.is_none_or(|place| present & 1 << (place % 64) == 0)
}

/// A member that the format needs.
pub(super) fn missing_member(scan: &mut Scan<'_>, object: NodeId, name: &str) {
    scan.missing(
        object,
        name,
        Draft::new(
            structure::MISSING_MEMBER,
            format!("{name} is required"),
            "add it",
        ),
    );
}
