//! The trail's files on disk.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::names;
use super::tail::{self, Tail};

/// Where a writer puts its bytes. The seam that lets tests fill, break and block a disk.
pub(super) trait Medium: Send + 'static {
    /// One write; says how many bytes were taken.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Takes back what a broken write left behind `len`.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
    /// Forces what was written to the disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Puts the file away under the name for its first line and starts an empty one. On failure the old one stays current.
    fn rotate(&mut self, first: u64) -> io::Result<()>;
    /// Deletes the oldest archives beyond `kept`.
    fn prune(&mut self, kept: usize) -> io::Result<()>;
}

/// The current file of a trail and the lock that makes this process its only writer.
#[derive(Debug)]
pub(super) struct Disk {
    path: PathBuf,
    file: File,
    _lock: Lock,
}

impl Disk {
    /// Opens or creates the trail and reads where it left off.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Tail)> {
        let folder = names::folder(path);
        // Before anything is created beside it.
        if let Ok(metadata) = fs::symlink_metadata(path) {
            refuse_unless_regular(&metadata)?;
        }
        create_folder(folder)?;
        let lock = take_lock(&names::lock(path))?;
        let (mut file, created) = open_private(path)?;
        if created {
            sync_folder(folder)?;
        }
        let mut tail = tail::inspect(&mut file)?;
        if tail.seq.is_none() {
            // The current file is new, or a crash came between putting the old one away and this one's first line.
            if let Some((_, newest)) = names::archives(path)?.pop() {
                tail.seq = tail::inspect(&mut File::open(newest)?)?.seq;
            }
        }
        let disk = Self {
            path: path.to_owned(),
            file,
            _lock: lock,
        };
        Ok((disk, tail))
    }
}

impl Medium for Disk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn rotate(&mut self, first: u64) -> io::Result<()> {
        self.file.sync_data()?;
        let archive = names::archive(&self.path, first);
        // A rename would silently replace an older archive. The lock keeps other writers away from the name.
        if fs::symlink_metadata(&archive).is_ok() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "an archive of that number exists",
            ));
        }
        fs::rename(&self.path, &archive)?;
        match private_options().create_new(true).open(&self.path) {
            Ok(file) => self.file = file,
            Err(error) => {
                // Still the same open file; only its name goes back.
                fs::rename(&archive, &self.path)?;
                return Err(error);
            }
        }
        sync_folder(names::folder(&self.path))
    }

    fn prune(&mut self, kept: usize) -> io::Result<()> {
        let archives = names::archives(&self.path)?;
        let surplus = archives.len().saturating_sub(kept);
        archives
            .into_iter()
            .take(surplus)
            .try_for_each(|(_, path)| fs::remove_file(path))
    }
}

/// Opens an existing file or creates one, for the owner alone. Says whether it was created.
fn open_private(path: &Path) -> io::Result<(File, bool)> {
    match private_options().create_new(true).open(path) {
        Ok(file) => Ok((file, true)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Asked before opening: opening a pipe would wait for its other end.
            refuse_unless_regular(&fs::symlink_metadata(path)?)?;
            let file = private_options().open(path)?;
            refuse_unless_regular(&file.metadata()?)?;
            restrict(&file)?;
            Ok((file, false))
        }
        Err(error) => Err(error),
    }
}

fn refuse_unless_regular(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_symlink() {
        "the trail's name is a symbolic link: name the file itself"
    } else {
        "the trail's name is no regular file"
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
        options.mode(0o600).custom_flags(no_follow);
    }
    options
}

/// A file from an earlier program may be readable by others.
fn restrict(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata()?.permissions().mode() & 0o7777;
        if mode != 0o600 {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Makes a new name durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        match File::open(folder)?.sync_all() {
            // Some file systems do not sync folders; there is nothing more to ask of them.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
                ) =>
            {
                Ok(())
            }
            result => result,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        Ok(())
    }
}

/// Marks the trail as taken until it is dropped.
#[derive(Debug)]
struct Lock(#[cfg_attr(not(unix), expect(dead_code, reason = "held open"))] File);

#[cfg(unix)]
impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone is not enough: a child process that is just being started still holds a copy of the file.
        let _ = rustix::fs::flock(&self.0, rustix::fs::FlockOperation::Unlock);
    }
}

/// Locks the trail for this process until the file is dropped, which the operating system does for a killed process.
#[cfg(unix)]
fn take_lock(path: &Path) -> io::Result<Lock> {
    use rustix::fs::{FlockOperation, flock};

    let mut options = private_options();
    let file = options.create(true).open(path)?;
    refuse_unless_regular(&file.metadata()?)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
        rustix::io::Errno::WOULDBLOCK => taken(),
        error => error.into(),
    })?;
    Ok(Lock(file))
}

/// Opens the lock file so that nobody else can until it is closed.
#[cfg(windows)]
fn take_lock(path: &Path) -> io::Result<Lock> {
    use std::os::windows::fs::OpenOptionsExt;

    const SHARING_VIOLATION: i32 = 32;
    let mut options = private_options();
    let file = options
        .create(true)
        .share_mode(0)
        .open(path)
        .map_err(|error| match error.raw_os_error() {
            Some(SHARING_VIOLATION) => taken(),
            _ => error,
        })?;
    Ok(Lock(file))
}

/// Without a lock on this system, a second writer is the caller's to avoid.
#[cfg(not(any(unix, windows)))]
fn take_lock(path: &Path) -> io::Result<Lock> {
    private_options().create(true).open(path).map(Lock)
}

fn taken() -> io::Error {
    io::Error::new(
        io::ErrorKind::WouldBlock,
        "another writer has the trail open",
    )
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_lock_in_a_starting_child_process_does_not_keep_the_trail() {
        // A process that is being started shares the open files of its parent, as a clone of the handle does.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        let (disk, _) = Disk::open(&path).unwrap();
        let copy = disk._lock.0.try_clone().unwrap();
        assert_eq!(
            Disk::open(&path).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        drop(disk);
        Disk::open(&path).unwrap();
        drop(copy);
    }
}
