//! Many callers, the same requests: nobody gets what was fetched for another. `stress_cache` does it a million times.

#[path = "model.rs"]
mod model;

use model::{Seen, Time, run};

fn check(seen: &Seen, requests: u64) {
    assert_eq!(seen.crossed, 0, "{seen:?}");
    assert_eq!(
        seen.hits + seen.joined + seen.misses + seen.unkept + seen.failed,
        requests
    );
    assert!(
        seen.hits > requests / 20 && seen.misses > 0 && seen.unkept > 0 && seen.failed > 0,
        "{seen:?}"
    );
}

#[tokio::test]
async fn no_answer_reaches_a_caller_it_was_not_fetched_for() {
    // errata RST-28, RST-35
    check(&run(1, 5_000, 10, Time::Fake).await, 5_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nor_when_the_callers_run_at_the_same_time() {
    // errata RST-28
    let seen = run(2, 5_000, 10, Time::Real).await;
    check(&seen, 5_000);
}
