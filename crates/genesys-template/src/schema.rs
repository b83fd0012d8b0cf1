//! What a template needs, as a JSON schema, and how that compares with what somebody declares.

mod check;
mod types;

use std::collections::BTreeMap;

pub use check::{Disagreement, DisagreementKind};
use serde_json::{Map, Value, json};
pub(crate) use types::Types;

use crate::hole::{Hole, Position};
use crate::program::Program;
use crate::{Error, ErrorKind, Problem, Variable};

/// What the holes below one root need of its value.
#[derive(Debug, Clone)]
struct Need {
    accepts: Types,
    required: bool,
    /// Stands by itself in a path segment.
    not_empty: bool,
    members: BTreeMap<Box<str>, Need>,
    /// A hole of this very variable, if there is one.
    variable: Option<Variable>,
}

pub(crate) fn variables<'a>(holes: impl Iterator<Item = &'a Hole>) -> Vec<&'a Variable> {
    let mut variables: Vec<&Variable> = holes.map(Hole::variable).collect();
    variables.sort();
    variables.dedup();
    variables
}

pub(crate) fn derive<'a>(holes: impl Iterator<Item = &'a Hole>, root: &str) -> Value {
    let mut schema = Need::of(holes, root).schema();
    schema.insert(
        "$schema".to_owned(),
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    Value::Object(schema)
}

pub(crate) fn check<'a>(
    holes: impl Iterator<Item = &'a Hole>,
    root: &str,
    declared: &Value,
) -> Vec<Disagreement> {
    let (secret, plain): (Vec<&Hole>, Vec<&Hole>) = holes
        .filter(|hole| *hole.root == *root)
        .partition(|hole| hole.secret);
    let secrets = variables(secret.into_iter());
    check::check(&Need::of(plain.into_iter(), root), &secrets, root, declared)
}

/// Refuses variables that no value satisfies: an object in one place, text in another.
pub(crate) fn check_conflicts<'a>(
    programs: impl IntoIterator<Item = &'a Program>,
) -> Result<(), Error> {
    let mut places = BTreeMap::new();
    let mut parents = BTreeMap::new();
    for program in programs {
        for hole in program.holes.iter().filter(|hole| hole.is_required()) {
            if Types::of(hole.position) != Types::ANY {
                places
                    .entry(hole.variable.as_str())
                    .or_insert((program, hole));
            }
            let whole = hole.variable.as_str();
            for (dot, _) in whole.match_indices('.') {
                parents.entry(&whole[..dot]).or_insert(hole);
            }
        }
    }
    let mut problems = Vec::new();
    for (name, (program, hole)) in places {
        if parents.contains_key(name) {
            let problem = Problem::new(ErrorKind::Conflict, &program.part);
            problems.push(problem.at(hole.offset).of(&hole.variable));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::new(problems))
    }
}

impl Need {
    fn none() -> Self {
        Self {
            accepts: Types::ANY,
            required: false,
            not_empty: false,
            members: BTreeMap::new(),
            variable: None,
        }
    }

    /// Secrets are no input.
    fn of<'a>(holes: impl Iterator<Item = &'a Hole>, root: &str) -> Self {
        let mut need = Self::none();
        for hole in holes.filter(|hole| *hole.root == *root && !hole.secret) {
            let mut at = &mut need;
            let required = hole.is_required();
            at.required |= required;
            for name in &hole.path {
                at = at.members.entry(name.clone()).or_insert_with(Self::none);
                at.required |= required;
            }
            at.accepts = at.accepts.and(Types::of(hole.position));
            at.not_empty |= hole.position == Position::PathSegment && hole.alone;
            at.variable = Some(hole.variable.clone());
        }
        need
    }

    /// What it may be. An object by the names below it, unless all of those may be missing.
    fn types(&self) -> Types {
        if self.members.values().any(|member| member.required) {
            Types::OBJECT
        } else {
            self.accepts
        }
    }

    fn schema(&self) -> Map<String, Value> {
        let mut schema = Map::new();
        let types = self.types();
        if types == Types::ANY && !self.members.is_empty() {
            schema.insert("type".to_owned(), "object".into());
        } else if types != Types::ANY {
            schema.insert("type".to_owned(), types.to_json());
        }
        if self.not_empty && types.has(Types::STRING) {
            schema.insert("minLength".to_owned(), 1.into());
        }
        if self.members.is_empty() || !types.has(Types::OBJECT) {
            return schema;
        }
        let properties: Map<String, Value> = self
            .members
            .iter()
            .map(|(name, need)| (name.to_string(), Value::Object(need.schema())))
            .collect();
        let required: Vec<&str> = self
            .members
            .iter()
            .filter(|(_, need)| need.required)
            .map(|(name, _)| &**name)
            .collect();
        schema.insert("properties".to_owned(), Value::Object(properties));
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema
    }
}
