//! The writer against a disk that is slow, full, broken or cut short.

use std::future::Future;
use std::pin::pin;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use genesys_core::audit::{AuditEntry, AuditPhase, AuditSink};
use genesys_core::{Error, ErrorKind, Result};
use proptest::prelude::*;
use resilience::test_util::FakeClock;

use super::*;
use crate::audit::file::{FileAudit, FileAuditBuilder};
use crate::audit::settings::Acknowledge;

#[derive(Debug, Default)]
struct FakeDisk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    files: Vec<(u64, Vec<u8>)>,
    current: Vec<u8>,
    syncs: usize,
    /// Appends before the first sync.
    appends_unsynced: usize,
    /// The number of the one append that fails.
    fail_at: Option<usize>,
    appends: usize,
    blocked: bool,
    /// Bytes that fit into the current file.
    room: Option<usize>,
    /// Bytes that one write takes at most.
    bite: Option<usize>,
    no_truncate: bool,
    no_sync: bool,
    no_rotate: bool,
    panics: bool,
}

impl FakeDisk {
    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
    }

    fn wait(&self, until: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        self.changed
            .wait_while(self.state.lock().unwrap(), |state| !until(state))
            .unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8(self.state.lock().unwrap().current.clone()).unwrap()
    }

    fn lines(&self) -> Vec<AuditLine> {
        self.text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

impl Medium for Arc<FakeDisk> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.set(|state| state.appends += 1);
        let mut state = self.wait(|state| !state.blocked);
        assert!(!state.panics, "the disk is haunted");
        if state.fail_at == Some(state.appends) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let room = state
            .room
            .map_or(usize::MAX, |room| room.saturating_sub(state.current.len()));
        let count = bytes.len().min(room).min(state.bite.unwrap_or(usize::MAX));
        if count == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.current.extend(&bytes[..count]);
        Ok(count)
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if state.no_truncate {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        state.current.truncate(len as usize);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let broken = self.state.lock().unwrap().no_sync;
        self.set(|state| {
            if state.syncs == 0 {
                state.appends_unsynced = state.appends;
            }
            state.syncs += 1;
        });
        if broken {
            Err(io::ErrorKind::Other.into())
        } else {
            Ok(())
        }
    }

    fn rotate(&mut self, first: u64) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if state.no_rotate {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let file = mem::take(&mut state.current);
        state.files.push((first, file));
        Ok(())
    }

    fn prune(&mut self, kept: usize) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        let surplus = state.files.len().saturating_sub(kept);
        state.files.drain(..surplus);
        Ok(())
    }
}

fn entry(id: impl ToString) -> AuditEntry {
    AuditEntry::new("TEST", AuditPhase::Intent, id.to_string(), "client-1")
}

fn builder() -> FileAuditBuilder {
    FileAudit::builder("fake.log")
        .with_clock(Arc::new(FakeClock::new()))
        .with_sync(SyncPolicy::OnFlush)
}

fn start(builder: FileAuditBuilder, disk: &Arc<FakeDisk>) -> FileAudit {
    builder.start(Arc::clone(disk), Tail::default()).unwrap()
}

fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn is_audit_failure(result: &Result<()>) -> bool {
    result
        .as_ref()
        .is_err_and(|error| error.kind() == ErrorKind::Audit)
}

fn cause(error: &Error) -> io::ErrorKind {
    let source = std::error::Error::source(error).unwrap();
    source.downcast_ref::<io::Error>().unwrap().kind()
}

fn ids(lines: &[AuditLine]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line.operation_id.as_str())
        .collect()
}

