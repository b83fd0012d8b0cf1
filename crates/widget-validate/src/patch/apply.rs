//! Operations as edits of the text.

use super::{Operation, PatchErrorKind};
use crate::json::{Document, NodeId, Type, quote, unescape_token};
use crate::span::Span;

const DEPTH: usize = 512;

pub(super) fn apply_one(operation: &Operation, text: Vec<u8>) -> Result<Vec<u8>, PatchErrorKind> {
    let document = read(&text)?;
    match operation {
        Operation::Test { path, value } => {
            let node = document.find(path).ok_or(PatchErrorKind::Path)?;
            let expected = Document::parse(value.as_bytes(), DEPTH);
            let root = expected
                .root()
                .filter(|_| expected.is_complete())
                .ok_or(PatchErrorKind::Value)?;
            if !equal(&document, node, &expected, root) {
                return Err(PatchErrorKind::Test);
            }
            Ok(text)
        }
        Operation::Replace { path, value } => {
            let node = document.find(path).ok_or(PatchErrorKind::Path)?;
            let span = document.span(node);
            Ok(splice(&text, span, checked(value)?))
        }
        Operation::Remove { path } => {
            let node = document.find(path).ok_or(PatchErrorKind::Path)?;
            remove(&document, node, &text)
        }
        Operation::Add { path, value } => add(&document, path, checked(value)?, &text),
        Operation::Copy { from, path } => {
            let node = document.find(from).ok_or(PatchErrorKind::Path)?;
            add(&document, path, document.raw(node), &text)
        }
        Operation::Move { from, path } => {
            if path
                .strip_prefix(from.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
            {
                return Err(PatchErrorKind::Path);
            }
            let node = document.find(from).ok_or(PatchErrorKind::Path)?;
            let value = document.raw(node).to_owned();
            let without = remove(&document, node, &text)?;
            let document = read(&without)?;
            add(&document, path, &value, &without)
        }
    }
}

fn read(text: &[u8]) -> Result<Document<'_>, PatchErrorKind> {
    let document = Document::parse(text, DEPTH);
    if document.is_complete() && document.root().is_some() {
        Ok(document)
    } else {
        Err(PatchErrorKind::Document)
    }
}

pub(super) fn checked(value: &str) -> Result<&str, PatchErrorKind> {
    let document = Document::parse(value.as_bytes(), DEPTH);
    let well_formed = document.is_complete() && document.defects().0.is_empty();
    if well_formed {
        Ok(value)
    } else {
        Err(PatchErrorKind::Value)
    }
}

fn splice(text: &[u8], span: Span, new: &str) -> Vec<u8> {
    [&text[..span.start], new.as_bytes(), &text[span.end..]].concat()
}

/// Removes a member or item with one of its commas.
fn remove(document: &Document<'_>, node: NodeId, text: &[u8]) -> Result<Vec<u8>, PatchErrorKind> {
    let (parent, previous, next) = document.neighbours(node).ok_or(PatchErrorKind::Path)?;
    let start_of = |id: NodeId| document.key_span(id).unwrap_or(document.span(id)).start;
    let span = match (previous, next) {
        (_, Some(next)) => Span::new(start_of(node), start_of(next)),
        (Some(previous), None) => Span::new(document.span(previous).end, document.span(node).end),
        (None, None) => Span::new(
            document.span(parent).start + 1,
            document.span(parent).end - 1,
        ),
    };
    Ok(splice(text, span, ""))
}

fn add(
    document: &Document<'_>,
    path: &str,
    value: &str,
    text: &[u8],
) -> Result<Vec<u8>, PatchErrorKind> {
    let root = document.root().ok_or(PatchErrorKind::Document)?;
    let Some((parent, token)) = path.rsplit_once('/') else {
        return if path.is_empty() {
            Ok(splice(text, document.span(root), value))
        } else {
            Err(PatchErrorKind::Path)
        };
    };
    let parent = document.find(parent).ok_or(PatchErrorKind::Path)?;
    let token = unescape_token(token).ok_or(PatchErrorKind::Path)?;
    let last = document.children(parent).last();
    let after = |id: NodeId| Span::new(document.span(id).end, document.span(id).end);
    let inside = Span::new(
        document.span(parent).start + 1,
        document.span(parent).start + 1,
    );
    match document.kind(parent) {
        Type::Object => Ok(match (document.member(parent, &token), last) {
            (Some(existing), _) => splice(text, document.span(existing), value),
            (None, Some(last)) => {
                splice(text, after(last), &format!(", {}: {value}", quote(&token)))
            }
            (None, None) => splice(text, inside, &format!("{}: {value}", quote(&token))),
        }),
        Type::Array => {
            let count = document.children(parent).count();
            let index = if token == "-" {
                count
            } else {
                token.parse().map_err(|_| PatchErrorKind::Path)?
            };
            match document.children(parent).nth(index) {
                Some(following) => {
                    let start = document.span(following).start;
                    Ok(splice(text, Span::new(start, start), &format!("{value}, ")))
                }
                None if index != count => Err(PatchErrorKind::Path),
                None => Ok(match last {
                    Some(last) => splice(text, after(last), &format!(", {value}")),
                    None => splice(text, inside, value),
                }),
            }
        }
        _ => Err(PatchErrorKind::Path),
    }
}

/// Equality as RFC 6902 has it: member order and spelling do not matter. Works through pairs instead of recursion.
fn equal(one: &Document<'_>, a: NodeId, other: &Document<'_>, b: NodeId) -> bool {
    let mut pairs = vec![(a, b)];
    while let Some((a, b)) = pairs.pop() {
        if one.kind(a) != other.kind(b) {
            return false;
        }
        let same = match one.kind(a) {
            Type::Null => true,
            Type::Bool => one.boolean(a) == other.boolean(b),
            Type::Number => {
                one.raw(a) == other.raw(b)
                    || (one.number(a).is_some() && one.number(a) == other.number(b))
            }
            Type::String => one.string(a) == other.string(b),
            Type::Array => {
                pairs.extend(one.children(a).zip(other.children(b)));
                one.children(a).count() == other.children(b).count()
            }
            Type::Object => {
                one.children(a).count() == other.children(b).count() && {
                    one.children(a).all(|member| {
                        let partner = one.key(member).and_then(|key| other.member(b, &key));
                        pairs.extend(partner.map(|partner| (member, partner)));
                        partner.is_some()
                    })
                }
            }
        };
        if !same {
            return false;
        }
    }
    true
}
