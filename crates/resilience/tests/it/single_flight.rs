use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::pause;
use futures_util::future::join_all;
use resilience::{FlightError, SingleFlight};

type Flights = SingleFlight<&'static str, u32>;

/// Counts itself, takes a second.
fn counted(
    count: &Arc<AtomicU32>,
) -> impl FnOnce() -> futures_util::future::BoxFuture<'static, u32> + Send + 'static {
    let count = Arc::clone(count);
    move || {
        Box::pin(async move {
            let number = count.fetch_add(1, Ordering::Relaxed) + 1;
            pause(Duration::from_secs(1)).await;
            number
        })
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_callers_cause_one_execution() {
    let flights = Flights::new();
    let count = Arc::new(AtomicU32::new(0));
    let calls = (0..10_000).map(|_| flights.run("key", counted(&count)));
    let results = join_all(calls).await;
    assert!(results.iter().all(|result| *result == Ok(1)));
    assert_eq!(count.load(Ordering::Relaxed), 1);
    assert_eq!(flights.in_flight(), 0);
}

// errata ALL-06
#[tokio::test(start_paused = true)]
async fn the_work_survives_its_first_caller_and_half_of_the_others() {
    let flights = Flights::new();
    let count = Arc::new(AtomicU32::new(0));
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let (flights, work) = (flights.clone(), counted(&count));
            tokio::spawn(async move { flights.run("key", work).await })
        })
        .collect();
    pause(Duration::from_millis(500)).await;
    for task in tasks.iter().step_by(2) {
        task.abort();
    }
    for (n, task) in tasks.into_iter().enumerate() {
        match task.await {
            Ok(result) => assert_eq!(result, Ok(1)),
            Err(aborted) => assert!(aborted.is_cancelled() && n % 2 == 0),
        }
    }
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn the_work_goes_on_when_every_caller_is_gone() {
    let flights = Flights::new();
    let count = Arc::new(AtomicU32::new(0));
    {
        let mut call = Box::pin(flights.run("key", counted(&count)));
        assert!(futures_util::poll!(&mut call).is_pending());
    }
    assert_eq!(flights.in_flight(), 1);
    pause(Duration::from_millis(500)).await;
    assert_eq!(flights.run("key", counted(&count)).await, Ok(1), "joined");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_error_for_all_and_leaves_no_entry() {
    let flights = Flights::new();
    let broken = || async {
        pause(Duration::from_secs(1)).await;
        panic!("in the shared work")
    };
    let results = join_all((0..10).map(|_| flights.run("key", broken))).await;
    assert!(
        results
            .iter()
            .all(|result| *result == Err(FlightError::Panicked))
    );
    assert_eq!(flights.in_flight(), 0);
    assert_eq!(flights.run("key", || async { 5 }).await, Ok(5));
}

#[tokio::test]
async fn a_panic_before_the_first_await_is_one_too() {
    let flights = Flights::new();
    let result = flights
        .run("key", || -> std::future::Ready<u32> {
            panic!("in the closure")
        })
        .await;
    assert_eq!(result, Err(FlightError::Panicked));
    assert_eq!(flights.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn keys_fly_apart_and_a_landed_flight_is_over() {
    let flights = Flights::new();
    let count = Arc::new(AtomicU32::new(0));
    let (a, b) = tokio::join!(
        flights.run("a", counted(&count)),
        flights.run("b", counted(&count)),
    );
    assert_eq!(a.unwrap() + b.unwrap(), 3);
    assert_eq!(flights.run("a", counted(&count)).await, Ok(3));
}

#[test]
fn a_runtime_that_stops_leaves_no_entry_behind() {
    let flights = Flights::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async { flights.start("key", std::future::pending).unwrap() });
    assert_eq!(flights.in_flight(), 1);
    drop(runtime);
    assert_eq!(flights.in_flight(), 0);
}

#[test]
fn without_a_runtime_it_is_an_error_and_no_panic() {
    let flights = Flights::new();
    let result = flights.start("key", || async { 1 });
    assert_eq!(result, Err(FlightError::NoRuntime));
    assert_eq!(flights.in_flight(), 0);
}
