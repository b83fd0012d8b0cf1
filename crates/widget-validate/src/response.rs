//! Response headers handed in by the caller.

use crate::origin::Origin;

/// The headers of the response that serves the widget, as far as the caller knows them.
///
/// This crate fetches nothing: without a header set a report says *not checked* for everything that headers decide. Repeated
/// headers keep their order.
///
/// ```
/// use widget_validate::HeaderSet;
///
/// let headers = HeaderSet::new()
///     .with_header("Content-Security-Policy", "frame-ancestors https://apps.example.com")
///     .with_header("X-Content-Type-Options", "nosniff");
/// assert_eq!(headers.get("content-security-policy").count(), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderSet {
    headers: Vec<(String, String)>,
    meta: Vec<String>,
    request_origin: Option<Origin>,
}

impl HeaderSet {
    /// A response without headers.
    pub fn new() -> HeaderSet {
        HeaderSet::default()
    }

    /// Adds a header; names are compared without case.
    pub fn with_header(mut self, name: impl AsRef<str>, value: impl Into<String>) -> HeaderSet {
        self.headers
            .push((name.as_ref().to_ascii_lowercase(), value.into()));
        self
    }

    /// Adds a policy that the document delivers in a `<meta http-equiv="Content-Security-Policy">` element.
    pub fn with_meta_policy(mut self, content: impl Into<String>) -> HeaderSet {
        self.meta.push(content.into());
        self
    }

    /// Says which `Origin` the request carried. With an origin that is not the embedder's, a reflecting server is found out.
    pub fn with_request_origin(mut self, origin: Origin) -> HeaderSet {
        self.request_origin = Some(origin);
        self
    }

    /// The values of a header, in order.
    pub fn get<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h str> {
        let name = name.to_ascii_lowercase();
        self.headers
            .iter()
            .filter(move |(of, _)| *of == name)
            .map(|(_, value)| value.as_str())
    }

    /// Policies from `<meta>` elements, in order.
    pub fn meta_policies(&self) -> impl Iterator<Item = &str> {
        self.meta.iter().map(String::as_str)
    }

    /// The `Origin` of the request, when the caller said it.
    pub fn request_origin(&self) -> Option<&Origin> {
        self.request_origin.as_ref()
    }
}

impl<N: AsRef<str>, V: Into<String>> FromIterator<(N, V)> for HeaderSet {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> HeaderSet {
        headers
            .into_iter()
            .fold(HeaderSet::new(), |set, (name, value)| {
                set.with_header(name, value)
            })
    }
}
