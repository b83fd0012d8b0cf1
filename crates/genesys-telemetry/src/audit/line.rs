//! One line of an audit trail, typed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use genesys_core::audit::{AuditEntry, AuditPhase};
use genesys_core::observe::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bound::Bound;
use super::json;

/// The version of the line format that this crate writes and reads.
pub const SCHEMA: u32 = 1;

/// How an operation ended, as a line says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditOutcome {
    /// It did what was asked.
    Success,
    /// It failed; [`AuditLine::error`] says why.
    Failure,
    /// Its future was dropped before it ended.
    Cancelled,
}

impl From<Outcome> for AuditOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => AuditOutcome::Success,
            Outcome::Cancelled => AuditOutcome::Cancelled,
            _ => AuditOutcome::Failure,
        }
    }
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditError {
    /// The stable name of the error's kind, such as `rate_limited`
    /// ([`ErrorKind::as_str`](genesys_core::ErrorKind::as_str)).
    pub kind: Cow<'static, str>,
    /// The error's own text.
    pub message: String,
}

/// One line of an audit trail: what the caller recorded plus schema version, sequence number and time.
///
/// Serialising one gives the members in the order of the fields. [`Display`](fmt::Display) writes the very text that a
/// trail holds, without the end of the line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditLine {
    /// The format's version: [`SCHEMA`].
    pub schema: u32,
    /// 1 for the first line of a trail, then one more a line, over all its files.
    pub seq: u64,
    /// When the entry was handed over, in UTC with microseconds.
    #[serde(with = "json::time")]
    pub time: SystemTime,
    /// Which half of the operation this is.
    #[serde(with = "json::phase")]
    pub phase: AuditPhase,
    /// Joins the intent and the outcome of one operation.
    pub operation_id: String,
    /// Who did it.
    pub actor: String,
    /// What was done, such as `CREATE`.
    pub action: Cow<'static, str>,
    /// What it was done to.
    pub target: Option<String>,
    /// How it ended; none for an intent.
    pub outcome: Option<AuditOutcome>,
    /// How long it took, written in milliseconds; none for an intent.
    #[serde(rename = "latency_ms", with = "json::millis")]
    pub latency: Option<Duration>,
    /// The platform's id of the last request.
    pub correlation_id: Option<String>,
    /// Free details, keys sorted at every depth.
    #[serde(default, serialize_with = "json::sorted_map")]
    pub attributes: BTreeMap<String, Value>,
    /// The failure; none unless the outcome is one.
    pub error: Option<AuditError>,
    /// How many values were shortened or left out to keep the line within its limit. Not written when zero.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub truncated: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl AuditLine {
    /// Completes `entry`: bounded in size, stamped with `time`, not numbered yet.
    pub(crate) fn new(entry: AuditEntry, time: SystemTime, attribute_limit: usize) -> Self {
        let mut bound = Bound::new(attribute_limit);
        let error = match (entry.error, entry.outcome) {
            (Some((kind, message)), _) => Some((kind, message)),
            // A failure always names its kind, also when nobody kept the error's text.
            (None, Some(Outcome::Failure(kind))) => Some((kind, kind.to_string())),
            (None, _) => None,
        };
        let action = match entry.action {
            Cow::Borrowed(action) => bound.borrowed(action),
            Cow::Owned(action) => Cow::Owned(bound.text(action)),
        };
        Self {
            schema: SCHEMA,
            seq: 0,
            time: json::time::to_micros(time),
            phase: entry.phase,
            operation_id: bound.text(entry.operation_id),
            actor: bound.text(entry.actor),
            action,
            target: entry.target.map(|target| bound.text(target)),
            outcome: entry.outcome.map(AuditOutcome::from),
            latency: entry.latency,
            correlation_id: entry.correlation_id.map(|id| bound.text(id)),
            attributes: bound.attributes(entry.attributes),
            error: error.map(|(kind, message)| AuditError {
                kind: Cow::Borrowed(kind.as_str()),
                message: bound.message(message),
            }),
            truncated: bound.cut(),
        }
    }

    /// Appends the line's text, its end included.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        self.serialize(&mut json::serializer(&mut *out))?;
        out.push(b'\n');
        Ok(())
    }
}

impl fmt::Display for AuditLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.serialize(&mut json::serializer(&mut text))
            .map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use genesys_core::ErrorKind;
    use serde_json::json;

    use super::*;

    fn line(entry: AuditEntry) -> AuditLine {
        AuditLine::new(
            entry,
            SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456),
            8192,
        )
    }

    #[test]
    fn a_line_has_its_members_in_a_stable_order_and_a_unit_in_the_name() {
        // errata ALL-21, ALL-31, INT-32, INT-35, EVR-35
        let mut entry = AuditEntry::new("CREATE", AuditPhase::Outcome, "op-1", "client-1");
        entry.target = Some("int-9".into());
        entry.outcome = Some(Outcome::Failure(ErrorKind::RateLimited));
        entry.latency = Some(Duration::from_micros(12_345));
        entry.correlation_id = Some("c-1".into());
        entry
            .attributes
            .insert("b".into(), json!({"z": 1, "a": [true, null]}));
        entry.attributes.insert("a".into(), json!("x"));
        entry.error = Some((ErrorKind::RateLimited, "rate limited".into()));
        assert_eq!(
            line(entry).to_string(),
            r#"{"schema":1,"seq":0,"time":"2023-11-14T22:13:20.123456Z","phase":"outcome","operation_id":"op-1","actor":"client-1","action":"CREATE","target":"int-9","outcome":"failure","latency_ms":12.345,"correlation_id":"c-1","attributes":{"a":"x","b":{"a":[true,null],"z":1}},"error":{"kind":"rate_limited","message":"rate limited"}}"#
        );
    }

    #[test]
    fn an_intent_says_null_where_nothing_is_known_yet() {
        let text = line(AuditEntry::new(
            "TEST",
            AuditPhase::Intent,
            "op-1",
            "client-1",
        ))
        .to_string();
        assert!(
            text.ends_with(
                r#""target":null,"outcome":null,"latency_ms":null,"correlation_id":null,"attributes":{},"error":null}"#
            ),
            "{text}"
        );
    }

    #[test]
    fn a_failure_without_text_still_names_its_kind() {
        let mut entry = AuditEntry::new("TEST", AuditPhase::Outcome, "op-1", "client-1");
        entry.outcome = Some(Outcome::Failure(ErrorKind::Timeout));
        assert_eq!(line(entry).error.unwrap().kind, "timeout");
    }
}
