//! JSON Patch (RFC 6902), applied to the text so that layout, order and comments of the rest survive.

use std::fmt;

use crate::json::{Document, NodeId, Type, escape_token, quote, unescape_token};
use crate::span::Span;

const DEPTH: usize = 512;

/// One operation of a [`Patch`]. Values are JSON texts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Adds a member or inserts an item (`-` appends); replaces a member that exists.
    Add {
        /// Where.
        path: String,
        /// What, as JSON.
        value: String,
    },
    /// Removes a member or item.
    Remove {
        /// Which.
        path: String,
    },
    /// Replaces a value.
    Replace {
        /// Which.
        path: String,
        /// By what, as JSON.
        value: String,
    },
    /// Moves a value.
    Move {
        /// From where.
        from: String,
        /// To where.
        path: String,
    },
    /// Copies a value.
    Copy {
        /// From where.
        from: String,
        /// To where.
        path: String,
    },
    /// Fails the patch unless the value is equal to this one.
    Test {
        /// Which.
        path: String,
        /// The expected value, as JSON.
        value: String,
    },
}

/// A list of operations that is applied as a whole or not at all.
///
/// ```
/// use widget_validate::Patch;
///
/// let patch = Patch::new().with_test("/width", "900").with_replace("/width", "800");
/// let text = patch.apply(br#"{"width": 900, "height": 600}"#)?;
/// assert_eq!(text, br#"{"width": 800, "height": 600}"#);
/// assert_eq!(patch.to_json(), r#"[{"op":"test","path":"/width","value":900},{"op":"replace","path":"/width","value":800}]"#);
/// # Ok::<(), widget_validate::PatchError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patch {
    operations: Vec<Operation>,
}

/// A patch does not fit the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("operation {operation} of the patch: {kind}")]
pub struct PatchError {
    operation: usize,
    kind: PatchErrorKind,
}

impl PatchError {
    /// What went wrong.
    pub fn kind(&self) -> PatchErrorKind {
        self.kind
    }

    /// The operation that failed, counted from 0.
    pub fn operation(&self) -> usize {
        self.operation
    }
}

/// Why a patch does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatchErrorKind {
    /// The document is not well-formed JSON.
    Document,
    /// The path leads nowhere, or is not a JSON pointer.
    Path,
    /// A `test` operation found another value.
    Test,
    /// The value of the operation is not JSON.
    Value,
}

impl fmt::Display for PatchErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PatchErrorKind::Document => "the document is not well-formed json",
            PatchErrorKind::Path => "the path leads nowhere",
            PatchErrorKind::Test => "the tested value is another",
            PatchErrorKind::Value => "the value is not json",
        })
    }
}

impl Patch {
    /// A patch without operations.
    pub fn new() -> Patch {
        Patch::default()
    }

    /// The operations, in order.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Appends an operation.
    pub fn with(mut self, operation: Operation) -> Patch {
        self.operations.push(operation);
        self
    }

    /// Appends a `replace`; the value is JSON.
    pub fn with_replace(self, path: impl Into<String>, value: impl Into<String>) -> Patch {
        self.with(Operation::Replace {
            path: path.into(),
            value: value.into(),
        })
    }

    /// Appends a `remove`.
    pub fn with_remove(self, path: impl Into<String>) -> Patch {
        self.with(Operation::Remove { path: path.into() })
    }

    /// Appends a `test`; the value is JSON.
    pub fn with_test(self, path: impl Into<String>, value: impl Into<String>) -> Patch {
        self.with(Operation::Test {
            path: path.into(),
            value: value.into(),
        })
    }

    /// Replaces the value at `path`, provided it still is `old`. Both are JSON; without the proviso where `old` is not well-formed.
    pub(crate) fn swap(path: &str, old: &str, new: impl Into<String>) -> Patch {
        let guarded = if checked(old).is_ok() {
            Patch::new().with_test(path, old)
        } else {
            Patch::new()
        };
        guarded.with_replace(path, new)
    }

    /// Applies the patch to a JSON text and returns the new text. Bytes outside the changed values stay as they are.
    ///
    /// # Errors
    /// When the text is not well-formed JSON, a path leads nowhere, a `test` fails or a value is not JSON. Nothing is applied then.
    pub fn apply(&self, text: &[u8]) -> Result<Vec<u8>, PatchError> {
        let mut text = text.to_vec();
        for (index, operation) in self.operations.iter().enumerate() {
            text = apply_one(operation, text).map_err(|kind| PatchError {
                operation: index,
                kind,
            })?;
        }
        Ok(text)
    }

    /// The patch as a JSON Patch document.
    pub fn to_json(&self) -> String {
        let operations: Vec<String> = self.operations.iter().map(Operation::to_json).collect();
        format!("[{}]", operations.join(","))
    }
}

