//! One call of a node: its input, who asks, and until when.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;

/// Who asks. Answers that were kept for one caller are never given to another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Caller(Option<Arc<str>>);

impl Caller {
    /// Nobody in particular: whatever a server calls private is not kept.
    pub fn anonymous() -> Self {
        Self(None)
    }

    /// One caller, by an id that is the same in every call and nobody else's.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(Some(id.into()))
    }

    /// The id, unless it is nobody in particular.
    pub fn id(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// One call of a node.
///
/// ```
/// use std::time::Duration;
/// use genesys_integrations::executor::{Caller, NodeCall};
///
/// let call = NodeCall::new(r#"{"targetId": "A-1", "requestPayload": {"amount": 12345678901234567890}}"#)
///     .with_caller(Caller::new("flow-7"))
///     .with_secret("authToken", "t0ken".into())
///     .with_deadline(Duration::from_secs(10));
/// assert!(!format!("{call:?}").contains("t0ken"));
/// ```
#[derive(Clone)]
pub struct NodeCall {
    pub(super) input: String,
    pub(super) caller: Caller,
    pub(super) secrets: Vec<(String, SecretString)>,
    pub(super) deadline: Option<Duration>,
}

impl NodeCall {
    /// A call with `input`, a JSON text. Its numbers are sent digit by digit.
    pub fn new(input: impl Into<String>) -> Self {
        Self {
            input: input.into(),
            caller: Caller::anonymous(),
            secrets: Vec::new(),
            deadline: None,
        }
    }

    /// Sets who asks. Default: nobody in particular.
    #[must_use]
    pub fn with_caller(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    /// Sets the credential `name`, that a node takes by `{{credentials.name}}`, for this call alone.
    #[must_use]
    pub fn with_secret(mut self, name: impl Into<String>, secret: SecretString) -> Self {
        self.secrets.push((name.into(), secret));
        self
    }

    /// Sets how long the call may take, waits included. Default: the executor's, 120 s.
    #[must_use]
    pub fn with_deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }
}

impl From<&Value> for NodeCall {
    fn from(input: &Value) -> Self {
        Self::new(input.to_string())
    }
}

/// Without the input, which may be anybody's.
impl fmt::Debug for NodeCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets: Vec<&str> = self.secrets.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("NodeCall")
            .field("bytes", &self.input.len())
            .field("caller", &self.caller)
            .field("secrets", &secrets)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
