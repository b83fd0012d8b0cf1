//! Who may call.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::Problem;

/// The path that needs no token, because a load balancer has none.
pub(crate) const OPEN_PATH: &str = "/healthz";

/// The digest of the token that callers must show. Digests have one length, so that the comparison tells nothing.
#[derive(Clone)]
pub(crate) struct Bearer(Arc<[u8; 32]>);

impl Bearer {
    pub(crate) fn new(token: &SecretString) -> Self {
        Self(Arc::new(Sha256::digest(token.expose_secret()).into()))
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        let Some((scheme, token)) = value.to_str().ok().and_then(|text| text.split_once(' '))
        else {
            return false;
        };
        let shown: [u8; 32] = Sha256::digest(token.trim()).into();
        scheme.eq_ignore_ascii_case("bearer") && bool::from(shown.ct_eq(&*self.0))
    }
}

pub(crate) async fn check(State(bearer): State<Bearer>, request: Request, next: Next) -> Response {
    if request.uri().path() == OPEN_PATH || bearer.admits(request.headers()) {
        return next.run(request).await;
    }
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized")
        .with_detail("a bearer token is required")
        .into_response()
}
