//! The form of an answer, without its values.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

const MAX_PATHS: usize = 4096;
const MAX_PATH_BYTES: usize = 1024;

const OBJECT: u8 = 1;
const ARRAY: u8 = 2;
const STRING: u8 = 4;
const NUMBER: u8 = 8;
const BOOLEAN: u8 = 16;
const NULL: u8 = 32;
/// An array without elements says nothing about them.
const EMPTY: u8 = 64;
const KINDS: [(u8, &str); 6] = [
    (OBJECT, "object"),
    (ARRAY, "array"),
    (STRING, "string"),
    (NUMBER, "number"),
    (BOOLEAN, "boolean"),
    (NULL, "null"),
];

/// The form of an answer: status, media type, and the type of every member of a structured body. No value is kept.
///
/// It is deserialized from the body, so any format of serde gives one. Elements of an array are taken together under `*`.
/// At most 4,096 members are kept, of at most 1,024 bytes of path; what is beyond is left out on both sides.
///
/// ```
/// use endpoint_probe::ResponseShape;
///
/// let primary: ResponseShape = serde_json::from_str(r#"{"id": "a", "queues": [{"size": 3}], "next": null}"#)?;
/// let standby: ResponseShape = serde_json::from_str(r#"{"id": 7, "queues": [], "next": "b", "debug": true}"#)?;
/// let differences: Vec<_> = primary.differences(&standby).iter().map(ToString::to_string).collect();
/// // Nothing is known of an empty array's elements, or of what is null.
/// assert_eq!(differences, ["/debug is new", "/id is number, not string"]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use]
pub struct ResponseShape {
    status: Option<u16>,
    media_type: Option<String>,
    members: BTreeMap<String, u8>,
    truncated: bool,
}

/// A member that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ShapeDifference {
    /// The member, as a JSON pointer with `*` for all elements of an array; empty for the body itself.
    pub path: String,
    /// How it differs.
    #[serde(flatten)]
    pub mismatch: ShapeMismatch,
}

/// How a member differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "mismatch")]
#[non_exhaustive]
pub enum ShapeMismatch {
    /// The primary has it, the standby does not.
    Missing,
    /// The standby has it, the primary does not.
    New,
    /// Both have it, with different types.
    Type {
        /// The primary's types.
        primary: String,
        /// The standby's types.
        standby: String,
    },
}

impl ResponseShape {
    /// An answer without a structured body.
    pub fn new() -> Self {
        Self::default()
    }

    /// The status of the answer.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The media type of the answer. Its parameters, such as the character set, are left out.
    pub fn with_media_type(mut self, media_type: &str) -> Self {
        let essence = media_type.split(';').next().unwrap_or_default();
        self.media_type = Some(essence.trim().to_ascii_lowercase());
        self
    }

    /// The status, if it is known.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// The media type, if it is known.
    pub fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// The members of the body in which `standby` differs, by path.
    ///
    /// `null` agrees with every type. Below an array that is empty, or a member that is null, nothing is compared. When one of
    /// the two is truncated, members that only one of them has are not told.
    pub fn differences(&self, standby: &Self) -> Vec<ShapeDifference> {
        let mut differences = Vec::new();
        let paths = self.members.keys().chain(
            standby
                .members
                .keys()
                .filter(|path| !self.members.contains_key(*path)),
        );
        let whole = !self.truncated && !standby.truncated;
        for path in paths {
            let kinds = |shape: &Self| shape.members.get(path).copied();
            let mismatch = match (kinds(self), kinds(standby)) {
                (Some(primary), Some(standby)) => {
                    let known = |kinds: u8| kinds & !(NULL | EMPTY);
                    let differ = known(primary) != known(standby);
                    (differ && known(primary) != 0 && known(standby) != 0).then(|| {
                        ShapeMismatch::Type {
                            primary: names(primary),
                            standby: names(standby),
                        }
                    })
                }
                (Some(_), None) => {
                    (whole && standby.knows_below(path)).then_some(ShapeMismatch::Missing)
                }
                _ => (whole && self.knows_below(path)).then_some(ShapeMismatch::New),
            };
            differences.extend(mismatch.map(|mismatch| ShapeDifference {
                path: path.clone(),
                mismatch,
            }));
        }
        differences.sort_by(|one, other| one.path.cmp(&other.path));
        differences
    }

