//! The durable sink: a file, a queue and one writer thread.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use async_trait::async_trait;
use genesys_core::audit::{AuditEntry, AuditSink};
use genesys_core::{Error, ErrorKind, Result};
use resilience::{Clock, SystemClock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot, watch};

use super::disk::{Disk, Medium};
use super::fault::{self, Fault};
use super::line::AuditLine;
use super::settings::{Acknowledge, Rotation, SyncPolicy};
use super::tail::Tail;
use super::writer::{Job, Message, Shared, Writer};

/// The most that [`FileAuditBuilder::with_attribute_limit`] takes: a line stays far below what
/// [`read`](super::read) accepts.
const ATTRIBUTE_LIMIT_MAX: usize = 64 * 1024;
/// Places that a queue may have.
const QUEUE_MAX: usize = Semaphore::MAX_PERMITS;

/// Settings of a [`FileAudit`] that is not open yet.
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct FileAuditBuilder {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    queue: usize,
    attribute_limit: usize,
    sync: SyncPolicy,
    acknowledge: Acknowledge,
    rotation: Rotation,
}

impl FileAuditBuilder {
    /// Where the lines' times and the files' ages come from. Default: the system's clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How many entries may wait or be in writing before `record` waits and `try_record` refuses. Default 1,024.
    pub fn with_queue(mut self, entries: usize) -> Self {
        self.queue = entries;
        self
    }

    /// How many bytes the attributes of one entry may have, 64 KiB at most. Default 8 KiB. What is beyond is shortened or
    /// left out, and the line says how much ([`AuditLine::truncated`]).
    pub fn with_attribute_limit(mut self, bytes: usize) -> Self {
        self.attribute_limit = bytes;
        self
    }

    /// When the trail is forced to the disk. Default: every second.
    pub fn with_sync(mut self, policy: SyncPolicy) -> Self {
        self.sync = policy;
        self
    }

    /// What `record` waits for. Default: until the entry is written.
    pub fn with_acknowledge(mut self, acknowledge: Acknowledge) -> Self {
        self.acknowledge = acknowledge;
        self
    }

    /// When a new file is started and how many old ones stay. Default: after 64 MiB, all stay.
    pub fn with_rotation(mut self, rotation: Rotation) -> Self {
        self.rotation = rotation;
        self
    }

    /// Opens or creates the trail and starts its writer. Touches the file system on the calling thread.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] with every setting that makes no sense. [`ErrorKind::Audit`] when the file cannot be opened or
    /// made private, is a symbolic link or no regular file, is no audit trail or one of a newer version, or is open in
    /// another writer.
    pub fn open(self) -> Result<FileAudit> {
        self.check()?;
        let (disk, tail) = Disk::open(&self.path)
            .map_err(|error| Error::from(Fault::new("open the trail", &error)))?;
        self.start(disk, tail)
    }

    fn check(&self) -> Result<()> {
        let mut problems = Vec::new();
        if self.path.file_name().is_none() {
            problems.push("the path names no file");
        }
        if self.queue == 0 || self.queue > QUEUE_MAX {
            problems.push(
                "the queue must hold at least one entry and not exceed the platform's maximum",
            );
        }
        if self.attribute_limit > ATTRIBUTE_LIMIT_MAX {
            problems.push("the attribute limit exceeds 64 KiB");
        }
        if self.rotation.max_bytes == Some(0) {
            problems.push("the rotation size is zero");
        }
        if self.rotation.max_age.is_some_and(|age| age.is_zero()) {
            problems.push("the rotation age is zero");
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Config,
            format!("audit trail: {}", problems.join("; ")),
        ))
    }

    pub(super) fn start<M: Medium>(self, medium: M, tail: Tail) -> Result<FileAudit> {
        let shared = Arc::new(Shared::default());
        let writer = Writer::new(
            medium,
            tail,
            self.sync,
            self.rotation,
            Arc::clone(&self.clock),
            Arc::clone(&shared),
        );
        let (sender, messages) = mpsc::channel();
        let (result, done) = watch::channel(None);
        let thread = std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || {
                let ended = writer.run(&messages);
                result.send_replace(Some(ended));
            })
            .map_err(|error| Error::from(Fault::new("start the writer", &error)))?;
        Ok(FileAudit {
            path: self.path,
            clock: self.clock,
            attribute_limit: self.attribute_limit,
            acknowledge: self.acknowledge,
            queue: self.queue,
            places: Arc::new(Semaphore::new(self.queue)),
            sender: Mutex::new(Some(sender)),
            done,
            thread: Some(thread),
            shared,
        })
    }
}

/// Counts since a trail was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileAuditStats {
    /// Lines written, notes about gaps included.
    pub written: u64,
    /// Entries that `try_record` refused because the queue was full or the trail closed.
    pub refused: u64,
    /// Entries whose write failed; each failure was or will be told to a caller.
    pub lost: u64,
    /// Files that were put away.
    pub rotations: u64,
    /// Entries that wait or are being written now.
    pub queued: u64,
}

