//! Answers that stand in for the next call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderMap, HeaderName, Method};
use resilience::{CacheStore, Clock, Random, SingleFlight};
use serde::Serialize;

mod control;
mod entry;
mod key;

use self::control::{Directives, Terms};
use self::entry::Entry;
use super::answer::{Answer, Fetched};
use super::call::Caller;
use super::error::ExecutionError;
use super::node::PreparedNode;
use super::outgoing::Outgoing;

/// The longest that an answer is used when it says for itself how long.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// What is known of a URL outlives its answers.
const GENERATION: Duration = Duration::from_secs(48 * 60 * 60);

/// What the cache did for an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[non_exhaustive]
pub enum CacheOutcome {
    /// Nothing: the node's answers are not kept.
    Off,
    /// Nothing: the request, or the state of the store, forbade it.
    Bypassed,
    /// There was no answer, so one was fetched.
    Miss {
        /// It may be kept, and the store was given it.
        stored: bool,
    },
    /// The answer of a call that was under way for the same request.
    Joined,
    /// A kept answer.
    Hit {
        /// How old it is, as the server counts.
        #[serde(serialize_with = "seconds", rename = "ageSeconds")]
        age: Duration,
    },
    /// A kept answer beyond its time, because a new one could not be had.
    Stale {
        /// How old it is, as the server counts.
        #[serde(serialize_with = "seconds", rename = "ageSeconds")]
        age: Duration,
    },
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(time.as_secs())
}

impl CacheOutcome {
    /// A stable lower-case name for labels, logs and audit lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Bypassed => "bypassed",
            Self::Miss { .. } => "miss",
            Self::Joined => "joined",
            Self::Hit { .. } => "hit",
            Self::Stale { .. } => "stale",
        }
    }

    /// How old a kept answer is.
    pub fn age(self) -> Option<Duration> {
        match self {
            Self::Hit { age } | Self::Stale { age } => Some(age),
            _ => None,
        }
    }
}

/// What everybody gets who waited for one answer.
pub(super) type Landed = Result<Arc<Fetched>, ExecutionError>;

/// The kept answers, and the calls under way that will be.
pub(super) struct Cache {
    pub(super) store: Arc<dyn CacheStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) stale: Duration,
    pub(super) uncounted: Vec<HeaderName>,
    pub(super) flights: SingleFlight<Arc<str>, Landed>,
    pub(super) generations: SingleFlight<Arc<str>, Option<Arc<[u8]>>>,
}

/// Where the answer to a request is kept.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) key: Arc<str>,
    terms: Terms,
    /// A kept answer will not do.
    pub(super) refresh: bool,
}

/// A kept answer.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) answer: Answer,
    pub(super) age: Duration,
    pub(super) fresh: bool,
}

impl Cache {
    /// Where the answer is kept: nowhere, when the node, the request or the store does not allow it.
    pub(super) async fn place(
        &self,
        node: &PreparedNode,
        request: &Outgoing,
        caller: &Caller,
    ) -> Result<Place, CacheOutcome> {
        let memo = node.memoise();
        let cacheable = matches!(request.method, Method::GET | Method::HEAD);
        if memo.is_none() && !cacheable {
            return Err(CacheOutcome::Off);
        }
        let asked = Directives::of(&request.headers);
        if asked.has("no-store") {
            return Err(CacheOutcome::Bypassed);
        }
        let Some(generation) = self.generation(request.url.as_str()).await else {
            return Err(CacheOutcome::Bypassed);
        };
        let key = key::entry(
            node.fingerprint(),
            &generation,
            request,
            caller,
            &self.uncounted,
        );
        Ok(Place {
            key: Arc::from(key),
            terms: Terms {
                limit: memo.unwrap_or(LONGEST),
                memoised: memo.is_some(),
                private: caller.id().is_some(),
                stale: self.stale,
            },
            refresh: refresh(&request.headers, &asked),
        })
    }

    /// The kept answer of a place that is fresh enough for this request, or that may stand in for one.
    pub(super) async fn get(&self, place: &Place, request: &Outgoing) -> Option<Kept> {
        // A store that fails has nothing.
        let bytes = self.store.get(&place.key).await.ok()??;
        let entry = Entry::decode(&bytes)?;
        let now = self.clock.wall();
        let asked = Directives::of(&request.headers);
        let age = entry.age(now);
        let young = asked.seconds("max-age").is_none_or(|limit| age <= limit);
        let fresh = entry
            .fresh_for(now)
            .is_some_and(|left| asked.seconds("min-fresh").is_none_or(|least| left >= least));
        (fresh || entry.may_stand_in(now)).then(|| Kept {
            answer: entry.answer,
            age,
            fresh: fresh && young && !place.refresh,
        })
    }

    /// Keeps an answer, if it may be kept. True when it is.
    pub(super) async fn put(
        &self,
        place: &Place,
        request: &Outgoing,
        answer: &Answer,
        headers: &HeaderMap,
    ) -> bool {
        let now = self.clock.wall();
        let Ok(status) = http::StatusCode::from_u16(answer.status) else {
            return false;
        };
        let lifetime = control::lifetime(
            place.terms,
            &request.method,
            &request.headers,
            status,
            headers,
            &self.uncounted,
            now,
        );
        // A secret that came back stays out of every store.
        let Some(lifetime) = lifetime.filter(|_| !request.secrets.are_in_bytes(&answer.body))
        else {
            return false;
        };
        let entry = Entry {
            answer: answer.clone(),
            received: now,
            lifetime,
        };
        let life = lifetime.fresh.saturating_add(lifetime.stale);
        match entry.encode() {
            Some(bytes) => self.store.put(&place.key, bytes, life).await.is_ok(),
            None => false,
        }
    }

    /// Forgets every answer of a URL, whoever it was kept for: a write has changed what is there. An answer that is on its way is kept
    /// where nobody looks any more.
    pub(super) async fn invalidate(&self, url: &str) {
        // A store that fails gives up its answers when they expire.
        let _ = self.store.remove(&key::url(url)).await;
    }

    /// A number that changes with every write to the URL. None when the store cannot tell.
    async fn generation(&self, url: &str) -> Option<Arc<[u8]>> {
        let key: Arc<str> = Arc::from(key::url(url));
        if let Some(known) = self.store.get(&key).await.ok()? {
            return Some(known);
        }
        let (store, random) = (Arc::clone(&self.store), Arc::clone(&self.random));
        let target = Arc::clone(&key);
        let begin = move || async move {
            if let Some(known) = store.get(&target).await.ok()? {
                return Some(known);
            }
            let mut fresh = [0_u8; 16];
            fresh[..8].copy_from_slice(&random.next_u64().to_be_bytes());
            fresh[8..].copy_from_slice(&random.next_u64().to_be_bytes());
            let fresh: Arc<[u8]> = Arc::from(fresh);
            store
                .put(&target, Arc::clone(&fresh), GENERATION)
                .await
                .ok()?;
            Some(fresh)
        };
        // Two at once would not see each other's answers.
        self.generations.run(key, begin).await.ok()?
    }
}

/// True when a request asks for a new answer.
fn refresh(headers: &HeaderMap, asked: &Directives) -> bool {
    let pragma = headers.get_all(PRAGMA).iter();
    asked.has("no-cache")
        || (!headers.contains_key(CACHE_CONTROL)
            && pragma
                .filter_map(|line| line.to_str().ok())
                .any(|line| line.contains("no-cache")))
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("store", &self.store)
            .field("stale", &self.stale)
            .finish_non_exhaustive()
    }
}
