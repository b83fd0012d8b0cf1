//! One renewal for any number of callers, whatever happens to them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::{FutureExt, join_all};
use futures_util::poll;
use genesys_auth::{TokenCache, TokenSource};
use genesys_core::ErrorKind;
use genesys_core::test_util::Reply;
use resilience::{Random, SeededRandom};
use tokio::task::JoinSet;

use crate::support::{Login, settle};

async fn callers(cache: &TokenCache, count: usize) -> JoinSet<u64> {
    let mut callers = JoinSet::new();
    for _ in 0..count {
        let cache = cache.clone();
        callers.spawn(async move { cache.token().await.unwrap().generation() });
    }
    settle().await;
    callers
}

#[tokio::test]
async fn a_thousand_first_callers_cause_one_request() {
    // errata ALL-06, WID-04, EVR-02, EVR-03
    let login = Login::new();
    login.close();
    let callers = callers(&login.cache(), 1_000).await;
    assert_eq!(login.requests(), 1);
    login.open();
    let generations: BTreeSet<u64> = callers.join_all().await.into_iter().collect();
    assert_eq!((generations, login.requests()), (BTreeSet::from([1]), 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_callers_on_several_threads_cause_one_request() {
    // errata ALL-06, EVR-03
    for _ in 0..50 {
        let login = Login::new();
        let cache = login.cache();
        let callers = join_all((0..200).map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.token().await.unwrap().generation() })
        }));
        for generation in callers.await {
            assert_eq!(generation.unwrap(), 1);
        }
        assert_eq!(login.requests(), 1);
    }
}

