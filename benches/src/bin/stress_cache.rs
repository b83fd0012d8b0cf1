//! The cache of the executor of REST nodes.
//!
//! - A million random requests by 100 callers, some of whom share a credential, while time moves, answers expire and writes forget
//!   them: no answer reaches a caller, or a request, that it was not fetched for. Half of them on several real threads.
//! - 1,000 requests that miss together, for each of 1,000 seeds, some dropped on the way: one request goes out.

#![allow(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a stress program reports on stdout and fails by a panic"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::future::join_all;
use genesys_benches::seed::{count, part, seed};
use genesys_benches::transport::json;
use genesys_core::vocabulary::Method;
use genesys_core::{Transport, TransportError};
use genesys_integrations::executor::{Caller, Executor, NodeCall, PreparedNode};
use genesys_integrations::nodes::RestNode;
use http::{Request, Response};
use tokio::runtime::Builder;

// The model of the crate's own tests, with larger numbers.
#[path = "../../../crates/genesys-integrations/tests/it/executor/model.rs"]
mod model;

use model::{Seen, Time};

const CALLERS: u64 = 100;

fn main() {
    let seed = seed("stress_cache");
    let requests = count("STRESS_CACHE_REQUESTS", 1_000_000);
    let one = Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let many = Builder::new_multi_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    // Several caches, each with a seed of its own, so that what the model remembers stays small.
    let parts = requests.div_ceil(2 * 50_000).max(1);
    let each = requests.div_ceil(2 * parts);
    let mut total = Seen::default();
    for index in 0..parts {
        let alone = one.block_on(model::run(
            part(seed, 2 * index).u64(..),
            each,
            CALLERS,
            Time::Fake,
        ));
        let together = part(seed, 2 * index + 1).u64(..);
        let together = many.block_on(model::run(together, each, CALLERS, Time::Real));
        for seen in [alone, together] {
            total.hits += seen.hits;
            total.joined += seen.joined;
            total.misses += seen.misses;
            total.unkept += seen.unkept;
            total.failed += seen.failed;
            total.crossed += seen.crossed;
        }
    }
    println!(
        "{} requests of {CALLERS} callers: {total:?}",
        2 * parts * each
    );
    assert_eq!(total.crossed, 0, "an answer reached another caller");
    assert_eq!(
        total.hits + total.joined + total.misses + total.unkept + total.failed,
        2 * parts * each
    );
    assert!(
        total.hits > requests / 10 && total.joined > 0,
        "the cache was used"
    );

    let rounds = count("STRESS_CACHE_STAMPEDES", 1_000);
    let mut dropped = 0;
    for index in 0..rounds {
        let runtime = if index % 2 == 0 { &one } else { &many };
        dropped += runtime.block_on(stampede(part(seed, 1_000_000 + index)));
    }
    println!(
        "{rounds} stampedes of 1000: one request each; {dropped} callers were dropped on the way"
    );
}

#[derive(Debug, Default)]
struct Counting(AtomicU64);

#[async_trait::async_trait]
impl Transport for Counting {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        Ok(json(200, r#"{"status":"open"}"#))
    }
}

/// A thousand callers of one request, some of whom are dropped; how many.
async fn stampede(mut random: fastrand::Rng) -> usize {
    let cloud = Arc::new(Counting::default());
    let executor = Executor::builder(Arc::clone(&cloud) as Arc<dyn Transport>).build();
    let node = RestNode::builder("n", Method::POST, "https://api.example.com/{{input.id}}")
        .with_body(r#"{"id": "{{input.id}}"}"#)
        .with_memoise(std::time::Duration::from_secs(60))
        .build()
        .expect("a node");
    let node = PreparedNode::new(&node).expect("a node");
    let callers = (0..1_000).map(|_| {
        let (executor, node) = (executor.clone(), node.clone());
        let task = tokio::spawn(async move {
            let call = NodeCall::new(r#"{"id": "1"}"#).with_caller(Caller::new("flow"));
            executor.execute(&node, call).await.map(|done| done.status)
        });
        if random.u8(..) < 25 {
            task.abort();
        }
        task
    });
    let done = join_all(callers.collect::<Vec<_>>()).await;
    let dropped = done.iter().filter(|one| one.is_err()).count();
    for one in done.into_iter().flatten() {
        assert_eq!(one.expect("an answer"), 200);
    }
    assert_eq!(cloud.0.load(Ordering::Relaxed), 1, "one request");
    dropped
}
