//! A request on its way: the first, or one that a redirect made of it.

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use url::Url;

use crate::error::{Error, ErrorKind, Result};
use crate::guard::{Destination, parse};

/// What belongs to one connection or to the framing of a message, which is ours to say.
const OURS: [HeaderName; 11] = [
    CONNECTION,
    CONTENT_LENGTH,
    EXPECT,
    HOST,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// One request, by parts: a redirect changes some of them.
#[derive(Clone)]
pub(super) struct Hop {
    pub(super) url: Url,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Hop {
    /// The caller's request.
    pub(super) fn first(request: Request<Bytes>) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let url = parse(&parts.uri.to_string(), None)?;
        for name in OURS {
            parts.headers.remove(name);
        }
        let hop = Self {
            url,
            method: parts.method,
            headers: parts.headers,
            body,
        };
        // It would make a tunnel, which is no exchange.
        if hop.method == Method::CONNECT {
            return Err(hop.named(Error::new(ErrorKind::Request, "the method CONNECT")));
        }
        Ok(hop)
    }

    /// The message for the wire: the path of the URL that was checked, the host that was checked.
    pub(super) fn request(&self, destination: &Destination) -> Result<Request<Full<Bytes>>> {
        let fail = |detail| self.named(Error::new(ErrorKind::Request, detail));
        let target = match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        };
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.uri_mut() = Uri::try_from(target).map_err(|_| fail("the path"))?;
        *request.method_mut() = self.method.clone();
        *request.headers_mut() = self.headers.clone();
        let host = HeaderValue::try_from(destination.authority()).map_err(|_| fail("the host"))?;
        request.headers_mut().insert(HOST, host);
        let close = HeaderValue::from_static("close");
        request.headers_mut().insert(CONNECTION, close);
        Ok(request)
    }

    /// `error` with this hop's host.
    pub(super) fn named(&self, error: Error) -> Error {
        match self.url.host_str() {
            Some(host) => error.with_host(host),
            None => error,
        }
    }
}
