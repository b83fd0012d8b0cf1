//! A declared schema against what the holes need.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::{Need, Types};
use crate::Variable;

/// How often a `$ref` or a combination is followed before the answer is *anything*.
const MAX_STEPS: usize = 1_000;

/// A template and a declared schema do not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    kind: DisagreementKind,
    name: String,
    pointer: String,
    expected: Option<Types>,
    declared: Option<Types>,
}

/// In which way a template and a declared schema do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DisagreementKind {
    /// The template uses a variable that the schema does not declare.
    Undeclared,
    /// No value that the schema allows can be rendered.
    NeverFits,
    /// The schema declares a secret: secrets come from credentials.
    SecretDeclared,
    /// The schema also allows values that cannot be rendered, null or an object for text among them.
    MayNotFit,
    /// The template needs a variable that the schema does not require.
    MayBeMissing,
    /// The schema declares what the template does not use.
    Unused,
}

impl DisagreementKind {
    /// True for those that leave some calls, or all of them, without a valid request whatever the caller does, and for a declared
    /// secret. The others are warnings: a caller can still give values that render.
    pub fn is_error(self) -> bool {
        matches!(
            self,
            Self::Undeclared | Self::NeverFits | Self::SecretDeclared
        )
    }
}

impl Disagreement {
    /// In which way they do not fit.
    pub fn kind(&self) -> DisagreementKind {
        self.kind
    }

    /// The name of the variable, with its root.
    pub fn variable(&self) -> &str {
        &self.name
    }

    /// Where the value is, as a JSON pointer into the value of the root.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.escape_debug();
        match self.kind {
            DisagreementKind::Undeclared => write!(f, "{name} is used and not declared")?,
            DisagreementKind::NeverFits => write!(f, "{name} never fits its place")?,
            DisagreementKind::SecretDeclared => {
                write!(f, "{name} is a secret and declared as input")?
            }
            DisagreementKind::MayNotFit => write!(f, "{name} may not fit its place")?,
            DisagreementKind::MayBeMissing => write!(f, "{name} is needed and not required")?,
            DisagreementKind::Unused => write!(f, "{name} is declared and not used")?,
        }
        if let (Some(expected), Some(declared)) = (self.expected, self.declared) {
            write!(f, ": {expected} is needed, {declared} is allowed")?;
        }
        Ok(())
    }
}

