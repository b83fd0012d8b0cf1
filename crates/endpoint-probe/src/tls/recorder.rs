//! A stream that remembers how the peer began, and bounds what it may send before the handshake is over.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connect::Stream;

/// A server's hello fits, even after a request to retry with a large key share.
const REMEMBERED: usize = 4 * 1024;

/// What is shared with the one who looks at it afterwards, also when the handshake was dropped.
#[derive(Debug, Default)]
pub(super) struct Head {
    bytes: Vec<u8>,
    count: usize,
    overflowed: bool,
}

/// See the module.
pub(super) struct Recorder {
    inner: Box<dyn Stream>,
    head: Arc<Mutex<Head>>,
    /// Bytes that may be read; `None` once the handshake is over.
    limit: Option<usize>,
}

impl Recorder {
    pub(super) fn new(inner: Box<dyn Stream>, limit: usize) -> (Self, Arc<Mutex<Head>>) {
        let head = Arc::<Mutex<Head>>::default();
        let recorder = Self {
            inner,
            head: Arc::clone(&head),
            limit: Some(limit),
        };
        (recorder, head)
    }

    /// Ends the recording and its limit.
    pub(super) fn release(&mut self) {
        self.limit = None;
    }

    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }
}

/// The first bytes, and whether there were more than allowed.
pub(super) fn seen(head: &Mutex<Head>) -> (Vec<u8>, bool) {
    let head = head.lock().unwrap_or_else(PoisonError::into_inner);
    (head.bytes.clone(), head.overflowed)
}

impl AsyncRead for Recorder {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        let (Some(limit), Poll::Ready(Ok(()))) = (self.limit, &read) else {
            return read;
        };
        let new = buffer.filled().get(before..).unwrap_or_default();
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let room = REMEMBERED.saturating_sub(head.bytes.len());
        head.bytes
            .extend(new.get(..room.min(new.len())).unwrap_or_default());
        head.count = head.count.saturating_add(new.len());
        if head.count > limit {
            head.overflowed = true;
            let error = io::Error::new(
                io::ErrorKind::InvalidData,
                "more bytes than a handshake may have",
            );
            return Poll::Ready(Err(error));
        }
        read
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
