//! The seam below the cache: one exchange of credentials for a token.

use std::fmt;
use std::time::Instant;

use async_trait::async_trait;
use genesys_core::{Error, Token};

use crate::store::TokenKey;

/// Gets a fresh token from whoever issues it.
///
/// [`OAuth`](crate::OAuth) is the implementation for client credentials. Implement it for another grant or for a
/// broker of your own, and [`TokenCache`](crate::TokenCache) gives it early renewal, single flight, back-off and
/// sharing.
#[async_trait]
pub trait TokenExchange: fmt::Debug + Send + Sync {
    /// Names what the tokens are for: two exchanges with the same key may use each other's tokens.
    fn key(&self) -> TokenKey;

    /// Gets a token, retrying as it sees fit, and ends before `deadline`; the cache drops it then.
    ///
    /// The token must carry its [expiry](Token::expires_at), fixed when it was received. Its generation is the
    /// cache's business.
    ///
    /// # Errors
    ///
    /// The cache looks at [`is_transient`](Error::is_transient): a transient failure starts a growing back-off, any
    /// other one is remembered for a while. [`retry_after`](Error::retry_after) is honoured.
    async fn exchange(&self, deadline: Instant) -> Result<Token, Error>;
}
