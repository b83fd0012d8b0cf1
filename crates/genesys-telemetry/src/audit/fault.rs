//! A failure of the trail that can be told to several callers.

use std::io;

use genesys_core::{Error, ErrorKind};

/// An i/o failure, kept as plain values: `io::Error` can be told only once.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    doing: &'static str,
    kind: io::ErrorKind,
    code: Option<i32>,
    text: String,
}

impl Fault {
    pub(super) fn new(doing: &'static str, error: &io::Error) -> Self {
        Self {
            doing,
            kind: error.kind(),
            code: error.raw_os_error(),
            text: error.to_string(),
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let source = match fault.code {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(fault.kind, fault.text),
        };
        Error::new(
            ErrorKind::Audit,
            format!("cannot {}: {}", fault.doing, fault.kind),
        )
        .with_source(source)
    }
}

/// The sink takes nothing any more.
pub(super) fn closed() -> Error {
    Error::new(ErrorKind::Audit, "the trail is closed")
}

/// The writer thread is gone without a result.
pub(super) fn ended() -> Error {
    Error::new(ErrorKind::Audit, "the trail's writer ended")
}