fn assert_numbered(lines: &[AuditLine]) {
    let numbers: Vec<u64> = lines.iter().map(|line| line.seq).collect();
    assert_eq!(numbers, (1..=lines.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_slow_disk_makes_record_wait_and_try_record_refuse_and_the_trail_says_so() {
    // errata ALL-20
    let disk = Arc::new(FakeDisk::default());
    disk.set(|state| state.blocked = true);
    let audit = start(
        builder()
            .with_queue(2)
            .with_acknowledge(Acknowledge::Queued),
        &disk,
    );
    audit.record(entry("a")).await.unwrap();
    drop(disk.wait(|state| state.appends == 1));
    audit.record(entry("b")).await.unwrap();
    let mut third = pin!(audit.record(entry("c")));
    assert!(poll_once(third.as_mut()).is_pending());
    assert!(is_audit_failure(&audit.try_record(entry("refused"))));
    assert_eq!((audit.stats().refused, audit.stats().queued), (1, 2));
    disk.set(|state| state.blocked = false);
    third.await.unwrap();
    audit.close().await.unwrap();
    let lines = disk.lines();
    assert_numbered(&lines);
    let callers: Vec<_> = lines
        .iter()
        .filter(|line| line.action == "TEST")
        .map(|line| &line.operation_id)
        .collect();
    assert_eq!(callers, ["a", "b", "c"]);
    let gap = lines
        .iter()
        .find(|line| line.action == "AUDIT_GAP")
        .unwrap();
    assert_eq!(gap.attributes, [("refused".to_owned(), 1.into())].into());
}

#[tokio::test]
async fn a_caller_that_gives_up_while_it_waits_records_nothing_and_later_its_entry_is_written() {
    let disk = Arc::new(FakeDisk::default());
    disk.set(|state| state.blocked = true);
    let audit = start(builder().with_queue(1), &disk);
    {
        let mut handed_over = Box::pin(audit.record(entry("written")));
        assert!(poll_once(handed_over.as_mut()).is_pending());
        let mut waiting = Box::pin(audit.record(entry("given up")));
        assert!(poll_once(waiting.as_mut()).is_pending());
    }
    disk.set(|state| state.blocked = false);
    audit.close().await.unwrap();
    assert_eq!(ids(&disk.lines()), ["written"]);
}

#[tokio::test]
async fn record_itself_reports_a_full_disk_and_the_trail_goes_on_when_there_is_room() {
    // errata ALL-20, INT-33
    let disk = Arc::new(FakeDisk::default());
    let audit = start(builder(), &disk);
    audit.record(entry("before")).await.unwrap();
    // Room for a part of a line: it must be taken back.
    disk.set(|state| state.room = Some(state.current.len() + 20));
    let error = audit.record(entry("lost")).await.unwrap_err();
    assert_eq!(
        (error.kind(), cause(&error)),
        (ErrorKind::Audit, io::ErrorKind::StorageFull)
    );
    assert_eq!(
        error.to_string(),
        "audit trail failed: cannot write an entry: no storage space"
    );
    assert_eq!(ids(&disk.lines()), ["before"]);
    disk.set(|state| state.room = None);
    audit.record(entry("after")).await.unwrap();
    audit.close().await.unwrap();
    let lines = disk.lines();
    assert_numbered(&lines);
    assert_eq!(ids(&lines), ["before", "", "after"]);
    assert_eq!(lines[1].attributes, [("lost".to_owned(), 1.into())].into());
    assert_eq!(audit.stats().lost, 1);
}

#[tokio::test]
async fn a_queued_entry_that_is_lost_fails_the_next_call_once() {
    // errata ALL-20
    let disk = Arc::new(FakeDisk::default());
    disk.set(|state| state.room = Some(0));
    let audit = start(builder().with_acknowledge(Acknowledge::Queued), &disk);
    audit.record(entry("lost")).await.unwrap();
    assert!(is_audit_failure(&audit.flush().await));
    audit.flush().await.unwrap();

    audit.try_record(entry("lost too")).unwrap();
    assert!(is_audit_failure(&audit.close().await));
    assert!(
        is_audit_failure(&audit.close().await),
        "every call of close says the same"
    );
}

#[tokio::test]
async fn a_cut_write_that_cannot_be_taken_back_spoils_no_later_line() {
    let disk = Arc::new(FakeDisk::default());
    let audit = start(builder(), &disk);
    audit.record(entry("before")).await.unwrap();
    disk.set(|state| {
        state.room = Some(state.current.len() + 20);
        state.no_truncate = true;
    });
    assert!(is_audit_failure(&audit.record(entry("torn")).await));
    disk.set(|state| state.room = None);
    audit.record(entry("after")).await.unwrap();
    audit.close().await.unwrap();
    let text = disk.text();
    let lines: Vec<Option<AuditLine>> = text
        .lines()
        .map(|line| serde_json::from_str(line).ok())
        .collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[1].is_none());
    let gap = lines[2].as_ref().unwrap();
    assert_eq!(
        gap.attributes,
        [
            ("lost".to_owned(), 1.into()),
            ("torn_bytes".to_owned(), 20.into())
        ]
        .into()
    );
    assert_eq!(lines[3].as_ref().unwrap().operation_id, "after");
    assert_eq!(lines[3].as_ref().unwrap().seq, 3);
}

#[tokio::test]
async fn every_entry_is_on_the_disk_before_record_returns() {
    // errata INT-33, INT-34
    let disk = Arc::new(FakeDisk::default());
    let audit = start(builder().with_sync(SyncPolicy::EveryEntry), &disk);
    for count in 1..=3 {
        audit.record(entry(count)).await.unwrap();
        assert_eq!(disk.wait(|_| true).syncs, count);
    }
    disk.set(|state| state.no_sync = true);
    assert!(is_audit_failure(&audit.record(entry(4)).await));
}

#[tokio::test]
async fn an_interval_forces_the_trail_to_the_disk_under_traffic_and_in_silence() {
    let disk = Arc::new(FakeDisk::default());
    let clock = FakeClock::new();
    let hour = Duration::from_secs(3600);
    let audit = start(
        builder()
            .with_clock(Arc::new(clock.clone()))
            .with_sync(SyncPolicy::Interval(hour)),
        &disk,
    );
    audit.record(entry(1)).await.unwrap();
    assert_eq!(disk.wait(|_| true).syncs, 0);
    clock.advance(hour);
    audit.record(entry(2)).await.unwrap();
    drop(disk.wait(|state| state.syncs == 1));

    let disk = Arc::new(FakeDisk::default());
    let audit = start(
        builder().with_sync(SyncPolicy::Interval(Duration::from_millis(1))),
        &disk,
    );
    audit.record(entry(1)).await.unwrap();
    drop(disk.wait(|state| state.syncs == 1));
}

#[tokio::test]
async fn an_interval_is_kept_while_entries_never_stop_coming() {
    let disk = Arc::new(FakeDisk::default());
    let clock = FakeClock::new();
    let hour = Duration::from_secs(3600);
    let audit = start(
        builder()
            .with_clock(Arc::new(clock.clone()))
            .with_sync(SyncPolicy::Interval(hour)),
        &disk,
    );
    audit.record(entry("starts the hour")).await.unwrap();
    disk.set(|state| state.blocked = true);
    audit.try_record(entry("blocked")).unwrap();
    drop(disk.wait(|state| state.appends == 2));
    clock.advance(hour);
    let mut large = entry("more than two batches together");
    large
        .attributes
        .insert("filler".into(), "x".repeat(8000).into());
    for _ in 0..3 * BATCH_BYTES / 8000 {
        audit.try_record(large.clone()).unwrap();
    }
    disk.set(|state| state.blocked = false);
    audit.close().await.unwrap();
    let state = disk.wait(|_| true);
    assert!(state.appends > 4);
    assert_eq!(state.appends_unsynced, 2);
}

#[tokio::test]
async fn a_number_that_a_lost_line_had_goes_to_the_next_also_across_files() {
    let disk = Arc::new(FakeDisk::default());
    let audit = start(
        builder().with_rotation(Rotation::never().with_max_bytes(1)),
        &disk,
    );
    audit.record(entry(1)).await.unwrap();
    disk.set(|state| {
        state.blocked = true;
        state.fail_at = Some(3);
    });
    for id in 2..=4 {
        audit.try_record(entry(id)).unwrap();
        drop(disk.wait(|state| state.appends == 2));
    }
    disk.set(|state| state.blocked = false);
    assert!(
        is_audit_failure(&audit.close().await),
        "nobody was told of the third"
    );
    let state = disk.wait(|_| true);
    let files = state
        .files
        .iter()
        .map(|(_, file)| file)
        .chain([&state.current]);
    let lines: Vec<AuditLine> = files
        .map(|file| serde_json::from_slice(file).unwrap())
        .collect();
    assert_numbered(&lines);
    assert_eq!(ids(&lines), ["1", "2", "4", ""]);
}

#[tokio::test]
async fn a_gap_that_cannot_be_noted_fails_the_close() {
    let disk = Arc::new(FakeDisk::default());
    disk.set(|state| state.room = Some(0));
    let tail = Tail {
        torn: 5,
        ..Tail::default()
    };
    let audit = builder().start(Arc::clone(&disk), tail).unwrap();
    assert!(is_audit_failure(&audit.close().await));
}

#[tokio::test]
async fn a_close_ends_the_wait_of_those_without_a_place() {
    let disk = Arc::new(FakeDisk::default());
    disk.set(|state| state.blocked = true);
    let audit = start(builder().with_queue(1), &disk);
    audit.try_record(entry("taken")).unwrap();
    let mut waiting = pin!(audit.record(entry("waiting")));
    assert!(poll_once(waiting.as_mut()).is_pending());
    let mut close = pin!(audit.close());
    assert!(poll_once(close.as_mut()).is_pending());
    assert!(
        matches!(poll_once(waiting.as_mut()), Poll::Ready(result) if is_audit_failure(&result))
    );
    disk.set(|state| state.blocked = false);
    close.await.unwrap();
    assert_eq!(ids(&disk.lines()), ["taken"]);
}

#[tokio::test]
async fn a_background_sync_that_fails_is_told_to_the_next_caller() {
    let disk = Arc::new(FakeDisk::default());
    disk.set(|state| state.no_sync = true);
    let audit = start(
        builder().with_sync(SyncPolicy::Interval(Duration::from_millis(1))),
        &disk,
    );
    audit.record(entry(1)).await.unwrap();
    drop(disk.wait(|state| state.syncs == 1));
    assert!(is_audit_failure(&audit.close().await));
}

#[tokio::test]
async fn a_file_is_put_away_by_age_under_its_first_number() {
    let disk = Arc::new(FakeDisk::default());
    let clock = FakeClock::new();
    let day = Duration::from_secs(86_400);
    let rotation = Rotation::never().with_max_age(day).with_kept_files(2);
    let audit = start(
        builder()
            .with_clock(Arc::new(clock.clone()))
            .with_rotation(rotation),
        &disk,
    );
    for id in 1..=8 {
        audit.record(entry(id)).await.unwrap();
        clock.advance(day / 2);
    }
    audit.close().await.unwrap();
    let state = disk.wait(|_| true);
    assert_eq!(
        state
            .files
            .iter()
            .map(|(first, _)| *first)
            .collect::<Vec<_>>(),
        [3, 5],
        "one was deleted"
    );
    assert_eq!(audit.stats().rotations, 3);
    drop(state);
    assert_eq!(ids(&disk.lines()), ["7", "8"]);
}

#[tokio::test]
async fn a_rotation_that_fails_loses_nothing_and_is_told_by_the_flush() {
    // errata INT-33
    let disk = Arc::new(FakeDisk::default());
    disk.set(|state| state.no_rotate = true);
    let audit = start(
        builder().with_rotation(Rotation::never().with_max_bytes(1)),
        &disk,
    );
    for id in 1..=3 {
        audit.record(entry(id)).await.unwrap();
    }
    assert_eq!(ids(&disk.lines()), ["1", "2", "3"]);
    assert!(is_audit_failure(&audit.flush().await));
    disk.set(|state| state.no_rotate = false);
    audit.record(entry(4)).await.unwrap();
    audit.close().await.unwrap();
    assert_eq!(ids(&disk.lines()), ["4"]);
}

#[test]
fn a_drop_writes_what_is_queued() {
    // errata ALL-20
    let disk = Arc::new(FakeDisk::default());
    let audit = start(builder().with_queue(500), &disk);
    for id in 0..500 {
        audit.try_record(entry(id)).unwrap();
    }
    drop(audit);
    let lines = disk.lines();
    assert_eq!(lines.len(), 500);
    assert_numbered(&lines);
    assert_eq!(disk.wait(|_| true).syncs, 1);
}

#[tokio::test]
async fn after_a_close_everything_is_refused_and_counted() {
    let disk = Arc::new(FakeDisk::default());
    let audit = start(builder(), &disk);
    audit.close().await.unwrap();
    assert!(is_audit_failure(&audit.record(entry(1)).await));
    assert!(is_audit_failure(&audit.flush().await));
    assert!(is_audit_failure(&audit.try_record(entry(2))));
    assert_eq!(audit.stats().refused, 1);
}

#[tokio::test]
async fn a_writer_that_dies_is_an_error_and_no_hang() {
    let disk = Arc::new(FakeDisk::default());
    disk.set(|state| state.panics = true);
    let audit = start(builder(), &disk);
    for _ in 0..3 {
        assert!(is_audit_failure(&audit.record(entry(1)).await));
    }
    assert!(is_audit_failure(&audit.close().await));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_is_really_full_is_reported() {
    struct Device(std::fs::File);
    impl Medium for Device {
        fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
            io::Write::write(&mut self.0, bytes)
        }
        fn truncate(&mut self, len: u64) -> io::Result<()> {
            self.0.set_len(len)
        }
        fn sync(&mut self) -> io::Result<()> {
            self.0.sync_data()
        }
        fn rotate(&mut self, _first: u64) -> io::Result<()> {
            Ok(())
        }
        fn prune(&mut self, _kept: usize) -> io::Result<()> {
            Ok(())
        }
    }
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let audit = builder().start(Device(full), Tail::default()).unwrap();
    let error = audit.record(entry(1)).await.unwrap_err();
    assert_eq!(
        (error.kind(), cause(&error)),
        (ErrorKind::Audit, io::ErrorKind::StorageFull)
    );
}

#[test]
fn a_hundred_thousand_entries_pass_through_a_short_queue() {
    // errata ALL-20
    let disk = Arc::new(FakeDisk::default());
    let audit = Arc::new(start(
        builder()
            .with_queue(64)
            .with_acknowledge(Acknowledge::Queued),
        &disk,
    ));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..4)
            .map(|task| {
                let audit = Arc::clone(&audit);
                tokio::spawn(async move {
                    for id in 0..25_000 {
                        audit.record(entry(task * 25_000 + id)).await.unwrap();
                        assert!(audit.stats().queued <= 64);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        audit.close().await.unwrap();
    });
    let text = disk.text();
    assert_eq!(text.lines().count(), 100_000);
    assert_eq!(audit.stats().written, 100_000);
    let last: AuditLine = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last.seq, 100_000);
}

#[derive(Debug, Clone)]
enum Step {
    Record,
    Room(Option<usize>),
    Bite(Option<usize>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Record),
        1 => prop::option::of(0_usize..800).prop_map(Step::Room),
        1 => prop::option::of(1_usize..50).prop_map(Step::Bite),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_trail_holds_exactly_what_record_promised_whatever_the_disk_does(steps in steps()) {
        // errata ALL-20
        let disk = Arc::new(FakeDisk::default());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let audit = start(builder(), &disk);
        let mut promised = Vec::new();
        for (id, step) in steps.into_iter().enumerate() {
            match step {
                Step::Record => {
                    if runtime.block_on(audit.record(entry(id))).is_ok() {
                        promised.push(id.to_string());
                    }
                }
                Step::Room(room) => disk.set(|state| state.room = room.map(|room| state.current.len() + room)),
                Step::Bite(bite) => disk.set(|state| state.bite = bite),
            }
        }
        drop(audit);
        let lines = disk.lines();
        assert_numbered(&lines);
        let kept: Vec<_> = lines.iter().filter(|l| l.action == "TEST").map(|l| l.operation_id.clone()).collect();
        prop_assert_eq!(kept, promised);
    }
}
