//! Why an inbound delivery is not taken.

use std::borrow::Cow;
use std::fmt;

use http::StatusCode;

/// An inbound delivery was not taken.
///
/// Its text names what was wrong and nothing of what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    kind: RejectedKind,
    message: Cow<'static, str>,
}

/// What was wrong with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectedKind {
    /// The body is larger than accepted.
    TooLarge,
    /// The content type is not JSON.
    ContentType,
    /// The body is no JSON, or a required member is missing or of another type.
    Malformed,
    /// A signature header is missing, repeated or not understood.
    Header,
    /// The timestamp is too old, or too far in the future: a replay, or a clock that is wrong.
    Timestamp,
    /// No signature fits any key.
    Signature,
}

impl Rejected {
    pub(crate) fn new(kind: RejectedKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// What was wrong.
    pub fn kind(&self) -> RejectedKind {
        self.kind
    }

    /// The status to answer: a 4xx, because the same delivery would be rejected again.
    pub fn status(&self) -> StatusCode {
        match self.kind {
            RejectedKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            RejectedKind::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            RejectedKind::Malformed | RejectedKind::Header => StatusCode::BAD_REQUEST,
            RejectedKind::Timestamp | RejectedKind::Signature => StatusCode::UNAUTHORIZED,
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            RejectedKind::TooLarge => "delivery too large",
            RejectedKind::ContentType => "content type not taken",
            RejectedKind::Malformed => "delivery not understood",
            RejectedKind::Header => "signature headers not understood",
            RejectedKind::Timestamp => "timestamp not accepted",
            RejectedKind::Signature => "signature not accepted",
        })?;
        if self.message.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.message)
        }
    }
}

impl std::error::Error for Rejected {}
