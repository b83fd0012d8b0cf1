//! Names to addresses: one look-up, every answer.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;

/// Looks names up. The guard calls it once a connection and judges every answer.
#[async_trait]
pub trait Resolver: fmt::Debug + Send + Sync {
    /// Every address of `host`, in the order of preference. A name without addresses is an error.
    async fn resolve(&self, host: &str) -> Result<Resolution, ResolveError>;
}

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolution {
    /// The addresses, without duplicates, in the resolver's order. Never empty when a [`Resolver`] of this crate made it.
    pub addresses: Vec<IpAddr>,
    /// The names that the host is an alias of, first to last. Empty when there is none or the resolver does not tell.
    pub aliases: Vec<String>,
}

impl Resolution {
    /// A resolution with `addresses`, duplicates removed, and no aliases.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let mut unique = Vec::new();
        for address in addresses {
            if !unique.contains(&address) {
                unique.push(address);
            }
        }
        Self {
            addresses: unique,
            aliases: Vec::new(),
        }
    }

    /// Sets the chain of aliases.
    #[must_use]
    pub fn with_aliases(mut self, aliases: impl IntoIterator<Item = String>) -> Self {
        self.aliases = aliases.into_iter().collect();
        self
    }
}

/// Why a name has no addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The name does not exist, or has no address.
    #[error("the name has no address")]
    NotFound,
    /// The look-up failed for another reason; it may succeed later.
    #[error("the look-up failed")]
    Failed,
    /// The look-up took longer than its limit.
    #[error("the look-up timed out")]
    TimedOut,
}

/// The operating system's resolver, on a blocking thread.
///
/// It tells no aliases. Dropping the future abandons the answer; the thread ends when the system's own look-up does.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> Result<Resolution, ResolveError> {
        let answers =
            tokio::net::lookup_host((host, 0))
                .await
                .map_err(|error| match error.kind() {
                    std::io::ErrorKind::NotFound => ResolveError::NotFound,
                    std::io::ErrorKind::TimedOut => ResolveError::TimedOut,
                    _ => ResolveError::Failed,
                })?;
        let resolution = Resolution::new(answers.map(|address| address.ip()));
        if resolution.addresses.is_empty() {
            return Err(ResolveError::NotFound);
        }
        Ok(resolution)
    }
}
