//! The external systems that integrations call: scripted, and never dialled but for the sandbox's own resource server.

use std::collections::VecDeque;
#[cfg(feature = "platform")]
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[cfg(feature = "platform")]
use axum::body::Body;
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::Url;

use crate::error::{SandboxError, SandboxErrorKind};
#[cfg(feature = "platform")]
use crate::loopback::LoopbackError;

/// Scripts held at once.
const SCRIPTS: usize = 1_000;

/// What an external system answers.
#[derive(Debug, Clone, PartialEq)]
pub struct ExternalReply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) latency: Duration,
}

impl ExternalReply {
    /// An answer with this status, an empty object as its body and a latency of 5 ms.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status,
            body: json!({}),
            latency: Duration::from_millis(5),
        }
    }

    /// Sets the JSON body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Value>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets how long the answer takes. The sandbox really waits, and reports it.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }
}

/// One scripted system: every address that begins with its prefix.
#[derive(Debug)]
struct Script {
    prefix: String,
    basic: Option<(String, SecretString)>,
    queue: VecDeque<ExternalReply>,
    last: ExternalReply,
}

/// The scripted external systems. An address that no script covers answers 200 with `{}`; one on the sandbox's own
/// [`ResourceServer`](crate::ResourceServer) is really called, by data actions.
///
/// ```
/// # async fn example() -> Result<(), genesys_sandbox::SandboxError> {
/// use genesys_sandbox::{ExternalReply, Sandbox};
///
/// let sandbox = Sandbox::start().await?;
/// let replies = [ExternalReply::status(503), ExternalReply::status(200)];
/// sandbox.external().script("https://api.example.com/v1/cases", replies)?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct ExternalSystems {
    scripts: Mutex<Vec<Script>>,
    /// Where the resource server listens.
    #[cfg(feature = "platform")]
    resources: SocketAddr,
}

/// How a call to an external system went.
#[derive(Debug)]
pub(crate) struct ExternalCall {
    pub(crate) status: StatusCode,
    /// The text of the body. Read by data actions alone.
    #[cfg(feature = "platform")]
    pub(crate) body: String,
    pub(crate) latency: Duration,
}

impl ExternalSystems {
    pub(crate) fn new(#[cfg(feature = "platform")] resources: SocketAddr) -> Self {
        Self {
            scripts: Mutex::default(),
            #[cfg(feature = "platform")]
            resources,
        }
    }

    /// Answers calls to addresses that begin with `prefix` with these replies in order; the last one repeats.
    /// Replaces a script of the same prefix, keeping the credentials it asks for. The longest prefix wins.
    ///
    /// # Errors
    /// [`SandboxErrorKind::Script`] without replies, for a status outside 200–599, and when 1,000 scripts are held.
    pub fn script(
        &self,
        prefix: impl Into<String>,
        replies: impl IntoIterator<Item = ExternalReply>,
    ) -> Result<(), SandboxError> {
        let (prefix, mut queue) = (prefix.into(), replies.into_iter().collect::<VecDeque<_>>());
        let refuse = |message: &str| Err(SandboxError::new(SandboxErrorKind::Script, message));
        if queue
            .iter()
            .any(|reply| !(200..=599).contains(&reply.status))
        {
            return refuse("an external status is outside 200 to 599");
        }
        let Some(last) = queue.pop_back() else {
            return refuse("an external system needs a reply");
        };
        let mut scripts = self.lock();
        if scripts.len() >= SCRIPTS {
            return refuse("too many external systems are scripted");
        }
        match scripts.iter_mut().find(|script| script.prefix == prefix) {
            Some(script) => (script.queue, script.last) = (queue, last),
            None => scripts.push(Script {
                prefix,
                basic: None,
                queue,
                last,
            }),
        }
        Ok(())
    }

    /// Makes the systems below `prefix` answer 401 to other Basic credentials than these.
    ///
    /// # Errors
    /// As [`script`](Self::script).
    pub fn require_basic(
        &self,
        prefix: &str,
        username: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<(), SandboxError> {
        if !self.lock().iter().any(|script| script.prefix == prefix) {
            self.script(prefix, [ExternalReply::status(200)])?;
        }
        if let Some(script) = self
            .lock()
            .iter_mut()
            .find(|script| script.prefix == prefix)
        {
            script.basic = Some((username.into(), SecretString::from(password.into())));
        }
        Ok(())
    }

    /// Forgets every script.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Calls the system at this address, which takes its scripted time.
    pub(crate) async fn call(&self, url: &Url, basic: Option<(&str, &str)>) -> ExternalCall {
        let reply = self.reply(url, basic);
        crate::time::pause(reply.latency).await;
        let status =
            StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        ExternalCall {
            status,
            #[cfg(feature = "platform")]
            body: reply.body.to_string(),
            latency: reply.latency,
        }
    }

    /// As [`call`](Self::call), with a whole request, which the resource server gets if no script covers the address.
    #[cfg(feature = "platform")]
    pub(crate) async fn send(
        &self,
        url: &Url,
        request: http::Request<Body>,
        basic: Option<(&str, &str)>,
    ) -> Result<ExternalCall, LoopbackError> {
        if !self.is_served(url) {
            return Ok(self.call(url, basic).await);
        }
        let begin = crate::time::instant();
        let answer = crate::loopback::send(self.resources, request).await?;
        Ok(ExternalCall {
            status: answer.status(),
            body: String::from_utf8_lossy(answer.body()).into_owned(),
            latency: begin.elapsed(),
        })
    }

    /// True for an address of the resource server that no script covers.
    #[cfg(feature = "platform")]
    fn is_served(&self, url: &Url) -> bool {
        let scripted = self
            .lock()
            .iter()
            .any(|script| url.as_str().starts_with(&script.prefix));
        let port = url.port_or_known_default() == Some(self.resources.port());
        !scripted && url.scheme() == "http" && crate::input::is_loopback(url) && port
    }

    fn reply(&self, url: &Url, basic: Option<(&str, &str)>) -> ExternalReply {
        let mut scripts = self.lock();
        let covering = scripts
            .iter_mut()
            .filter(|script| url.as_str().starts_with(&script.prefix));
        let Some(script) = covering.max_by_key(|script| script.prefix.len()) else {
            return ExternalReply::status(200);
        };
        if let Some((username, password)) = &script.basic
            && basic != Some((username.as_str(), password.expose_secret()))
        {
            return ExternalReply::status(401).with_body(json!({"error": "unauthorized"}));
        }
        script
            .queue
            .pop_front()
            .unwrap_or_else(|| script.last.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Script>> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
