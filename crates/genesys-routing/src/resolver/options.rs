//! How one resolve is done.

use std::fmt;
use std::time::Duration;

use genesys_core::{Error, ErrorKind, Result};
use serde_json::Value;

/// How one resolve is done.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolveOptions {
    pub(super) dry_run: bool,
    pub(super) idempotency_key: Option<IdempotencyKey>,
    pub(super) deadline: Duration,
    pub(super) event: Option<Value>,
    pub(super) notify_unchanged: bool,
}

impl Default for ResolveOptions {
    fn default() -> Self {
        Self {
            dry_run: false,
            idempotency_key: None,
            deadline: Duration::from_secs(30),
            event: None,
            notify_unchanged: false,
        }
    }
}

impl ResolveOptions {
    /// Deploy, without a key, within 30 s.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether to probe and compare only. Nothing is written, nobody is notified, and a key is not used up.
    #[must_use]
    pub fn with_dry_run(mut self, yes: bool) -> Self {
        self.dry_run = yes;
        self
    }

    /// Makes the resolve happen once: another one with the same key and the same route gets the first one's report, and one
    /// with another route is refused. Keys are remembered for 24 hours after a success, in this process.
    #[must_use]
    pub fn with_idempotency_key(mut self, key: IdempotencyKey) -> Self {
        self.idempotency_key = Some(key);
        self
    }

    /// Sets the limit of the whole. Default 30 s.
    #[must_use]
    pub fn with_deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Tries this event in a dry run, as [`EventRoutes::dry_run`](crate::EventRoutes::dry_run) says.
    #[must_use]
    pub fn with_event(mut self, event: Value) -> Self {
        self.event = Some(event);
        self
    }

    /// Sets whether the mesh is notified of an unchanged route as well, such as after a notification that failed. Default:
    /// no.
    #[must_use]
    pub fn with_notify_unchanged(mut self, yes: bool) -> Self {
        self.notify_unchanged = yes;
        self
    }
}

/// A caller's name for one resolve: 1 to 255 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Checks a key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] when it is empty, longer than 255 characters, or holds anything but visible ASCII.
    pub fn new(key: impl Into<String>) -> Result<Self> {
        let key = key.into();
        if (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(key))
        } else {
            Err(Error::new(
                ErrorKind::InvalidRequest,
                "an idempotency key is 1 to 255 visible ASCII characters",
            ))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who knows a key gets the report that belongs to it, so it is not printed.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(..)")
    }
}
