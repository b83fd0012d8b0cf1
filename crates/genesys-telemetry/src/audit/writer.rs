//! The thread that writes a trail: batches, numbers, syncs, rotates, and tells each caller how it went.

use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use resilience::Clock;
use tokio::sync::OwnedSemaphorePermit;

use super::disk::Medium;
use super::fault::Fault;
use super::line::AuditLine;
use super::settings::{Rotation, SyncPolicy};
use super::tail::Tail;

mod gap;
mod queue;

use gap::Gap;
use queue::Reply;
pub(super) use queue::{Job, Message, Shared};

/// A batch is written when it has this many bytes, so that a long queue does not become one long buffer.
const BATCH_BYTES: usize = 256 * 1024;

/// A line in the buffer.
struct Pending {
    /// Where it ends in the buffer.
    end: usize,
    reply: Option<Reply>,
    /// The gap that this line itself tells of; none for a caller's line.
    note: Option<Gap>,
    _permit: Option<OwnedSemaphorePermit>,
}

/// The writer's own state; nobody else touches the file.
pub(super) struct Writer<M> {
    medium: M,
    sync: SyncPolicy,
    rotation: Rotation,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
    /// The number of the next line.
    next: u64,
    /// The number of the current file's first line.
    first: u64,
    /// The current file has a whole line.
    has_line: bool,
    /// Bytes in the current file.
    len: u64,
    /// The time of the current file's first line.
    started: Option<SystemTime>,
    /// The file ends within a line.
    open_ended: bool,
    /// What the trail misses and does not say yet.
    gap: Gap,
    /// Refusals that `gap` has taken over from `shared`.
    refused_seen: u64,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    pending: Vec<Pending>,
    /// When the oldest line that is not on the disk was written.
    dirty_since: Option<Instant>,
    /// A failed rotation, deletion or background sync: told by the next flush or the end.
    upkeep: Option<Fault>,
}

impl<M: Medium> Writer<M> {
    pub(super) fn new(
        medium: M,
        tail: Tail,
        sync: SyncPolicy,
        rotation: Rotation,
        clock: Arc<dyn Clock>,
        shared: Arc<Shared>,
    ) -> Self {
        let last = tail.seq.unwrap_or(0);
        Self {
            medium,
            sync,
            rotation,
            clock,
            shared,
            next: last.saturating_add(1),
            first: tail.first.unwrap_or(last.saturating_add(1)),
            has_line: tail.first.is_some(),
            len: tail.len,
            started: tail.started,
            open_ended: tail.open_ended,
            gap: Gap {
                torn_bytes: tail.torn,
                ..Gap::default()
            },
            refused_seen: 0,
            buffer: Vec::new(),
            scratch: Vec::new(),
            pending: Vec::new(),
            dirty_since: None,
            upkeep: None,
        }
    }

