//! From a document to its references.

use std::borrow::Cow;
use std::collections::BTreeSet;

use depgraph::State;
use serde_json::Value;
use url::Url;

use crate::kind::ObjectKind;
use crate::path::Match;
use crate::table::{EdgeName, ReferenceRule, ReferenceTable, Target};

/// Longest name or attribute that is kept, in bytes.
const LONGEST_TEXT: usize = 1024;
/// Members of a document that are looked at for unlisted references, and how many of these are listed.
const LOOKED_AT: usize = 10_000;
const LISTED: usize = 64;

/// What a document says: the object, and what it refers to. Nothing in it is made up: every reference stands at its place.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Extraction {
    /// The object's id; none when the document has no usable one.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// [`State::Deleted`] for an object that says so itself.
    pub deleted: bool,
    /// Attributes for the graph.
    pub attributes: Vec<(Cow<'static, str>, String)>,
    /// Its references, in the order of the table's rows and of the document.
    pub references: Vec<Reference>,
    /// Places where a reference should be, and where something stands that is none.
    pub unreadable: Vec<String>,
    /// Places where a missing reference means the object itself. They are no references of the document.
    pub implied: Vec<String>,
}

/// One reference of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reference {
    /// The id that is referred to.
    pub target: String,
    /// The kind of object that it should be.
    pub kind: ObjectKind,
    /// The kind of the reference.
    pub edge: EdgeName,
    /// Where in the document it stands, with indices.
    pub place: String,
    /// The group of alternatives that it belongs to.
    pub alternative: Option<Cow<'static, str>>,
}

impl Extraction {
    pub(crate) fn state(&self) -> State {
        if self.deleted {
            State::Deleted
        } else {
            State::Present
        }
    }
}

impl ReferenceTable {
    /// Reads a document of a kind. Members may be missing, null or of another type: then the reference is not there, or its place
    /// is told as unreadable.
    pub fn extract(&self, kind: &ObjectKind, document: &Value) -> Extraction {
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        let mut found = Extraction {
            id: text("id").filter(|id| !id.is_empty()).map(str::to_owned),
            name: text("name").map(|name| cut(name).to_owned()),
            deleted: document.get("deleted") == Some(&Value::Bool(true))
                || text("state").is_some_and(|state| state.eq_ignore_ascii_case("deleted")),
            ..Extraction::default()
        };
        for rule in self.attributes(kind) {
            let value = rule
                .path
                .find(document)
                .matches
                .first()
                .and_then(|one| plain(one.value));
            // The first rule that finds something wins.
            let known = found.attributes.iter().any(|(key, _)| *key == rule.key);
            found.attributes.extend(
                value
                    .filter(|_| !known)
                    .map(|value| (rule.key.clone(), value)),
            );
        }
        for rule in self.rules(kind) {
            rule.apply(document, &mut found);
        }
        found
    }

    /// Members of a document that look like references and are in no row of the table: texts that are UUIDs. They show what a
    /// table should have, and are no references. At most 64, of the first 10,000 members.
    pub fn unlisted(&self, kind: &ObjectKind, document: &Value) -> Vec<String> {
        let mut found = BTreeSet::new();
        let mut left = LOOKED_AT;
        let mut open = vec![(String::new(), document)];
        while let Some((path, value)) = open.pop() {
            if left == 0 || found.len() == LISTED {
                break;
            }
            left -= 1;
            match value {
                Value::Object(members) => open.extend(members.iter().map(|(name, value)| {
                    let dot = if path.is_empty() { "" } else { "." };
                    (format!("{path}{dot}{name}"), value)
                })),
                Value::Array(elements) => {
                    open.extend(elements.iter().map(|value| (format!("{path}[]"), value)));
                }
                Value::String(text) if is_uuid(text) && path != "id" => {
                    let listed = self.rules(kind).any(|rule| rule.path.covers(&path));
                    if !listed && path.parse::<crate::FieldPath>().is_ok() {
                        found.insert(path);
                    }
                }
                _ => {}
            }
        }
        found.into_iter().collect()
    }
}

