//! Reads a trail back.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;

use genesys_core::{Error, ErrorKind, Result};

use super::fault::Fault;
use super::line::{AuditLine, SCHEMA};
use super::{names, tail};

/// Bytes of one line that are held in memory; a longer one is an error and is passed over.
const LINE_MAX: u64 = 1024 * 1024;

/// The lines of one file, in order.
///
/// The file may be open in a writer: what is written later is not seen, and a line that is being written may show as torn.
///
/// # Errors
///
/// [`ErrorKind::Audit`] when the file cannot be opened.
pub fn read(path: impl AsRef<Path>) -> Result<Lines> {
    Ok(Lines::new(vec![open(path.as_ref())?]))
}

/// The lines of a whole trail in order: the files that were put away, then the current one at `path`.
///
/// A rotation that happens meanwhile neither hides nor doubles a line.
///
/// # Errors
///
/// [`ErrorKind::Audit`] when a file cannot be opened.
pub fn read_all(path: impl AsRef<Path>) -> Result<Lines> {
    let path = path.as_ref();
    behind_archives(path, open(path)?)
}

/// The archives of `path` and then `current`, which was opened before the archives are listed: if it is put away in between,
/// it is listed too, under its first number.
fn behind_archives(path: &Path, mut current: File) -> Result<Lines> {
    let first = tail::first_line(&mut current)
        .map_err(cannot_read)?
        .map(|line| line.seq);
    current.rewind().map_err(cannot_read)?;
    let mut files = names::archives(path)
        .map_err(cannot_read)?
        .into_iter()
        .filter(|(number, _)| first.is_none_or(|first| *number < first))
        .map(|(_, archive)| open(&archive))
        .collect::<Result<Vec<_>>>()?;
    files.push(current);
    Ok(Lines::new(files))
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(cannot_read)
}

fn cannot_read(error: io::Error) -> Error {
    Fault::new("read the trail", &error).into()
}

/// Iterates over the lines of a trail.
///
/// A line that is torn, longer than 1 MiB, of another schema, or no audit line at all is an [`ErrorKind::Audit`] that says
/// where it stands and nothing of what it holds; the iteration goes on behind it. A failing disk ends it.
#[must_use = "an iterator reads nothing before it is asked"]
pub struct Lines {
    /// Files still to read, the next one last.
    files: Vec<BufReader<File>>,
    /// The line within the file, from 1.
    number: u64,
    buffer: Vec<u8>,
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("files", &self.files.len())
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl Lines {
    fn new(files: Vec<File>) -> Self {
        Self {
            files: files.into_iter().rev().map(BufReader::new).collect(),
            number: 0,
            buffer: Vec::new(),
        }
    }

    /// Reads the next physical line and says whether it fits; none at the end of the last file.
    fn next_line(&mut self) -> io::Result<Option<bool>> {
        while let Some(file) = self.files.last_mut() {
            self.buffer.clear();
            file.take(LINE_MAX).read_until(b'\n', &mut self.buffer)?;
            if self.buffer.is_empty() {
                self.files.pop();
                self.number = 0;
                continue;
            }
            self.number += 1;
            let cut = self.buffer.len() as u64 == LINE_MAX && !self.buffer.ends_with(b"\n");
            if cut {
                file.skip_until(b'\n')?;
            }
            return Ok(Some(!cut));
        }
        Ok(None)
    }

    fn parse(&self) -> Option<AuditLine> {
        serde_json::from_slice(&self.buffer)
            .ok()
            .filter(|line: &AuditLine| line.schema == SCHEMA)
    }
}

impl Iterator for Lines {
    type Item = Result<AuditLine>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_line() {
            Ok(Some(whole)) => Some(self.parse().filter(|_| whole).ok_or_else(|| {
                Error::new(
                    ErrorKind::Audit,
                    format!("line {} is torn or no audit line", self.number),
                )
            })),
            Ok(None) => None,
            Err(error) => {
                self.files.clear();
                Some(Err(cannot_read(error)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_put_away_while_a_reader_opens_the_trail_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        let text = |seq| {
            let entry = genesys_core::audit::AuditEntry::new(
                "TEST",
                genesys_core::audit::AuditPhase::Intent,
                "op",
                "me",
            );
            let mut line = AuditLine::new(entry, std::time::SystemTime::UNIX_EPOCH, 0);
            line.seq = seq;
            format!("{line}\n")
        };
        std::fs::write(names::archive(&path, 1), text(1)).unwrap();
        std::fs::write(&path, text(2)).unwrap();
        let current = open(&path).unwrap();
        std::fs::rename(&path, names::archive(&path, 2)).unwrap();
        std::fs::write(&path, text(3)).unwrap();
        let lines = behind_archives(&path, current).unwrap();
        assert_eq!(
            lines.map(|line| line.unwrap().seq).collect::<Vec<_>>(),
            [1, 2]
        );
    }
}
