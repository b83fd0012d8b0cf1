//! Where in a document a reference stands.

use std::fmt;
use std::str::FromStr;

use genesys_core::{Error, ErrorKind};
use serde_json::{Map, Value};

/// Longest text of a pattern, in bytes.
const LONGEST: usize = 256;
/// Most matches of one pattern in one document. What is beyond is left out, and that is said.
const MOST: usize = 10_000;
/// Longest key of an object in the path of a match; the rest is cut off.
const LONGEST_KEY: usize = 64;

/// A pattern for the places of a document, such as `bullseye.rings[].memberGroups[].id`.
///
/// | step | matches |
/// | --- | --- |
/// | `name` | the member of this name |
/// | `*` | every member, by name |
/// | `[]` | every element of a list |
///
/// A match tells its place exactly: `bullseye.rings[0].memberGroups[2].id`.
///
/// ```
/// use genesys_dependencies::FieldPath;
/// use serde_json::json;
///
/// let path: FieldPath = "rings[].groups[].id".parse()?;
/// let document = json!({"rings": [{"groups": []}, {"groups": [{"id": "a"}, {"id": "b"}]}]});
/// let found = path.find(&document);
/// let places: Vec<&str> = found.matches.iter().map(|one| one.place.as_str()).collect();
/// assert_eq!(places, ["rings[1].groups[0].id", "rings[1].groups[1].id"]);
/// # Ok::<(), genesys_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FieldPath {
    text: Box<str>,
    steps: Box<[Step]>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    Member(Box<str>),
    EveryMember,
    EveryElement,
}

/// What a pattern found in a document.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Found<'a> {
    /// The matches, in the order of the document.
    pub matches: Vec<Match<'a>>,
    /// Places where something else stands than the pattern says, such as a text where it has a list. Null and what is missing
    /// are not among them.
    pub mismatches: Vec<String>,
    /// True when there are more than 10,000 matches.
    pub truncated: bool,
}

/// One match.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Match<'a> {
    /// Where it is, with indices.
    pub place: String,
    /// What is there; never null.
    pub value: &'a Value,
    /// The object that it is a member of; none for an element of a list.
    pub parent: Option<&'a Map<String, Value>>,
}

impl FieldPath {
    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// True when the pattern is `path`, or matches it with a `*` where `path` has a name; a reference may stand one `id` deeper.
    pub(crate) fn covers(&self, path: &str) -> bool {
        let fits = |path: &str| {
            let (mut own, mut other) = (self.text.split('.'), path.split('.'));
            loop {
                match (own.next(), other.next()) {
                    (None, None) => return true,
                    (Some(a), Some(b)) if a == b || a.trim_end_matches("[]") == "*" => {}
                    _ => return false,
                }
            }
        };
        fits(path) || path.strip_suffix(".id").is_some_and(fits)
    }

    /// Every match in a document. Takes time in proportion to what the pattern passes, and no stack.
    pub fn find<'a>(&self, document: &'a Value) -> Found<'a> {
        let mut found = Found::default();
        let start = Some(document).filter(|document| !document.is_null());
        let start = start.map(|value| Match {
            place: String::new(),
            value,
            parent: None,
        });
        let mut at: Vec<Match<'a>> = start.into_iter().collect();
        for step in &self.steps {
            let mut next = Vec::new();
            for one in at {
                if !step.advance(one, &mut next) {
                    found.mismatches.extend(next.pop().map(|odd| odd.place));
                }
                if next.len() > MOST {
                    next.truncate(MOST);
                    found.truncated = true;
                    break;
                }
            }
            at = next;
        }
        found.mismatches.truncate(MOST);
        found.matches = at;
        found
    }
}

impl Step {
    /// Adds what lies one step further. False when it cannot be taken; then the match itself was added, to be told.
    fn advance<'a>(&self, from: Match<'a>, next: &mut Vec<Match<'a>>) -> bool {
        match (self, from.value) {
            (Step::Member(name), Value::Object(members)) => {
                let value = members.get(&**name).filter(|value| !value.is_null());
                next.extend(value.map(|value| Match {
                    place: member_place(from.place, name),
                    value,
                    parent: Some(members),
                }));
            }
            (Step::EveryMember, Value::Object(members)) => {
                let set = members.iter().filter(|(_, value)| !value.is_null());
                next.extend(set.take(MOST + 1).map(|(name, value)| Match {
                    place: member_place(from.place.clone(), name),
                    value,
                    parent: Some(members),
                }));
            }
            (Step::EveryElement, Value::Array(elements)) => {
                let set = elements.iter().enumerate();
                let set = set.filter(|(_, value)| !value.is_null()).take(MOST + 1);
                next.extend(set.map(|(index, value)| Match {
                    place: format!("{}[{index}]", from.place),
                    value,
                    parent: None,
                }));
            }
            _ => {
                next.push(from);
                return false;
            }
        }
        true
    }
}

