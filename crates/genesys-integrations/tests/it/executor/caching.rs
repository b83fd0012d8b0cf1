//! Which answers stand in for which calls.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use genesys_core::test_util::Reply;
use genesys_core::vocabulary::Method;
use genesys_integrations::executor::{
    CacheOutcome, Caller, ExecutionErrorKind, NodeCall, PreparedNode,
};
use genesys_integrations::nodes::{NodeRetry, RestNode};
use resilience::{CacheLimits, CacheStore, StoreError, StoreErrorKind};
use serde_json::{Value, json};

use super::support::{URL, World, answer_schema, call, get, input, memoised, ok, post, prepare};

/// Answers are numbered, so that two calls got the same one when they got the same number.
fn numbered(world: &World, headers: &'static [(&'static str, &'static str)]) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    world.cloud.handle(move |_| {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        let reply = Reply::json(200, &json!({"status": "open", "n": number}));
        let reply = headers
            .iter()
            .fold(reply, |reply, (name, value)| reply.with_header(name, value));
        async move { reply }
    });
    count
}

fn number(data: &str) -> u64 {
    serde_json::from_str::<Value>(data).unwrap()["n"]
        .as_u64()
        .unwrap()
}

async fn ask(world: &World, node: &PreparedNode, input: Value) -> (u64, CacheOutcome) {
    let done = world.run(node, input).await.unwrap();
    (number(done.data.json().unwrap()), done.cache)
}

const MISS: CacheOutcome = CacheOutcome::Miss { stored: true };
const UNKEPT: CacheOutcome = CacheOutcome::Miss { stored: false };

fn hit(age: u64) -> CacheOutcome {
    CacheOutcome::Hit {
        age: Duration::from_secs(age),
    }
}

#[tokio::test]
async fn a_memoised_post_is_answered_from_memory_for_its_time() {
    // errata RST-25, RST-29, RST-33
    let world = World::new();
    numbered(&world, &[]);
    let node = prepare(memoised());
    let begun = ask(&world, &node, input()).await;
    assert_eq!(begun, (0, MISS));
    world.advance(299);
    assert_eq!(ask(&world, &node, input()).await, (0, hit(299)));
    let kept = world.run(&node, input()).await.unwrap();
    assert!(kept.attempts.is_empty() && kept.elapsed.is_zero());
    world.advance(1);
    assert_eq!(ask(&world, &node, input()).await, (1, MISS));
    // What the server says is shorter, and older, counts.
    let world = World::new();
    numbered(&world, &[("cache-control", "max-age=100"), ("age", "40")]);
    ask(&world, &node, input()).await;
    world.advance(59);
    assert_eq!(ask(&world, &node, input()).await, (0, hit(99)));
    world.advance(1);
    assert_eq!(ask(&world, &node, input()).await.0, 1);
}

#[tokio::test]
async fn a_plain_post_is_never_kept() {
    // errata RST-29
    let world = World::new();
    numbered(&world, &[("cache-control", "public, max-age=100")]);
    let node = prepare(post());
    assert_eq!(ask(&world, &node, input()).await, (0, CacheOutcome::Off));
    assert_eq!(ask(&world, &node, input()).await, (1, CacheOutcome::Off));
}

#[tokio::test]
async fn a_get_is_kept_as_long_as_the_answer_says() {
    // errata RST-31
    let (world, node) = (World::new(), prepare(get()));
    numbered(&world, &[("cache-control", "max-age=60")]);
    assert_eq!(ask(&world, &node, input()).await, (0, MISS));
    world.advance(59);
    assert_eq!(ask(&world, &node, input()).await, (0, hit(59)));
    world.advance(1);
    assert_eq!(ask(&world, &node, input()).await, (1, MISS));
    for silent in [
        &[][..],
        &[("cache-control", "no-store")],
        &[("vary", "*"), ("cache-control", "max-age=9")],
    ] {
        let world = World::new();
        numbered(&world, silent);
        assert_eq!(ask(&world, &node, input()).await, (0, UNKEPT));
        assert_eq!(ask(&world, &node, input()).await, (1, UNKEPT));
    }
    // The calendar went back: nobody knows how old anything is.
    let world = World::new();
    numbered(&world, &[("cache-control", "max-age=60")]);
    ask(&world, &node, input()).await;
    let back = resilience::Clock::wall(&world.clock) - Duration::from_secs(10);
    world.clock.set_wall(back);
    assert_eq!(ask(&world, &node, input()).await.0, 1);
}

