//! JSON Patch (RFC 6902), applied to the text so that layout, order and comments of the rest survive.

mod apply;

use std::fmt;

use self::apply::{apply_one, checked};
use crate::json::{escape_token, quote};

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