    /// Works until every sender is gone and everything they sent is on the disk.
    ///
    /// # Errors
    ///
    /// A failure that nobody has been told.
    pub(super) fn run(mut self, messages: &Receiver<Message>) -> Result<(), Fault> {
        loop {
            let message = match self.until_sync() {
                // Also while messages never stop coming.
                Some(Duration::ZERO) => Err(RecvTimeoutError::Timeout),
                Some(wait) => messages.recv_timeout(wait),
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => {
                    self.sync_in_background();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
            // Whatever else waits shares the write.
            while self.buffer.len() < BATCH_BYTES
                && let Ok(message) = messages.try_recv()
            {
                self.take(message);
            }
            self.commit();
        }
        self.finish()
    }

    fn take(&mut self, Message { job, reply, permit }: Message) {
        match job {
            Job::Entry(line) => {
                if self.pending.is_empty() {
                    self.note_gap(line.time);
                }
                self.push(line, reply, None, Some(permit));
            }
            Job::Flush => {
                let result = self.flush();
                drop(permit);
                // When nobody waits for the answer any more, the next caller hears it.
                if let Some(Err(Err(fault))) = reply.map(|reply| reply.send(result)) {
                    self.shared.keep_failure(fault);
                }
            }
        }
    }

    /// Adds a line to the buffer, in a new file when the current one is full.
    fn push(
        &mut self,
        mut line: AuditLine,
        reply: Option<Reply>,
        note: Option<Gap>,
        permit: Option<OwnedSemaphorePermit>,
    ) {
        let mut encoded = self.encode(&mut line);
        if encoded.is_ok() && self.is_full(line.time) {
            self.commit();
            self.rotate();
            encoded = self.encode(&mut line);
        }
        if let Err(error) = encoded {
            return self.tell_failure(reply, Fault::new("encode an entry", &error));
        }
        if self.open_ended && self.buffer.is_empty() {
            self.buffer.push(b'\n');
        }
        if !self.has_line && self.pending.is_empty() {
            self.first = self.next;
            self.started = Some(line.time);
        }
        self.buffer.append(&mut self.scratch);
        self.pending.push(Pending {
            end: self.buffer.len(),
            reply,
            note,
            _permit: permit,
        });
    }

    fn encode(&mut self, line: &mut AuditLine) -> io::Result<()> {
        line.seq = self.next.saturating_add(self.pending.len() as u64);
        self.scratch.clear();
        line.encode(&mut self.scratch).map_err(io::Error::from)
    }

    /// True when the line in the scratch buffer belongs in a new file.
    fn is_full(&self, now: SystemTime) -> bool {
        if !self.has_line && self.pending.is_empty() {
            return false;
        }
        let len = self.len + self.buffer.len() as u64;
        let too_long = self
            .rotation
            .max_bytes
            .is_some_and(|max| len + self.scratch.len() as u64 > max);
        let too_old = self.rotation.max_age.is_some_and(|max| {
            self.started
                .and_then(|started| now.duration_since(started).ok())
                .is_some_and(|age| age >= max)
        });
        too_long || too_old
    }

    /// Writes the buffer and tells each caller. A line that did not fit is taken back, so that the file ends with a whole
    /// one and the numbers stay without a hole.
    fn commit(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let buffer = mem::take(&mut self.buffer);
        let (taken, failure) = self.write(&buffer);
        let kept = self.pending.partition_point(|line| line.end <= taken);
        let good = match kept.checked_sub(1) {
            Some(last) => self.pending[last].end,
            None => 0,
        };
        self.settle(good, taken);
        if kept > 0 {
            self.next += kept as u64;
            self.has_line = true;
            self.dirty_since.get_or_insert_with(|| self.clock.now());
        }
        let synced = match self.sync {
            SyncPolicy::EveryEntry if kept > 0 => self.sync_now(),
            _ => Ok(()),
        };
        for (index, line) in mem::take(&mut self.pending).into_iter().enumerate() {
            let result = match &failure {
                Some(fault) if index >= kept => Err(fault.clone()),
                _ => synced.clone(),
            };
            self.tell(line, index < kept, result);
        }
        self.buffer = buffer;
        self.buffer.clear();
    }

    /// Brings the file's length and end in line with what a write left: `taken` bytes, of which `good` are whole lines.
    fn settle(&mut self, good: usize, taken: usize) {
        if good > 0 {
            self.open_ended = false;
        }
        self.len += good as u64;
        let rest = (taken - good) as u64;
        if rest > 0 && self.medium.truncate(self.len).is_err() {
            self.len += rest;
            self.open_ended = true;
            self.gap.torn_bytes += rest;
        }
    }

    /// Writes as much as the medium takes.
    fn write(&mut self, bytes: &[u8]) -> (usize, Option<Fault>) {
        let mut taken = 0;
        while taken < bytes.len() {
            let error = match self.medium.append(&bytes[taken..]) {
                Ok(0) => io::ErrorKind::WriteZero.into(),
                Ok(count) => {
                    taken += count;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            return (taken, Some(Fault::new("write an entry", &error)));
        }
        (taken, None)
    }

    /// Accounts for one line of a batch and answers its caller.
    fn tell(&mut self, line: Pending, kept: bool, result: Result<(), Fault>) {
        if kept {
            self.shared.written.fetch_add(1, Ordering::Relaxed);
            if let Some(told) = line.note {
                self.gap.subtract(told);
            }
        }
        match result {
            Ok(()) => {
                if let Some(reply) = line.reply {
                    // The caller may have stopped waiting; the entry is written all the same.
                    let _ = reply.send(Ok(()));
                }
            }
            // The note is tried again with the next batch; the gap still counts.
            Err(fault) if line.note.is_some() => {
                self.upkeep.get_or_insert(fault);
            }
            Err(fault) => {
                if !kept {
                    self.shared.lost.fetch_add(1, Ordering::Relaxed);
                    self.gap.lost += 1;
                }
                self.tell_failure(line.reply, fault);
            }
        }
    }

    fn tell_failure(&self, reply: Option<Reply>, fault: Fault) {
        let untold = match reply {
            Some(reply) => reply.send(Err(fault)).err().and_then(Result::err),
            None => Some(fault),
        };
        if let Some(fault) = untold {
            self.shared.keep_failure(fault);
        }
    }

    /// Puts a line before the next batch that says what the trail misses.
    fn note_gap(&mut self, time: SystemTime) {
        let refused = self.shared.refused.load(Ordering::Relaxed);
        self.gap.refused += refused - self.refused_seen;
        self.refused_seen = refused;
        if !self.gap.is_empty() {
            self.push(self.gap.line(time), None, Some(self.gap), None);
        }
    }

    fn rotate(&mut self) {
        if !self.has_line {
            return;
        }
        if let Err(error) = self.medium.rotate(self.first) {
            self.upkeep
                .get_or_insert(Fault::new("start a new file", &error));
            return;
        }
        self.shared.rotations.fetch_add(1, Ordering::Relaxed);
        self.len = 0;
        self.has_line = false;
        self.open_ended = false;
        self.dirty_since = None;
        if let Some(kept) = self.rotation.kept
            && let Err(error) = self.medium.prune(kept)
        {
            self.upkeep
                .get_or_insert(Fault::new("delete an old file", &error));
        }
    }

    /// How long until the interval asks for a sync; none when nothing does.
    fn until_sync(&self) -> Option<Duration> {
        match self.sync {
            SyncPolicy::Interval(interval) => {
                let since = self.dirty_since?;
                Some(interval.saturating_sub(self.clock.now().saturating_duration_since(since)))
            }
            _ => None,
        }
    }

    fn sync_in_background(&mut self) {
        if let Err(fault) = self.sync_now() {
            // No caller waits for this one, and entries are at stake: the next one to come hears it.
            self.shared.keep_failure(fault);
        }
    }

    fn sync_now(&mut self) -> Result<(), Fault> {
        if self.dirty_since.take().is_none() {
            return Ok(());
        }
        self.medium
            .sync()
            .map_err(|error| Fault::new("sync the trail", &error))
    }

    fn flush(&mut self) -> Result<(), Fault> {
        self.commit();
        let synced = self.sync_now();
        let failure = self.shared.take_failure();
        let upkeep = self.upkeep.take();
        match failure.or(synced.err()).or(upkeep) {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }

    fn finish(mut self) -> Result<(), Fault> {
        self.note_gap(self.clock.wall());
        self.flush()
    }
}

#[cfg(test)]
mod tests;