    /// Whether this shape could have a member at `path`: what is above it here is of the kind that has such members, and not
    /// an empty array. So a missing member is told once, without what is below it.
    fn knows_below(&self, path: &str) -> bool {
        let Some((parent, name)) = path.rsplit_once('/') else {
            // A body is there or not.
            return true;
        };
        let kinds = self.members.get(parent).copied().unwrap_or_default();
        match name {
            "*" => kinds & ARRAY != 0 && kinds & EMPTY == 0,
            _ => kinds & OBJECT != 0,
        }
    }

    fn note(&mut self, path: &str, kind: u8) -> bool {
        if let Some(kinds) = self.members.get_mut(path) {
            *kinds |= kind;
            return true;
        }
        if self.members.len() >= MAX_PATHS || path.len() > MAX_PATH_BYTES {
            self.truncated = true;
            return false;
        }
        self.members.insert(path.to_owned(), kind);
        true
    }
}

impl fmt::Display for ShapeDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = match self.path.as_str() {
            "" => "the body",
            path => path,
        };
        match &self.mismatch {
            ShapeMismatch::Missing => write!(f, "{path} is missing"),
            ShapeMismatch::New => write!(f, "{path} is new"),
            ShapeMismatch::Type { primary, standby } => {
                write!(f, "{path} is {standby}, not {primary}")
            }
        }
    }
}

fn names(kinds: u8) -> String {
    let names = KINDS.iter().filter(|(kind, _)| kinds & kind != 0);
    let names: Vec<_> = names.map(|(_, name)| *name).collect();
    names.join(" or ")
}

impl<'de> Deserialize<'de> for ResponseShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut shape = Self::default();
        let mut path = String::new();
        Walk {
            shape: &mut shape,
            path: &mut path,
        }
        .deserialize(deserializer)?;
        // Elements that were met after an empty array of the same path are known after all.
        let filled: Vec<String> = shape
            .members
            .keys()
            .filter_map(|path| path.strip_suffix("/*").map(str::to_owned))
            .collect();
        for path in filled {
            if let Some(kinds) = shape.members.get_mut(&path) {
                *kinds &= !EMPTY;
            }
        }
        Ok(shape)
    }
}

struct Walk<'a> {
    shape: &'a mut ResponseShape,
    path: &'a mut String,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Walk<'_> {
    fn scalar<E>(self, kind: u8) -> Result<(), E> {
        self.shape.note(self.path, kind);
        Ok(())
    }

    fn child(&mut self) -> Walk<'_> {
        Walk {
            shape: self.shape,
            path: self.path,
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.scalar(BOOLEAN)
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.scalar(NUMBER)
    }

    fn visit_i128<E>(self, _: i128) -> Result<(), E> {
        self.scalar(NUMBER)
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.scalar(NUMBER)
    }

    fn visit_u128<E>(self, _: u128) -> Result<(), E> {
        self.scalar(NUMBER)
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.scalar(NUMBER)
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.scalar(STRING)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<(), E> {
        self.scalar(STRING)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.scalar(NULL)
    }

    fn visit_none<E>(self) -> Result<(), E> {
        self.scalar(NULL)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        let kept = self.shape.note(self.path, ARRAY);
        let length = self.path.len();
        self.path.push_str("/*");
        let mut empty = true;
        while kept && elements.next_element_seed(self.child())?.is_some() {
            empty = false;
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        self.path.truncate(length);
        if kept && empty {
            self.shape.note(self.path, EMPTY);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let kept = self.shape.note(self.path, OBJECT);
        let length = self.path.len();
        while let Some(name) = members.next_key::<String>()? {
            if !kept {
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            self.path.push('/');
            // `~` and `/` as JSON pointers write them; a name `*` is told from the elements of an array.
            match name.as_str() {
                "*" => self.path.push_str("~2"),
                name => self
                    .path
                    .push_str(&name.replace('~', "~0").replace('/', "~1")),
            }
            members.next_value_seed(self.child())?;
            self.path.truncate(length);
        }
        Ok(())
    }
}
