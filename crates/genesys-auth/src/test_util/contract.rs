//! What every implementation of a seam must do, as functions over the trait.

use std::time::{Duration, SystemTime};

use genesys_core::Error;
use resilience::{Clock, Random, SystemClock, ThreadRandom};
use secrecy::{ExposeSecret, SecretString};

use crate::store::{StoredToken, TokenKey, TokenStore};

/// Long enough for no lease of a test to run out by accident.
const LONG: Duration = Duration::from_secs(600);

/// Runs every rule of [`TokenStore`] against `store`, under keys of its own.
///
/// Takes about a tenth of a second of real time, because leases run out.
///
/// ```
/// use genesys_auth::MemoryTokenStore;
/// use genesys_auth::test_util::contract;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// contract::token_store(&MemoryTokenStore::new()).await
/// # }).unwrap();
/// ```
///
/// # Errors
///
/// The store's own, as it came.
///
/// # Panics
///
/// With the rule that is broken.
pub async fn token_store(store: &dyn TokenStore) -> Result<(), Error> {
    an_unknown_key_has_no_token(store).await?;
    a_token_comes_back_as_it_was_put(store).await?;
    only_a_newer_generation_replaces_a_token(store).await?;
    keys_do_not_touch_each_other(store).await?;
    a_lease_has_one_holder_who_may_renew_it(store).await?;
    only_its_holder_gives_a_lease_back(store).await?;
    a_lease_runs_out(store).await
}

fn key(client: &str) -> TokenKey {
    let run = ThreadRandom.next_u64();
    TokenKey::new(
        "https://login.contract.invalid/oauth/token",
        &format!("{client}-{run:016x}"),
    )
}

fn token(secret: &str, generation: u64) -> StoredToken {
    // Whole seconds: a store may keep no finer time.
    let expires_at = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    StoredToken::new(SecretString::from(secret), generation, expires_at, LONG)
}

async fn an_unknown_key_has_no_token(store: &dyn TokenStore) -> Result<(), Error> {
    assert!(
        store.get(&key("unknown")).await?.is_none(),
        "an unknown key has no token"
    );
    Ok(())
}

async fn a_token_comes_back_as_it_was_put(store: &dyn TokenStore) -> Result<(), Error> {
    let key = key("round-trip");
    let put = token("s&+=% ü\"", u64::from(u32::MAX) + 7);
    assert!(
        store.put(&key, put.clone()).await?,
        "the first token of a key is kept"
    );
    let Some(got) = store.get(&key).await? else {
        unreachable!("a token that was kept is found");
    };
    assert_eq!(
        got.secret().expose_secret(),
        put.secret().expose_secret(),
        "the secret is kept as it is"
    );
    assert_eq!(got.generation(), put.generation(), "the generation is kept");
    assert_eq!(got.expires_at(), put.expires_at(), "the expiry is kept");
    assert_eq!(got.life(), put.life(), "the life is kept");
    Ok(())
}

async fn only_a_newer_generation_replaces_a_token(store: &dyn TokenStore) -> Result<(), Error> {
    let key = key("fence");
    assert!(store.put(&key, token("five", 5)).await?);
    for (secret, generation, kept) in [
        ("four", 4, false),
        ("again", 5, false),
        ("ten", 10, true),
        ("nine", 9, false),
    ] {
        let was = store.put(&key, token(secret, generation)).await?;
        assert_eq!(
            was, kept,
            "only a newer generation replaces a token: {generation}"
        );
    }
    let got = store.get(&key).await?;
    let got = got
        .as_ref()
        .map(|token| (token.secret().expose_secret(), token.generation()));
    assert_eq!(got, Some(("ten", 10)), "the newest generation stays");
    Ok(())
}

async fn keys_do_not_touch_each_other(store: &dyn TokenStore) -> Result<(), Error> {
    let (one, other) = (key("one"), key("other"));
    assert!(store.put(&one, token("one", 3)).await?);
    assert!(
        store.get(&other).await?.is_none(),
        "a token is found under its own key only"
    );
    assert!(
        store.put(&other, token("other", 1)).await?,
        "generations count per key"
    );
    assert!(store.lease(&one, "a", LONG).await?);
    assert!(store.lease(&other, "b", LONG).await?, "leases are per key");
    store.release(&one, "a").await?;
    store.release(&other, "b").await
}

async fn a_lease_has_one_holder_who_may_renew_it(store: &dyn TokenStore) -> Result<(), Error> {
    let key = key("lease");
    assert!(store.lease(&key, "a", LONG).await?, "a free lease is given");
    assert!(
        !store.lease(&key, "b", LONG).await?,
        "a lease has one holder"
    );
    assert!(store.lease(&key, "a", LONG).await?, "its holder renews it");
    assert!(
        !store.lease(&key, "b", LONG).await?,
        "a renewed lease is still held"
    );
    store.release(&key, "a").await
}

async fn only_its_holder_gives_a_lease_back(store: &dyn TokenStore) -> Result<(), Error> {
    let key = key("release");
    store.release(&key, "nobody").await?;
    assert!(store.lease(&key, "a", LONG).await?);
    store.release(&key, "b").await?;
    assert!(
        !store.lease(&key, "b", LONG).await?,
        "another holder's lease is left alone"
    );
    store.release(&key, "a").await?;
    assert!(
        store.lease(&key, "b", LONG).await?,
        "a lease that was given back is free"
    );
    store.release(&key, "b").await
}

async fn a_lease_runs_out(store: &dyn TokenStore) -> Result<(), Error> {
    let key = key("ttl");
    let clock = SystemClock;
    let ttl = Duration::from_millis(100);
    let started = clock.now();
    assert!(store.lease(&key, "gone", ttl).await?);
    while !store.lease(&key, "next", LONG).await? {
        let waited = clock.now().saturating_duration_since(started);
        assert!(
            waited < Duration::from_secs(30),
            "a lease runs out after its time"
        );
        clock
            .sleep_until(clock.now() + Duration::from_millis(5))
            .await;
    }
    assert!(
        !store.lease(&key, "gone", LONG).await?,
        "who lost a lease does not hold it"
    );
    store.release(&key, "gone").await?;
    assert!(
        !store.lease(&key, "third", LONG).await?,
        "who lost a lease does not release it"
    );
    store.release(&key, "next").await
}
