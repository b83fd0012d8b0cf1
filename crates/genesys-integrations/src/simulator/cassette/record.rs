//! Writing a cassette.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use genesys_core::{Transport, TransportError, TransportErrorKind};
use http::{Request, Response};

use super::format::{Answered, Asked, Exchange, Head, VERSION, error_name};
use super::{CassetteError, CassetteErrorKind, CassetteLimits};
use crate::executor::secrets::Secrets;

/// A transport that writes down every exchange. See the [module](super) for what is left out.
///
/// An exchange is written when it is over, as one line that is handed to the system at once. Nothing goes out that there is no more
/// room for: when the limits are reached, or the file cannot be written, requests are refused before they are sent.
pub struct RecordingTransport {
    inner: Arc<dyn Transport>,
    tape: Mutex<Tape>,
}

struct Tape {
    file: File,
    limits: CassetteLimits,
    exchanges: usize,
    bytes: u64,
    broken: bool,
}

impl RecordingTransport {
    /// Records in a new file what `inner` does. On Unix the file is its owner's alone (mode 0600).
    ///
    /// # Errors
    /// [`CassetteErrorKind::Io`] when the file is there already or cannot be made.
    pub fn create(
        path: impl AsRef<Path>,
        inner: Arc<dyn Transport>,
        limits: CassetteLimits,
    ) -> Result<Self, CassetteError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut tape = Tape {
            file: options.open(path)?,
            limits,
            exchanges: 0,
            bytes: 0,
            broken: false,
        };
        tape.line(&Head { cassette: VERSION })?;
        Ok(Self {
            inner,
            tape: Mutex::new(tape),
        })
    }

    /// Exchanges written so far.
    ///
    /// # Errors
    /// When one could not be written, so that the cassette is not complete.
    pub fn recorded(&self) -> Result<usize, CassetteError> {
        let tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        tape.check().map(|()| tape.exchanges)
    }

    /// Waits until the file is as durable as the file system makes it.
    ///
    /// # Errors
    /// As [`recorded`](Self::recorded).
    pub fn flush(&self) -> Result<(), CassetteError> {
        let tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        tape.check()?;
        Ok(tape.file.sync_all()?)
    }
}

impl Tape {
    fn check(&self) -> Result<(), CassetteError> {
        if self.broken {
            Err(CassetteError::new(CassetteErrorKind::Full))
        } else {
            Ok(())
        }
    }

    fn room(&self) -> Result<(), CassetteError> {
        self.check()?;
        if self.exchanges >= self.limits.exchanges || self.bytes >= self.limits.bytes {
            return Err(CassetteError::new(CassetteErrorKind::Full));
        }
        Ok(())
    }

    fn line(&mut self, line: &impl serde::Serialize) -> Result<(), CassetteError> {
        let mut text = serde_json::to_vec(line)
            .map_err(|_| CassetteError::new(CassetteErrorKind::Malformed))?;
        text.push(b'\n');
        let bytes = self.bytes.saturating_add(text.len() as u64);
        if bytes > self.limits.bytes {
            return Err(CassetteError::new(CassetteErrorKind::Full));
        }
        self.file.write_all(&text)?;
        self.bytes = bytes;
        Ok(())
    }

    fn exchange(&mut self, exchange: &Exchange) {
        match self.line(exchange) {
            Ok(()) => self.exchanges += 1,
            // The answer is the caller's all the same; what follows is refused.
            Err(_) => self.broken = true,
        }
    }
}

#[async_trait]
impl Transport for RecordingTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.tape
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .room()
            .map_err(|error| TransportError::new(TransportErrorKind::Request).with_source(error))?;
        let secrets = request.extensions().get::<Secrets>().cloned();
        let secrets = secrets.unwrap_or_default();
        let asked = Asked::new(&request, &secrets);
        let result = self.inner.send(request).await;
        let exchange = Exchange {
            request: asked,
            answer: result.as_ref().ok().map(|one| Answered::new(one, &secrets)),
            error: result
                .as_ref()
                .err()
                .map(|error| error_name(error.kind()).to_owned()),
        };
        let mut tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        tape.exchange(&exchange);
        drop(tape);
        result
    }
}

impl fmt::Debug for RecordingTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingTransport")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
