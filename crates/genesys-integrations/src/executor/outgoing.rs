//! A request that is ready to be sent as often as it takes.

use bytes::Bytes;
use genesys_core::vocabulary::Url;
use genesys_template::RenderedRequest;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use url::Position;

use super::error::{ExecutionError, ExecutionErrorKind};
use super::secrets::Secrets;

/// Everything that a request is made of; each attempt makes its own.
#[derive(Clone)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    /// Without its fragment, which is never sent.
    pub(super) url: Url,
    uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) secrets: Secrets,
}

impl Outgoing {
    pub(super) fn new(
        method: Method,
        rendered: &RenderedRequest,
        secrets: Secrets,
    ) -> Result<Self, ExecutionError> {
        let refused = |what| ExecutionError::new(ExecutionErrorKind::Template, what);
        let mut url =
            Url::parse(rendered.url()).map_err(|_| refused("the url cannot be sent to"))?;
        url.set_fragment(None);
        let uri = url
            .as_str()
            .parse()
            .map_err(|_| refused("the url cannot be sent to"))?;
        let mut headers = rendered
            .header_map()
            .map_err(|_| refused("a header cannot be sent"))?;
        let body = rendered.body().map(|body| Bytes::from(body.to_owned()));
        // A node's own content type stands.
        if body.is_some() && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(Self {
            method,
            url,
            uri,
            headers,
            body: body.unwrap_or_default(),
            secrets,
        })
    }

    pub(super) fn request(&self) -> Request<Bytes> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request.extensions_mut().insert(self.secrets.clone());
        request
    }

    /// The server, as circuit breakers tell them apart.
    pub(super) fn origin(&self) -> &str {
        // A node's URL has no user info, so that this is scheme, host and port.
        &self.url[..Position::BeforePath]
    }
}
