//! A node whose schemas are compiled.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use genesys_template::{ErrorKind as TemplateErrorKind, Values};
use resilience::RetryPolicy;
use secrecy::SecretString;
use serde_json::Value;

use super::answer::ResponseSchema;
use super::error::{ExecutionError, ExecutionErrorKind};
use super::json;
use super::outgoing::Outgoing;
use super::secrets::Secrets;
use crate::nodes::RestNode;
use crate::schema::{Schema, SchemaError};

/// The root of the secrets.
const CREDENTIALS: &str = "credentials.";

/// A node that is ready to be executed: its schemas are compiled once. Cheap to clone.
#[derive(Clone)]
pub struct PreparedNode(Arc<Inner>);

struct Inner {
    node: RestNode,
    input: Schema,
    response: Option<ResponseSchema>,
    fingerprint: Vec<u8>,
    retry: RetryPolicy,
    repeatable: bool,
    /// The names of the credentials that the request takes.
    credentials: Vec<String>,
}

/// A schema of a node cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepareError {
    member: &'static str,
    source: SchemaError,
}

impl PrepareError {
    /// The member of the node: `/inputSchema` or `/responseSchema`.
    pub fn member(&self) -> &'static str {
        self.member
    }

    /// Why.
    pub fn schema(&self) -> &SchemaError {
        &self.source
    }
}

impl fmt::Display for PrepareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be used", self.member)
    }
}

impl std::error::Error for PrepareError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl PreparedNode {
    /// Compiles the schemas of a node.
    ///
    /// # Errors
    /// The first schema that cannot be used.
    pub fn new(node: &RestNode) -> Result<Self, PrepareError> {
        let compile = |member, schema: &Value| {
            Schema::compile(schema).map_err(|source| PrepareError { member, source })
        };
        let input = compile("/inputSchema", node.input_schema())?;
        let response = node
            .response_schema()
            .map(|schema| compile("/responseSchema", schema))
            .transpose()?;
        let credentials = node.template().variables().into_iter();
        let credentials = credentials.filter_map(|one| one.as_str().strip_prefix(CREDENTIALS));
        Ok(Self(Arc::new(Inner {
            credentials: credentials.map(str::to_owned).collect(),
            input,
            response: response.map(ResponseSchema::from),
            fingerprint: node.fingerprint().to_string().into_bytes(),
            retry: node.retry().policy(),
            // Whoever may be given the answer of an earlier call is not harmed by a second one.
            repeatable: node.method().is_idempotent() || node.memoise().is_some(),
            node: node.clone(),
        })))
    }

    /// The node.
    pub fn node(&self) -> &RestNode {
        &self.0.node
    }

    /// The node's name.
    pub fn name(&self) -> &str {
        self.0.node.name()
    }

    pub(super) fn memoise(&self) -> Option<Duration> {
        self.0.node.memoise()
    }

    pub(super) fn response(&self) -> Option<&ResponseSchema> {
        self.0.response.as_ref()
    }

    pub(super) fn fingerprint(&self) -> &[u8] {
        &self.0.fingerprint
    }

    pub(super) fn retry(&self) -> &RetryPolicy {
        &self.0.retry
    }

    /// Whether sending the request twice does no harm: an idempotent method, or a node that says so by being memoised.
    pub(super) fn is_repeatable(&self) -> bool {
        self.0.repeatable
    }

    /// The request for an input: checked by the input schema first, then by the place of each value.
    pub(super) fn inject(
        &self,
        input: &str,
        secrets: &[&(String, SecretString)],
    ) -> Result<Outgoing, ExecutionError> {
        let malformed = |why| ExecutionError::new(ExecutionErrorKind::Malformed, why);
        let value =
            json::read(input).map_err(|_| malformed("it is no JSON, or nests too deeply"))?;
        let mut values = Values::new()
            .with_text("input", input)
            .map_err(|_| malformed("it has a member twice"))?;
        let violations = self.0.input.violations(&value);
        if !violations.is_empty() {
            return Err(ExecutionError::new(ExecutionErrorKind::Input, "")
                .change(|error| error.violations = violations));
        }
        for (name, secret) in secrets {
            values = values.with_secret(&format!("{CREDENTIALS}{name}"), secret.clone());
        }
        let rendered = self.0.node.template().render(&values).map_err(|error| {
            let missing: Vec<String> = error
                .missing()
                .into_iter()
                .map(|variable| variable.as_str().to_owned())
                .collect();
            let what = match error.kind() {
                TemplateErrorKind::Missing => format!("no value for {}", missing.join(", ")),
                // It names places and variables, and no value.
                _ => error.to_string(),
            };
            ExecutionError::new(ExecutionErrorKind::Template, what)
                .change(|error| error.missing = missing)
        })?;
        let carried = secrets
            .iter()
            .filter(|(name, _)| self.0.credentials.iter().any(|used| used == name));
        let carried = Secrets::new(carried.map(|(_, secret)| secret));
        Outgoing::new(self.0.node.method().clone(), &rendered, carried)
    }
}

impl fmt::Debug for PreparedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedNode")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}
