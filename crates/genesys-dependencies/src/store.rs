//! Maps on disk.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use depgraph::{Limits, Work};

use crate::error::{MapError, MapErrorKind};
use crate::map::DependencyMap;
use crate::progress::Phase;

mod lock;

use lock::Lock;

/// Digits of the number in a snapshot's name.
const DIGITS: usize = 12;
const PREFIX: &str = "map-";
const SUFFIX: &str = ".json";
const TEMPORARY: &str = ".tmp";

/// Keeps the last maps in a folder of its own, one file each.
///
/// A map is written beside the others under a temporary name, forced to the disk, and then given its name, so that a crash at
/// any point leaves the last good one. What a crash left behind is removed when the store is opened. Files are readable by their
/// owner alone. One store at a time has a folder open.
///
/// Everything here blocks: call it from a thread that may.
///
/// | limit | default |
/// | --- | --- |
/// | maps kept | 10 |
/// | size of one | 512 MiB |
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    folder: PathBuf,
    kept: usize,
    limit: usize,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// The number of the next map.
    next: u64,
    _lock: Lock,
}

/// A map that was read from disk.
#[derive(Debug)]
#[non_exhaustive]
pub struct Stored {
    /// The map.
    pub map: DependencyMap,
    /// Where it is.
    pub path: PathBuf,
    /// Newer ones that could not be read, and why.
    pub skipped: Vec<(PathBuf, String)>,
}

impl SnapshotStore {
    /// Opens or creates a folder and removes what a crash left behind.
    ///
    /// # Errors
    ///
    /// [`MapErrorKind::Store`]: the folder cannot be used, or another store has it open.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, MapError> {
        let folder = folder.into();
        let open = || -> io::Result<State> {
            create_folder(&folder)?;
            let lock = Lock::take(&folder.join(".lock"))?;
            let mut last = 0;
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let name = entry.file_name();
                let name = name.to_string_lossy();
                if name.starts_with(PREFIX) && name.ends_with(TEMPORARY) {
                    fs::remove_file(entry.path())?;
                } else if let Some(number) = number_of(&name) {
                    last = last.max(number);
                }
            }
            Ok(State {
                next: last + 1,
                _lock: lock,
            })
        };
        let state = open().map_err(|error| failed("opening the folder of maps", &error))?;
        Ok(Self {
            folder,
            kept: 10,
            limit: 512 << 20,
            state: Arc::new(Mutex::new(state)),
        })
    }

    /// Sets how many maps are kept, at least 1. Default 10.
    #[must_use]
    pub fn with_kept(mut self, maps: usize) -> Self {
        self.kept = maps.max(1);
        self
    }

    /// Sets how large one may be, in bytes. A larger one is refused, on the way out and on the way in. Default 512 MiB.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Where the maps are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a map and says where it is. Older ones beyond the number kept are removed.
    ///
    /// # Errors
    ///
    /// [`MapErrorKind::Store`]: the disk refuses it; [`MapErrorKind::TooLarge`]. Those that are there stay.
    pub fn save(&self, map: &DependencyMap) -> Result<PathBuf, MapError> {
        let mut state = self.lock();
        let path = self
            .folder
            .join(format!("{PREFIX}{:0DIGITS$}{SUFFIX}", state.next));
        let temporary = self
            .folder
            .join(format!("{PREFIX}{:0DIGITS$}{TEMPORARY}", state.next));
        let written = self.write(&temporary, map).and_then(|()| {
            let named = fs::rename(&temporary, &path).and_then(|()| sync_folder(&self.folder));
            named.map_err(|error| failed("naming a map", &error))
        });
        if let Err(error) = written {
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        state.next += 1;
        // The map is there; what could not be removed is tried again with the next one.
        let _ = self.prune();
        Ok(path)
    }

    fn write(&self, path: &Path, map: &DependencyMap) -> Result<(), MapError> {
        let file = private()
            .create_new(true)
            .open(path)
            .map_err(|error| failed("creating a map", &error))?;
        let mut out = Bounded {
            file: BufWriter::new(file),
            left: self.limit,
            error: None,
        };
        if let Err(refused) = map.write_json(&mut out, &mut Work::unlimited()) {
            return Err(match out.error {
                Some(error) => failed("writing a map", &error),
                None if out.left == 0 => MapError::new(
                    MapErrorKind::TooLarge,
                    Phase::Store,
                    "the map exceeds the limit of the store",
                ),
                None => MapError::graph(Phase::Store, refused),
            });
        }
        let file = out
            .file
            .into_inner()
            .map_err(|error| failed("writing a map", error.error()))?;
        file.sync_all()
            .map_err(|error| failed("writing a map", &error))
    }

    /// The newest map that can be read; none when there is none at all.
    ///
    /// # Errors
    ///
    /// [`MapErrorKind::Store`] when the folder cannot be read, or there are maps and not one of them can be.
    pub fn last(&self) -> Result<Option<Stored>, MapError> {
        let _state = self.lock();
        let mut files = self
            .files()
            .map_err(|error| failed("reading the folder of maps", &error))?;
        let mut skipped = Vec::new();
        while let Some((_, path)) = files.pop() {
            match self.read(&path) {
                Ok(map) => return Ok(Some(Stored { map, path, skipped })),
                Err(why) => skipped.push((path, why)),
            }
        }
        match skipped.first() {
            None => Ok(None),
            Some((_, why)) => {
                let message = format!(
                    "not one of {} maps can be read; the newest: {why}",
                    skipped.len()
                );
                Err(MapError::new(MapErrorKind::Store, Phase::Store, message))
            }
        }
    }

    fn read(&self, path: &Path) -> Result<DependencyMap, String> {
        let mut text = String::new();
        let file = File::open(path).map_err(|error| error.kind().to_string())?;
        // One byte more than allowed tells a file that is too large, whatever its metadata says.
        let read = file.take(self.limit as u64 + 1).read_to_string(&mut text);
        read.map_err(|error| error.kind().to_string())?;
        if text.len() > self.limit {
            return Err("it exceeds the limit of the store".to_owned());
        }
        let limits = Limits::default().with_snapshot(self.limit);
        DependencyMap::from_json(&text, &limits, &mut Work::unlimited())
            .map_err(|error| error.to_string())
    }

    /// The maps by number, oldest first.
    fn files(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if let Some(number) = number_of(&entry.file_name().to_string_lossy()) {
                files.push((number, entry.path()));
            }
        }
        files.sort_unstable();
        Ok(files)
    }

    fn prune(&self) -> io::Result<()> {
        let files = self.files()?;
        let surplus = files.len().saturating_sub(self.kept);
        files
            .into_iter()
            .take(surplus)
            .try_for_each(|(_, path)| fs::remove_file(path))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let plain = digits.len() >= DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// The text names no path: it may end in an answer to a stranger.
fn failed(what: &str, error: &io::Error) -> MapError {
    MapError::new(
        MapErrorKind::Store,
        Phase::Store,
        format!("{what}: {}", error.kind()),
    )
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// For the owner alone, and never through a link.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
        options.mode(0o600).custom_flags(no_follow);
    }
    options
}

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

/// Text into a file, up to a limit.
struct Bounded {
    file: BufWriter<File>,
    left: usize,
    error: Option<io::Error>,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Some(left) = self.left.checked_sub(text.len()) else {
            self.left = 0;
            return Err(fmt::Error);
        };
        self.left = left;
        self.file.write_all(text.as_bytes()).map_err(|error| {
            self.error = Some(error);
            fmt::Error
        })
    }
}
