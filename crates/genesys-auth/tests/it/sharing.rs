//! Several caches on one store.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures_util::future::join_all;
use genesys_auth::test_util::{FakeExchange, contract};
use genesys_auth::{
    MemoryTokenStore, StoredToken, TokenCache, TokenExchange, TokenKey, TokenSource, TokenStore,
};
use genesys_core::{Error, ErrorKind, Token};
use resilience::Clock;
use resilience::test_util::FakeClock;
use secrecy::{ExposeSecret, SecretString};

const HOUR: Duration = Duration::from_secs(3_600);

struct Fleet {
    clock: FakeClock,
    exchange: FakeExchange,
    store: Arc<dyn TokenStore>,
}

impl Fleet {
    fn new() -> Self {
        let clock = FakeClock::new();
        let exchange = FakeExchange::new(Arc::new(clock.clone()), HOUR);
        exchange.set_latency(Duration::from_millis(50));
        let store = Arc::new(MemoryTokenStore::with_clock(Arc::new(clock.clone())));
        Self {
            clock,
            exchange,
            store,
        }
    }

    fn on(store: impl TokenStore + 'static) -> Self {
        Self {
            store: Arc::new(store),
            ..Self::new()
        }
    }

    fn cache(&self) -> TokenCache {
        TokenCache::builder(self.exchange.clone())
            .with_store(Arc::clone(&self.store))
            .with_clock(Arc::new(self.clock.clone()))
            .build()
    }

    async fn token(&self, cache: &TokenCache) -> Result<Arc<Token>, Error> {
        self.clock.drive(cache.token()).await
    }

    async fn put(&self, secret: &str, generation: u64, expires_at: SystemTime, life: Duration) {
        let token = StoredToken::new(SecretString::from(secret), generation, expires_at, life);
        self.store.put(&self.exchange.key(), token).await.unwrap();
    }
}

#[tokio::test]
async fn the_memory_store_keeps_the_contract() {
    contract::token_store(&MemoryTokenStore::new())
        .await
        .unwrap();
}

#[tokio::test]
async fn two_hundred_caches_on_one_store_cause_one_exchange() {
    let fleet = Fleet::new();
    let caches: Vec<_> = (0..200).map(|_| fleet.cache()).collect();
    let started = fleet.clock.now();
    let tokens = fleet
        .clock
        .drive(join_all(caches.iter().map(|cache| cache.token())))
        .await;
    for token in tokens {
        let token = token.unwrap();
        assert_eq!(
            (token.secret().expose_secret(), token.generation()),
            ("token-1", 1)
        );
    }
    assert_eq!(fleet.exchange.calls(), 1);
    assert!(fleet.clock.now() - started < Duration::from_secs(1));
}

#[tokio::test]
async fn a_refused_token_is_renewed_by_one_cache_and_found_by_the_others() {
    // errata ALL-05
    let fleet = Fleet::new();
    let (a, b) = (fleet.cache(), fleet.cache());
    let seen = fleet.token(&a).await.unwrap();
    fleet.token(&b).await.unwrap();
    a.invalidate(&seen).await;
    assert_eq!(fleet.token(&a).await.unwrap().generation(), 2);
    assert_eq!(
        fleet.token(&b).await.unwrap().generation(),
        1,
        "b has not been refused yet"
    );
    b.invalidate(&seen).await;
    assert_eq!(
        fleet.token(&b).await.unwrap().secret().expose_secret(),
        "token-2"
    );
    assert_eq!(fleet.exchange.calls(), 2);
}

