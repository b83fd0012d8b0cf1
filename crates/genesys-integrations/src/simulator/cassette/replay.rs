//! Answering from a cassette.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use genesys_core::{Transport, TransportError, TransportErrorKind};
use http::{Request, Response};

use super::format::{Asked, Body, Exchange, Head, VERSION, error_kind};
use super::{CassetteError, CassetteErrorKind, CassetteLimits};
use crate::executor::secrets::Secrets;

type Key = (String, String, Body);

/// A transport that answers from a cassette and sends nothing.
///
/// Requests are the same by method, URL and body, credentials apart, so other ones than those of the recording will do. Of the same
/// request each recorded answer is given once, in order. One that is not recorded, or not that often, is refused, and never retried.
pub struct ReplayingTransport {
    exchanges: Mutex<HashMap<Key, VecDeque<Recorded>>>,
}

type Recorded = Result<Response<Bytes>, TransportErrorKind>;

impl ReplayingTransport {
    /// Reads a cassette.
    ///
    /// # Errors
    /// [`CassetteErrorKind::Io`], [`CassetteErrorKind::Version`], [`CassetteErrorKind::Malformed`] with the line, and
    /// [`CassetteErrorKind::Full`] for one beyond the limits.
    pub fn open(path: impl AsRef<Path>, limits: CassetteLimits) -> Result<Self, CassetteError> {
        let mut text = String::new();
        let read = File::open(path)?
            .take(limits.bytes.saturating_add(1))
            .read_to_string(&mut text);
        read?;
        if text.len() as u64 > limits.bytes {
            return Err(CassetteError::new(CassetteErrorKind::Full));
        }
        Self::parse(&text, limits)
    }

    /// Reads a cassette from its text.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn parse(text: &str, limits: CassetteLimits) -> Result<Self, CassetteError> {
        let mut lines = text.lines().enumerate();
        let head = lines
            .next()
            .map(|(_, line)| serde_json::from_str::<Head>(line));
        if !matches!(head, Some(Ok(Head { cassette: VERSION }))) {
            return Err(CassetteError::new(CassetteErrorKind::Version).at(1));
        }
        let mut exchanges: HashMap<Key, VecDeque<Recorded>> = HashMap::new();
        for (index, line) in lines {
            if index > limits.exchanges {
                return Err(CassetteError::new(CassetteErrorKind::Full).at(index + 1));
            }
            let malformed = || CassetteError::new(CassetteErrorKind::Malformed).at(index + 1);
            let exchange: Exchange = serde_json::from_str(line).map_err(|_| malformed())?;
            let recorded = match (exchange.answer, exchange.error) {
                (Some(answer), None) => Ok(answer.response().ok_or_else(malformed)?),
                (None, Some(name)) => Err(error_kind(&name).ok_or_else(malformed)?),
                _ => return Err(malformed()),
            };
            let same = exchanges.entry(exchange.request.key()).or_default();
            same.push_back(recorded);
        }
        Ok(Self {
            exchanges: Mutex::new(exchanges),
        })
    }

    /// Exchanges that were not asked for yet.
    pub fn left(&self) -> usize {
        self.lock().values().map(VecDeque::len).sum()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, VecDeque<Recorded>>> {
        self.exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Transport for ReplayingTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let secrets = request.extensions().get::<Secrets>().cloned();
        let key = Asked::new(&request, &secrets.unwrap_or_default()).key();
        let recorded = self.lock().get_mut(&key).and_then(VecDeque::pop_front);
        match recorded {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(kind)) => Err(TransportError::new(kind)),
            None => Err(TransportError::new(TransportErrorKind::Request)
                .with_source(CassetteError::new(CassetteErrorKind::NotRecorded))),
        }
    }
}

impl fmt::Debug for ReplayingTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayingTransport")
            .field("left", &self.left())
            .finish_non_exhaustive()
    }
}
