//! Access tokens: granted, checked, expired.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::digest::fingerprint;
use crate::seeded::Stream;

/// Tokens held at once; beyond it the dead ones are forgotten, then the oldest.
const TOKENS: usize = 10_000;

#[derive(Debug)]
struct Grant {
    client: String,
    until: Instant,
}

#[derive(Debug)]
struct Book {
    life: Duration,
    grants: HashMap<String, Grant>,
}

/// Tokens by their text. Dead tokens and unknown ones are the same to a caller, as on the platform.
pub(crate) struct Tokens {
    book: Mutex<Book>,
    texts: Stream,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens")
            .field("held", &self.lock().grants.len())
            .finish_non_exhaustive()
    }
}

impl Tokens {
    pub(crate) fn new(life: Duration, texts: Stream) -> Self {
        Self {
            book: Mutex::new(Book {
                life,
                grants: HashMap::new(),
            }),
            texts,
        }
    }

    /// A new token for this client, and how long it lives.
    pub(crate) fn grant(&self, client: &str) -> (String, Duration) {
        let now = crate::time::instant();
        let mut book = self.lock();
        if book.grants.len() >= TOKENS {
            book.grants.retain(|_, grant| grant.until > now);
        }
        if book.grants.len() >= TOKENS
            && let Some(oldest) = book
                .grants
                .iter()
                .min_by_key(|(_, grant)| grant.until)
                .map(|(text, _)| text.clone())
        {
            book.grants.remove(&oldest);
        }
        let (text, life) = (self.texts.token(), book.life);
        book.grants.insert(
            text.clone(),
            Grant {
                client: client.to_owned(),
                until: now + life,
            },
        );
        (text, life)
    }

    /// The client of a token that lives.
    pub(crate) fn client(&self, token: &str) -> Option<String> {
        let book = self.lock();
        book.grants
            .get(token)
            .filter(|grant| grant.until > crate::time::instant())
            .map(|grant| grant.client.clone())
    }

    /// Ends one token; false when it did not live.
    pub(crate) fn expire(&self, token: &str) -> bool {
        self.lock()
            .grants
            .remove(token)
            .is_some_and(|grant| grant.until > crate::time::instant())
    }

    /// Ends every token and says how many lived.
    pub(crate) fn expire_all(&self) -> usize {
        let now = crate::time::instant();
        self.lock()
            .grants
            .drain()
            .filter(|(_, grant)| grant.until > now)
            .count()
    }

    /// The life of the tokens granted from now on.
    pub(crate) fn set_life(&self, life: Duration) {
        self.lock().life = life;
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the ledger shows instead of a token.
pub(crate) fn token_fingerprint(token: &str) -> String {
    fingerprint(token.as_bytes(), 12)
}
