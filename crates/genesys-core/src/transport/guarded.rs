//! The transport for addresses that somebody else gave.

use async_trait::async_trait;
use bytes::Bytes;
use endpoint_probe::{Error, ErrorKind, GuardedClient};
use http::{Request, Response};

use super::{Transport, TransportError, TransportErrorKind};

/// [`Transport`] whose every connection an egress guard allowed: https, public addresses and port 443 unless its policy
/// says more, one look-up, no proxy, no redirects, a connection a request.
///
/// Use it for callbacks, webhook targets and whatever else a caller names; the API itself is reached by
/// [`ReqwestTransport`](super::ReqwestTransport), which keeps its connections.
///
/// What the guard tells becomes what a retry needs to know:
///
/// | what happened | kind | sent again |
/// | --- | --- | --- |
/// | blocked by the policy, or no request | [`Request`](TransportErrorKind::Request) | never: the answer would be the same |
/// | no address, no connection, TLS failed, timed out before anything was sent | [`Connect`](TransportErrorKind::Connect) | any method |
/// | timed out later | [`Timeout`](TransportErrorKind::Timeout) | repeatable methods |
/// | the connection broke | [`Reset`](TransportErrorKind::Reset) | repeatable methods |
/// | the body is too short | [`Truncated`](TransportErrorKind::Truncated) | repeatable methods |
/// | header or body too large | [`BodyTooLarge`](TransportErrorKind::BodyTooLarge) | never |
/// | the answer is no HTTP | [`Other`](TransportErrorKind::Other) | repeatable methods |
///
/// The error's source is the guard's own error, which names the rule and the host.
///
/// ```
/// use std::sync::Arc;
/// use endpoint_probe::{EgressPolicy, Guard, GuardedClient};
/// use genesys_core::Transport;
/// use genesys_core::transport::{GuardedTransport, TransportErrorKind};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let client = GuardedClient::builder(Guard::system(EgressPolicy::new())).build()?;
/// let transport: Arc<dyn Transport> = Arc::new(GuardedTransport::new(client));
///
/// let request = http::Request::post("https://169.254.169.254/hook").body("{}".into())?;
/// let refused = transport.send(request).await.unwrap_err();
/// assert_eq!(refused.kind(), TransportErrorKind::Request);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct GuardedTransport {
    client: GuardedClient,
}

impl GuardedTransport {
    /// A transport over a guarded client. Its limits hold; its redirects are switched off, as a transport follows none.
    pub fn new(client: GuardedClient) -> Self {
        Self {
            client: client.with_max_redirects(0),
        }
    }
}

#[async_trait]
impl Transport for GuardedTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.client
            .send(request)
            .await
            .map_err(|error| TransportError::new(kind(&error)).with_source(error))
    }
}

fn kind(error: &Error) -> TransportErrorKind {
    use TransportErrorKind as Kind;

    match (error.may_have_been_sent(), error.kind()) {
        (_, ErrorKind::Blocked | ErrorKind::Request | ErrorKind::Config) => Kind::Request,
        (false, _) => Kind::Connect,
        (true, ErrorKind::Timeout) => Kind::Timeout,
        (true, ErrorKind::Closed) => Kind::Reset,
        (true, ErrorKind::Truncated) => Kind::Truncated,
        (true, ErrorKind::TooLarge) => Kind::BodyTooLarge,
        (true, _) => Kind::Other,
    }
}
