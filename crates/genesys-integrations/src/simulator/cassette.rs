//! Exchanges on disk: recorded once, answered from as often as it takes.
//!
//! A cassette is a file of JSON lines. The first says what it is, each other one is an exchange:
//!
//! ```text
//! {"cassette":1}
//! {"request":{"method":"GET","url":"https://api.example.com/v1/cases/A-1","headers":[["authorization","[redacted]"]]},
//!  "answer":{"status":200,"headers":[["content-type","application/json"]],"body":"{\"status\":\"open\"}"}}
//! {"request":{…},"error":"reset"}
//! ```
//!
//! (Here the second is broken for the page.) Bodies are texts, or `bodyBase64`. Credentials that an executor put into a request stand
//! as `[redacted]` wherever they occur, in what was answered too; of headers only those that are listed keep their values. What the
//! input of a node held is there in full: on Unix only the file's owner can read it.

use std::fmt;
use std::io;

mod format;
mod record;
mod replay;

pub use record::RecordingTransport;
pub use replay::ReplayingTransport;

/// How much a cassette may hold.
///
/// Defaults: 10,000 exchanges, 64 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CassetteLimits {
    exchanges: usize,
    bytes: u64,
}

impl Default for CassetteLimits {
    fn default() -> Self {
        Self {
            exchanges: 10_000,
            bytes: 64 * 1024 * 1024,
        }
    }
}

impl CassetteLimits {
    /// Bounds the exchanges.
    #[must_use]
    pub fn with_exchanges(mut self, exchanges: usize) -> Self {
        self.exchanges = exchanges;
        self
    }

    /// Bounds the file, in bytes.
    #[must_use]
    pub fn with_bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }
}

/// What is wrong with a cassette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CassetteErrorKind {
    /// The file cannot be made, because it is there already, or cannot be read or written.
    Io,
    /// The file is of another version, or no cassette.
    Version,
    /// A line is no exchange.
    Malformed,
    /// The limits are reached.
    Full,
    /// A request was not recorded, or not that often.
    NotRecorded,
}

/// A cassette cannot be used. Its text names no URL, header or body.
#[derive(Debug)]
pub struct CassetteError {
    kind: CassetteErrorKind,
    line: Option<usize>,
    source: Option<io::Error>,
}

impl CassetteError {
    fn new(kind: CassetteErrorKind) -> Self {
        Self {
            kind,
            line: None,
            source: None,
        }
    }

    fn at(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }

    /// What is wrong.
    pub fn kind(&self) -> CassetteErrorKind {
        self.kind
    }

    /// The line of the file, from 1.
    pub fn line(&self) -> Option<usize> {
        self.line
    }
}

impl From<io::Error> for CassetteError {
    fn from(source: io::Error) -> Self {
        Self {
            kind: CassetteErrorKind::Io,
            line: None,
            source: Some(source),
        }
    }
}

impl fmt::Display for CassetteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            CassetteErrorKind::Io => "cassette cannot be read or written",
            CassetteErrorKind::Version => "no cassette of version 1",
            CassetteErrorKind::Malformed => "no exchange",
            CassetteErrorKind::Full => "cassette is full",
            CassetteErrorKind::NotRecorded => "request is not on the cassette",
        })?;
        match self.line {
            Some(line) => write!(f, " at line {line}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CassetteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
