#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

pub mod audit;
pub mod catalogue;
pub mod client;
mod decode;
pub mod env;
pub mod error;
mod host;
mod ids;
pub mod observe;
mod operation;
pub mod page;
pub mod policy;
mod profile;
pub mod redact;
mod region;
#[cfg(feature = "test-util")]
pub mod test_util;
mod token;
pub mod transport;

pub use client::{Client, ClientBuilder, RequestBuilder, Response};
pub use error::{Error, ErrorKind, Result};
pub use host::Hosts;
pub use operation::{Operation, Recorder};
pub use page::{Page, Pager};
pub use profile::Profile;
pub use region::Region;
pub use token::{StaticToken, Token, TokenSource};
pub use transport::{Transport, TransportError, TransportErrorKind};

/// What a user of this crate names in signatures, so that versions cannot drift apart.
pub mod vocabulary {
    pub use bytes::Bytes;
    pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
    pub use resilience::{Clock, QuotaStore, Random, RetryPolicy, StoreHealth};
    pub use secrecy::{ExposeSecret, SecretString};
    pub use url::Url;
}
