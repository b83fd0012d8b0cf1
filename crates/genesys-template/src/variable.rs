//! The name in a placeholder.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A dotted name such as `input.customer.id`: identifiers `[A-Za-z_][A-Za-z0-9_]*`, the first of which is the root.
///
/// Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variable(Arc<str>);

/// A text is no [`Variable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a variable: identifiers joined by dots are")]
pub struct NotAVariable;

impl Variable {
    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first identifier.
    pub fn root(&self) -> &str {
        self.0.split_once('.').map_or(&*self.0, |(root, _)| root)
    }

    /// The identifiers after the root: none for a root alone.
    pub fn path(&self) -> impl Iterator<Item = &str> {
        self.0.split('.').skip(1)
    }

    /// For text that [`identifier`] has read.
    pub(crate) fn trusted(text: &str) -> Self {
        Self(text.into())
    }

    /// True when `self` is `other`, or one of the objects that hold it.
    pub(crate) fn holds(&self, other: &str) -> bool {
        other
            .strip_prefix(self.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// The length of the identifier at the start of `bytes`; nothing when there is none.
pub(crate) fn identifier(bytes: &[u8]) -> Option<usize> {
    let length = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    (length > 0 && !bytes[0].is_ascii_digit()).then_some(length)
}

impl FromStr for Variable {
    type Err = NotAVariable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = text
            .split('.')
            .all(|part| identifier(part.as_bytes()) == Some(part.len()));
        if valid {
            Ok(Self::trusted(text))
        } else {
            Err(NotAVariable)
        }
    }
}

impl Borrow<str> for Variable {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Variable({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_identifiers_joined_by_dots() {
        for good in ["a", "_", "input.a", "input.a_1.B", "__proto__"] {
            assert_eq!(good.parse::<Variable>().unwrap().as_str(), good);
        }
        for bad in [
            "", ".", "a.", ".a", "a..b", "1a", "a.1", "a-b", "a b", "é", "a[0]",
        ] {
            assert_eq!(bad.parse::<Variable>(), Err(NotAVariable), "{bad}");
        }
    }

    #[test]
    fn an_object_holds_its_members_and_not_its_namesakes() {
        let input: Variable = "input.a".parse().unwrap();
        assert!(input.holds("input.a") && input.holds("input.a.b"));
        assert!(!input.holds("input.ab") && !input.holds("input"));
        assert_eq!(
            (input.root(), input.path().collect::<Vec<_>>()),
            ("input", vec!["a"])
        );
    }
}
