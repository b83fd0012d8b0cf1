//! Reading a request's body, within the platform's limit.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use hyper::body::{Body as _, Incoming};

use crate::api_error::ApiError;

/// The longest request body, as on the platform.
const BODY_LIMIT: usize = 512_000;
/// How much of a body that is too long is read and thrown away, so that the client gets to see the refusal.
const DISCARD_LIMIT: usize = 16 * 1024 * 1024;
/// The longest time a body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads a body whole, up to the platform's limit.
pub(crate) async fn read(body: Incoming) -> Result<Bytes, ApiError> {
    let timed_out = || {
        ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            "request.timeout",
            "The request body took too long.",
        )
    };
    tokio::time::timeout(BODY_TIMEOUT, read_frames(body))
        .await
        .map_err(|_| timed_out())?
}

async fn read_frames(mut body: Incoming) -> Result<Bytes, ApiError> {
    let mut kept = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) =
        std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await
    {
        let frame = frame.map_err(|_| {
            ApiError::bad_request("bad.request", "The request body ended too early.")
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length > DISCARD_LIMIT {
            break;
        }
        if length <= BODY_LIMIT {
            kept.extend_from_slice(&data);
        }
    }
    if length > BODY_LIMIT {
        Err(ApiError::too_large(BODY_LIMIT as u64))
    } else {
        Ok(kept.freeze())
    }
}