#[tokio::test]
async fn a_request_may_refuse_what_is_kept() {
    let (world, asking) = (World::new(), |control: &'static str| {
        prepare(get().with_header("Cache-Control", control))
    });
    numbered(&world, &[("cache-control", "max-age=60")]);
    let fresh = asking("no-cache");
    assert_eq!(ask(&world, &fresh, input()).await, (0, MISS));
    assert_eq!(ask(&world, &fresh, input()).await, (1, MISS));
    let none = asking("no-store");
    assert_eq!(
        ask(&world, &none, input()).await,
        (2, CacheOutcome::Bypassed)
    );
    let young = asking("max-age=10, min-fresh=30");
    assert_eq!(ask(&world, &young, input()).await, (3, MISS));
    world.advance(10);
    assert_eq!(ask(&world, &young, input()).await, (3, hit(10)));
    world.advance(1);
    assert_eq!(ask(&world, &young, input()).await.0, 4);
}

#[tokio::test]
async fn the_same_request_is_one_by_method_url_headers_body_caller_and_node() {
    // errata RST-26, RST-27, RST-28
    let world = World::new();
    numbered(&world, &[]);
    let of = |caller: Caller, node: &PreparedNode, input: &str| {
        let (node, call) = (node.clone(), NodeCall::new(input).with_caller(caller));
        let world = &world;
        async move { number(world.call(&node, call).await.unwrap().data.json().unwrap()) }
    };
    let base = |method| {
        RestNode::builder("n", method, URL)
            .with_header("X-Tag", "{{input.tag}}")
            .with_body(r#"{"data": {{input.data}}}"#)
            .with_memoise(Duration::from_secs(60))
    };
    let node = prepare(base(Method::POST));
    let me = || Caller::new("me");
    let plain = r#"{"id": "1", "tag": "t", "data": {"a": 1, "b": [2]}}"#;
    assert_eq!(of(me(), &node, plain).await, 0);
    assert_eq!(
        of(
            me(),
            &node,
            r#"{"data":{"b":[2],"a":1},"tag":"t","id":"1"}"#
        )
        .await,
        0
    );
    let others = [
        of(
            me(),
            &node,
            r#"{"id": "2", "tag": "t", "data": {"a": 1, "b": [2]}}"#,
        )
        .await,
        of(
            me(),
            &node,
            r#"{"id": "1", "tag": "u", "data": {"a": 1, "b": [2]}}"#,
        )
        .await,
        of(
            me(),
            &node,
            r#"{"id": "1", "tag": "t", "data": {"a": 1.0, "b": [2]}}"#,
        )
        .await,
        of(Caller::new("you"), &node, plain).await,
        of(Caller::anonymous(), &node, plain).await,
        of(Caller::new(""), &node, plain).await,
        of(me(), &prepare(base(Method::PUT)), plain).await,
        of(
            me(),
            &prepare(base(Method::POST).with_response_schema(answer_schema())),
            plain,
        )
        .await,
    ];
    assert_eq!(others, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(of(me(), &node, plain).await, 0);
}

#[tokio::test]
async fn a_thousand_that_miss_together_send_one_request() {
    // errata RST-35
    for node in [prepare(memoised()), prepare(get())] {
        let world = World::new();
        world.cloud.handle(|_| async {
            tokio::task::yield_now().await;
            ok().with_header("cache-control", "max-age=60")
        });
        let all = join_all((0..1_000).map(|_| world.executor.execute(&node, call(&input()))));
        let done = world.drive(all).await;
        let outcomes: Vec<_> = done.into_iter().map(|one| one.unwrap().cache).collect();
        assert_eq!(world.sent(), 1);
        assert_eq!(outcomes.iter().filter(|one| **one == MISS).count(), 1);
        // Whoever comes when it has landed has a hit.
        let without =
            |one: &CacheOutcome| matches!(one, CacheOutcome::Off | CacheOutcome::Bypassed);
        assert!(!outcomes.iter().any(without));
    }
}

#[tokio::test]
async fn an_answer_that_may_not_be_kept_is_not_shared_either() {
    let world = World::new();
    numbered(&world, &[("cache-control", "no-store")]);
    let node = prepare(memoised());
    let all = join_all((0..20).map(|_| world.executor.execute(&node, call(&input()))));
    let numbers: std::collections::HashSet<u64> = world
        .drive(all)
        .await
        .into_iter()
        .map(|one| number(one.unwrap().data.json().unwrap()))
        .collect();
    assert_eq!((numbers.len(), world.sent()), (20, 20));
}

#[tokio::test]
async fn callers_who_miss_together_are_not_given_each_others_answer() {
    // errata RST-28, RST-35
    let world = World::new();
    numbered(&world, &[]);
    let node = prepare(memoised());
    let asking = |who: usize| {
        let call =
            NodeCall::from(&input()).with_caller(Caller::new(format!("caller-{}", who % 10)));
        world.executor.execute(&node, call)
    };
    let done = world.drive(join_all((0..100).map(asking))).await;
    assert_eq!(world.sent(), 10);
    let mut owners = HashMap::new();
    for (who, done) in done.into_iter().enumerate() {
        let number = number(done.unwrap().data.json().unwrap());
        assert_eq!(*owners.entry(number).or_insert(who % 10), who % 10);
    }
}

#[tokio::test]
async fn a_flight_goes_on_without_the_one_who_began_it() {
    let world = World::new();
    world.cloud.handle(|_| async {
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        ok()
    });
    let node = prepare(memoised());
    let mut first = Box::pin(world.executor.execute(&node, call(&input())));
    // Polled until the request is out, and dropped.
    while world.sent() == 0 {
        assert!(futures_util::poll!(&mut first).is_pending());
        tokio::task::yield_now().await;
    }
    drop(first);
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let kept = world.run(&node, input()).await.unwrap();
    assert_eq!((kept.cache, world.sent()), (hit(0), 1));
}

#[tokio::test]
async fn a_failure_is_shared_by_who_waits_and_not_remembered() {
    let world = World::new();
    world.push([Reply::status(404), ok()]);
    let node = prepare(memoised());
    let all = join_all((0..50).map(|_| world.executor.execute(&node, call(&input()))));
    let done = world.drive(all).await;
    let ids: std::collections::HashSet<_> = done
        .into_iter()
        .map(|one| {
            let error = one.unwrap_err();
            assert_eq!(
                (error.kind(), error.status()),
                (ExecutionErrorKind::Status, Some(404))
            );
            error.context_id().to_owned()
        })
        .collect();
    assert_eq!(
        (ids.len(), world.sent()),
        (50, 1),
        "each has an id of its own"
    );
    assert_eq!(world.run(&node, input()).await.unwrap().cache, MISS);
}

#[tokio::test]
async fn each_who_waits_keeps_to_his_own_deadline() {
    let world = World::new();
    let clock = world.clock.clone();
    world.cloud.handle(move |_| {
        let clock = clock.clone();
        async move {
            let at = resilience::Clock::now(&clock) + Duration::from_secs(10);
            resilience::Clock::sleep_until(&clock, at).await;
            ok()
        }
    });
    let node = prepare(memoised());
    let hasty = world
        .executor
        .execute(&node, call(&input()).with_deadline(Duration::from_secs(1)));
    let patient = world.executor.execute(&node, call(&input()));
    let (hasty, patient) = world
        .drive(Box::pin(async { tokio::join!(hasty, patient) }))
        .await;
    assert_eq!(hasty.unwrap_err().kind(), ExecutionErrorKind::Deadline);
    assert_eq!((patient.unwrap().status, world.sent()), (200, 1));
}

#[tokio::test]
async fn a_write_forgets_what_was_kept_of_its_url_for_everybody() {
    let world = World::new();
    numbered(&world, &[("cache-control", "max-age=60")]);
    let (read, write) = (
        prepare(get()),
        prepare(RestNode::builder("w", Method::PUT, URL)),
    );
    let you = || NodeCall::from(&input()).with_caller(Caller::new("you"));
    ask(&world, &read, input()).await;
    ask(&world, &read, json!({"id": "B"})).await;
    world.call(&read, you()).await.unwrap();
    assert_eq!(ask(&world, &write, input()).await, (3, CacheOutcome::Off));
    assert_eq!(ask(&world, &read, input()).await, (4, MISS));
    let done = world.call(&read, you()).await.unwrap();
    assert_eq!(number(done.data.json().unwrap()), 5);
    assert_eq!(
        ask(&world, &read, json!({"id": "B"})).await,
        (1, hit(0)),
        "another URL"
    );
    // One that was refused has changed nothing; one that nobody knows of may have.
    let refused = prepare(RestNode::builder("w", Method::PATCH, URL));
    world.push([Reply::status(409)]);
    world.run(&refused, input()).await.unwrap_err();
    assert_eq!(ask(&world, &read, input()).await, (4, hit(0)));
    world.push([Reply::status(502)]);
    assert!(
        world
            .run(&refused, input())
            .await
            .unwrap_err()
            .is_outcome_unknown()
    );
    assert_eq!(ask(&world, &read, input()).await.1, MISS);
}

#[tokio::test]
async fn an_old_answer_stands_in_only_when_that_was_asked_for() {
    let node = prepare(get().with_retry(NodeRetry::none()));
    let run = async |stale: u64, failing: Reply| {
        let world = World::with(|builder| builder.with_stale_if_error(Duration::from_secs(stale)));
        world.push([ok().with_header("cache-control", "max-age=60"), failing]);
        world.run(&node, input()).await.unwrap();
        world.advance(70);
        world
            .run(&node, input())
            .await
            .map(|done| (done.cache, done.attempts.len()))
    };
    let stale = CacheOutcome::Stale {
        age: Duration::from_secs(70),
    };
    assert_eq!(run(60, Reply::status(503)).await.unwrap(), (stale, 1));
    assert_eq!(run(60, Reply::hang()).await.unwrap(), (stale, 1));
    // Not asked for, too old, and an answer that says no.
    assert!(run(0, Reply::status(503)).await.is_err());
    assert!(run(10, Reply::status(503)).await.is_err());
    assert!(run(60, Reply::status(404)).await.is_err());
    assert!(
        run(60, Reply::json(200, &json!({"status": 1})))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_cache_is_bounded_in_entries_and_bytes() {
    // errata RST-32
    let limits = CacheLimits::default().with_entries(20).with_bytes(100_000);
    let world = World::with(|builder| builder.with_cache_limits(limits));
    numbered(&world, &[]);
    let node = prepare(memoised());
    for id in 0..500 {
        ask(&world, &node, json!({"id": id.to_string()})).await;
    }
    let mut kept = 0;
    for id in 0..500 {
        let done = world
            .run(&node, json!({"id": id.to_string()}))
            .await
            .unwrap();
        kept += usize::from(matches!(done.cache, CacheOutcome::Hit { .. }));
    }
    assert!(kept <= 20, "{kept}");
    // One that is too large alone is answered and not kept.
    let big = json!({"status": "x".repeat(200_000), "n": 1});
    world.push([Reply::json(200, &big), ok()]);
    for _ in 0..2 {
        let done = world.run(&node, json!({"id": "big"})).await.unwrap();
        assert!(matches!(done.cache, CacheOutcome::Miss { .. }));
    }
}

#[tokio::test]
async fn answers_are_shared_and_nobody_can_change_them() {
    // errata RST-34
    let world = World::new();
    world.push([ok()]);
    let node = prepare(memoised());
    let first = world.run(&node, input()).await.unwrap();
    let mut mine = first.data.json().unwrap().to_owned();
    mine.make_ascii_uppercase();
    assert_eq!(world.run(&node, input()).await.unwrap().data, first.data);
}

/// A store that remembers what it was given, and fails when it is told to.
#[derive(Debug, Default)]
struct Witness {
    kept: Mutex<HashMap<String, Arc<[u8]>>>,
    broken: std::sync::atomic::AtomicBool,
}

impl Witness {
    fn check(&self) -> Result<(), StoreError> {
        if self.broken.load(Ordering::Relaxed) {
            Err(StoreError::new(StoreErrorKind::Unavailable))
        } else {
            Ok(())
        }
    }
}

#[async_trait::async_trait]
impl CacheStore for Witness {
    async fn get(&self, key: &str) -> Result<Option<Arc<[u8]>>, StoreError> {
        self.check()?;
        Ok(self.kept.lock().unwrap().get(key).cloned())
    }

    async fn put(&self, key: &str, value: Arc<[u8]>, _: Duration) -> Result<(), StoreError> {
        self.check()?;
        self.kept.lock().unwrap().insert(key.to_owned(), value);
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        self.check()?;
        self.kept.lock().unwrap().remove(key);
        Ok(())
    }
}

#[tokio::test]
async fn a_store_sees_answers_and_nothing_of_the_request() {
    let store = Arc::new(Witness::default());
    let world = World::with(|builder| {
        builder
            .with_cache_store(Arc::clone(&store) as Arc<dyn CacheStore>)
            .with_credential("token", "s3cr3t-token".into())
    });
    world.push([ok()]);
    let node = memoised().with_header("Authorization", "Bearer {{credentials.token}}");
    world
        .run(&prepare(node), json!({"id": "v4lue"}))
        .await
        .unwrap();
    let kept = store.kept.lock().unwrap();
    assert_eq!(kept.len(), 2);
    for (key, value) in &*kept {
        let shown = format!("{key} {}", String::from_utf8_lossy(value));
        assert!(
            !shown.contains("s3cr3t") && !shown.contains("v4lue") && !shown.contains("flow-1"),
            "{shown}"
        );
    }
    assert!(
        kept.values()
            .any(|value| value.ends_with(br#"{"status":"open"}"#))
    );
}

#[tokio::test]
async fn a_store_that_fails_or_holds_rubbish_costs_a_request_and_no_more() {
    let store = Arc::new(Witness::default());
    let world =
        World::with(|builder| builder.with_cache_store(Arc::clone(&store) as Arc<dyn CacheStore>));
    numbered(&world, &[]);
    let node = prepare(memoised());
    assert_eq!(ask(&world, &node, input()).await, (0, MISS));
    for (key, value) in store.kept.lock().unwrap().iter_mut() {
        if key.starts_with("answer:") {
            *value = Arc::from(&b"{\"version\":9}\nrubbish"[..]);
        }
    }
    assert_eq!(ask(&world, &node, input()).await, (1, MISS));
    store.broken.store(true, Ordering::Relaxed);
    assert_eq!(
        ask(&world, &node, input()).await,
        (2, CacheOutcome::Bypassed)
    );
}
