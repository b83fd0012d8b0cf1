//! What a fault does to the connection itself, below HTTP.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::Notify;

/// How a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With a TCP RST.
    Reset,
    /// In order, but now.
    Close,
}

/// Lets whoever serves a request end the connection under it.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineControl(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    ending: AtomicU8,
    told: Notify,
}

impl LineControl {
    pub(crate) fn end(&self, ending: Ending) {
        self.0.ending.store(
            if ending == Ending::Reset { 1 } else { 2 },
            Ordering::Release,
        );
        self.0.told.notify_one();
    }

    /// Waits for the order to end.
    pub(crate) async fn ended(&self) -> Ending {
        loop {
            match self.0.ending.load(Ordering::Acquire) {
                1 => return Ending::Reset,
                2 => return Ending::Close,
                _ => self.0.told.notified().await,
            }
        }
    }
}

/// A body that sends its first part and then closes the connection, although more was promised.
#[derive(Debug)]
pub(crate) struct CutBody {
    part: Option<Bytes>,
    line: LineControl,
}

impl CutBody {
    pub(crate) fn new(part: Bytes, line: LineControl) -> Self {
        Self {
            part: Some(part).filter(|part| !part.is_empty()),
            line,
        }
    }
}

impl Body for CutBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.part.take() {
            Some(part) => Poll::Ready(Some(Ok(Frame::data(part)))),
            None => {
                // The connection flushes what it has in the same poll and is then asked to end, see `server`.
                self.line.end(Ending::Close);
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        false
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// A body that is sent whole, but a few bytes at a time with a pause after each few.
pub(crate) struct DripBody {
    rest: Bytes,
    bytes: usize,
    pause: Duration,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl DripBody {
    pub(crate) fn new(body: Bytes, bytes: usize, pause: Duration) -> Self {
        Self {
            rest: body,
            bytes: bytes.max(1),
            pause,
            waiting: None,
        }
    }
}

impl Body for DripBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(waiting) = &mut self.waiting {
            ready!(waiting.as_mut().poll(cx));
            self.waiting = None;
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.bytes.min(self.rest.len());
        let part = self.rest.split_to(length);
        self.waiting = Some(Box::pin(crate::time::pause(self.pause)));
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
