//! JSON schemas that anybody may have written, held against values that anybody may have sent.
//!
//! A [`Schema`] is compiled once. Whatever it says, it reaches neither network nor file, every pattern is matched in linear time,
//! and validation ends.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

mod depth;
mod draft;
mod error;
mod graph;
mod reader;
mod violation;

use depth::deeper_than;

pub use draft::Draft;
pub use error::{SchemaError, SchemaErrorKind};
pub use violation::Violation;

/// Bounds of a schema and of the values held against it.
///
/// | bound | default |
/// | --- | --- |
/// | the schema's text | 256 KiB |
/// | nesting of the schema | 64 levels |
/// | nesting of a value | 64 levels |
/// | schemas in all, each reference replaced by what it leads to | 20,000 |
/// | schemas in a row, for the same value and in all | 64 and 1,024 |
/// | one compiled pattern | 1 MiB |
/// | violations reported | 1,000 |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaLimits {
    bytes: usize,
    depth: usize,
    value_depth: usize,
    width: u64,
    chain: usize,
    length: usize,
    pattern_bytes: usize,
    violations: usize,
}

impl Default for SchemaLimits {
    fn default() -> Self {
        Self {
            bytes: 256 * 1024,
            depth: 64,
            value_depth: 64,
            width: 20_000,
            chain: 64,
            length: 1024,
            pattern_bytes: 1024 * 1024,
            violations: 1_000,
        }
    }
}

impl SchemaLimits {
    /// Bounds the text of the schema, in bytes.
    #[must_use]
    pub fn with_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Bounds how deep the schema nests, up to 1,000 levels.
    #[must_use]
    pub fn with_depth(mut self, depth: usize) -> Self {
        self.depth = depth;
        self
    }

    /// Bounds how deep a value may nest, up to 1,000 levels.
    #[must_use]
    pub fn with_value_depth(mut self, depth: usize) -> Self {
        self.value_depth = depth;
        self
    }

    /// Bounds how many violations are reported.
    #[must_use]
    pub fn with_violations(mut self, violations: usize) -> Self {
        self.violations = violations;
        self
    }
}

/// A compiled JSON schema. Cheap to clone.
///
/// ```
/// use genesys_integrations::schema::{Draft, Schema, SchemaErrorKind};
/// use serde_json::json;
///
/// let schema = Schema::parse(r#"{"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}"#)?;
/// assert_eq!(schema.draft(), Draft::Draft7);
/// assert!(schema.is_valid(&json!({"status": "open"})));
///
/// let found = schema.violations(&json!({"status": 7}));
/// assert_eq!(found[0].keyword, "type");
/// assert_eq!((&*found[0].instance_path, &*found[0].schema_path), ("/status", "/properties/status/type"));
///
/// let refused = Schema::parse(r#"{"$ref": "file:///etc/hosts"}"#).unwrap_err();
/// assert_eq!(refused.kind(), SchemaErrorKind::RemoteReference);
/// # Ok::<(), genesys_integrations::schema::SchemaError>(())
/// ```
#[derive(Clone)]
pub struct Schema(Arc<Inner>);

struct Inner {
    validator: Validator,
    draft: Draft,
    value_depth: usize,
    detail: usize,
    violations: usize,
}

impl Schema {
    /// Reads and compiles a schema, with the defaults of [`SchemaBuilder`].
    ///
    /// # Errors
    /// [`SchemaError`], with the place in the schema.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        Self::builder().parse(text)
    }

    /// Compiles a schema, with the defaults of [`SchemaBuilder`].
    ///
    /// # Errors
    /// [`SchemaError`], with the place in the schema.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        Self::builder().compile(schema)
    }

    /// Starts with the defaults.
    pub fn builder() -> SchemaBuilder {
        SchemaBuilder::default()
    }

    /// The draft that it is read by.
    pub fn draft(&self) -> Draft {
        self.0.draft
    }

    /// True when `value` breaks no rule.
    pub fn is_valid(&self, value: &Value) -> bool {
        !deeper_than(value, self.0.value_depth) && self.0.validator.is_valid(value)
    }

    /// Every rule that `value` breaks, in the schema's order and up to the limit; none for a valid one.
    ///
    /// A schema that leads back to itself in several ways at once would take for ever to say everything about a value that nests
    /// deeply. Of such a value it says only that it is not valid.
    pub fn violations(&self, value: &Value) -> Vec<Violation> {
        if deeper_than(value, self.0.value_depth) {
            return vec![Violation::too_deep(self.0.value_depth)];
        }
        // Nearly every value is valid, and knowing that costs less than looking for what is wrong.
        if self.0.validator.is_valid(value) {
            return Vec::new();
        }
        if self.0.detail < self.0.value_depth && deeper_than(value, self.0.detail) {
            return vec![Violation::beyond_detail(self.0.detail)];
        }
        self.0
            .validator
            .iter_errors(value)
            .take(self.0.violations.max(1))
            .map(Violation::from)
            .collect()
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema")
            .field("draft", &self.0.draft)
            .finish_non_exhaustive()
    }
}

