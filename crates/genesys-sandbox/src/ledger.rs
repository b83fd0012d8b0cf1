//! Every request in order: what was asked, what was answered, and whether it took effect.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::digest::fingerprint;
use crate::entry::{Counts, Effect, Host, LedgerEntry, Outcome, is_token_path};

/// Entries kept; older ones are forgotten, and [`Counts::forgotten`] says how many. The counters never forget.
pub const LEDGER_CAPACITY: usize = 20_000;

#[derive(Debug, Default)]
struct Book {
    entries: VecDeque<LedgerEntry>,
    counts: Counts,
    sequence: u64,
}

impl Book {
    fn entry(&mut self, sequence: u64) -> Option<&mut LedgerEntry> {
        let first = self.entries.front()?.sequence;
        let index = usize::try_from(sequence.checked_sub(first)?).ok()?;
        self.entries.get_mut(index)
    }
}

/// The ledger itself; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Book>>);

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}

/// What is known of a request when it arrives.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) host: Host,
    pub(crate) method: &'a http::Method,
    pub(crate) uri: &'a http::Uri,
    pub(crate) correlation_id: &'a str,
    pub(crate) token: Option<String>,
}

impl Ledger {
    /// Opens the entry of a request. The guard settles it, at the latest when it is dropped.
    pub(crate) fn begin(&self, arrival: Arrival<'_>) -> Line {
        let mut book = self.lock();
        book.sequence += 1;
        book.counts.requests += 1;
        let path = arrival.uri.path().to_owned();
        if is_token_path(&path) {
            book.counts.token_requests += 1;
        }
        let query = arrival.uri.query().unwrap_or_default();
        let entry = LedgerEntry {
            sequence: book.sequence,
            time: crate::time::now(),
            host: arrival.host,
            method: arrival.method.to_string(),
            query_keys: url::form_urlencoded::parse(query.as_bytes())
                .map(|(key, _)| key.into_owned())
                .collect(),
            path,
            route: None,
            outcome: Outcome::Pending,
            status: None,
            faults: Vec::new(),
            correlation_id: arrival.correlation_id.to_owned(),
            token: arrival.token,
            body_bytes: 0,
            body_digest: None,
            effects: Vec::new(),
        };
        if book.entries.len() == LEDGER_CAPACITY {
            book.entries.pop_front();
            book.counts.forgotten += 1;
        }
        book.entries.push_back(entry);
        Line {
            ledger: self.clone(),
            sequence: book.sequence,
            settled: false,
        }
    }

    pub(crate) fn entries(&self) -> Vec<LedgerEntry> {
        self.lock().entries.iter().cloned().collect()
    }

    pub(crate) fn counts(&self) -> Counts {
        self.lock().counts.clone()
    }

    /// Forgets entries and counters; the sequence goes on.
    pub(crate) fn clear(&self) {
        let mut book = self.lock();
        book.entries.clear();
        book.counts = Counts::default();
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The open entry of one request.
#[derive(Debug)]
pub(crate) struct Line {
    ledger: Ledger,
    sequence: u64,
    settled: bool,
}

impl Line {
    pub(crate) fn body(&self, bytes: &[u8]) {
        self.edit(|entry| {
            entry.body_bytes = bytes.len() as u64;
            if !bytes.is_empty() && !entry.is_token_request() {
                entry.body_digest = Some(fingerprint(bytes, 16));
            }
        });
    }

    pub(crate) fn fault(&self, kind: &str) {
        let mut book = self.ledger.lock();
        *book.counts.faults.entry(kind.to_owned()).or_default() += 1;
        if let Some(entry) = book.entry(self.sequence) {
            entry.faults.push(kind.to_owned());
        }
    }

    pub(crate) fn route(&self, route: Option<String>) {
        self.edit(|entry| entry.route = route);
    }

    pub(crate) fn effects(&self, effects: Vec<Effect>) {
        let mut book = self.ledger.lock();
        for effect in &effects {
            *book
                .counts
                .effects
                .entry((effect.object, effect.verb))
                .or_default() += 1;
        }
        if let Some(entry) = book.entry(self.sequence) {
            entry.effects.extend(effects);
        }
    }

    /// An answer is about to leave.
    pub(crate) fn answered(mut self, status: u16) {
        self.settle(Outcome::Answered, Some(status));
    }

    /// A fault takes the connection now.
    pub(crate) fn broken(&mut self, status: Option<u16>) {
        self.settle(Outcome::Broken, status);
    }

    fn settle(&mut self, outcome: Outcome, status: Option<u16>) {
        self.settled = true;
        let mut book = self.ledger.lock();
        if let Some(status) = status {
            *book.counts.statuses.entry(status).or_default() += 1;
        }
        if let Some(entry) = book.entry(self.sequence) {
            entry.outcome = outcome;
            entry.status = status;
        }
    }

    fn edit(&self, change: impl FnOnce(&mut LedgerEntry)) {
        if let Some(entry) = self.ledger.lock().entry(self.sequence) {
            change(entry);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.settled {
            self.settle(Outcome::Abandoned, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrive(ledger: &Ledger) -> Line {
        ledger.begin(Arrival {
            host: Host::Api,
            method: &http::Method::GET,
            uri: &http::Uri::from_static("/api/v2/x?secret=hidden&pageSize=1"),
            correlation_id: "c",
            token: None,
        })
    }

    #[test]
    fn an_entry_keeps_query_keys_and_never_their_values() {
        let ledger = Ledger::default();
        arrive(&ledger).answered(200);
        let entries = ledger.entries();
        assert_eq!(entries[0].query_keys, ["secret", "pageSize"]);
        assert!(!format!("{entries:?}").contains("hidden"));
    }

    #[test]
    fn a_request_that_is_dropped_is_settled_as_abandoned() {
        let ledger = Ledger::default();
        drop(arrive(&ledger));
        assert_eq!(ledger.entries()[0].outcome, Outcome::Abandoned);
    }

    #[test]
    fn the_ring_is_bounded_and_the_counters_are_not() {
        let ledger = Ledger::default();
        for _ in 0..LEDGER_CAPACITY + 3 {
            arrive(&ledger).answered(200);
        }
        let (entries, counts) = (ledger.entries(), ledger.counts());
        assert_eq!((entries.len(), entries[0].sequence), (LEDGER_CAPACITY, 4));
        assert_eq!(
            (counts.requests, counts.status(200), counts.forgotten),
            (LEDGER_CAPACITY as u64 + 3, LEDGER_CAPACITY as u64 + 3, 3)
        );
    }
}