fn is_uuid(text: &str) -> bool {
    matches!(depgraph::Id::new(text), depgraph::Id::Uuid(_))
}

impl ReferenceRule {
    fn apply(&self, document: &Value, found: &mut Extraction) {
        let places = self.path.find(document);
        found.unreadable.extend(places.mismatches);
        if places.truncated {
            found
                .unreadable
                .push(format!("{} beyond the limit", self.path));
        }
        let before = found.references.len();
        for one in &places.matches {
            match self.read(one) {
                Read::Reference(reference) => found.references.push(reference),
                Read::Nothing => {}
                Read::Unreadable => found.unreadable.push(one.place.clone()),
            }
        }
        if let Some(container) = &self.itself {
            let there = &found.references[before..];
            for one in container.find(document).matches {
                let own = format!("{}.", one.place);
                if !there
                    .iter()
                    .any(|reference| reference.place.starts_with(&own))
                {
                    found.implied.push(one.place);
                }
            }
        }
    }

    fn read(&self, one: &Match<'_>) -> Read {
        let mut place = one.place.clone();
        let text = match one.value {
            Value::String(text) => text,
            Value::Object(members) => match members.get("id") {
                Some(Value::String(id)) => {
                    place.push_str(".id");
                    id
                }
                None | Some(Value::Null) => return Read::Nothing,
                Some(_) => return Read::Unreadable,
            },
            _ => return Read::Unreadable,
        };
        let (target, kind) = match &self.target {
            _ if text.is_empty() => return Read::Unreadable,
            Target::Kind(kind) => (text.clone(), kind.clone()),
            Target::ToldBy {
                member,
                words,
                otherwise,
            } => {
                let beside = match one.value {
                    Value::Object(members) => Some(members),
                    _ => one.parent,
                };
                let word = beside.and_then(|members| members.get(&**member)?.as_str());
                let kind = word.map_or_else(
                    || otherwise.clone(),
                    |word| {
                        let known = words.iter().find(|(own, _)| own.eq_ignore_ascii_case(word));
                        known.map_or_else(|| ObjectKind::new(word), |(_, kind)| kind.clone())
                    },
                );
                (text.clone(), kind)
            }
            Target::Endpoint => match endpoint(text) {
                Some(origin) => (origin, ObjectKind::ENDPOINT),
                None => return Read::Nothing,
            },
        };
        Read::Reference(Reference {
            target,
            kind,
            edge: self.edge.clone(),
            place,
            alternative: self.alternative.clone(),
        })
    }
}

enum Read {
    Reference(Reference),
    Nothing,
    Unreadable,
}

/// Scheme, host and port of a URL: what an endpoint is called. Path and query stay out, because they may hold a secret. None when
/// the text is no URL of a host, or its host is filled in at run time.
pub(crate) fn endpoint(text: &str) -> Option<String> {
    let authority = text.split_once("://")?.1;
    let authority = authority.split(['/', '?', '#']).next()?;
    if authority.contains(['$', '{', '}']) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}

/// A scalar as text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(cut(text).to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

pub(crate) fn cut(text: &str) -> &str {
    let end = (0..=LONGEST_TEXT.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_scheme_host_and_port_and_never_a_path() {
        for (text, expected) in [
            (
                "https://crm.example.com/v1/${input.id}?key=secret",
                Some("https://crm.example.com"),
            ),
            (
                "https://user:pw@crm.example.com:8443/x",
                Some("https://crm.example.com:8443"),
            ),
            ("https://${input.host}/v1", None),
            ("https://a.{{gcTargetEnv}}/x", None),
            ("ftp://crm.example.com/", None),
            ("/relative", None),
            ("mailto:a@b.example", None),
        ] {
            assert_eq!(endpoint(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn texts_are_cut_off_between_characters() {
        assert_eq!(cut(&"é".repeat(1_000)).len(), LONGEST_TEXT);
        assert_eq!(cut("short"), "short");
    }
}
