//! One store at a time.

use std::fs::File;
use std::io;
use std::path::Path;

use super::private;

/// A file whose lock marks a folder as taken, until it is dropped, which the operating system does for a killed process. The
/// file stays: removing it would race with the next store.
#[derive(Debug)]
pub(super) struct Lock(#[cfg_attr(not(unix), expect(dead_code, reason = "held open"))] File);

#[cfg(unix)]
impl Lock {
    pub(super) fn take(path: &Path) -> io::Result<Self> {
        use rustix::fs::{FlockOperation, flock};

        let file = private().create(true).truncate(false).open(path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            rustix::io::Errno::WOULDBLOCK => taken(),
            error => error.into(),
        })?;
        Ok(Self(file))
    }
}

#[cfg(unix)]
impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone is not enough: a child process that is just being started still holds a copy of the file.
        let _ = rustix::fs::flock(&self.0, rustix::fs::FlockOperation::Unlock);
    }
}

#[cfg(windows)]
impl Lock {
    pub(super) fn take(path: &Path) -> io::Result<Self> {
        use std::os::windows::fs::OpenOptionsExt;

        const SHARING_VIOLATION: i32 = 32;
        let file = private()
            .create(true)
            .truncate(false)
            .share_mode(0)
            .open(path);
        let file = file.map_err(|error| match error.raw_os_error() {
            Some(SHARING_VIOLATION) => taken(),
            _ => error,
        })?;
        Ok(Self(file))
    }
}

#[cfg(not(any(unix, windows)))]
impl Lock {
    /// Without locks on this system, a second store is the caller's to avoid.
    pub(super) fn take(path: &Path) -> io::Result<Self> {
        private().create(true).truncate(false).open(path).map(Self)
    }
}

#[cfg(any(unix, windows))]
fn taken() -> io::Error {
    io::Error::new(
        io::ErrorKind::WouldBlock,
        "another store has the folder open",
    )
}
