//! One quota gate a token.

use std::sync::{Arc, Mutex, PoisonError};

use resilience::{Clock, Quota, QuotaConfig, QuotaStore, Random};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::token::Token;

/// Limits that every call with a token counts against, by the platform's names; any other limit stops only the route that
/// ran into it.
const TOKEN_LIMITS: &[&str] = &[
    "token.rate.per.minute",
    "client.credentials.token.rate.per.minute",
    "org.app.user.rate.per.minute",
    "org.user.rate.per.minute",
];

/// The gate of the newest token. A renewed token has a window of its own, so it gets a new gate.
#[derive(Debug)]
pub(super) struct Quotas {
    enabled: bool,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    store: Option<Arc<dyn QuotaStore>>,
    newest: Mutex<Option<(u64, Quota)>>,
}

impl Quotas {
    pub(super) fn new(
        enabled: bool,
        store: Option<Arc<dyn QuotaStore>>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            enabled,
            clock,
            random,
            store,
            newest: Mutex::new(None),
        }
    }

    /// The gate of `token`; none when gating is off. A straggler with an older token passes the newest gate.
    pub(super) fn gate(&self, token: &Token) -> Option<Quota> {
        if !self.enabled {
            return None;
        }
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        match &*newest {
            Some((generation, quota)) if *generation >= token.generation() => Some(quota.clone()),
            _ => {
                let mut quota = Quota::new(
                    QuotaConfig::default().with_shared_keys(TOKEN_LIMITS.iter().copied()),
                    Arc::clone(&self.clock),
                    Arc::clone(&self.random),
                );
                if let Some(store) = &self.store {
                    quota = quota.with_store(Arc::clone(store), key(token));
                }
                *newest = Some((token.generation(), quota.clone()));
                Some(quota)
            }
        }
    }
    /// The gate of the newest token, if there has been one.
    pub(super) fn newest(&self) -> Option<Quota> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.as_ref().map(|(_, quota)| quota.clone())
    }
}

/// What names a token's window in a store: the same for everybody who has the token, and of no use to anybody who has not.
/// A generation would not do, because each process counts its own.
fn key(token: &Token) -> String {
    let digest = Sha256::new()
        .chain_update(b"genesys quota window\0")
        .chain_update(token.secret().expose_secret())
        .finalize();
    digest[..16]
        .iter()
        .fold("token-".to_owned(), |mut key, byte| {
            use std::fmt::Write as _;
            let _ = write!(key, "{byte:02x}");
            key
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_the_token_whoever_holds_it_and_does_not_show_it() {
        let token = |text: &str| Token::new(text.into()).unwrap();
        let one = key(&token("s3cr3t"));
        assert_eq!(one, key(&token("s3cr3t").with_generation(7)));
        assert_ne!(one, key(&token("s3cr3t2")));
        assert_eq!(one.len(), "token-".len() + 32);
        assert!(!one.contains("s3cr3t"));
    }
}
