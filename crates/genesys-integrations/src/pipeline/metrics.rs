//! When a deployment began and ended, and how.

use std::time::{Duration, SystemTime};

use genesys_core::Client;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::ids::IntegrationId;

/// When one deployment began and ended, and whether it succeeded. A failed one ends when its rollback has ended.
///
/// Its JSON form has RFC 3339 times and milliseconds: `started_at`, `ended_at`, `latency_ms`, `success`, `id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeploymentMetrics {
    /// When it began, by the calendar.
    #[serde(serialize_with = "text")]
    pub started_at: Timestamp,
    /// When it ended, by the calendar.
    #[serde(serialize_with = "text")]
    pub ended_at: Timestamp,
    /// From beginning to end, by a clock that does not jump.
    #[serde(rename = "latency_ms", serialize_with = "millis")]
    pub latency: Duration,
    /// Whether everything is as defined and active.
    pub success: bool,
    /// The integration or widget, once its id was known.
    pub id: Option<IntegrationId>,
}

fn text<S: Serializer>(value: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn millis<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(value.as_secs_f64() * 1000.0)
}

/// A running stopwatch with a date.
#[derive(Debug)]
pub(super) struct Stopwatch {
    started_at: Timestamp,
    started: std::time::Instant,
}

impl Stopwatch {
    pub(super) fn start(client: &Client) -> Self {
        Self {
            started_at: timestamp(client.clock().wall()),
            started: client.clock().now(),
        }
    }

    pub(super) fn stop(
        &self,
        client: &Client,
        success: bool,
        id: Option<IntegrationId>,
    ) -> DeploymentMetrics {
        DeploymentMetrics {
            started_at: self.started_at,
            ended_at: timestamp(client.clock().wall()),
            latency: client.clock().now().saturating_duration_since(self.started),
            success,
            id,
        }
    }
}

/// A date beyond the year 9999 is as wrong as one at the epoch, and easier to see there.
fn timestamp(wall: SystemTime) -> Timestamp {
    Timestamp::try_from(wall).unwrap_or(Timestamp::UNIX_EPOCH)
}
