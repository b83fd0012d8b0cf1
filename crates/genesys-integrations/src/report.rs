//! The test of an integration: what to ask, and what came of it.

use std::fmt;
use std::time::Duration;

use genesys_core::redact;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

/// The most characters kept of a text that the platform gives.
const MAX_TEXT: usize = 500;

/// How to test.
///
/// A test calls the external system, so it is sent at most once unless it is marked repeatable.
#[derive(Debug, Clone, Default)]
pub struct TestRequest {
    repeatable: bool,
    input: Map<String, Value>,
    secrets: Vec<SecretString>,
}

impl TestRequest {
    /// A test that is sent at most once: a failure that leaves open whether it ran is
    /// [`OutcomeUnknown`](genesys_core::ErrorKind::OutcomeUnknown).
    pub fn once() -> Self {
        Self::default()
    }

    /// A test that may run several times: up to 5 attempts, exponential from 1 s.
    pub fn repeatable() -> Self {
        Self {
            repeatable: true,
            ..Self::default()
        }
    }

    /// Adds an input value (platform profile; the guide profile's test takes none).
    #[must_use]
    pub fn with_input(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.input.insert(name.into(), value.into());
        self
    }

    /// Names a secret that the external system may echo, such as the definition's password: it is blanked out of reports and
    /// errors. A pipeline does so by itself.
    #[must_use]
    pub fn with_secret(mut self, secret: &SecretString) -> Self {
        self.secrets.push(secret.clone());
        self
    }

    /// True when it may run several times.
    pub fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    /// The input values.
    pub fn input(&self) -> &Map<String, Value> {
        &self.input
    }

    pub(crate) fn secrets(&self) -> &[SecretString] {
        &self.secrets
    }

    /// A text of the platform about this test, bounded, fit for a log line, and without the secrets.
    pub(crate) fn clean(&self, text: &str) -> String {
        let secrets: Vec<&str> = self
            .secrets
            .iter()
            .map(|secret| secret.expose_secret())
            .collect();
        redact::external_text(text, &secrets, MAX_TEXT)
    }
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TestStatus {
    /// The external system answered as it should.
    Success,
    /// It did not: wrong credentials, an error status, an answer that does not fit.
    Failed,
}

impl TestStatus {
    /// `Success` or `Failed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::Failed => "Failed",
        }
    }
}

impl fmt::Display for TestStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What came of a test. A failed one is a report too, and no error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestReport {
    /// How it ended.
    pub status: TestStatus,
    /// The platform's word on it; bounded, and without control characters.
    pub message: String,
    /// How long the external system took. The platform profile does not say: each attempt's latency is in the observer's
    /// [`AttemptFinished`](genesys_core::observe::AttemptFinished) of `integrations.test`.
    pub response_time: Option<Duration>,
    /// What was done, in order. The guide profile does not say.
    pub steps: Vec<TestStep>,
}

impl TestReport {
    /// A report without response time and steps.
    pub fn new(status: TestStatus, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            response_time: None,
            steps: Vec::new(),
        }
    }

    /// True for [`TestStatus::Success`].
    pub fn is_success(&self) -> bool {
        self.status == TestStatus::Success
    }
}

/// One step of a test, such as the rendering of the request. What it produced is left out: it may hold credentials and
/// personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestStep {
    /// Its number, from 1.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Whether it succeeded.
    pub success: bool,
    /// Why it did not.
    pub message: Option<String>,
}

impl TestStep {
    /// A step without a message.
    pub fn new(number: u32, name: impl Into<String>, success: bool) -> Self {
        Self {
            number,
            name: name.into(),
            success,
            message: None,
        }
    }
}
