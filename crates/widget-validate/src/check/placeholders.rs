//! `{{placeholders}}` in the widget's URL.

use std::borrow::Cow;

use super::Scan;
use crate::code::placeholders as codes;
use crate::embedder::Placeholder;
use crate::finding::{Draft, shown};
use crate::json::{NodeId, quote};
use crate::patch::Patch;
use crate::similar::nearest;
use crate::span::Span;

/// Checks the placeholders and answers the URL with each replaced by as many ordinary letters, ready to be parsed. `None` when a
/// placeholder leaves the origin open.
pub(super) fn check<'t>(scan: &mut Scan<'_>, node: NodeId, text: &'t str) -> Option<Cow<'t, str>> {
    if !b"{}%".iter().any(|mark| text.as_bytes().contains(mark)) {
        return Some(Cow::Borrowed(text));
    }
    check_encoded(scan, node, text);
    if !text.contains("{{") && !text.contains("}}") {
        return Some(Cow::Borrowed(text));
    }
    let origin_end = text.find("://").map_or(text.len(), |at| {
        at + 3
            + text[at + 3..]
                .find(['/', '?', '#'])
                .unwrap_or(text.len() - at - 3)
    });
    let fragment = text.find('#').unwrap_or(text.len());
    let query = text[..fragment].find('?').unwrap_or(fragment);
    let mut filled = text.as_bytes().to_vec();
    let mut origin_is_open = false;
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(['{', '}']) {
        let start = at + found;
        let Some(body) = text[start..].strip_prefix("{{") else {
            if text[start..].starts_with("}}") {
                let span = Span::new(start, start + 2);
                malformed(
                    scan,
                    node,
                    span,
                    "closing braces without opening ones",
                    None,
                );
                fill(&mut filled, span);
                at = start + 2;
            } else {
                at = start + 1;
            }
            continue;
        };
        let Some(length) = body
            .find("}}")
            .filter(|length| !body[..*length].contains("{{"))
        else {
            let span = Span::new(start, start + 2);
            malformed(
                scan,
                node,
                span,
                "opening braces without closing ones",
                None,
            );
            fill(&mut filled, span);
            at = start + 2;
            continue;
        };
        let name = &body[..length];
        let span = Span::new(start, start + length + 4);
        at = span.end;
        fill(&mut filled, span);
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            malformed(
                scan,
                node,
                span,
                "something else than a name between the braces",
                Some(name.trim()),
            );
            continue;
        }
        names.push((name, span));
        if start < origin_end {
            origin_is_open = true;
            let draft = Draft::new(
                codes::PLACEHOLDER_IN_ORIGIN,
                format!(
                    "{} leaves the origin open",
                    shown(&text[span.start..span.end])
                ),
                "write the host; pass the value in the query",
            );
            scan.inside(node, span, draft);
        } else if start < query || start >= fragment {
            let draft = Draft::new(
                codes::PLACEHOLDER_OUTSIDE_QUERY,
                format!(
                    "{} stands outside the query",
                    shown(&text[span.start..span.end])
                ),
                "pass the value in the query",
            );
            scan.inside(node, span, draft);
        }
    }
    check_names(scan, node, text, &names);
    let filled = String::from_utf8(filled).ok()?;
    if origin_is_open {
        None
    } else {
        Some(Cow::Owned(filled))
    }
}

