//! A job that is larger than the quota: 300 calls in a fixed window of 60 s, 80 ms a call, in virtual time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use genesys_core::test_util::Reply;
use genesys_core::vocabulary::QuotaStore;
use genesys_core::{Client, Error, ErrorKind};
use resilience::{
    LeaseAnswer, LeaseReport, MemoryQuotaStore, QuotaConfig, StoreError, SystemClock,
};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::Fixture;

const WINDOW: Duration = Duration::from_secs(60);
const ALLOWED: u64 = 300;
const HALF_CALL: Duration = Duration::from_millis(40);

/// The platform's window: it begins with the first call, and every answer says how full it is.
struct Window {
    started: Instant,
    count: u64,
}

impl Window {
    fn serve(&mut self) -> Reply {
        let now = Instant::now();
        if now >= self.started + WINDOW {
            *self = Self {
                started: now,
                count: 0,
            };
        }
        self.count += 1;
        // The platform counts in whole seconds, rounded up.
        let left = (self.started + WINDOW - now)
            .as_secs_f64()
            .ceil()
            .to_string();
        let reply = if self.count > ALLOWED {
            Reply::json(429, &json!({"code": "too.many.requests.retry.after"}))
                .with_header("retry-after", &left)
        } else {
            Reply::json(200, &json!({}))
        };
        reply
            .with_header("inin-ratelimit-count", &self.count.to_string())
            .with_header("inin-ratelimit-allowed", &ALLOWED.to_string())
            .with_header("inin-ratelimit-reset", &left)
    }
}

struct Cloud {
    /// Those who share a job.
    clients: Vec<Client>,
    started: Instant,
    refused: Arc<AtomicUsize>,
    served: Arc<AtomicUsize>,
}

impl Cloud {
    fn new() -> Self {
        Self::with_clients(|fixture| vec![fixture.client()])
    }

    /// Two clients as two processes would have them: with one token and one store.
    fn with_store(store: &Arc<dyn QuotaStore>) -> Self {
        Self::with_clients(|fixture| {
            let client = || {
                fixture
                    .builder()
                    .with_quota_store(Arc::clone(store))
                    .build()
            };
            vec![client().unwrap(), client().unwrap()]
        })
    }

    fn with_clients(clients: impl FnOnce(&Fixture) -> Vec<Client>) -> Self {
        let fixture = Fixture::new();
        let started = Instant::now();
        let window = Arc::new(Mutex::new(Window { started, count: 0 }));
        let (refused, served) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let counters = (Arc::clone(&refused), Arc::clone(&served));
        fixture.transport.handle(move |_| {
            let (window, (refused, served)) = (Arc::clone(&window), counters.clone());
            async move {
                sleep(HALF_CALL).await;
                let reply = window.lock().unwrap().serve();
                let full = format!("{reply:?}").contains("429");
                let counter = if full { refused } else { served };
                counter.fetch_add(1, Ordering::Relaxed);
                sleep(HALF_CALL).await;
                reply
            }
        });
        Self {
            clients: clients(&fixture),
            started,
            refused,
            served,
        }
    }

    /// One call, and how long it took from its own start.
    async fn call(&self, deadline: Option<Duration>) -> Result<Duration, Error> {
        self.call_by(0, deadline).await
    }

    async fn call_by(&self, who: usize, deadline: Option<Duration>) -> Result<Duration, Error> {
        let started = Instant::now();
        let call = self.clients[who % self.clients.len()].get("/api/v2/routing/queues");
        let call = match deadline {
            Some(limit) => call.deadline(limit),
            None => call,
        };
        call.empty().await.map(|()| started.elapsed())
    }

    /// `calls` calls, begun by 20 workers as each gets free.
    async fn twenty_workers(&self, calls: usize) -> Vec<Result<Duration, Error>> {
        let calls = stream::iter(0..calls).map(|n| self.call_by(n, None));
        calls.buffer_unordered(20).collect().await
    }

    fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    fn served(&self) -> usize {
        self.served.load(Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_of_900_calls_by_20_workers_needs_two_resets_and_no_longer_deadline() {
    // errata ALL-08
    let cloud = Cloud::new();
    let took: Vec<Duration> = cloud
        .twenty_workers(900)
        .await
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap();
    let elapsed = cloud.started.elapsed();
    assert!(elapsed <= Duration::from_secs(122), "{elapsed:?}");
    assert_eq!((cloud.served(), cloud.refused()), (900, 0));
    // A worker's call waits for one reset at most, which is half of the default deadline of 120 s.
    let longest = took.into_iter().max().unwrap();
    assert!(longest <= Duration::from_secs(62), "{longest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_fits_one_window_is_not_paced() {
    let cloud = Cloud::new();
    let calls = cloud.twenty_workers(200).await;
    assert!(calls.iter().all(Result::is_ok));
    let elapsed = cloud.started.elapsed();
    assert!(elapsed <= Duration::from_millis(1_200), "{elapsed:?}");
    assert_eq!(cloud.refused(), 0);
}

#[tokio::test(start_paused = true)]
async fn of_900_calls_begun_at_once_the_default_deadline_lets_two_windows_through_and_fails_the_rest_early()
 {
    // errata ALL-08, ALL-10
    let cloud = Cloud::new();
    let ended = join_all((0..900).map(|_| cloud.call(None))).await;
    let elapsed = cloud.started.elapsed();
    let failed: Vec<Error> = ended.into_iter().filter_map(Result::err).collect();
    assert_eq!((cloud.served(), failed.len()), (600, 300));
    assert_eq!(cloud.refused(), 0);
    for error in &failed {
        // Nothing was sent, and the error says when there is room again.
        assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
        assert!(!error.was_sent() && error.is_transient());
        let wait = error.retry_after().unwrap();
        assert!(wait > Duration::from_secs(50) && wait <= WINDOW, "{wait:?}");
    }
    // They fail when the second window is spent, which shows that the third is out of reach: not at 120 s.
    assert!(elapsed < Duration::from_secs(65), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_for_the_whole_job_lets_900_calls_begun_at_once_finish() {
    // errata ALL-08
    let cloud = Cloud::new();
    let limit = Some(Duration::from_secs(180));
    let ended = join_all((0..900).map(|_| cloud.call(limit))).await;
    assert!(ended.iter().all(Result::is_ok));
    let elapsed = cloud.started.elapsed();
    assert!(elapsed <= Duration::from_secs(125), "{elapsed:?}");
    assert_eq!((cloud.served(), cloud.refused()), (900, 0));
}

#[tokio::test(start_paused = true)]
async fn two_clients_with_one_token_and_one_store_share_a_job_without_a_refusal() {
    // errata ALL-08
    let store: Arc<dyn QuotaStore> = Arc::new(memory());
    let cloud = Cloud::with_store(&store);
    let calls = cloud.twenty_workers(900).await;
    assert!(calls.iter().all(Result::is_ok));
    let elapsed = cloud.started.elapsed();
    assert!(elapsed <= Duration::from_secs(122), "{elapsed:?}");
    assert_eq!((cloud.served(), cloud.refused()), (900, 0));
    for client in &cloud.clients {
        let health = client.quota_store_health().unwrap();
        assert_eq!((health.failures, health.granted_alone), (0, 0));
    }
}

fn memory() -> MemoryQuotaStore {
    MemoryQuotaStore::new(QuotaConfig::default(), Arc::new(SystemClock))
}

/// Remembers what it was called by, and hangs when it is told to.
#[derive(Debug)]
struct Noted {
    store: MemoryQuotaStore,
    hangs: bool,
    keys: Mutex<Vec<String>>,
}

impl Noted {
    fn new(hangs: bool) -> Arc<Self> {
        Arc::new(Self {
            store: memory(),
            hangs,
            keys: Mutex::default(),
        })
    }

    async fn note(&self, key: &str) {
        self.keys.lock().unwrap().push(key.to_owned());
        if self.hangs {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait::async_trait]
impl QuotaStore for Noted {
    async fn lease(&self, key: &str, want: u32) -> Result<LeaseAnswer, StoreError> {
        self.note(key).await;
        self.store.lease(key, want).await
    }

    async fn report(&self, key: &str, lease: u64, report: LeaseReport) -> Result<(), StoreError> {
        self.note(key).await;
        self.store.report(key, lease, report).await
    }

    async fn give_back(&self, key: &str, lease: u64, slots: u32) -> Result<(), StoreError> {
        self.note(key).await;
        self.store.give_back(key, lease, slots).await
    }

    async fn throttled(&self, key: &str, wait: Duration) -> Result<(), StoreError> {
        self.note(key).await;
        self.store.throttled(key, wait).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_store_sees_a_name_for_each_token_and_never_a_token() {
    // errata ALL-16
    let store = Noted::new(false);
    let fixture = Fixture::new();
    for status in [200, 401, 200] {
        fixture.transport.push(Reply::status(status));
    }
    let shared = Arc::clone(&store) as Arc<dyn QuotaStore>;
    let client = fixture.builder().with_quota_store(shared).build().unwrap();
    for _ in 0..2 {
        client.get("/api/v2/routing/queues").empty().await.unwrap();
    }
    let mut keys = store.keys.lock().unwrap().clone();
    keys.sort();
    keys.dedup();
    // The second token has a window of its own.
    assert_eq!(keys.len(), 2, "{keys:?}");
    for (key, token) in keys
        .iter()
        .flat_map(|key| [(key, "token-1"), (key, "token-2")])
    {
        assert!(!key.contains(token), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hanging_quota_store_holds_one_call_for_a_moment_and_none_beyond_its_deadline() {
    let store = Noted::new(true);
    let shared = Arc::clone(&store) as Arc<dyn QuotaStore>;
    let cloud = Cloud::with_store(&shared);
    let hasty = cloud.call(Some(Duration::from_millis(100)));
    let error = hasty.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(!error.was_sent() && cloud.started.elapsed() <= Duration::from_millis(101));
    let held = cloud.call(None).await.unwrap();
    assert!(held <= Duration::from_millis(240), "{held:?}");
    for _ in 0..20 {
        let held = cloud.call(None).await.unwrap();
        assert!(held <= Duration::from_millis(82), "{held:?}");
    }
    let health = cloud.clients[0].quota_store_health().unwrap();
    assert!(health.is_away && health.failures >= 1, "{health:?}");
    assert_eq!(health.granted_alone, 21);
}