impl Operation {
    fn to_json(&self) -> String {
        let valued = |op, path: &str, value: &str| {
            format!(
                "{{\"op\":\"{op}\",\"path\":{},\"value\":{value}}}",
                quote(path)
            )
        };
        let moved = |op, from: &str, path: &str| {
            format!(
                "{{\"op\":\"{op}\",\"from\":{},\"path\":{}}}",
                quote(from),
                quote(path)
            )
        };
        match self {
            Operation::Add { path, value } => valued("add", path, value),
            Operation::Replace { path, value } => valued("replace", path, value),
            Operation::Test { path, value } => valued("test", path, value),
            Operation::Remove { path } => format!("{{\"op\":\"remove\",\"path\":{}}}", quote(path)),
            Operation::Move { from, path } => moved("move", from, path),
            Operation::Copy { from, path } => moved("copy", from, path),
        }
    }
}

fn apply_one(operation: &Operation, text: Vec<u8>) -> Result<Vec<u8>, PatchErrorKind> {
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

fn checked(value: &str) -> Result<&str, PatchErrorKind> {
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

/// The pointer of a member below `parent`.
pub(crate) fn child_pointer(parent: &str, name: &str) -> String {
    format!("{parent}/{}", escape_token(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(patch: &Patch, text: &str) -> Result<String, PatchErrorKind> {
        patch
            .apply(text.as_bytes())
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .map_err(|error| error.kind())
    }

    #[test]
    fn every_operation_of_the_rfc_is_applied_in_place() {
        let add = |path: &str, value: &str| {
            Patch::new().with(Operation::Add {
                path: path.into(),
                value: value.into(),
            })
        };
        assert_eq!(
            applied(&add("/b", "2"), "{\"a\":1}").unwrap(),
            "{\"a\":1, \"b\": 2}"
        );
        assert_eq!(
            applied(&add("/a", "2"), "{ \"a\" : 1 }").unwrap(),
            "{ \"a\" : 2 }"
        );
        assert_eq!(applied(&add("/a~1b", "[]"), "{}").unwrap(), "{\"a/b\": []}");
        assert_eq!(
            applied(&add("/l/0", "0"), "{\"l\":[1]}").unwrap(),
            "{\"l\":[0, 1]}"
        );
        assert_eq!(
            applied(&add("/l/-", "2"), "{\"l\":[1]}").unwrap(),
            "{\"l\":[1, 2]}"
        );
        assert_eq!(
            applied(&add("/l/9", "2"), "{\"l\":[1]}"),
            Err(PatchErrorKind::Path)
        );
        assert_eq!(applied(&add("", "7"), "{\"l\":[1]}").unwrap(), "7");
        assert_eq!(applied(&add("/b", "}{"), "{}"), Err(PatchErrorKind::Value));
        let remove = |path: &str| Patch::new().with_remove(path);
        assert_eq!(
            applied(&remove("/a"), "{\"a\":1, \"b\":2}").unwrap(),
            "{\"b\":2}"
        );
        assert_eq!(
            applied(&remove("/b"), "{\"a\":1, \"b\":2}").unwrap(),
            "{\"a\":1}"
        );
        assert_eq!(applied(&remove("/a"), "{ \"a\":1 }").unwrap(), "{}");
        assert_eq!(applied(&remove("/0"), "[1,2]").unwrap(), "[2]");
        assert_eq!(applied(&remove("/x"), "{}"), Err(PatchErrorKind::Path));
        let moved = Patch::new().with(Operation::Move {
            from: "/a".into(),
            path: "/b".into(),
        });
        assert_eq!(applied(&moved, "{\"a\":1}").unwrap(), "{\"b\": 1}");
        let copied = Patch::new().with(Operation::Copy {
            from: "/a".into(),
            path: "/b".into(),
        });
        assert_eq!(
            applied(&copied, "{\"a\":1}").unwrap(),
            "{\"a\":1, \"b\": 1}"
        );
        let inside = Patch::new().with(Operation::Move {
            from: "/a".into(),
            path: "/a/b".into(),
        });
        assert_eq!(applied(&inside, "{\"a\":{}}"), Err(PatchErrorKind::Path));
    }

    #[test]
    fn a_test_compares_values_and_guards_the_whole_patch() {
        let patch = Patch::new()
            .with_test("", "{\"b\":[1.0],\"a\":\"\\u0041\"}")
            .with_remove("/a");
        assert_eq!(
            applied(&patch, "{\"a\":\"A\",\"b\":[1]}").unwrap(),
            "{\"b\":[1]}"
        );
        assert_eq!(
            applied(&patch, "{\"a\":\"B\",\"b\":[1]}"),
            Err(PatchErrorKind::Test)
        );
        assert_eq!(applied(&patch, "{\"a\""), Err(PatchErrorKind::Document));
    }
}