pub(super) fn check(
    need: &Need,
    secrets: &[&Variable],
    root: &str,
    declared: &Value,
) -> Vec<Disagreement> {
    let mut checker = Checker {
        whole: declared,
        steps: MAX_STEPS,
        found: Vec::new(),
    };
    checker.compare(need, declared, &mut vec![root.to_owned()]);
    for secret in secrets {
        let mut at = vec![declared];
        for name in secret.path() {
            at = at
                .into_iter()
                .flat_map(|schema| checker.property(schema, name))
                .collect();
        }
        if !at.is_empty() {
            let path: Vec<String> = secret.as_str().split('.').map(str::to_owned).collect();
            checker.report(DisagreementKind::SecretDeclared, &path, None);
        }
    }
    let mut found = checker.found;
    found.retain(|one| {
        let holds = |secret: &&Variable| {
            let rest = secret.as_str().strip_prefix(&*one.name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        one.kind != DisagreementKind::Unused || !secrets.iter().any(holds)
    });
    found.sort_by(|one, other| (one.kind, &one.pointer).cmp(&(other.kind, &other.pointer)));
    found
}

struct Checker<'a> {
    whole: &'a Value,
    /// A schema can refer to itself: what is left of the effort.
    steps: usize,
    found: Vec<Disagreement>,
}

impl<'a> Checker<'a> {
    fn compare(&mut self, need: &Need, schema: &'a Value, path: &mut Vec<String>) {
        let allowed = self.types(schema);
        let accepted = need.types();
        if !allowed.has(accepted) {
            self.report(DisagreementKind::NeverFits, path, Some((accepted, allowed)));
            return;
        }
        if !allowed.within(accepted) {
            self.report(DisagreementKind::MayNotFit, path, Some((accepted, allowed)));
        }
        if need.members.is_empty() {
            return;
        }
        for (name, member) in &need.members {
            path.push(name.to_string());
            let declared = self.property(schema, name);
            if declared.is_empty() {
                self.report(DisagreementKind::Undeclared, path, None);
            }
            if !declared.is_empty() && member.required && !self.requires(schema, name) {
                self.report(DisagreementKind::MayBeMissing, path, None);
            }
            for schema in declared {
                self.compare(member, schema, path);
            }
            path.pop();
        }
        // A hole of the whole object uses all of it.
        if need.variable.is_none() {
            for name in self.names(schema) {
                if !need.members.contains_key(&*name) {
                    path.push(name);
                    self.report(DisagreementKind::Unused, path, None);
                    path.pop();
                }
            }
        }
    }

    fn report(&mut self, kind: DisagreementKind, path: &[String], types: Option<(Types, Types)>) {
        let escaped = path
            .iter()
            .skip(1)
            .map(|name| name.replace('~', "~0").replace('/', "~1"));
        let disagreement = Disagreement {
            kind,
            name: path.join("."),
            pointer: escaped.map(|name| format!("/{name}")).collect(),
            expected: types.map(|(expected, _)| expected),
            declared: types.map(|(_, declared)| declared),
        };
        if !self.found.contains(&disagreement) {
            self.found.push(disagreement);
        }
    }

    /// The types that a schema allows, as far as `type`, `enum`, `const`, local references and combinations say.
    fn types(&mut self, schema: &'a Value) -> Types {
        if !self.step() {
            return Types::ANY;
        }
        let members = match schema {
            Value::Bool(false) => return Types::NONE,
            Value::Object(members) => members,
            _ => return Types::ANY,
        };
        let mut allowed = match members.get("type") {
            Some(Value::String(name)) => Types::named(name),
            Some(Value::Array(names)) => names
                .iter()
                .filter_map(Value::as_str)
                .fold(Types::NONE, |types, name| types.or(Types::named(name))),
            _ => Types::ANY,
        };
        if let Some(Value::Array(values)) = members.get("enum") {
            let types = values
                .iter()
                .map(Types::of_value)
                .fold(Types::NONE, Types::or);
            allowed = allowed.and(types);
        }
        if let Some(value) = members.get("const") {
            allowed = allowed.and(Types::of_value(value));
        }
        if let Some(target) = self.target(schema) {
            allowed = allowed.and(self.types(target));
        }
        for all in list(schema, "allOf") {
            allowed = allowed.and(self.types(all));
        }
        for keyword in ["anyOf", "oneOf"] {
            if schema.get(keyword).is_some_and(Value::is_array) {
                let any = list(schema, keyword)
                    .iter()
                    .fold(Types::NONE, |types, one| types.or(self.types(one)));
                allowed = allowed.and(any);
            }
        }
        allowed
    }

    /// What a schema says about a property; nothing when it does not declare it.
    fn property(&mut self, schema: &'a Value, name: &str) -> Vec<&'a Value> {
        if !self.step() {
            return Vec::new();
        }
        let own = schema
            .get("properties")
            .and_then(|properties| properties.get(name));
        // A schema for all other names declares them; `true` only allows them.
        let other = schema
            .get("additionalProperties")
            .filter(|other| other.is_object());
        let mut found: Vec<&Value> = own.or(other).into_iter().collect();
        for part in self.parts(schema) {
            found.extend(self.property(part, name));
        }
        found
    }

    /// The names that a schema declares.
    fn names(&mut self, schema: &'a Value) -> BTreeSet<String> {
        if !self.step() {
            return BTreeSet::new();
        }
        let own = schema.get("properties").and_then(Value::as_object);
        let mut names: BTreeSet<String> = own
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect();
        for part in self.parts(schema) {
            names.extend(self.names(part));
        }
        names
    }

    fn requires(&mut self, schema: &'a Value, name: &str) -> bool {
        if !self.step() {
            return false;
        }
        let own = list(schema, "required")
            .iter()
            .any(|required| required == name);
        own || self
            .target(schema)
            .is_some_and(|target| self.requires(target, name))
            || list(schema, "allOf")
                .iter()
                .any(|all| self.requires(all, name))
            || ["anyOf", "oneOf"].iter().any(|keyword| {
                let ways = list(schema, keyword);
                !ways.is_empty() && ways.iter().all(|way| self.requires(way, name))
            })
    }

    /// The schemas that a schema is put together from.
    fn parts(&self, schema: &'a Value) -> impl Iterator<Item = &'a Value> + use<'a> {
        let combined = ["allOf", "anyOf", "oneOf"]
            .into_iter()
            .flat_map(|keyword| list(schema, keyword));
        self.target(schema).into_iter().chain(combined)
    }

    /// What a reference within the document points to. Others are for whoever validates to refuse.
    fn target(&self, schema: &'a Value) -> Option<&'a Value> {
        let reference = schema.get("$ref")?.as_str()?;
        self.whole.pointer(reference.strip_prefix('#')?)
    }

    fn step(&mut self) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps > 0
    }
}

fn list<'a>(schema: &'a Value, keyword: &str) -> &'a [Value] {
    schema
        .get(keyword)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
