//! Reading requests: JSON bodies and query parameters.

use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{StatusCode, header};
use serde_json::Value;
use url::Url;

use crate::api_error::{ApiError, Detail};

/// The body as JSON: 415 for another content type, 400 for what does not parse.
#[derive(Debug)]
pub(crate) struct JsonBody(pub(crate) Value);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let sized = SizedJson::from_request(request, state).await?;
        Ok(Self(sized.value))
    }
}

/// As [`JsonBody`], with the length of the body in bytes as it was sent.
#[derive(Debug)]
pub(crate) struct SizedJson {
    pub(crate) value: Value,
    pub(crate) length: usize,
}

impl<S: Send + Sync> FromRequest<S> for SizedJson {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let content_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if content_type != "application/json" {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported.media.type",
                "HTTP 415 Unsupported Media Type",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|_| {
            ApiError::bad_request("bad.request", "The request could not be understood.")
        })?;
        let value = serde_json::from_slice(&bytes).map_err(|error| {
            ApiError::bad_request(
                "invalid.json",
                format!(
                    "The request body is not valid JSON at line {}, column {}.",
                    error.line(),
                    error.column()
                ),
            )
        })?;
        let length = bytes.len();
        Ok(Self { value, length })
    }
}

/// True when the request has no body.
#[cfg(feature = "platform")]
pub(crate) fn is_empty(request: &Request) -> bool {
    // The gate has read the body whole, so its length is known.
    hyper::body::Body::size_hint(request.body()).exact() == Some(0)
}

/// The query, in order and with repeats.
#[derive(Debug, Clone)]
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(
            url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        ))
    }
}

impl Params {
    /// The first value; an empty one counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Every value, where a value may also hold several separated by commas.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let values = self.0.iter().filter(|(key, _)| key == name);
        values
            .flat_map(|(_, value)| value.split(','))
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// True when the parameter is `true`; 400 for anything but `true` and `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        Ok(self.optional_flag(name)?.unwrap_or(false))
    }

    /// As [`flag`](Self::flag), where absent is a third case.
    pub(crate) fn optional_flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some("false") => Ok(Some(false)),
            Some("true") => Ok(Some(true)),
            Some(_) => Err(invalid_param(name, "must be true or false")),
        }
    }

    /// A whole number within bounds.
    pub(crate) fn number(
        &self,
        name: &str,
        default: usize,
        range: std::ops::RangeInclusive<usize>,
    ) -> Result<usize, ApiError> {
        let Some(text) = self.get(name) else {
            return Ok(default);
        };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(invalid_param(
                name,
                &format!("must be a number from {} to {}", range.start(), range.end()),
            )),
        }
    }

    /// The pairs without those named, for links to other pages.
    pub(crate) fn without(&self, names: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        let kept = self
            .0
            .iter()
            .filter(|(key, _)| !names.contains(&key.as_str()));
        kept.map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

pub(crate) fn invalid_param(name: &str, rule: &str) -> ApiError {
    ApiError::bad_request("invalid.value", format!("The parameter {name} {rule}.")).with_details(
        vec![Detail {
            code: "invalid.value",
            field: name.to_owned(),
        }],
    )
}

/// True for a literal loopback address and for `localhost`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}
