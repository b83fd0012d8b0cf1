#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod answer;
mod cache;
mod credentials;
mod exchange;
mod failure;
mod oauth;
mod settings;
mod store;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util;
mod wire;

pub use cache::{TokenCache, TokenCacheBuilder};
pub use credentials::ClientCredentials;
pub use exchange::TokenExchange;
pub use genesys_core::{StaticToken, Token, TokenSource};
pub use oauth::{OAuth, OAuthBuilder};
pub use settings::Settings;
pub use store::{MemoryTokenStore, StoredToken, TokenKey, TokenStore};
pub use wire::TokenWire;
