//! What a fault does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum FaultKind {
    /// A status with these headers and this body. Without a body the platform's error body is made.
    Status {
        /// 200–599.
        status: u16,
        /// Sent as given, so `Retry-After` can have either form, or none that is valid.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// A JSON value, or a string that is sent as text as it is.
        #[serde(default)]
        body: Option<Value>,
    },
    /// The answer is late. Joins with another fault.
    Latency {
        /// Milliseconds, on the wire of the admin endpoint.
        delay_ms: u64,
    },
    /// The connection is reset: a TCP RST and no byte of an answer.
    Reset,
    /// The answer is cut: `Content-Length` promises more than is sent before the connection closes.
    Cut,
    /// The request is taken and never answered; the connection stays open.
    Stall,
    /// The token that came with the request is expired at the server, for good: 401.
    ExpiredToken,
    /// An HTML page, as a proxy in between makes it.
    HtmlPage {
        /// The page's status, 200–599.
        status: u16,
    },
    /// The right status and content type, and JSON that ends too early.
    MalformedJson,
    /// The right status and body under `text/plain`.
    WrongContentType,
    /// A status with a `Retry-After` that is right at the moment of the answer.
    RetryAfter {
        /// 200–599; 429 or 503 make sense.
        status: u16,
        /// How long to wait, at most a year.
        seconds: u64,
        /// Says it as an HTTP date instead of a number of seconds.
        #[serde(default)]
        date: bool,
    },
    /// The right status and content type, and JSON whose members have other types than they should.
    WrongSchema,
    /// A list whose `pageCount` is a lie.
    PageCount {
        /// What it says instead.
        pages: u64,
    },
    /// The first page of a numbered list again, whichever was asked for.
    RepeatedPage {
        /// Has it claim to be the page that was asked for; without it the page says that it is the first one.
        #[serde(default)]
        claims: bool,
    },
    /// A list whose first entity has no `id`.
    WithoutId,
    /// The whole answer, but its body comes a few bytes at a time. Shows clients without a deadline for a body.
    Drip {
        /// How many bytes at a time, at least 1.
        bytes: usize,
        /// The pause after each few in milliseconds.
        delay_ms: u64,
    },
}

impl FaultKind {
    /// The kind's name, as in the ledger and on the admin endpoint.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Latency { .. } => "latency",
            Self::Reset => "reset",
            Self::Cut => "cut",
            Self::Stall => "stall",
            Self::ExpiredToken => "expiredToken",
            Self::HtmlPage { .. } => "htmlPage",
            Self::MalformedJson => "malformedJson",
            Self::WrongContentType => "wrongContentType",
            Self::RetryAfter { .. } => "retryAfter",
            Self::WrongSchema => "wrongSchema",
            Self::PageCount { .. } => "pageCount",
            Self::RepeatedPage { .. } => "repeatedPage",
            Self::WithoutId => "withoutId",
            Self::Drip { .. } => "drip",
        }
    }

    /// True when the fault's answer is its own and not what became of the request.
    pub(crate) fn makes_answer(&self) -> bool {
        matches!(
            self,
            Self::Status { .. } | Self::HtmlPage { .. } | Self::RetryAfter { .. }
        )
    }
}
