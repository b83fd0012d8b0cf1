//! A journal on disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use genesys_core::{Error, ErrorKind, Result};

use super::journal::{Journal, JournalRecord};

/// Keeps the record in a file that is replaced as a whole: written beside it, synced, renamed over it, and the folder
/// synced. A kill at any instant leaves the former record or the new one. On Unix only its owner can read it.
///
/// One instance, or clones of it, should use a file at a time.
#[derive(Debug, Clone)]
pub struct FileJournal {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// Numbers the writes in the order in which they were asked for.
    next: AtomicU64,
    /// The last write that reached the file. A write whose caller was dropped may come late and is then left out.
    written: Mutex<u64>,
}

impl FileJournal {
    /// A journal in this file. Neither the file nor its folder has to exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            inner: Arc::new(Inner {
                path: path.into(),
                next: AtomicU64::new(1),
                written: Mutex::new(0),
            }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Runs `work` on a thread that may block, after every write that was asked for before.
    async fn ordered(
        &self,
        what: &'static str,
        work: impl FnOnce(&Path) -> io::Result<()> + Send + 'static,
    ) -> Result<()> {
        let inner = Arc::clone(&self.inner);
        let number = inner.next.fetch_add(1, Ordering::Relaxed);
        blocking(what, move || {
            let mut written = inner.written.lock().unwrap_or_else(PoisonError::into_inner);
            if *written > number {
                return Ok(());
            }
            work(&inner.path)?;
            *written = number;
            Ok(())
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    let failed = |error: io::Error| Error::new(ErrorKind::Io, what).with_source(error);
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(failed),
        Err(join) => Err(Error::new(ErrorKind::Io, what).with_source(join)),
    }
}

#[async_trait]
impl Journal for FileJournal {
    async fn load(&self) -> Result<Option<JournalRecord>> {
        let inner = Arc::clone(&self.inner);
        let bytes = blocking("the journal cannot be read", move || {
            let _written = inner.written.lock().unwrap_or_else(PoisonError::into_inner);
            match fs::read(&inner.path) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await?;
        bytes
            .map(|bytes| JournalRecord::from_json(&bytes))
            .transpose()
    }

    async fn save(&self, record: &JournalRecord) -> Result<()> {
        let bytes = record.to_json()?;
        self.ordered("the journal cannot be written", move |path| {
            replace(path, &bytes)
        })
        .await
    }

    async fn clear(&self) -> Result<()> {
        self.ordered(
            "the journal cannot be removed",
            |path| match fs::remove_file(path) {
                Ok(()) => sync_folder(path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(error) => Err(error),
            },
        )
        .await
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = folder(path) {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".tmp");
    let beside = PathBuf::from(beside);
    // One that a kill left behind may have other permissions.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)?;
    sync_folder(path)
}

fn folder(path: &Path) -> Option<&Path> {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
}

/// Makes a rename or a removal durable, where folders can be synced.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder(path).unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}
