//! One request and its answer over a connection, within bounds.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::connect::Stream;

type Connection = http1::Connection<TokioIo<Box<dyn Stream>>, Empty<Bytes>>;

/// A connection with an answer that has begun.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Incoming,
    wire: Wire,
}

/// The end of a body.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) truncated: bool,
}

/// Sends the request and waits for the answer's header.
pub(super) async fn ask(
    stream: Box<dyn Stream>,
    request: Request<Empty<Bytes>>,
    max_header: usize,
) -> Result<Answer, hyper::Error> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(max_header)
        .handshake(TokioIo::new(stream))
        .await?;
    let mut wire = Wire(Some(Box::pin(connection)));
    let (parts, body) = wire.drive(sender.send_request(request)).await?.into_parts();
    Ok(Answer {
        status: parts.status,
        headers: parts.headers,
        body,
        wire,
    })
}

impl Answer {
    /// Reads the body, up to a limit, into `read`: what came is there also when this ends early.
    pub(super) async fn read(&mut self, limit: usize, read: &mut Body) -> Result<(), hyper::Error> {
        while let Some(frame) = self.wire.drive(self.body.frame()).await {
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            let room = limit.saturating_sub(read.bytes.len());
            read.bytes
                .extend(data.get(..room.min(data.len())).unwrap_or_default());
            if data.len() > room {
                read.truncated = true;
                break;
            }
        }
        Ok(())
    }
}

/// The connection's own work, done while something of it is waited for: no task is left behind.
struct Wire(Option<Pin<Box<Connection>>>);

impl Wire {
    async fn drive<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            let Some(connection) = &mut self.0 else {
                return Poll::Pending;
            };
            if connection.as_mut().poll(cx).is_ready() {
                // The end reaches whoever waits through the future, with the error if there is one.
                self.0 = None;
            }
            future.as_mut().poll(cx)
        })
        .await
    }
}
