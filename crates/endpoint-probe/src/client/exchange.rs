//! One request and its whole answer on one connection.

use std::error::Error as StdError;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::future::{Either, select};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;

use crate::connect::Stream;
use crate::error::{Error, ErrorKind, Result};

/// The smallest read buffer that hyper takes.
const MIN_BUFFER: usize = 8192;

/// The largest answer accepted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) header: usize,
    pub(super) body: usize,
}

/// Sends `request` and reads the answer. `sent` is set when bytes may have gone out.
///
/// The connection is driven by this future and not by a task, so that dropping it closes the connection.
pub(super) async fn run(
    stream: Box<dyn Stream>,
    request: Request<Full<Bytes>>,
    limits: Limits,
    sent: &AtomicBool,
) -> Result<Response<Bytes>> {
    let (sender, connection) = Builder::new()
        .max_header_size(limits.header)
        // The header's limit counts only headers that are complete; the buffer's ends one that never is.
        .max_buf_size(limits.header.max(MIN_BUFFER))
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| Error::new(ErrorKind::Connect, "").with_source(error))?;
    let exchange = pin!(exchange(sender, request, limits, sent));
    match select(exchange, pin!(connection)).await {
        Either::Left((answer, _)) => answer,
        // It has read all there is, or failed; either way the exchange hears of it.
        Either::Right((_, exchange)) => exchange.await,
    }
}

async fn exchange(
    mut sender: SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    limits: Limits,
    sent: &AtomicBool,
) -> Result<Response<Bytes>> {
    let before = sent.swap(true, Ordering::Relaxed);
    let answer = match sender.try_send_request(request).await {
        Ok(answer) => answer,
        Err(mut failed) => {
            // The request comes back when not a byte of it was written.
            if failed.take_message().is_some() {
                sent.store(before, Ordering::Relaxed);
            }
            return Err(of_header(failed.into_error()));
        }
    };
    let (parts, body) = answer.into_parts();
    let body = read(body, limits.body).await?;
    Ok(Response::from_parts(parts, body))
}

async fn read(mut body: Incoming, limit: usize) -> Result<Bytes> {
    let too_large = || Error::new(ErrorKind::TooLarge, "its body");
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers are dropped: nothing here reads them.
        let Ok(data) = frame.map_err(of_body)?.into_data() else {
            continue;
        };
        if data.len() > limit - whole.len() {
            return Err(too_large());
        }
        if whole.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

fn of_header(error: hyper::Error) -> Error {
    if error.is_parse_too_large() {
        Error::new(ErrorKind::TooLarge, "its header")
    } else if error.is_parse() {
        Error::new(ErrorKind::Protocol, "").with_source(error)
    } else if error.is_user() {
        Error::new(ErrorKind::Request, "").with_source(error)
    } else {
        Error::new(ErrorKind::Closed, "").with_source(error)
    }
}

fn of_body(error: hyper::Error) -> Error {
    let kind = match io_kind(&error) {
        Some(io::ErrorKind::UnexpectedEof) => ErrorKind::Truncated,
        // hyper says so of chunks that make no sense.
        Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => ErrorKind::Protocol,
        _ if error.is_incomplete_message() => ErrorKind::Truncated,
        _ => ErrorKind::Closed,
    };
    Error::new(kind, "").with_source(error)
}

fn io_kind(error: &(dyn StdError + 'static)) -> Option<io::ErrorKind> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        cause = error.source();
    }
    None
}
