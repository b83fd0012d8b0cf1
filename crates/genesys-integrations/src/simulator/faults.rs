//! An external system that fails when it is told to.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use genesys_core::{Transport, TransportError, TransportErrorKind};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode};
use jiff::Timestamp;
use resilience::Clock;

/// How a date stands in a header (RFC 9110, section 5.6.7).
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";
/// What no response schema of an object allows.
const WRONG: &[u8] = br#"["injected fault"]"#;

/// How a server says how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryAfterForm {
    /// Not at all.
    Silent,
    /// In seconds.
    Seconds(u64),
    /// As the date that is so far off, in whole seconds.
    Date(Duration),
}

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// 429, and the request goes no further.
    Throttled(RetryAfterForm),
    /// This status, such as 503, and the request goes no further. One that is none counts as 500.
    Status(u16),
    /// The request is sent, and the answer's body breaks off.
    CutBody,
    /// The request is sent, and the answer's body is JSON that fits no object's schema.
    WrongSchema,
    /// The request is sent, and the answer drips in for that long.
    SlowDrip(Duration),
    /// The connection breaks after the request was sent.
    Reset,
    /// No connection; the request goes nowhere.
    NoConnection,
}

/// The faults that are waiting. Clones share them.
///
/// Each request takes the next; when there is none it goes through.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<VecDeque<Fault>>>);

impl Faults {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds faults, for the next requests in turn.
    pub fn inject(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().extend(faults);
    }

    /// Faults that are waiting.
    pub fn waiting(&self) -> usize {
        self.lock().len()
    }

    /// Takes back what is waiting.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn next(&self) -> Option<Fault> {
        self.lock().pop_front()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A transport with faults. It stands between an executor and the transport that it would have.
pub struct FaultyTransport {
    inner: Arc<dyn Transport>,
    faults: Faults,
    clock: Arc<dyn Clock>,
}

impl FaultyTransport {
    /// Lets through to `inner` what no fault stops.
    pub fn new(inner: Arc<dyn Transport>, faults: Faults, clock: Arc<dyn Clock>) -> Self {
        Self {
            inner,
            faults,
            clock,
        }
    }

    fn throttled(&self, form: RetryAfterForm) -> Response<Bytes> {
        let mut answer = status(StatusCode::TOO_MANY_REQUESTS);
        let wait = match form {
            RetryAfterForm::Silent => None,
            RetryAfterForm::Seconds(seconds) => Some(HeaderValue::from(seconds)),
            RetryAfterForm::Date(wait) => {
                // A calendar that has no such date has no such header.
                let date = self.clock.wall().checked_add(wait);
                let date = date.and_then(|date| Timestamp::try_from(date).ok());
                let text = date.map(|date| date.strftime(HTTP_DATE).to_string());
                text.and_then(|text| HeaderValue::from_str(&text).ok())
            }
        };
        if let Some(wait) = wait {
            answer.headers_mut().insert(RETRY_AFTER, wait);
        }
        answer
    }
}

#[async_trait]
impl Transport for FaultyTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        match self.faults.next() {
            None => self.inner.send(request).await,
            Some(Fault::Throttled(form)) => Ok(self.throttled(form)),
            Some(Fault::Status(code)) => Ok(status(
                StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            )),
            Some(Fault::CutBody) => {
                self.inner.send(request).await?;
                Err(TransportError::new(TransportErrorKind::Truncated))
            }
            Some(Fault::WrongSchema) => {
                let mut answer = self.inner.send(request).await?;
                *answer.body_mut() = Bytes::from_static(WRONG);
                answer.headers_mut().remove(CONTENT_LENGTH);
                let json = HeaderValue::from_static("application/json");
                answer.headers_mut().insert(CONTENT_TYPE, json);
                Ok(answer)
            }
            Some(Fault::SlowDrip(time)) => {
                let answer = self.inner.send(request).await?;
                if let Some(at) = self.clock.now().checked_add(time) {
                    self.clock.sleep_until(at).await;
                }
                Ok(answer)
            }
            Some(Fault::Reset) => {
                self.inner.send(request).await?;
                Err(TransportError::new(TransportErrorKind::Reset))
            }
            Some(Fault::NoConnection) => Err(TransportError::new(TransportErrorKind::Connect)),
        }
    }
}

fn status(status: StatusCode) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}

impl fmt::Debug for FaultyTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyTransport")
            .field("inner", &self.inner)
            .field("waiting", &self.faults.waiting())
            .finish_non_exhaustive()
    }
}