/// How a [`Schema`] is compiled.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct SchemaBuilder {
    draft: Draft,
    formats: bool,
    limits: SchemaLimits,
    documents: Arc<HashMap<String, Value>>,
}

impl SchemaBuilder {
    /// The draft of a schema without `$schema`. Default: draft 7.
    pub fn with_default_draft(mut self, draft: Draft) -> Self {
        self.draft = draft;
        self
    }

    /// Makes `format` a rule. By default it is a note, in every draft.
    pub fn with_formats(mut self) -> Self {
        self.formats = true;
        self
    }

    /// Sets the limits.
    pub fn with_limits(mut self, limits: SchemaLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Hands in a document that the schema may refer to by `uri`. Only what was handed in can be referred to, and the meta-schemas of
    /// the drafts.
    pub fn with_document(mut self, uri: impl Into<String>, document: Value) -> Self {
        let uri = uri.into().trim_end_matches('#').to_owned();
        Arc::make_mut(&mut self.documents).insert(uri, document);
        self
    }

    /// Reads and compiles a schema.
    ///
    /// # Errors
    /// [`SchemaError`], with the place in the schema.
    pub fn parse(&self, text: &str) -> Result<Schema, SchemaError> {
        if text.len() > self.limits.bytes {
            return Err(SchemaError::new(
                SchemaErrorKind::TooLarge,
                "the text is too long",
            ));
        }
        let schema = serde_json::from_str(text)
            .map_err(|error| SchemaError::quoting(SchemaErrorKind::Json, &error.to_string()))?;
        self.compile(&schema)
    }

    /// Compiles a schema. The bound on its text does not apply.
    ///
    /// # Errors
    /// [`SchemaError`], with the place in the schema.
    pub fn compile(&self, schema: &Value) -> Result<Schema, SchemaError> {
        if deeper_than(schema, self.limits.depth) {
            return Err(SchemaError::new(
                SchemaErrorKind::TooDeep,
                "it nests too deeply",
            ));
        }
        let draft = self.draft_of(schema)?;
        let cost = graph::judge(schema, draft, &self.documents, &self.limits)?;
        let validator = self.validator(draft, schema)?;
        Ok(Schema(Arc::new(Inner {
            validator,
            draft,
            value_depth: self.limits.value_depth,
            detail: cost.detail,
            violations: self.limits.violations,
        })))
    }

    /// A meta-schema that was handed in is written in a draft of its own, which counts.
    fn draft_of(&self, schema: &Value) -> Result<Draft, SchemaError> {
        Draft::of(self.meta_schema(schema).unwrap_or(schema), self.draft)
    }

    fn meta_schema(&self, schema: &Value) -> Option<&Value> {
        let uri = schema.get("$schema")?.as_str()?;
        self.documents.get(uri.trim_end_matches('#'))
    }

    fn validator(&self, draft: Draft, schema: &Value) -> Result<Validator, SchemaError> {
        let patterns = PatternOptions::regex()
            .size_limit(self.limits.pattern_bytes)
            .dfa_size_limit(self.limits.pattern_bytes);
        let mut options = jsonschema::options();
        // The engine reads the vocabularies of a meta-schema that was handed in only when it finds the draft by itself.
        if self.meta_schema(schema).is_none() {
            options = options.with_draft(draft.engine());
        }
        options
            .with_retriever(Handed(self.documents.clone()))
            .should_validate_formats(self.formats)
            .with_pattern_options(patterns)
            .build(schema)
            .map_err(refusal)
    }
}

/// The documents that were handed in; what stands in the place of network and files.
struct Handed(Arc<HashMap<String, Value>>);

impl jsonschema::Retrieve for Handed {
    fn retrieve(
        &self,
        uri: &jsonschema::Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let found = self.0.get(uri.as_str().trim_end_matches('#'));
        found.cloned().ok_or_else(|| "it was not handed in".into())
    }
}

fn reference(error: &jsonschema::ReferencingError) -> SchemaErrorKind {
    use jsonschema::ReferencingError as Error;

    match error {
        Error::Unretrievable { .. } => SchemaErrorKind::RemoteReference,
        _ => SchemaErrorKind::BrokenReference,
    }
}

fn refusal(error: ValidationError<'static>) -> SchemaError {
    let kind = kind_of(&error);
    let refused = match kind {
        SchemaErrorKind::Pattern => SchemaError::new(
            kind,
            "the pattern cannot be matched in linear time, or is too large",
        ),
        _ => SchemaError::quoting(kind, &Violation::from_schema(&error)),
    };
    refused.at(error.instance_path().as_str())
}

fn kind_of(error: &ValidationError<'_>) -> SchemaErrorKind {
    match error.kind() {
        ValidationErrorKind::Referencing(error) => reference(error),
        ValidationErrorKind::Pattern { .. } | ValidationErrorKind::RegexEngineFailure { .. } => {
            SchemaErrorKind::Pattern
        }
        ValidationErrorKind::Format { format } if format == "regex" => SchemaErrorKind::Pattern,
        ValidationErrorKind::PropertyNames { error } => kind_of(error),
        _ => SchemaErrorKind::Invalid,
    }
}