#[tokio::test]
async fn half_of_ten_thousand_callers_may_be_cancelled_the_first_one_included() {
    // errata ALL-06
    for seed in 0..6 {
        let random = SeededRandom::new(seed);
        let login = Login::new();
        login.close();
        let cache = login.cache();
        let callers: Vec<_> = (0..10_000)
            .map(|_| {
                let cache = cache.clone();
                tokio::spawn(async move { cache.token().await.unwrap().generation() })
            })
            .collect();
        // Half of the seeds cancel callers that wait, the others callers that have not been polled yet.
        if seed % 2 == 0 {
            settle().await;
        }
        for (index, caller) in callers.iter().enumerate() {
            if index == 0 || random.unit() < 0.5 {
                caller.abort();
            }
        }
        settle().await;
        login.open();
        let ended = join_all(callers).await;
        let served = ended
            .iter()
            .flatten()
            .filter(|generation| **generation == 1)
            .count();
        let cancelled = ended
            .iter()
            .filter(|end| end.as_ref().is_err_and(|e| e.is_cancelled()))
            .count();
        assert_eq!(served + cancelled, 10_000);
        assert!(served > 4_000 && cancelled > 4_000, "{served} {cancelled}");
        assert_eq!(login.requests(), 1, "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_may_be_cancelled_while_others_arrive_on_other_threads() {
    // errata ALL-06
    for seed in 0..20 {
        let random = SeededRandom::new(seed);
        let login = Login::new();
        let cache = login.cache();
        let mut callers = Vec::new();
        for _ in 0..500 {
            let cache = cache.clone();
            callers.push(tokio::spawn(async move {
                cache.token().await.unwrap().generation()
            }));
            let victim = callers.len() * 2;
            if let Some(caller) = callers.get((random.unit() * victim as f64) as usize) {
                caller.abort();
            }
        }
        for end in join_all(callers).await {
            assert!(end.map_or_else(|error| error.is_cancelled(), |generation| generation == 1));
        }
        assert_eq!(cache.token().await.unwrap().generation(), 1);
        assert_eq!(login.requests(), 1, "seed {seed}");
    }
}

#[tokio::test]
async fn a_renewal_survives_all_of_its_callers() {
    // errata ALL-06
    let login = Login::new();
    login.close();
    let cache = login.cache();
    assert!(poll!(cache.token()).is_pending());
    settle().await;
    login.open();
    settle().await;
    assert_eq!(
        cache.token().now_or_never().unwrap().unwrap().generation(),
        1
    );
    assert_eq!(login.requests(), 1);
}

#[tokio::test]
async fn a_first_caller_that_panics_harms_nobody_else() {
    let login = Login::new();
    login.close();
    let cache = login.cache();
    let first = tokio::spawn({
        let cache = cache.clone();
        async move {
            assert!(poll!(cache.token()).is_pending());
            panic!("on purpose");
        }
    });
    assert!(first.await.unwrap_err().is_panic());
    let callers = callers(&cache, 100).await;
    login.open();
    assert!(
        callers
            .join_all()
            .await
            .iter()
            .all(|generation| *generation == 1)
    );
    assert_eq!(login.requests(), 1);
}

#[tokio::test]
async fn a_panic_in_the_exchange_is_an_error_for_all_and_the_next_caller_starts_anew() {
    let login = Login::new();
    login.transport.push(Reply::panic());
    let cache = login.cache();
    for end in join_all((0..10).map(|_| cache.token())).await {
        let error = end.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Login);
        assert!(error.to_string().contains("panicked"), "{error}");
    }
    assert_eq!(login.requests(), 1);
    assert_eq!(cache.token().await.unwrap().generation(), 1);
    assert_eq!(login.requests(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simultaneous_invalidations_of_one_token_cause_one_renewal() {
    // errata ALL-05, INT-37
    for count in [100, 1_000] {
        for _ in 0..10 {
            let login = Login::new();
            let cache = login.cache();
            let seen = cache.token().await.unwrap();
            let callers = join_all((0..count).map(|_| {
                let (cache, seen) = (cache.clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    cache.invalidate(&seen).await;
                    cache.token().await.unwrap().generation()
                })
            }));
            for generation in callers.await {
                assert_eq!(generation.unwrap(), 2);
            }
            assert_eq!(login.requests(), 2);
        }
    }
}

#[tokio::test]
async fn a_late_refusal_of_an_old_token_leaves_the_new_one_alone() {
    // errata ALL-05
    let login = Login::new();
    let cache = login.cache();
    let old = cache.token().await.unwrap();
    cache.invalidate(&old).await;
    assert!(cache.peek().is_none());
    let new = cache.token().await.unwrap();
    cache.invalidate(&old).await;
    let still = cache
        .token()
        .now_or_never()
        .expect("ready at the first poll")
        .unwrap();
    assert_eq!(still.generation(), new.generation());
    assert_eq!(login.requests(), 2);
}

#[tokio::test]
async fn a_token_invalidated_during_its_early_renewal_is_replaced_by_that_renewal() {
    let login = Login::new();
    let cache = login.cache();
    let old = cache.token().await.unwrap();
    login.close();
    login.advance(3_300.0);
    assert_eq!(cache.token().await.unwrap().generation(), 1);
    settle().await;
    cache.invalidate(&old).await;
    let callers = callers(&cache, 100).await;
    login.open();
    assert!(
        callers
            .join_all()
            .await
            .iter()
            .all(|generation| *generation == 2)
    );
    assert_eq!(login.requests(), 2);
}

#[tokio::test]
async fn a_valid_token_is_ready_at_the_first_poll_without_a_runtimes_help() {
    // errata ALL-06
    let login = Login::new();
    let cache = login.cache();
    cache.token().await.unwrap();
    std::thread::spawn(move || {
        match std::pin::pin!(cache.token())
            .poll_unpin(&mut std::task::Context::from_waker(std::task::Waker::noop()))
        {
            Poll::Ready(token) => assert_eq!(token.unwrap().generation(), 1),
            Poll::Pending => panic!("a valid token made its caller wait"),
        }
    })
    .join()
    .unwrap();
}

#[test]
fn without_a_runtime_a_needed_renewal_is_a_typed_error() {
    let login = Login::new();
    let cache = login.cache();
    let error = cache.token().now_or_never().expect("no wait").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(login.requests(), 0);
}

#[test]
fn a_renewal_whose_runtime_shuts_down_is_an_error_and_the_next_runtime_renews() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
    };
    let login = Login::new();
    login.transport.push(Reply::hang());
    let cache = login.cache();
    let first = runtime();
    let mut waiting = Box::pin(cache.token());
    first.block_on(async {
        assert!(poll!(&mut waiting).is_pending());
        settle().await;
    });
    assert_eq!(login.requests(), 1);
    drop(first);
    runtime().block_on(async {
        let error = waiting.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Login);
        assert!(error.to_string().contains("cut off"), "{error}");
        assert_eq!(cache.token().await.unwrap().generation(), 1);
    });
}