#[tokio::test]
async fn a_stored_token_keeps_its_expiry_and_a_dead_one_is_not_taken() {
    let fleet = Fleet::new();
    fleet
        .put("stored", 7, fleet.clock.wall() + HOUR / 2, HOUR)
        .await;
    let cache = fleet.cache();
    let token = fleet.token(&cache).await.unwrap();
    assert_eq!(
        (token.secret().expose_secret(), token.generation()),
        ("stored", 7)
    );
    assert_eq!(token.expires_at(), Some(fleet.clock.now() + HOUR / 2));
    assert_eq!(fleet.exchange.calls(), 0);

    fleet.clock.advance(HOUR / 2 - Duration::from_secs(30));
    let token = fleet.token(&cache).await.unwrap();
    assert_eq!(
        (token.secret().expose_secret(), token.generation()),
        ("token-1", 8)
    );
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_token_immortal() {
    let fleet = Fleet::new();
    fleet
        .put("stored", 1, fleet.clock.wall() + HOUR, HOUR)
        .await;
    fleet.clock.set_wall(fleet.clock.wall() - 1_000 * HOUR);
    let token = fleet.token(&fleet.cache()).await.unwrap();
    assert_eq!(token.expires_at(), Some(fleet.clock.now() + HOUR));

    // Set forward, it only looks lapsed: one exchange more.
    let fleet = Fleet::new();
    fleet
        .put("stored", 1, fleet.clock.wall() + HOUR, HOUR)
        .await;
    fleet.clock.set_wall(fleet.clock.wall() + 1_000 * HOUR);
    assert_eq!(fleet.token(&fleet.cache()).await.unwrap().generation(), 2);
}

#[tokio::test]
async fn a_holder_that_died_delays_the_others_until_its_lease_runs_out() {
    let fleet = Fleet::new();
    let ttl = Duration::from_secs(20);
    assert!(
        fleet
            .store
            .lease(&fleet.exchange.key(), "dead", ttl)
            .await
            .unwrap()
    );
    let started = fleet.clock.now();
    fleet.token(&fleet.cache()).await.unwrap();
    let waited = fleet.clock.now() - started;
    assert!(
        waited >= ttl && waited < ttl + Duration::from_secs(1),
        "{waited:?}"
    );
    assert_eq!(fleet.exchange.calls(), 1);
}

#[tokio::test]
async fn a_lease_that_never_ends_is_a_typed_error() {
    let fleet = Fleet::new();
    assert!(
        fleet
            .store
            .lease(&fleet.exchange.key(), "stuck", 10 * HOUR)
            .await
            .unwrap()
    );
    let error = fleet.token(&fleet.cache()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert_eq!(fleet.exchange.calls(), 0);
}

#[tokio::test]
async fn a_holder_that_was_overtaken_takes_the_newer_token() {
    let fleet = Fleet::new();
    let cache = fleet.cache();
    let overtake = async {
        let clock = &fleet.clock;
        clock
            .sleep_until(clock.now() + Duration::from_millis(10))
            .await;
        fleet.put("theirs", 9, clock.wall() + HOUR, HOUR).await;
    };
    let (token, ()) = fleet
        .clock
        .drive(futures_util::future::join(cache.token(), overtake))
        .await;
    let token = token.unwrap();
    assert_eq!(
        (token.secret().expose_secret(), token.generation()),
        ("theirs", 9)
    );
    assert_eq!(fleet.exchange.calls(), 1);
}

#[tokio::test]
async fn a_failed_exchange_gives_the_lease_back() {
    let fleet = Fleet::new();
    fleet.exchange.fail_next(Error::new(ErrorKind::Login, "no"));
    fleet.token(&fleet.cache()).await.unwrap_err();
    let started = fleet.clock.now();
    fleet.token(&fleet.cache()).await.unwrap();
    assert!(fleet.clock.now() - started < Duration::from_secs(1));
}

#[tokio::test]
async fn a_store_that_fails_or_hangs_does_not_stop_a_login() {
    for hangs in [false, true] {
        let fleet = Fleet::on(DownStore { hangs });
        let cache = fleet.cache();
        assert_eq!(fleet.token(&cache).await.unwrap().generation(), 1);
        assert_eq!(fleet.exchange.calls(), 1);
    }
}

#[derive(Debug)]
struct DownStore {
    hangs: bool,
}

impl DownStore {
    async fn fail<T>(&self) -> Result<T, Error> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        Err(Error::new(ErrorKind::Io, "store down"))
    }
}

#[async_trait]
impl TokenStore for DownStore {
    async fn get(&self, _key: &TokenKey) -> Result<Option<StoredToken>, Error> {
        self.fail().await
    }

    async fn put(&self, _key: &TokenKey, _token: StoredToken) -> Result<bool, Error> {
        self.fail().await
    }

    async fn lease(&self, _key: &TokenKey, _holder: &str, _ttl: Duration) -> Result<bool, Error> {
        self.fail().await
    }

    async fn release(&self, _key: &TokenKey, _holder: &str) -> Result<(), Error> {
        self.fail().await
    }
}
