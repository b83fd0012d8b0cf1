//! One compiled text.

use std::sync::Arc;

use serde_json::Value;

use crate::hole::{Hole, Piece};
use crate::program::Program;
use crate::rendered::Output;
use crate::schema::{self, Disagreement};
use crate::{Error, Problem, Rendered, Scope, Values, Variable, compile, render};

/// A URL, the value of a header, or a JSON document, with holes.
///
/// Compiled once, rendered often; a clone shares nothing mutable.
///
/// ```
/// use genesys_template::{Position, Scope, Template, Values};
/// use serde_json::json;
///
/// let text = r#"{"resourceId":"{{input.targetId}}","data":{{input.requestPayload}}}"#;
/// let body = Template::json(text, &Scope::node())?;
/// let positions: Vec<Position> = body.holes().map(|hole| hole.position()).collect();
/// assert_eq!(positions, [Position::JsonString, Position::JsonValue]);
///
/// let input = json!({"targetId": "a\"b", "requestPayload": {"n": [1, null]}});
/// let rendered = body.render(&Values::new().with_json("input", &input))?;
/// assert_eq!(rendered.text(), r#"{"resourceId":"a\"b","data":{"n":[1,null]}}"#);
/// # Ok::<(), genesys_template::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Template {
    pub(crate) program: Program,
    variables: Arc<[Variable]>,
}

impl Template {
    /// Compiles the URL of a request: http or https, with neither user info nor fragment.
    ///
    /// The origin is written as a parser would write it. Path and query must be spelled so that a parser changes nothing.
    ///
    /// # Errors
    /// When the text is no such URL, or a placeholder is malformed, not declared, or in the scheme, or in a host that is not
    /// [declared](Scope::with_hosts).
    pub fn url(text: &str, scope: &Scope) -> Result<Self, Error> {
        scope.check()?;
        Self::new(compile::url(text, scope))
    }

    /// Compiles the value of the header `name`.
    ///
    /// # Errors
    /// When the name is no header's or holds a placeholder, when the value has anything but visible ASCII, space and tab, or when a
    /// placeholder is malformed, not declared, or in a header that routes or frames a message (`host`, `content-length`, …).
    pub fn header(name: &str, text: &str, scope: &Scope) -> Result<Self, Error> {
        scope.check()?;
        Self::new(compile::header(name, text, scope).map(|(_, program)| program))
    }

    /// Compiles a JSON document, whose holes stand in strings, in keys, or for values: a request body, or the payload of a webhook.
    ///
    /// # Errors
    /// When the text is no JSON once its holes are filled, has a key twice or nests too deep, or when a placeholder is malformed or
    /// not declared.
    pub fn json(text: &str, scope: &Scope) -> Result<Self, Error> {
        scope.check()?;
        Self::new(compile::json(text, scope))
    }

    fn new(compiled: Result<Program, Vec<Problem>>) -> Result<Self, Error> {
        let program = compiled.map_err(Error::new)?;
        schema::check_conflicts([&program])?;
        Ok(Self::of(program))
    }

    pub(crate) fn of(program: Program) -> Self {
        let variables = program
            .holes
            .iter()
            .map(|hole| hole.variable.clone())
            .collect();
        Self { program, variables }
    }

    /// Fills the holes.
    ///
    /// # Errors
    /// Everything that is missing or refused, each with its variable and its place in the template.
    pub fn render(&self, values: &Values) -> Result<Rendered, Error> {
        let program = &self.program;
        let mut rendered = Rendered {
            output: Output::with_capacity(program.literals.len(), program.holes.len()),
            variables: Arc::clone(&self.variables),
        };
        self.render_into(values, &mut rendered)?;
        Ok(rendered)
    }

    /// Fills the holes into an earlier result, whose memory is used again.
    ///
    /// # Errors
    /// As [`render`](Self::render); `rendered` is then empty.
    pub fn render_into(&self, values: &Values, rendered: &mut Rendered) -> Result<(), Error> {
        let mut problems = Vec::new();
        rendered.output.clear();
        render::render(
            &self.program,
            values,
            0,
            &mut rendered.output,
            &mut problems,
        );
        if !problems.is_empty() {
            rendered.output.clear();
            return Err(Error::new(problems));
        }
        if !Arc::ptr_eq(&rendered.variables, &self.variables) {
            rendered.variables = Arc::clone(&self.variables);
        }
        Ok(())
    }

    /// Its literals and holes, in order: for whoever writes the template in another language.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.program.pieces()
    }

    /// Its holes, in order.
    pub fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.program.holes.iter()
    }

    /// Its variables, each once, by name.
    pub fn variables(&self) -> Vec<&Variable> {
        schema::variables(self.holes())
    }

    /// The JSON schema (draft 2020-12) of the values that `root` must have. Secrets are left out: they are no input.
    ///
    /// ```
    /// # use genesys_template::{Scope, Template};
    /// # use serde_json::json;
    /// let url = Template::url("https://api.example.com/{{input.targetId}}", &Scope::node())?;
    /// assert_eq!(
    ///     url.input_schema("input"),
    ///     json!({
    ///         "$schema": "https://json-schema.org/draft/2020-12/schema",
    ///         "type": "object",
    ///         "properties": {"targetId": {"type": ["boolean", "number", "string"], "minLength": 1}},
    ///         "required": ["targetId"],
    ///     })
    /// );
    /// # Ok::<(), genesys_template::Error>(())
    /// ```
    pub fn input_schema(&self, root: &str) -> Value {
        schema::derive(self.holes(), root)
    }

    /// Compares the schema that somebody declares for `root` with what the template needs; every disagreement.
    pub fn check_schema(&self, root: &str, declared: &Value) -> Vec<Disagreement> {
        schema::check(self.holes(), root, declared)
    }
}
