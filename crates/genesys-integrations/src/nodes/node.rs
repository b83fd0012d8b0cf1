//! What a REST node is. Its JSON form is the source document's.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use genesys_core::vocabulary::Method;
use genesys_template::{Hole, RequestTemplate, Template};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::builder::RestNodeBuilder;
use super::finding::{NodeError, NodeFinding, pointer};
use super::retry::{NodeRetry, RetryConfig};
use super::secrets::Moved;
use super::{document, rules};
use crate::definition::Fingerprint;

/// A checked REST node: a call of an external system with typed places for its input, and what comes back. Cheap to clone.
///
/// Only [`builder`](RestNode::builder) and [`from_document`](RestNode::from_document) make one, so that nothing that breaks a rule is
/// ever sent. Two nodes are equal when all that they say is; neither the order of headers nor what was found about them counts.
///
/// Its JSON form has the members of the source document, and `timeoutMs` and `memoiseMs` where they differ from the default; it holds
/// no secret, because a secret that is spelt out is refused.
///
/// ```
/// use genesys_integrations::nodes::RestNode;
/// use genesys_core::vocabulary::Method;
///
/// let node = RestNode::builder("Find case", Method::GET, "https://api.example.com/v1/cases/{{input.caseId}}")
///     .with_header("Authorization", "Bearer {{credentials.token}}")
///     .build()?;
/// // Derived, because none was given.
/// assert_eq!(node.input_schema()["required"], serde_json::json!(["caseId"]));
/// assert_eq!(node.retry().policy().max_attempts(), 4);
/// # Ok::<(), genesys_integrations::nodes::NodeError>(())
/// ```
#[derive(Clone)]
pub struct RestNode(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) parts: RestNodeBuilder,
    pub(super) input_schema: Value,
    pub(super) template: RequestTemplate,
    pub(super) moved: Moved,
    pub(super) findings: Vec<NodeFinding>,
}

impl RestNode {
    /// Starts a node. `url` and, later, header values and body are templates of `genesys-template`: `{{input.name}}` takes a value of
    /// the input, `{{credentials.name}}` a secret.
    pub fn builder(
        name: impl Into<String>,
        method: Method,
        url: impl Into<String>,
    ) -> RestNodeBuilder {
        RestNodeBuilder::new(name.into(), method, url.into())
    }

    /// Reads a node from its JSON form: UTF-8, up to 1 MiB, nested up to 50 levels, no member twice. `id` and `version`, which an
    /// answer has, are passed over; other members that a node does not have are errors.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with the bytes of the document that it is about ([`NodeFinding::span`]).
    ///
    /// ```
    /// use genesys_integrations::nodes::{EXAMPLE_DOCUMENT, RestNode};
    ///
    /// let node = RestNode::from_document(EXAMPLE_DOCUMENT.as_bytes())?;
    /// assert_eq!(node.name(), "ExternalRESTNode");
    /// // The source document takes a token from the input; a secret is a credential.
    /// assert_eq!(node.headers()[0].1, "Bearer {{credentials.authToken}}");
    ///
    /// let error = RestNode::from_document(br#"{"name": "a", "name": "b"}"#).unwrap_err();
    /// assert_eq!(error.to_string(), "invalid rest node: has the member `name` twice");
    /// # Ok::<(), genesys_integrations::nodes::NodeError>(())
    /// ```
    pub fn from_document(bytes: &[u8]) -> Result<Self, NodeError> {
        document::read(bytes)
    }

    /// Starts another node from this one.
    pub fn to_builder(&self) -> RestNodeBuilder {
        self.0.parts.clone()
    }

    /// The name, which is also the marker by which a second run finds what the first one made.
    pub fn name(&self) -> &str {
        &self.0.parts.name
    }

    /// What it is for.
    pub fn description(&self) -> Option<&str> {
        self.0.parts.description.as_deref()
    }

    /// The method of the request.
    pub fn method(&self) -> &Method {
        &self.0.parts.method
    }

    /// The template of the request's URL.
    pub fn url(&self) -> &str {
        &self.0.parts.url
    }

    /// The headers' names and the templates of their values, in the order in which they were given.
    pub fn headers(&self) -> &[(String, String)] {
        &self.0.parts.headers
    }

    /// The template of the JSON body.
    pub fn body(&self) -> Option<&str> {
        self.0.parts.body.as_deref()
    }

    /// The compiled request. Its roots are `input` and, secret, `credentials`; a `default` of the input schema stands in for a missing
    /// input.
    pub fn template(&self) -> &RequestTemplate {
        &self.0.template
    }

