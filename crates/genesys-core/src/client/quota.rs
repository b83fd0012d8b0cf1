//! One quota gate a token.

use std::sync::{Arc, Mutex, PoisonError};

use resilience::{Clock, Quota, QuotaConfig, Random};

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
    newest: Mutex<Option<(u64, Quota)>>,
}

impl Quotas {
    pub(super) fn new(enabled: bool, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            enabled,
            clock,
            random,
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
                let quota = Quota::new(
                    QuotaConfig::default().with_shared_keys(TOKEN_LIMITS.iter().copied()),
                    Arc::clone(&self.clock),
                    Arc::clone(&self.random),
                );
                *newest = Some((token.generation(), quota.clone()));
                Some(quota)
            }
        }
    }
}
