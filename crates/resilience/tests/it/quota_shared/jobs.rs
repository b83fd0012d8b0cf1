//! Jobs split over several gates against the simulated server.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::{join, join_all};
use resilience::{Clock, Quota};

use super::{Shop, settle};
use crate::quota_simulation::{Job, Rounding, SECOND, WINDOW, Windows};

/// `workers` of each gate share `calls` calls.
async fn together(job: &Job, gates: &[Quota], workers: u32, calls: u32) {
    let left = Cell::new(calls);
    let worker = |gate: &Quota| {
        let (gate, left) = (gate.clone(), &left);
        async move {
            while left.get() > 0 {
                left.set(left.get() - 1);
                job.call(&gate).await;
            }
        }
    };
    let all = gates
        .iter()
        .flat_map(|gate| (0..workers).map(move |_| worker(gate)));
    join_all(all).await;
}

#[tokio::test]
async fn nine_hundred_calls_over_two_gates_take_two_minutes_and_draw_no_refusal() {
    for seed in 0..2 {
        for rounding in [Rounding::Up, Rounding::Exact] {
            for windows in [Windows::FromFirstRequest, Windows::Fixed(Duration::ZERO)] {
                let job = Job::new(rounding, windows);
                let shop = Shop::new(&job.clock);
                let gates = [shop.gate(seed), shop.gate(seed + 100)];
                job.clock.drive(together(&job, &gates, 10, 900)).await;
                let time = job.clock.now() - job.start;
                assert!(time <= 122 * SECOND, "{time:?}");
                assert_eq!(
                    (job.server.served.get(), job.server.refused.get()),
                    (900, 0)
                );
            }
        }
    }
}

#[tokio::test]
async fn a_gate_that_is_done_first_keeps_nothing_from_the_other() {
    for seed in 0..2 {
        // Each gate has its own half, and the third window must be spent to the last slot.
        for (ours, theirs) in [(450, 450), (200, 700), (899, 1)] {
            let job = Job::new(Rounding::Up, Windows::Fixed(Duration::ZERO));
            let shop = Shop::new(&job.clock);
            let gates = [shop.gate(seed), shop.gate(seed + 100)];
            let halves = join(
                job.work(&gates[0], 20, ours),
                job.work(&gates[1], 20, theirs),
            );
            job.clock.drive(halves).await;
            let time = job.clock.now() - job.start;
            assert!(time <= 122 * SECOND, "{ours} + {theirs}: {time:?}");
            assert_eq!(
                (job.server.served.get(), job.server.refused.get()),
                (900, 0)
            );
        }
    }
}

#[tokio::test]
async fn four_processes_with_sixty_four_workers_waste_nothing() {
    let job = Job::new(Rounding::Up, Windows::Fixed(Duration::ZERO));
    let shop = Shop::new(&job.clock);
    let gates: Vec<_> = (0..4).map(|seed| shop.gate(seed)).collect();
    job.clock.drive(together(&job, &gates, 16, 1800)).await;
    let time = job.clock.now() - job.start;
    assert!(time <= 304 * SECOND, "{time:?}");
    assert_eq!(
        (job.server.served.get(), job.server.refused.get()),
        (1800, 0)
    );
}

#[tokio::test]
async fn a_job_within_one_window_is_not_paced_and_leases_in_batches() {
    let job = Job::new(Rounding::Up, Windows::FromFirstRequest);
    let shop = Shop::new(&job.clock);
    let gates = [shop.gate(1), shop.gate(2)];
    job.clock.drive(together(&job, &gates, 10, 200)).await;
    let time = job.clock.now() - job.start;
    assert!(time <= Duration::from_millis(1_200), "{time:?}");
    assert_eq!(job.server.refused.get(), 0);
    assert!(shop.asked() <= 60, "{} visits for 200 calls", shop.asked());
}

#[tokio::test]
async fn nobody_wakes_before_the_reset() {
    let job = Job::new(Rounding::Up, Windows::Fixed(Duration::ZERO));
    let shop = Shop::new(&job.clock);
    let gates = [shop.gate(1), shop.gate(2)];
    // Both know that the window is spent, and have more to do.
    let watch = async {
        job.clock.sleep_until(job.start + 10 * SECOND).await;
        let asked = shop.asked();
        let waiting = gates[0].waiting() + gates[1].waiting();
        let just_before = job.start + WINDOW - Duration::from_millis(1);
        job.clock.sleep_until(just_before).await;
        (waiting, shop.asked() - asked)
    };
    let work = together(&job, &gates, 10, 500);
    let (_, (waiting, asked)) = job.clock.drive(join(work, watch)).await;
    assert_eq!(waiting, 20, "everybody waits for the reset");
    assert_eq!(asked, 0, "and lets the store alone");
    assert_eq!(job.server.refused.get(), 0);
    let reset = job.start + WINDOW;
    let early = job.server.answers.borrow()[300..]
        .iter()
        .filter(|at| **at < reset)
        .count();
    assert_eq!(early, 0);
}

#[tokio::test]
async fn a_herd_at_two_gates_starts_after_the_reset_and_not_all_at_once() {
    let job = Job::new(Rounding::Up, Windows::Fixed(Duration::ZERO));
    let shop = Shop::new(&job.clock);
    let gates = [shop.gate(1), shop.gate(2)];
    let starts = |gate: Quota| {
        let job = &job;
        async move {
            let slot = gate.acquire("any", None).await.unwrap();
            let at = job.clock.now() - job.start;
            slot.silent(job.clock.now());
            at
        }
    };
    // Others have spent the window.
    for _ in 0..299 {
        let _ = job.server.handle();
    }
    job.clock.drive(job.call(&gates[0])).await;
    settle().await;
    let herd = (0..1200).map(|n| starts(gates[n % 2].clone()));
    let starts = job.clock.drive(join_all(herd)).await;
    let (first, last) = (starts.iter().min().unwrap(), starts.iter().max().unwrap());
    assert!(*first >= WINDOW, "{first:?}");
    assert!(*last - *first >= SECOND, "{:?}", *last - *first);
}

#[tokio::test]
async fn others_without_a_gate_are_left_room() {
    let job = Job::new(Rounding::Up, Windows::Fixed(Duration::ZERO));
    let shop = Shop::new(&job.clock);
    let gates = [shop.gate(1), shop.gate(2)];
    let theirs = async {
        for _ in 0..300 {
            job.clock.sleep_until(job.clock.now() + SECOND / 2).await;
            let _ = job.server.handle();
        }
    };
    let ours = together(&job, &gates, 10, 600);
    job.clock.drive(join(ours, theirs)).await;
    assert!(job.refused.get() <= 20, "{}", job.refused.get());
}
