//! Building a node.

use std::fmt;
use std::time::Duration;

use genesys_core::vocabulary::Method;
use serde_json::Value;

use super::finding::NodeError;
use super::node::RestNode;
use super::retry::NodeRetry;
use super::rules;

/// Builds a [`RestNode`]. Headers add up; of other settings the last call counts. [`build`](RestNodeBuilder::build) checks.
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct RestNodeBuilder {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<String>,
    pub(super) input_schema: Option<Value>,
    pub(super) response_schema: Option<Value>,
    pub(super) retry: NodeRetry,
    pub(super) timeout: Duration,
    pub(super) memoise: Option<Duration>,
}

impl RestNodeBuilder {
    pub(super) fn new(name: String, method: Method, url: String) -> Self {
        Self {
            name,
            description: None,
            method,
            url,
            headers: Vec::new(),
            body: None,
            input_schema: None,
            response_schema: None,
            retry: NodeRetry::default(),
            timeout: rules::TIMEOUT,
            memoise: None,
        }
    }

    /// Sets the name.
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the template of the URL.
    pub fn with_url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        self
    }

    /// Sets what it is for.
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Adds a header, whose value is a template. Each name may be given once, in whatever case.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the template of the JSON body.
    pub fn with_body(mut self, text: impl Into<String>) -> Self {
        self.body = Some(text.into());
        self
    }

    /// Sets the JSON schema of the input: an object. Without one it is derived from the templates. A property's `default` stands in
    /// for a missing value.
    pub fn with_input_schema(mut self, schema: Value) -> Self {
        self.input_schema = Some(schema);
        self
    }

    /// Sets the JSON schema of the external system's answer.
    pub fn with_response_schema(mut self, schema: Value) -> Self {
        self.response_schema = Some(schema);
        self
    }

    /// Sets how often the call is repeated.
    pub fn with_retry(mut self, retry: NodeRetry) -> Self {
        self.retry = retry;
        self
    }

    /// Sets how long one attempt may take, in whole milliseconds. Default: 15 s. The guide profile's wire form does not carry it.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Says that an answer may stand in for the next call of the same caller with the same input, for this long, whatever the method.
    /// Off by default; only for calls that change nothing. No wire form carries it.
    pub fn with_memoise(mut self, life: Duration) -> Self {
        self.memoise = Some(life);
        self
    }

    /// Checks everything, before any call.
    ///
    /// | part | rule |
    /// | --- | --- |
    /// | name | 1 to 256 characters, no control characters, no space at either end |
    /// | description | up to 1,024 characters |
    /// | method | `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE` |
    /// | URL | up to 2,048 characters; https (http to loopback only); scheme, host and port spelt out |
    /// | headers | up to 32, up to 4,096 bytes each; none that the transport writes; secrets from `credentials` |
    /// | body | up to 100,000 characters of JSON; none for `GET` and `HEAD` |
    /// | placeholders | `{{input.name}}` and `{{credentials.name}}`, as `genesys-template` takes them |
    /// | schemas | JSON objects of up to 256 KiB and 50 levels, without references to other documents; that of the input of type `object`, declaring every input that is used |
    /// | retry | up to 10 retries; delays from 1 ms to 1 h, the longest not below the first |
    /// | timeout | 1 ms to 60 s |
    /// | memoisation | 1 ms to 24 h |
    ///
    /// A secret header (`Authorization`, `Cookie`, `X-Api-Key`, and names that tell of a token, secret, session or password) that takes
    /// an input which the schema does not declare takes it from `credentials` instead, as do all other places of that variable; the
    /// node's [findings](RestNode::findings) say so. A declared one is refused.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in one error, in the order of the document's members.
    pub fn build(self) -> Result<RestNode, NodeError> {
        rules::check(self, Vec::new())
    }
}

/// Without header values, URL and body: what was not checked yet may hold a secret.
impl fmt::Debug for RestNodeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestNodeBuilder")
            .field("name", &self.name)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
