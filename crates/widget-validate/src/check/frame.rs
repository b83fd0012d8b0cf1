//! Width and height.

use std::ops::RangeInclusive;

use super::{Scan, text};
use crate::code::{frame, structure};
use crate::coverage::{Area, Checked};
use crate::finding::{Draft, shown};
use crate::json::{NodeId, Type};
use crate::patch::Patch;

/// Reports that there are no dimensions; `below` is the member of `object` that would lead to them.
pub(super) fn missing(scan: &mut Scan<'_>, object: NodeId, below: &str) {
    scan.mark(Area::Frame, Checked::Yes);
    let draft = Draft::new(
        frame::FRAME_MISSING,
        "width and height are missing",
        "add settings.dimensions with width and height",
    );
    scan.missing(object, below, draft);
}

pub(super) fn check(scan: &mut Scan<'_>, dimensions: NodeId) {
    scan.mark(Area::Frame, Checked::Yes);
    if !text::is(scan, dimensions, Type::Object) {
        return;
    }
    let document = scan.document;
    let (mut width, mut height) = (None, None);
    for member in document.children(dimensions) {
        match document.key_bytes(member).as_ref() {
            b"width" => width = Some(member),
            b"height" => height = Some(member),
            _ => {
                let name = document.key(member).unwrap_or_default();
                let draft = Draft::new(
                    structure::UNKNOWN_SETTING,
                    format!("{} is not a dimension that is checked here", shown(&name)),
                    "the dimensions are width and height",
                );
                scan.at_name(member, draft);
            }
        }
    }
    let limits = scan.limits();
    for (name, member, range) in [
        ("width", width, &limits.width),
        ("height", height, &limits.height),
    ] {
        match member {
            Some(member) => check_length(scan, member, name, range),
            None => scan.missing(
                dimensions,
                name,
                Draft::new(
                    frame::FRAME_MISSING,
                    format!("{name} is missing"),
                    format!("add {name} in CSS pixels"),
                ),
            ),
        }
    }
}

fn check_length(scan: &mut Scan<'_>, node: NodeId, name: &str, range: &RangeInclusive<u32>) {
    let document = scan.document;
    let in_range = |length| u32::try_from(length).is_ok_and(|length| range.contains(&length));
    if document
        .whole_number(node)
        .is_some_and(|length| length > 0 && in_range(length))
    {
        return;
    }
    let raw = document.raw(node);
    let (least, most) = (f64::from(*range.start()), f64::from(*range.end()));
    let swap = |number: f64| Patch::swap(&document.pointer(node), raw, format!("{number:.0}"));
    if document.kind(node) != Type::Number {
        let quoted = document
            .string(node)
            .and_then(|text| text.trim().parse::<f64>().ok())
            .filter(|number| number.fract() == 0.0 && (least..=most).contains(number));
        let draft = Draft::new(
            frame::FRAME_TYPE,
            format!(
                "{name} is {} and not a number",
                document.kind(node).described()
            ),
            "write a number without quotes",
        );
        return scan.at(node, draft.with_fix(quoted.map(swap)));
    }
    // Unusable spellings have been reported by the reader.
    let Some(length) = document.number(node) else {
        return;
    };
    if length.fract() != 0.0 {
        let draft = Draft::new(
            frame::FRAME_FRACTION,
            format!("{name} {raw} is not a whole number"),
            "round it",
        );
        scan.at(
            node,
            draft.with_fix(swap(length.round().clamp(least, most))),
        );
    }
    if length <= 0.0 {
        scan.at(
            node,
            Draft::new(
                frame::FRAME_NOT_POSITIVE,
                format!("{name} {raw} is not positive"),
                format!("choose a number from {least} to {most}"),
            ),
        );
    } else if length < least {
        let draft = Draft::new(
            frame::FRAME_TOO_SMALL,
            format!("{name} {raw} is below the minimum of {least}"),
            format!("choose a number from {least} to {most}"),
        );
        scan.at(node, draft.with_fix(swap(least)));
    } else if length > most {
        let draft = Draft::new(
            frame::FRAME_TOO_LARGE,
            format!("{name} {raw} exceeds the maximum of {most}"),
            format!("choose a number from {least} to {most}"),
        );
        scan.at(node, draft.with_fix(swap(most)));
    }
}
