//! Request bodies: bounded in size and time, JSON by name.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};

use crate::{Limits, Problem};

/// The bytes of a JSON body within the server's [`Limits`]. Handlers parse them themselves, because an error names the place.
#[derive(Debug, Clone)]
pub struct JsonBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let limits = request
            .extensions()
            .get::<Limits>()
            .copied()
            .unwrap_or_default();
        if !is_json(request.headers()) {
            return Err(
                Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type")
                    .with_detail("the content type must be application/json"),
            );
        }
        read(request, limits).await.map(Self)
    }
}

async fn read(request: Request, limits: Limits) -> Result<Bytes, Problem> {
    let too_large = || {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-size")
            .with_detail(format!("the body may have {} bytes", limits.body_bytes))
    };
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.body_bytes as u64) {
        return Err(too_large());
    }
    let body: Body = request.into_body();
    match tokio::time::timeout(limits.body_time, to_bytes(body, limits.body_bytes)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let limited = std::error::Error::source(&error)
                .is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
            if limited {
                Err(too_large())
            } else {
                Err(Problem::new(StatusCode::BAD_REQUEST, "body")
                    .with_detail("the body ended before its end"))
            }
        }
        Err(_elapsed) => Err(
            Problem::new(StatusCode::REQUEST_TIMEOUT, "body-time").with_detail(format!(
                "the body took longer than {:.1} s",
                limits.body_time.as_secs_f64()
            )),
        ),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(text)) = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str())
    else {
        return false;
    };
    let essence = text.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || essence.to_ascii_lowercase().ends_with("+json")
}