/// An append-only trail in a file, written by one thread of its own. Needs no async runtime.
///
/// A full queue makes `record` wait and `try_record` refuse; a refusal is counted and the trail says so in its next line.
/// Memory is bounded by the queue's length times the limits of an entry. End with [`close`](FileAudit::close), which
/// reports what went wrong last; a drop writes everything too, blocks meanwhile, and reports nothing.
///
/// ```
/// use genesys_core::audit::{AuditEntry, AuditPhase, AuditSink};
/// use genesys_telemetry::audit::{FileAudit, Rotation, SyncPolicy, read};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("integration_audit.log");
/// # runtime.block_on(async {
/// let audit = FileAudit::builder(&path)
///     .with_sync(SyncPolicy::EveryEntry)
///     .with_rotation(Rotation::default().with_max_bytes(16 * 1024 * 1024).with_kept_files(30))
///     .open()?;
/// audit.record(AuditEntry::new("CREATE", AuditPhase::Intent, "op-1", "client-1")).await?;
/// audit.close().await?;
///
/// for line in read(&path)? {
///     println!("{}", line?.action);
/// }
/// # Ok::<(), genesys_core::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FileAudit {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    attribute_limit: usize,
    acknowledge: Acknowledge,
    queue: usize,
    /// Free places in the queue. A message carries its place until it is done.
    places: Arc<Semaphore>,
    /// None once closed. Under the lock, so that nothing is sent behind a close.
    sender: Mutex<Option<Sender<Message>>>,
    /// The writer's last word.
    done: watch::Receiver<Option<Result<(), Fault>>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

impl FileAudit {
    /// Opens or creates the trail at `path` with the defaults of every setting.
    ///
    /// # Errors
    ///
    /// As [`FileAuditBuilder::open`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        Self::builder(path).open()
    }

    /// Settings for the trail at `path`.
    pub fn builder(path: impl Into<PathBuf>) -> FileAuditBuilder {
        FileAuditBuilder {
            path: path.into(),
            clock: Arc::new(SystemClock),
            queue: 1024,
            attribute_limit: super::bound::ATTRIBUTE_LIMIT,
            sync: SyncPolicy::default(),
            acknowledge: Acknowledge::default(),
            rotation: Rotation::default(),
        }
    }

    /// The current file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Counts since the trail was opened.
    pub fn stats(&self) -> FileAuditStats {
        let shared = &self.shared;
        FileAuditStats {
            written: shared.written.load(Ordering::Relaxed),
            refused: shared.refused.load(Ordering::Relaxed),
            lost: shared.lost.load(Ordering::Relaxed),
            rotations: shared.rotations.load(Ordering::Relaxed),
            queued: self.queue.saturating_sub(self.places.available_permits()) as u64,
        }
    }

    /// Takes no more entries, waits until all that were taken are on the disk, and lets go of the file.
    ///
    /// Callers that wait for a place in the queue are told that the trail is closed. Dropping this future stops only the
    /// waiting. A second call gives the same answer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Audit`] for a failure that no caller has been told yet.
    pub async fn close(&self) -> Result<()> {
        self.stop();
        let mut done = self.done.clone();
        match done.wait_for(Option::is_some).await {
            Ok(result) => match &*result {
                Some(Err(fault)) => Err(fault.clone().into()),
                _ => Ok(()),
            },
            Err(_) => Err(fault::ended()),
        }
    }

    /// Lets the writer drain and end.
    fn stop(&self) {
        self.places.close();
        self.sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }

    fn line(&self, entry: AuditEntry) -> AuditLine {
        AuditLine::new(entry, self.clock.wall(), self.attribute_limit)
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(|_| fault::closed())
    }

    fn send(&self, message: Message) -> Result<()> {
        match &*self.sender.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(sender) => sender.send(message).map_err(|_| fault::ended()),
            None => Err(fault::closed()),
        }
    }

    async fn send_and_wait(&self, job: Job, permit: OwnedSemaphorePermit) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.send(Message {
            job,
            reply: Some(reply),
            permit,
        })?;
        match answer.await {
            Ok(result) => result.map_err(Error::from),
            Err(_) => Err(fault::ended()),
        }
    }

    fn refuse(&self, error: Error) -> Error {
        self.shared.refused.fetch_add(1, Ordering::Relaxed);
        error
    }
}

#[async_trait]
impl AuditSink for FileAudit {
    /// Waits for a place in the queue and then as [`Acknowledge`] says. The time of the line is that of the call. Dropping
    /// the future while it waits for a place records nothing; later, the entry is written all the same.
    ///
    /// A failure that nobody was told yet, such as a sync in the background, is reported instead of taking the entry; the
    /// next call goes ahead.
    async fn record(&self, entry: AuditEntry) -> Result<()> {
        let line = self.line(entry);
        let permit = self.place().await?;
        if let Some(fault) = self.shared.take_failure() {
            return Err(fault.into());
        }
        match self.acknowledge {
            Acknowledge::Written => self.send_and_wait(Job::Entry(line), permit).await,
            Acknowledge::Queued => self.send(Message {
                job: Job::Entry(line),
                reply: None,
                permit,
            }),
        }
    }

    fn try_record(&self, entry: AuditEntry) -> Result<()> {
        let permit = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|error| {
                self.refuse(match error {
                    TryAcquireError::NoPermits => {
                        Error::new(ErrorKind::Audit, "the trail's queue is full")
                    }
                    TryAcquireError::Closed => fault::closed(),
                })
            })?;
        self.send(Message {
            job: Job::Entry(self.line(entry)),
            reply: None,
            permit,
        })
        .map_err(|error| self.refuse(error))
    }

    /// Waits until everything handed over before is on the disk, whatever the sync policy. Also reports a rotation or a
    /// deletion of old files that failed since the last flush.
    async fn flush(&self) -> Result<()> {
        let permit = self.place().await?;
        self.send_and_wait(Job::Flush, permit).await
    }
}

impl Drop for FileAudit {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of the writer was told to whoever waited for it.
            let _ = thread.join();
        }
    }
}
