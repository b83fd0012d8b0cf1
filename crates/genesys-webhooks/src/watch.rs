//! The capability: hearing of status changes.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures_core::Stream;
use genesys_core::Result;

use crate::status::StatusChange;

/// Tells when an integration's status changes.
///
/// [`Inbox`](crate::Inbox) hears of it by deliveries, [`PlatformWatch`](crate::PlatformWatch) by asking. Programs that take a
/// `&dyn Watch` work with either.
#[async_trait]
pub trait Watch: fmt::Debug + Send + Sync {
    /// Starts to watch. What happens after this returns is told; what happened before is not.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](genesys_core::ErrorKind::InvalidRequest) for an empty id, and whatever starting meets.
    async fn changes(&self, integration_id: &str) -> Result<StatusChanges>;
}

/// Changes of one integration's status, as they become known.
///
/// The first error ends the stream. It does its work when it is polled and spawns nothing; dropping the future of a `next`
/// loses nothing, and dropping the stream ends the watch.
#[must_use = "streams do nothing until they are polled"]
pub struct StatusChanges(Pin<Box<dyn Stream<Item = Result<StatusChange>> + Send>>);

impl StatusChanges {
    /// Wraps a stream, for implementations of [`Watch`].
    pub fn new(stream: impl Stream<Item = Result<StatusChange>> + Send + 'static) -> Self {
        Self(Box::pin(stream))
    }
}

impl Stream for StatusChanges {
    type Item = Result<StatusChange>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for StatusChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusChanges").finish_non_exhaustive()
    }
}
