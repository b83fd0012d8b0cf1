//! A kept answer as bytes, for stores in and outside this process.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::control::Lifetime;
use crate::executor::answer::Answer;

const VERSION: u8 = 1;

/// An answer and until when it is of use. It holds nothing of the request.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) answer: Answer,
    pub(super) received: SystemTime,
    pub(super) lifetime: Lifetime,
}

/// The line before the body.
#[derive(Serialize, Deserialize)]
struct Head {
    version: u8,
    status: u16,
    #[serde(default)]
    media_type: Option<String>,
    json: bool,
    /// Milliseconds.
    received: u64,
    age: u64,
    fresh: u64,
    stale: u64,
}

impl Entry {
    pub(super) fn encode(&self) -> Option<Arc<[u8]>> {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let head = Head {
            version: VERSION,
            status: self.answer.status,
            media_type: self.answer.media_type.clone(),
            json: self.answer.json,
            received: millis(self.received.duration_since(UNIX_EPOCH).ok()?),
            age: millis(self.lifetime.age),
            fresh: millis(self.lifetime.fresh),
            stale: millis(self.lifetime.stale),
        };
        let mut bytes = serde_json::to_vec(&head).ok()?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.answer.body);
        Some(bytes.into())
    }

    /// None for anything that this version has not written.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let line = bytes.iter().position(|byte| *byte == b'\n')?;
        let head: Head = serde_json::from_slice(bytes.get(..line)?).ok()?;
        if head.version != VERSION {
            return None;
        }
        Some(Self {
            answer: Answer {
                status: head.status,
                media_type: head.media_type,
                json: head.json,
                body: Bytes::copy_from_slice(bytes.get(line + 1..)?),
            },
            received: UNIX_EPOCH.checked_add(Duration::from_millis(head.received))?,
            lifetime: Lifetime {
                age: Duration::from_millis(head.age),
                fresh: Duration::from_millis(head.fresh),
                stale: Duration::from_millis(head.stale),
            },
        })
    }

    /// How long it has lain here; none when the calendar went back, so that nobody knows.
    fn resident(&self, now: SystemTime) -> Option<Duration> {
        now.duration_since(self.received).ok()
    }

    pub(super) fn age(&self, now: SystemTime) -> Duration {
        let resident = self.resident(now).unwrap_or_default();
        self.lifetime.age.saturating_add(resident)
    }

    /// How long it stays fresh; none when it is not.
    pub(super) fn fresh_for(&self, now: SystemTime) -> Option<Duration> {
        let left = self.lifetime.fresh.checked_sub(self.resident(now)?)?;
        (!left.is_zero()).then_some(left)
    }

    /// True while it may stand in for an answer that cannot be had.
    pub(super) fn may_stand_in(&self, now: SystemTime) -> bool {
        let limit = self.lifetime.fresh.saturating_add(self.lifetime.stale);
        self.resident(now).is_some_and(|resident| resident < limit)
    }
}