fn check_names(scan: &mut Scan<'_>, node: NodeId, text: &str, names: &[(&str, Span)]) {
    let embedder = scan.embedder();
    let known: Vec<&str> = embedder
        .placeholders
        .iter()
        .map(|placeholder| placeholder.name.as_ref())
        .collect();
    let present: std::collections::HashSet<&str> = names.iter().map(|(name, _)| *name).collect();
    for (name, span) in names {
        let replace = |new: &str| {
            let url = [&text[..span.start], "{{", new, "}}", &text[span.end..]].concat();
            // Rewriting a long text for each of many placeholders would cost the square of its length.
            (text.len() <= 2_048).then(|| {
                Patch::swap(
                    &scan.document.pointer(node),
                    scan.document.raw(node),
                    quote(&url),
                )
            })
        };
        let Some(placeholder) = embedder
            .placeholders
            .iter()
            .find(|placeholder| placeholder.name == *name)
        else {
            let near = nearest(name, &known);
            let hint = near.map_or_else(
                || "write the value itself, or a placeholder that the embedder fills".to_owned(),
                |near| format!("did you mean {{{{{near}}}}}?"),
            );
            let fix = near.and_then(replace);
            let draft = Draft::new(
                codes::PLACEHOLDER_UNKNOWN,
                format!("the embedder does not fill {}", shown(name)),
                hint,
            )
            .with_fix(fix);
            scan.inside(node, *span, draft);
            continue;
        };
        let Placeholder {
            newer,
            same_value,
            partner,
            ..
        } = placeholder;
        if let Some(newer) = newer {
            let fix = if *same_value { replace(newer) } else { None };
            let draft = Draft::new(
                codes::PLACEHOLDER_OUTDATED,
                format!("{} has been replaced by {}", shown(name), shown(newer)),
                format!("use {{{{{newer}}}}}"),
            )
            .with_fix(fix);
            scan.inside(node, *span, draft);
        }
        if let Some(partner) = partner
            .as_ref()
            .filter(|partner| !present.contains(partner.as_ref()))
        {
            let draft = Draft::new(
                codes::PLACEHOLDER_PAIR,
                format!("{} stands without {}", shown(name), shown(partner)),
                format!("add {partner}={{{{{partner}}}}} to the query"),
            );
            scan.inside(node, *span, draft);
        }
    }
}

/// `%7B%7Bname%7D%7D`: the embedder would not see it.
fn check_encoded(scan: &mut Scan<'_>, node: NodeId, text: &str) {
    let lower = |at: usize, end: usize| {
        text.get(at..end)
            .is_some_and(|part| part.eq_ignore_ascii_case("%7b%7b"))
    };
    let mut at = 0;
    while let Some(found) = text[at..].find('%') {
        let start = at + found;
        at = start + 1;
        if !lower(start, start + 6) {
            continue;
        }
        let body = &text[start + 6..];
        let length = body.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let end = start + 6 + length;
        if length == 0
            || !text
                .get(end..end + 6)
                .is_some_and(|part| part.eq_ignore_ascii_case("%7d%7d"))
        {
            continue;
        }
        let span = Span::new(start, end + 6);
        at = span.end;
        let decoded = [
            &text[..start],
            "{{",
            &body[..length],
            "}}",
            &text[span.end..],
        ]
        .concat();
        let fix = (text.len() <= 2_048).then(|| {
            Patch::swap(
                &scan.document.pointer(node),
                scan.document.raw(node),
                quote(&decoded),
            )
        });
        let draft = Draft::new(
            codes::PLACEHOLDER_ENCODED,
            format!(
                "{} is percent-encoded and will not be filled",
                shown(&body[..length])
            ),
            "write the braces themselves",
        )
        .with_fix(fix);
        scan.inside(node, span, draft);
    }
}

fn malformed(scan: &mut Scan<'_>, node: NodeId, span: Span, what: &str, name: Option<&str>) {
    let hint = match name {
        Some(name) if !name.is_empty() => format!(
            "write {{{{{}}}}} without blanks or punctuation",
            name.chars()
                .filter(char::is_ascii_alphanumeric)
                .take(40)
                .collect::<String>()
        ),
        _ => "write {{name}}".to_owned(),
    };
    scan.inside(
        node,
        span,
        Draft::new(codes::PLACEHOLDER_MALFORMED, what, hint),
    );
}

fn fill(text: &mut [u8], span: Span) {
    text[span.start..span.end].fill(b'x');
}
