//! Where a renewal's token comes from: the store, when somebody else has put a newer one there, or the login host.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use genesys_core::{Error, ErrorKind, Token};
use resilience::{Backoff, Jitter, timeout_at};

use super::Shared;
use super::backoff::half_jittered;
use super::flight::Failure;
use super::snapshot::margin;
use crate::store::StoredToken;

/// How long one call of the store may take; beyond it the store counts as down.
const STORE_LIMIT: Duration = Duration::from_secs(2);
/// How long a lease outlives the longest renewal.
const LEASE_SLACK: Duration = Duration::from_secs(5);
/// How often a cache that waits for another one's renewal looks again.
const POLLS: Backoff = Backoff::clamp(
    Duration::from_millis(25),
    2.0,
    Duration::from_millis(250),
    Jitter::None,
);

/// A token, valid for a while.
#[derive(Debug)]
pub(super) struct Obtained {
    pub(super) token: Token,
    pub(super) expires_at: Instant,
    /// What it had to live when it was received by whoever received it.
    pub(super) life: Duration,
    /// What else an operator should know.
    pub(super) note: Option<&'static str>,
}

/// The store failed or hung. The cache does without it.
#[derive(Debug)]
struct StoreDown;

/// A token of a generation higher than `after`.
pub(super) async fn obtain(shared: &Shared, after: u64) -> Result<Obtained, Failure> {
    match shared_renewal(shared, after).await {
        Ok(result) => result,
        Err(StoreDown) => {
            let mut obtained = exchange(shared, after).await?;
            obtained.note = Some("the token store is not available");
            Ok(obtained)
        }
    }
}

/// Takes a newer token from the store, or gets one under the lease. Waits while another cache holds the lease: it will
/// put a token there, or its lease will run out.
async fn shared_renewal(
    shared: &Shared,
    after: u64,
) -> Result<Result<Obtained, Failure>, StoreDown> {
    let ttl = shared.renewal_timeout.saturating_add(LEASE_SLACK);
    let patience = shared.clock.now().checked_add(ttl);
    let mut polls = 0;
    loop {
        if let Some(obtained) = stored(shared, after).await? {
            return Ok(Ok(obtained));
        }
        if on_store(shared, shared.store.lease(&shared.key, &shared.holder, ttl)).await? {
            break;
        }
        let now = shared.clock.now();
        if patience.is_none_or(|patience| now >= patience) {
            let error = Error::new(
                ErrorKind::Deadline,
                "another holder of the token lease did not finish in time",
            );
            return Ok(Err(error.into()));
        }
        let pause = half_jittered(&POLLS, polls, &*shared.random);
        polls += 1;
        if let Some(at) = now.checked_add(pause) {
            shared.clock.sleep_until(at).await;
        }
    }
    let result = under_lease(shared, after).await;
    // A lease that cannot be given back runs out.
    let _ = on_store(shared, shared.store.release(&shared.key, &shared.holder)).await;
    result
}

async fn under_lease(shared: &Shared, after: u64) -> Result<Result<Obtained, Failure>, StoreDown> {
    let kept = on_store(shared, shared.store.get(&shared.key)).await?;
    // The former holder may have finished between our look and our lease.
    if let Some(obtained) = kept.as_ref().and_then(|kept| adopt(shared, kept, after)) {
        return Ok(Ok(obtained));
    }
    let newest = kept.map_or(after, |kept| kept.generation().max(after));
    let obtained = match exchange(shared, newest).await {
        Ok(obtained) => obtained,
        Err(failure) => return Ok(Err(failure)),
    };
    let (now, wall) = (shared.clock.now(), shared.clock.wall());
    let left = obtained.expires_at.saturating_duration_since(now);
    if let Some(expires_at) = wall.checked_add(left) {
        let (secret, generation) = (obtained.token.secret().clone(), obtained.token.generation());
        let token = StoredToken::new(secret, generation, expires_at, obtained.life);
        match on_store(shared, shared.store.put(&shared.key, token)).await {
            Ok(true) => {}
            // Somebody was faster, because our lease ran out. Theirs is the one that the others use.
            Ok(false) => {
                let theirs = stored(shared, after).await.unwrap_or(None);
                return Ok(Ok(theirs.unwrap_or(obtained)));
            }
            Err(StoreDown) => {
                let note = Some("the token store is not available");
                return Ok(Ok(Obtained { note, ..obtained }));
            }
        }
    }
    Ok(Ok(obtained))
}

async fn stored(shared: &Shared, after: u64) -> Result<Option<Obtained>, StoreDown> {
    let kept = on_store(shared, shared.store.get(&shared.key)).await?;
    Ok(kept.and_then(|kept| adopt(shared, &kept, after)))
}

/// A stored token, if it is newer than every one that this cache has held and is still good. One that cannot stand in
/// a header is as good as none.
fn adopt(shared: &Shared, kept: &StoredToken, after: u64) -> Option<Obtained> {
    let left = kept.remaining(shared.clock.wall());
    if kept.generation() <= after || left <= margin(kept.life()) {
        return None;
    }
    let expires_at = shared.clock.now().checked_add(left)?;
    let token = Token::new(kept.secret().clone()).ok()?;
    Some(Obtained {
        token: token
            .with_generation(kept.generation())
            .with_expiry(expires_at),
        expires_at,
        life: kept.life(),
        note: None,
    })
}

/// Asks the login host, within the limit of a renewal.
async fn exchange(shared: &Shared, newest: u64) -> Result<Obtained, Failure> {
    let started = shared.clock.now();
    let deadline = started.checked_add(shared.renewal_timeout).ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            "the renewal timeout is beyond the clock's range",
        )
    })?;
    let exchange = catch_panic(shared.exchange.exchange(deadline));
    let token = match timeout_at(&*shared.clock, deadline, exchange).await {
        Ok(Ok(result)) => result?,
        Ok(Err(_panic)) => {
            let error = Error::new(ErrorKind::Login, "the token exchange panicked");
            return Err(Failure {
                error,
                remember: false,
            });
        }
        Err(_elapsed) => {
            let message = format!(
                "no token within {:.1} s",
                shared.renewal_timeout.as_secs_f64()
            );
            return Err(Error::new(ErrorKind::Deadline, message).into());
        }
    };
    let now = shared.clock.now();
    let expires_at = token
        .expires_at()
        .ok_or_else(|| Error::new(ErrorKind::Login, "the token has no expiry"))?;
    let life = expires_at.saturating_duration_since(now);
    if life.is_zero() {
        return Err(Error::new(ErrorKind::Login, "the token had lapsed when it arrived").into());
    }
    Ok(Obtained {
        token: token.with_generation(newest.saturating_add(1)),
        expires_at,
        life,
        note: None,
    })
}

async fn on_store<T>(
    shared: &Shared,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, StoreDown> {
    let limit = shared
        .clock
        .now()
        .checked_add(STORE_LIMIT)
        .ok_or(StoreDown)?;
    match timeout_at(&*shared.clock, limit, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_)) | Err(_) => Err(StoreDown),
    }
}

/// Turns a panic of `future` into a value. The future is not polled again, so nobody sees what it left half done.
async fn catch_panic<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}
