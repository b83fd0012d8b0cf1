//! Whom the server knows, what it sends along, and what it has been asked.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use tokio::sync::watch;

use crate::digest::fingerprint;
use crate::error::{SandboxError, SandboxErrorKind};
use crate::faults::Faults;
use crate::ledger::Ledger;
use crate::resources::RESOURCE_TOKEN;
use crate::seeded::Stream;

/// Callers known at once.
const CALLERS: usize = 10_000;
/// Headers that belong to the message itself.
const OWN: [HeaderName; 5] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::DATE,
    header::TRANSFER_ENCODING,
];

/// Shared by the handle and the connections. Tokens are kept as digests alone.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) address: SocketAddr,
    pub(crate) faults: Faults,
    pub(crate) ledger: Ledger,
    pub(super) ids: Stream,
    callers: Mutex<HashMap<String, String>>,
    headers: Mutex<HeaderMap>,
    answers: AtomicU64,
    stop: watch::Receiver<bool>,
}

impl State {
    pub(super) fn new(address: SocketAddr, seed: u64, stop: watch::Receiver<bool>) -> Self {
        let state = Self {
            address,
            faults: Faults::new(Stream::new(seed, 5)),
            ledger: Ledger::default(),
            ids: Stream::new(seed, 6),
            callers: Mutex::default(),
            headers: Mutex::default(),
            answers: AtomicU64::new(0),
            stop,
        };
        state.set_token(RESOURCE_TOKEN);
        state
    }

    /// The base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn set_token(&self, token: &str) {
        let mut callers = self.callers();
        callers.clear();
        callers.insert(digest(token), "default".to_owned());
    }

    pub(super) fn add_caller(&self, name: &str, token: &str) -> Result<(), SandboxError> {
        let mut callers = self.callers();
        if callers.len() >= CALLERS {
            return Err(refused("too many callers are known".into()));
        }
        callers.insert(digest(token), name.to_owned());
        Ok(())
    }

    /// Whose token it is.
    pub(super) fn caller(&self, token: &str) -> Option<String> {
        self.callers().get(&digest(token)).cloned()
    }

    /// Knows the token no longer.
    pub(super) fn forget(&self, token: &str) {
        self.callers().remove(&digest(token));
    }

    pub(super) fn set_header(&self, name: &str, value: &str) -> Result<(), SandboxError> {
        let (name, value) = Self::header(name, value)?;
        self.headers_mut().insert(name, value);
        Ok(())
    }

    /// Sends these headers and no other ones, or changes nothing when one of them is refused.
    pub(crate) fn replace_headers(&self, headers: &[(String, String)]) -> Result<(), SandboxError> {
        let read: Result<HeaderMap, _> = headers
            .iter()
            .map(|(name, value)| Self::header(name, value))
            .collect();
        *self.headers_mut() = read?;
        Ok(())
    }

    fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), SandboxError> {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
        else {
            return Err(refused(format!("{name:?} is not a valid header")));
        };
        if OWN.contains(&name) {
            return Err(refused(format!("{name} belongs to the message itself")));
        }
        Ok((name, value))
    }

    pub(super) fn clear_headers(&self) {
        self.headers_mut().clear();
    }

    pub(super) fn headers(&self) -> HeaderMap {
        self.headers_mut().clone()
    }

    /// True when the client has what it asks for: its `If-None-Match` names the current `ETag`.
    pub(super) fn is_unchanged(&self, method: &Method, request: &HeaderMap) -> bool {
        let headers = self.headers_mut();
        let Some(current) = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()) else {
            return false;
        };
        // The comparison is weak, as it is for reading.
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let mut known = request
            .get_all(header::IF_NONE_MATCH)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        matches!(*method, Method::GET | Method::HEAD)
            && known.any(|tag| tag.trim() == "*" || opaque(tag) == opaque(current))
    }

    /// The number of the next answer, from 1.
    pub(super) fn next_answer(&self) -> u64 {
        self.answers.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Waits until the server stops.
    pub(super) async fn stopped(&self) {
        crate::server::stopped(&mut self.stop.clone()).await;
    }

    fn callers(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn headers_mut(&self) -> MutexGuard<'_, HeaderMap> {
        self.headers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(token: &str) -> String {
    fingerprint(token.as_bytes(), 64)
}

fn refused(rule: String) -> SandboxError {
    SandboxError::new(SandboxErrorKind::Script, rule)
}