    /// The JSON schema of the input: as it was given, or else as the template needs it.
    pub fn input_schema(&self) -> &Value {
        &self.0.input_schema
    }

    /// The JSON schema of the external system's answer. It was checked to be an object without references to other documents; whether
    /// it is a schema shows when it is compiled.
    pub fn response_schema(&self) -> Option<&Value> {
        self.0.parts.response_schema.as_ref()
    }

    /// How often the call is repeated.
    pub fn retry(&self) -> &NodeRetry {
        &self.0.parts.retry
    }

    /// How long one attempt may take. Default: 15 s.
    pub fn timeout(&self) -> Duration {
        self.0.parts.timeout
    }

    /// For how long an answer may stand in for the next call of the same caller with the same input, if the node says that it may.
    pub fn memoise(&self) -> Option<Duration> {
        self.0.parts.memoise
    }

    /// What was found when it was built: warnings at most.
    pub fn findings(&self) -> &[NodeFinding] {
        &self.0.findings
    }

    /// A digest of its JSON form: equal nodes have equal fingerprints in every process.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_bytes(&self.canonical())
    }

    /// What the guide profile sends: the document's members alone.
    pub(super) fn wire(&self) -> NodeWire<'_> {
        NodeWire {
            node: self,
            local: false,
        }
    }

    /// The same bytes for equal nodes: the order of headers says nothing.
    fn canonical(&self) -> Vec<u8> {
        // Texts and JSON values always have a JSON form.
        let value = serde_json::to_value(self).unwrap_or_default();
        serde_json::to_vec(&value).unwrap_or_default()
    }
}

/// The compiled parts of a request by their JSON pointer, headers as the author spelt them.
pub(super) fn template_parts<'a>(
    template: &'a RequestTemplate,
    headers: &'a [(String, String)],
) -> impl Iterator<Item = (String, &'a Template)> {
    let url = std::iter::once((rules::URL.to_owned(), template.url()));
    let headers = template
        .headers()
        .zip(headers)
        .map(|((_, template), (name, _))| (pointer(rules::HEADERS, name), template));
    let body = template.body().map(|body| (rules::BODY.to_owned(), body));
    url.chain(headers).chain(body)
}

/// The holes of a request, each with the JSON pointer of its text.
pub(super) fn template_holes<'a>(
    template: &'a RequestTemplate,
    headers: &'a [(String, String)],
) -> impl Iterator<Item = (String, &'a Hole)> {
    template_parts(template, headers)
        .flat_map(|(member, part)| part.holes().map(move |hole| (member.clone(), hole)))
}

impl PartialEq for RestNode {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.canonical() == other.canonical()
    }
}

/// Without templates and schemas, which may be long.
impl fmt::Debug for RestNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestNode")
            .field("name", &self.name())
            .field("method", &self.method())
            .field("findings", &self.findings())
            .finish_non_exhaustive()
    }
}

impl Serialize for RestNode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        NodeWire {
            node: self,
            local: true,
        }
        .serialize(serializer)
    }
}

/// A node in the order of the source document.
pub(super) struct NodeWire<'a> {
    node: &'a RestNode,
    /// With the members that only this library knows.
    local: bool,
}

impl Serialize for NodeWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let node = self.node;
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", node.name())?;
        if let Some(description) = node.description() {
            map.serialize_entry("description", description)?;
        }
        map.serialize_entry("type", "REST")?;
        map.serialize_entry("requestUrl", node.url())?;
        map.serialize_entry("requestMethod", node.method().as_str())?;
        if !node.headers().is_empty() {
            map.serialize_entry("requestHeaders", &Headers(node.headers()))?;
        }
        if let Some(body) = node.body() {
            map.serialize_entry("requestBody", body)?;
        }
        map.serialize_entry("inputSchema", node.input_schema())?;
        if let Some(schema) = node.response_schema() {
            map.serialize_entry("responseSchema", schema)?;
        }
        map.serialize_entry("retryConfig", &RetryConfig::from(*node.retry()))?;
        if self.local && node.timeout() != rules::TIMEOUT {
            map.serialize_entry("timeoutMs", &millis(node.timeout()))?;
        }
        if let Some(memoise) = node.memoise().filter(|_| self.local) {
            map.serialize_entry("memoiseMs", &millis(memoise))?;
        }
        map.end()
    }
}

struct Headers<'a>(&'a [(String, String)]);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
