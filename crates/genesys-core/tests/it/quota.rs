//! A job that is larger than the quota: 300 calls in a fixed window of 60 s, 80 ms a call, in virtual time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use genesys_core::test_util::Reply;
use genesys_core::{Client, Error, ErrorKind};
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
    client: Client,
    started: Instant,
    refused: Arc<AtomicUsize>,
    served: Arc<AtomicUsize>,
}

impl Cloud {
    fn new() -> Self {
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
            client: fixture.client(),
            started,
            refused,
            served,
        }
    }

    /// One call, and how long it took from its own start.
    async fn call(&self, deadline: Option<Duration>) -> Result<Duration, Error> {
        let started = Instant::now();
        let call = self.client.get("/api/v2/routing/queues");
        let call = match deadline {
            Some(limit) => call.deadline(limit),
            None => call,
        };
        call.empty().await.map(|()| started.elapsed())
    }

    /// `calls` calls, begun by 20 workers as each gets free.
    async fn twenty_workers(&self, calls: usize) -> Vec<Result<Duration, Error>> {
        let calls = stream::iter(0..calls).map(|_| self.call(None));
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
