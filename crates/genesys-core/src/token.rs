//! Access tokens and where they come from.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, ErrorKind};

/// A bearer token.
///
/// The secret is printed by nothing; [`generation`](Token::generation) is what logs and comparisons use.
#[derive(Clone)]
pub struct Token {
    header: HeaderValue,
    secret: SecretString,
    generation: u64,
    expires_at: Option<Instant>,
}

impl Token {
    /// A token from the text that the login host gave.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Login`] when the text is empty or cannot stand in a header.
    pub fn new(secret: SecretString) -> Result<Self, Error> {
        if secret.expose_secret().is_empty() {
            return Err(Error::new(ErrorKind::Login, "the access token is empty"));
        }
        let mut header = HeaderValue::from_str(&format!("Bearer {}", secret.expose_secret()))
            .map_err(|_| {
                Error::new(
                    ErrorKind::Login,
                    "the access token holds characters that no header may carry",
                )
            })?;
        header.set_sensitive(true);
        Ok(Self {
            header,
            secret,
            generation: 0,
            expires_at: None,
        })
    }

    /// Sets which renewal made it; a later one has a higher number.
    #[must_use]
    pub fn with_generation(mut self, generation: u64) -> Self {
        self.generation = generation;
        self
    }

    /// Sets when it lapses. None means that the holder does not know.
    #[must_use]
    pub fn with_expiry(mut self, at: Instant) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// The value of the `Authorization` header, marked sensitive.
    pub fn authorization(&self) -> &HeaderValue {
        &self.header
    }

    /// The secret itself, for a store that shares tokens between processes.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Which renewal made it.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// When it lapses, if known.
    pub fn expires_at(&self) -> Option<Instant> {
        self.expires_at
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("generation", &self.generation)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Gives the token of each attempt.
///
/// `genesys-auth` implements it with a cache that renews early and once; an application with its own tokens implements it
/// directly.
#[async_trait]
pub trait TokenSource: fmt::Debug + Send + Sync {
    /// A token that is valid now. Cheap when cached; the caller bounds the wait with its own deadline.
    async fn token(&self) -> Result<Arc<Token>, Error>;

    /// Says that `seen` was refused. The source forgets it if it is still the current one; a newer one is kept, so a
    /// hundred refused calls lead to one renewal.
    async fn invalidate(&self, seen: &Token);
}

/// One token that never changes, for tests and for callers that manage tokens elsewhere.
#[derive(Debug, Clone)]
pub struct StaticToken(Arc<Token>);

impl StaticToken {
    /// Wraps a token.
    ///
    /// # Errors
    ///
    /// As [`Token::new`].
    pub fn new(secret: SecretString) -> Result<Self, Error> {
        Token::new(secret).map(|token| Self(Arc::new(token)))
    }
}

#[async_trait]
impl TokenSource for StaticToken {
    async fn token(&self) -> Result<Arc<Token>, Error> {
        Ok(Arc::clone(&self.0))
    }

    async fn invalidate(&self, _seen: &Token) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_the_secret() {
        // errata ALL-16, RST-04
        let token = Token::new(SecretString::from("s3cr3t-token")).unwrap();
        let shown = format!("{token:?} {:?} {:?}", token.authorization(), token.secret());
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }

    #[test]
    fn an_empty_or_unprintable_token_is_refused() {
        // errata ALL-03, RST-05
        for text in ["", "a\nb"] {
            assert_eq!(
                Token::new(SecretString::from(text)).unwrap_err().kind(),
                ErrorKind::Login
            );
        }
    }
}
