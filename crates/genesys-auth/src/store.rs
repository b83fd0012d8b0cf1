//! Where tokens are kept, so that several caches or processes share one.

use std::fmt;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use genesys_core::Error;
use secrecy::SecretString;

mod memory;

pub use memory::MemoryTokenStore;

/// Keeps tokens for several caches: those of one process, or of many.
///
/// A cache reads the store before it asks the login host, holds the lease while it asks, and writes what it got. The
/// store is an optimisation and never a single point of failure: a cache whose store fails or hangs asks the login
/// host itself.
///
/// An implementation must pass the contract suite, `contract::token_store` in the `test_util` module (feature
/// `test-util`). Entries are secrets: keep them where only the application's processes read them.
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// The token under `key`. One that has lapsed may be given back: the cache looks at its expiry.
    async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, Error>;

    /// Keeps `token` if its generation is higher than the kept one's, and says whether it was. The comparison fences
    /// off a holder that lost its lease and comes back late.
    async fn put(&self, key: &TokenKey, token: StoredToken) -> Result<bool, Error>;

    /// Takes the lease on `key` for `ttl`, and says whether `holder` has it now. A holder that has it already renews
    /// it; a lease that ran out is free.
    async fn lease(&self, key: &TokenKey, holder: &str, ttl: Duration) -> Result<bool, Error>;

    /// Gives the lease back, if `holder` still has it; another holder's lease is left alone.
    async fn release(&self, key: &TokenKey, holder: &str) -> Result<(), Error>;
}

/// Names what a token is for: the token endpoint and the client id. Two organisations never share a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenKey(String);

impl TokenKey {
    /// The key of a client at a token endpoint, given by its URL.
    pub fn new(endpoint: &str, client_id: &str) -> Self {
        Self(format!("{endpoint} {client_id}"))
    }

    /// The key as text, for stores that are keyed by text. It holds no secret.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A token as stores keep it: with a calendar expiry, because processes share no monotonic clock.
#[derive(Debug, Clone)]
pub struct StoredToken {
    secret: SecretString,
    generation: u64,
    expires_at: SystemTime,
    life: Duration,
}

impl StoredToken {
    /// A token that lapses at `expires_at` and had `life` left when it was received.
    pub fn new(
        secret: SecretString,
        generation: u64,
        expires_at: SystemTime,
        life: Duration,
    ) -> Self {
        Self {
            secret,
            generation,
            expires_at,
            life,
        }
    }

    /// The access token.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Which renewal made it; a later one has a higher number.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// When it lapses, by the calendar of the process that got it.
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    /// How much life it had when it was received.
    pub fn life(&self) -> Duration {
        self.life
    }

    /// How long it is still good by the calendar `wall`: never longer than its whole life, so that a clock that was
    /// set back does not make it immortal.
    pub fn remaining(&self, wall: SystemTime) -> Duration {
        self.expires_at
            .duration_since(wall)
            .unwrap_or_default()
            .min(self.life)
    }
}
