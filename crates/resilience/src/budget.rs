//! How many retries the calls of a client may cause together.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::error::{Check, ConfigError};

/// One retry, in the unit of the balance.
const TOKEN: u64 = 1_000;

/// A budget of retries, shared by every clone.
///
/// Every call puts a fraction of a retry in, time adds a small reserve, every retry takes one out.
/// While a server is well, retries are few and always paid for; when it is down, its clients send
/// little more than their calls, instead of a multiple.
///
/// Defaults: 0.2 a call, 0.5 a second, at most [`DEFAULT_CAP`](Self::DEFAULT_CAP) saved up,
/// [`DEFAULT_START`](Self::DEFAULT_START) to begin with. One budget belongs to one tenant: clients
/// that share a budget share its exhaustion.
#[derive(Clone)]
pub struct RetryBudget {
    shared: Option<Arc<Shared>>,
}

struct Shared {
    deposit: u64,
    reserve_per_second: f64,
    cap: u64,
    balance: AtomicU64,
    /// The first use, from which the reserve is counted.
    origin: OnceLock<Instant>,
    /// Nanoseconds after the origin up to which the reserve is paid in.
    paid: AtomicU64,
}

impl RetryBudget {
    /// The most retries that can be saved up: 100.
    pub const DEFAULT_CAP: u32 = 100;
    /// The balance of a new budget: 10 retries.
    pub const DEFAULT_START: u32 = 10;

    /// A budget that grows by `ratio` a call and `reserve` a second, up to `cap` retries. It starts
    /// with [`DEFAULT_START`](Self::DEFAULT_START), or `cap` when that is less.
    ///
    /// # Errors
    /// `ratio` outside `[0, 10]`, `reserve` outside `[0, 1000]`, `cap` of 0 or above 1,000,000.
    pub fn new(ratio: f64, reserve: f64, cap: u32) -> Result<Self, ConfigError> {
        let mut check = Check::default();
        check.require(
            (0.0..=10.0).contains(&ratio),
            "ratio",
            "must be between 0 and 10",
        );
        check.require(
            (0.0..=1000.0).contains(&reserve),
            "reserve",
            "must be between 0 and 1000 a second",
        );
        check.require(
            (1..=1_000_000).contains(&cap),
            "cap",
            "must be between 1 and 1000000",
        );
        let budget = check.done((ratio, reserve, cap))?;
        Ok(Self::build(budget.0, budget.1, budget.2))
    }

    /// A budget that never refuses.
    pub const fn unlimited() -> Self {
        Self { shared: None }
    }

    fn build(ratio: f64, reserve: f64, cap: u32) -> Self {
        let cap = u64::from(cap) * TOKEN;
        Self {
            shared: Some(Arc::new(Shared {
                deposit: (ratio * TOKEN as f64).round() as u64,
                reserve_per_second: reserve,
                cap,
                balance: AtomicU64::new(cap.min(u64::from(Self::DEFAULT_START) * TOKEN)),
                origin: OnceLock::new(),
                paid: AtomicU64::new(0),
            })),
        }
    }

    /// Notes one call. With a full budget this is a single load.
    pub fn deposit(&self, now: Instant) {
        if let Some(shared) = &self.shared {
            shared.origin.get_or_init(|| now);
            shared.add(shared.deposit);
        }
    }

    /// Takes one retry out. False when there is none: then do not retry.
    pub fn withdraw(&self, now: Instant) -> bool {
        self.shared.as_ref().is_none_or(|shared| {
            shared.pay_reserve(now);
            shared
                .balance
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |balance| {
                    balance.checked_sub(TOKEN)
                })
                .is_ok()
        })
    }

    /// Whole retries that could be taken now; `u64::MAX` when unlimited.
    pub fn available(&self, now: Instant) -> u64 {
        self.shared.as_ref().map_or(u64::MAX, |shared| {
            shared.pay_reserve(now);
            shared.balance.load(Ordering::Relaxed) / TOKEN
        })
    }
}

impl Shared {
    fn add(&self, amount: u64) {
        let mut balance = self.balance.load(Ordering::Relaxed);
        while balance < self.cap && amount > 0 {
            let grown = balance.saturating_add(amount).min(self.cap);
            match self.balance.compare_exchange_weak(
                balance,
                grown,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(seen) => balance = seen,
            }
        }
    }

    fn pay_reserve(&self, now: Instant) {
        let origin = *self.origin.get_or_init(|| now);
        let elapsed = now.saturating_duration_since(origin).as_nanos();
        let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
        let paid = self.paid.load(Ordering::Relaxed);
        let seconds = elapsed.saturating_sub(paid) as f64 / 1e9;
        let amount = (seconds * self.reserve_per_second * TOKEN as f64) as u64;
        // Whoever moves the mark pays; the others find it moved.
        if amount > 0
            && self
                .paid
                .compare_exchange(paid, elapsed, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            self.add(amount);
        }
    }
}

/// 0.2 retries a call, 0.5 a second, at most 100 saved up.
impl Default for RetryBudget {
    fn default() -> Self {
        Self::build(0.2, 0.5, Self::DEFAULT_CAP)
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shared {
            None => f.write_str("RetryBudget(unlimited)"),
            Some(shared) => f
                .debug_struct("RetryBudget")
                .field(
                    "available",
                    &(shared.balance.load(Ordering::Relaxed) / TOKEN),
                )
                .field("cap", &(shared.cap / TOKEN))
                .finish_non_exhaustive(),
        }
    }
}
