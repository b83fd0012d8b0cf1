//! What a redirect makes of a request.

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE,
    LOCATION, USER_AGENT,
};
use http::{HeaderName, Method, Response};

use super::hop::Hop;
use crate::error::{Error, ErrorKind, Result};
use crate::guard::{Blocked, parse};

/// All that another origin gets to see. A list of what may go, because a credential can hide behind any name.
const KEPT_ACROSS_ORIGINS: [HeaderName; 6] = [
    ACCEPT,
    ACCEPT_LANGUAGE,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_TYPE,
    USER_AGENT,
];

/// What describes a body, and goes with it.
const OF_A_BODY: [HeaderName; 4] = [
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LOCATION,
    CONTENT_TYPE,
];

/// The request that `answer` asks for, if it is a redirect.
pub(super) fn next(hop: &Hop, answer: &Response<Bytes>) -> Result<Option<Hop>> {
    let drop_body = match (answer.status().as_u16(), &hop.method) {
        (301 | 302, method) => method == Method::POST,
        (303, method) => method != Method::GET && method != Method::HEAD,
        (307 | 308, _) => false,
        _ => return Ok(None),
    };
    let Some(location) = answer.headers().get(LOCATION) else {
        return Ok(None);
    };
    let fail = || hop.named(Error::new(ErrorKind::Redirect, "its target is no URL"));
    let location = std::str::from_utf8(location.as_bytes()).map_err(|_| fail())?;
    let url = parse(location, Some(&hop.url)).map_err(|_| fail())?;
    if hop.url.scheme() == "https" && url.scheme() == "http" {
        return Err(hop.named(Blocked::Downgrade.into()));
    }
    let mut next = Hop { url, ..hop.clone() };
    if drop_body {
        next.method = Method::GET;
        next.body = Bytes::new();
        for name in OF_A_BODY {
            next.headers.remove(name);
        }
    }
    if next.url.origin() != hop.url.origin() {
        next.headers = KEPT_ACROSS_ORIGINS
            .iter()
            .flat_map(|name| {
                let values = next.headers.get_all(name).iter();
                values.map(move |value| (name.clone(), value.clone()))
            })
            .collect();
    }
    Ok(Some(next))
}