/// A key of an object may hold anything; one that is no plain name is quoted.
fn member_place(mut place: String, name: &str) -> String {
    if !name.is_empty() && name.len() <= LONGEST_KEY && name.bytes().all(is_name_byte) {
        if !place.is_empty() {
            place.push('.');
        }
        place.push_str(name);
        return place;
    }
    let cut: String = name.chars().take(LONGEST_KEY / 4).collect();
    format!("{place}[{}]", Value::from(cut))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$')
}

impl FromStr for FieldPath {
    type Err = Error;

    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] for what is no pattern, or is longer than 256 bytes.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = || Error::new(ErrorKind::InvalidRequest, "not a field path");
        if text.is_empty() || text.len() > LONGEST {
            return Err(refuse());
        }
        let mut steps = Vec::new();
        for part in text.split('.') {
            let name = part.trim_end_matches("[]");
            match name {
                "*" => steps.push(Step::EveryMember),
                _ if !name.is_empty() && name.bytes().all(is_name_byte) => {
                    steps.push(Step::Member(name.into()));
                }
                _ => return Err(refuse()),
            }
            let lists = (part.len() - name.len()) / 2;
            steps.extend(std::iter::repeat_n(Step::EveryElement, lists));
        }
        Ok(Self {
            text: text.into(),
            steps: steps.into(),
        })
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldPath({})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn places(pattern: &str, document: &Value) -> Vec<String> {
        let path: FieldPath = pattern.parse().unwrap();
        let found = path.find(document).matches;
        found.into_iter().map(|one| one.place).collect()
    }

    #[test]
    fn null_and_missing_members_match_nothing() {
        // errata ALL-15
        let document = json!({"a": null, "b": {"c": null}, "list": [null, {"id": 1}]});
        for pattern in ["a.id", "b.c", "b.c.d", "x.y.z"] {
            assert!(places(pattern, &document).is_empty(), "{pattern}");
        }
        assert_eq!(places("list[].id", &document), ["list[1].id"]);
    }

    #[test]
    fn what_has_another_shape_is_told() {
        let path: FieldPath = "rings[].id".parse().unwrap();
        let document = json!({"rings": {"id": 1}});
        assert_eq!(path.find(&document).mismatches, ["rings"]);
        let document = json!({"rings": ["x", {"id": 2}]});
        let found = path.find(&document);
        assert_eq!(found.mismatches, ["rings[0]"]);
        assert_eq!(found.matches.len(), 1);
    }

    #[test]
    fn hostile_keys_are_quoted_and_cut_off() {
        let long = "k".repeat(1_000);
        let document =
            json!({"scripts": {"a\"b\n": {"id": 1}, "CALL": {"id": 2}, long: {"id": 3}}});
        let expected = [
            "scripts.CALL.id".to_owned(),
            "scripts[\"a\\\"b\\n\"].id".to_owned(),
            format!("scripts[\"{}\"].id", "k".repeat(16)),
        ];
        assert_eq!(places("scripts.*.id", &document), expected);
    }

    #[test]
    fn a_list_without_end_is_cut_off() {
        let document = json!({"ids": vec!["x"; MOST + 5]});
        let path: FieldPath = "ids[]".parse().unwrap();
        let found = path.find(&document);
        assert!(found.truncated && found.matches.len() == MOST);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "", ".", "a..b", "[]", "a[", "a[]b", "a.[]", "a b", "a*", "é",
        ] {
            assert!(text.parse::<FieldPath>().is_err(), "{text}");
        }
        for text in ["a", "a[]", "a[][].b", "*", "*.id", "a.*[].b"] {
            assert_eq!(text.parse::<FieldPath>().unwrap().as_str(), text);
        }
    }
}
