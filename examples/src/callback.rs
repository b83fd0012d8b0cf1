//! A receiver of infrastructure-as-code messages on loopback, for a cloud without receivers of its own.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use genesys_cloud::webhooks::{SigningKey, TargetUrl, Verifier};
use genesys_services::Server;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::args::Failure;

/// Messages that are kept.
const KEPT: usize = 100;

/// Takes signed messages of the mapper, and unsigned ones of the sandbox's webhooks.
#[derive(Debug)]
pub struct Callback {
    url: TargetUrl,
    taken: Taken,
    /// Dropping it stops the server.
    _stop: oneshot::Sender<()>,
}

/// A message, and whether it was signed with the right key.
#[derive(Debug, Clone)]
pub struct Message {
    /// True when the signature fits.
    pub verified: bool,
    /// What it says.
    pub body: Value,
}

type Taken = Arc<Mutex<Vec<Message>>>;

impl Callback {
    /// Opens a port on loopback.
    ///
    /// # Errors
    ///
    /// When there is no free port.
    pub async fn start(key: &SigningKey) -> Result<Self, Failure> {
        let taken = Taken::default();
        let state = (Arc::clone(&taken), Verifier::new([key.clone()])?);
        let router = Router::new().route("/iac", post(take)).with_state(state);
        let bound = Server::new(router).bind(([127, 0, 0, 1], 0).into()).await?;
        let url = TargetUrl::parse(&format!("http://{}/iac", bound.local_addr()))?;
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(bound.run(async {
            // A dropped sender stops it as well.
            let _ = stopped.await;
        }));
        Ok(Self {
            url,
            taken,
            _stop: stop,
        })
    }

    /// Where messages go.
    pub fn url(&self) -> &TargetUrl {
        &self.url
    }

    /// What came so far.
    pub fn messages(&self) -> Vec<Message> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.clone()
    }
}

async fn take(
    State((taken, verifier)): State<(Taken, Verifier)>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Ok(value) = serde_json::from_slice(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    let verified = verifier.verify(&headers, &body).is_ok();
    let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    if taken.len() < KEPT {
        taken.push(Message {
            verified,
            body: value,
        });
    }
    StatusCode::OK
}
