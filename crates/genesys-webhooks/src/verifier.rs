//! The receiving side of the signature.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use genesys_core::{Error, ErrorKind, Result};
use http::HeaderMap;
use resilience::{Clock, SystemClock};

use crate::rejected::{Rejected, RejectedKind};
use crate::signing::{SigningKey, VERSION, is_message_id};

pub(crate) const ID: &str = "webhook-id";
pub(crate) const TIMESTAMP: &str = "webhook-timestamp";
pub(crate) const SIGNATURE: &str = "webhook-signature";

/// Signatures looked at in one delivery: rotation needs two, and each costs a MAC for every key.
const MAX_SIGNATURES: usize = 16;

/// Checks that a delivery was signed with one of its keys, and lately.
///
/// The scheme is that of [`Notifier`](crate::Notifier). It takes the body's bytes as they arrived: a body that was parsed and
/// written again does not verify. Whether the same delivery came before is not its business: compare
/// [`Verified::id`].
///
/// ```
/// use genesys_webhooks::{SigningKey, Verifier};
///
/// let key = SigningKey::parse(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned().into())?;
/// let verifier = Verifier::new([key])?;
/// assert!(verifier.verify(&http::HeaderMap::new(), b"{}").is_err());
/// # Ok::<(), genesys_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    keys: Arc<[SigningKey]>,
    tolerance: Duration,
    clock: Arc<dyn Clock>,
}

impl Verifier {
    /// A verifier that takes a signature of any of the keys; more than one serves the time in which keys are exchanged.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] without any key.
    pub fn new(keys: impl IntoIterator<Item = SigningKey>) -> Result<Self> {
        let keys: Arc<[SigningKey]> = keys.into_iter().collect();
        if keys.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "a verifier needs a signing key",
            ));
        }
        Ok(Self {
            keys,
            tolerance: Duration::from_secs(300),
            clock: Arc::new(SystemClock),
        })
    }

    /// Sets how far a timestamp may lie from now, in either direction. Default 5 min.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Sets time. Default: the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Checks the headers, then the timestamp, then the signature.
    ///
    /// # Errors
    ///
    /// [`Rejected`] with [`Header`](RejectedKind::Header), [`Timestamp`](RejectedKind::Timestamp) or
    /// [`Signature`](RejectedKind::Signature).
    pub fn verify<'a>(
        &self,
        headers: &'a HeaderMap,
        body: &'a [u8],
    ) -> Result<Verified<'a>, Rejected> {
        let id = header(headers, ID)?;
        if !is_message_id(id) {
            return Err(Rejected::new(RejectedKind::Header, "webhook-id"));
        }
        let text = header(headers, TIMESTAMP)?;
        let timestamp = seconds(text)?;
        let signatures = header(headers, SIGNATURE)?;

        let now = self.clock.wall();
        let distance = now
            .duration_since(timestamp)
            .unwrap_or_else(|early| early.duration());
        if distance > self.tolerance {
            return Err(Rejected::new(RejectedKind::Timestamp, ""));
        }
        let mut given = signatures.split(' ').filter(|part| !part.is_empty());
        let fits = given
            .by_ref()
            .take(MAX_SIGNATURES)
            .filter_map(|part| part.split_once(','))
            .filter(|(version, _)| *version == VERSION)
            .filter_map(|(_, encoded)| STANDARD.decode(encoded).ok())
            .any(|mac| self.keys.iter().any(|key| key.verify(id, text, body, &mac)));
        if fits {
            Ok(Verified {
                id,
                timestamp,
                body,
            })
        } else {
            Err(Rejected::new(RejectedKind::Signature, ""))
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("keys", &self.keys.len())
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}

/// A delivery whose signature was checked; nothing else makes one.
#[derive(Debug, Clone, Copy)]
pub struct Verified<'a> {
    id: &'a str,
    timestamp: SystemTime,
    body: &'a [u8],
}

impl<'a> Verified<'a> {
    /// The message's id, the same when it is delivered again.
    pub fn id(&self) -> &'a str {
        self.id
    }

    /// When this attempt was signed.
    pub fn timestamp(&self) -> SystemTime {
        self.timestamp
    }

    /// The bytes that were signed.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }
}

/// The one value of a header.
fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Rejected> {
    let mut values = headers.get_all(name).iter();
    match (values.next().map(|value| value.to_str()), values.next()) {
        (Some(Ok(text)), None) => Ok(text),
        _ => Err(Rejected::new(RejectedKind::Header, name)),
    }
}

/// Digits alone: a sign or a space would be signed in one form and read in another.
fn seconds(text: &str) -> Result<SystemTime, Rejected> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
        .ok_or_else(|| Rejected::new(RejectedKind::Header, TIMESTAMP))
}
