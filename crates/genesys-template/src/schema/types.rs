//! Sets of JSON types.

use std::fmt;

use serde_json::Value;

use crate::hole::Position;

/// A set of JSON types. Integers are numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Types(u8);

const NAMES: [&str; 6] = ["array", "boolean", "null", "number", "object", "string"];

impl Types {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ARRAY: Self = Self(1);
    pub(crate) const BOOLEAN: Self = Self(2);
    pub(crate) const NULL: Self = Self(4);
    pub(crate) const NUMBER: Self = Self(8);
    pub(crate) const OBJECT: Self = Self(16);
    pub(crate) const STRING: Self = Self(32);
    pub(crate) const ANY: Self = Self(63);
    pub(crate) const SCALAR: Self = Self(2 + 8 + 32);

    /// What a place takes.
    pub(crate) fn of(position: Position) -> Self {
        match position {
            Position::Host | Position::JsonKey => Self::STRING,
            Position::JsonValue => Self::ANY,
            Position::PathSegment
            | Position::QueryName
            | Position::QueryValue
            | Position::HeaderValue
            | Position::JsonString => Self::SCALAR,
        }
    }

    /// The type with this name in a schema; all of them for a name that is none.
    pub(crate) fn named(name: &str) -> Self {
        let name = if name == "integer" { "number" } else { name };
        let place = NAMES.iter().position(|known| *known == name);
        place.map_or(Self::ANY, |place| Self(1 << place))
    }

    pub(crate) fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(_) => Self::NUMBER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True when one of `other` is in it.
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// True when all of it is in `other`.
    pub(crate) const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        let named = NAMES.iter().enumerate();
        named
            .filter(move |(place, _)| self.0 & (1 << place) != 0)
            .map(|(_, name)| *name)
    }

    /// As the value of `type` in a schema.
    pub(crate) fn to_json(self) -> Value {
        match *self.names().collect::<Vec<_>>() {
            [one] => one.into(),
            ref several => several.into(),
        }
    }
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(" or "))
    }
}

impl fmt::Debug for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Types({self})")
    }
}
