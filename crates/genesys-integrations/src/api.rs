//! The capability: integrations of an organisation, whatever the wire form.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures_core::Stream;
use futures_util::TryStreamExt;
use genesys_core::{Client, Profile, Result};

use crate::definition::IntegrationDefinition;
use crate::guide::GuideIntegrations;
use crate::ids::IntegrationId;
use crate::integration::{Integration, IntendedState, StateChange};
use crate::platform::PlatformIntegrations;
use crate::report::{TestReport, TestRequest};

/// Integrations of an organisation.
///
/// [`GuideIntegrations`] speaks the source documents' wire form, [`PlatformIntegrations`] the published API contract;
/// [`for_profile`] picks one. An integration's name is its marker: what carries the name belongs to the definition of that
/// name.
///
/// Each method has a deadline over all of its requests ([`Limits`](crate::Limits)), and dropping its future cancels it.
/// Errors of a request are those of [`Client`]; only what is particular to a method is named there.
#[async_trait]
pub trait Integrations: fmt::Debug + Send + Sync {
    /// Which wire form this is.
    fn profile(&self) -> Profile;

    /// Makes the integration what the definition says: looks for the name first, creates only what is missing, changes
    /// only what differs, and says which it was.
    ///
    /// A new integration is inactive. One that has to be changed is switched off first, because its new definition is not
    /// tested. A change of the password alone cannot be seen, since no answer ever shows one.
    ///
    /// An outcome that stayed unknown is settled by ensuring the same definition again: what took effect is found by its name
    /// and finished, and what did not is created. [`find`](Integrations::find) tells without writing.
    ///
    /// # Errors
    ///
    /// [`Conflict`](genesys_core::ErrorKind::Conflict) when several integrations have the name;
    /// [`OutcomeUnknown`](genesys_core::ErrorKind::OutcomeUnknown) when a creation could be neither confirmed nor ruled out.
    /// A creation of several parts that fails takes back what it made, within a deadline of its own; what cannot be taken
    /// back carries the name, so that the next call finds it and [`purge`](Integrations::purge) removes it. A change that
    /// fails leaves the integration switched off, and the next call finishes it.
    async fn ensure(&self, definition: &IntegrationDefinition) -> Result<Ensured>;

    /// Creates a new, inactive integration.
    ///
    /// # Errors
    ///
    /// As [`ensure`](Integrations::ensure), and [`Conflict`](genesys_core::ErrorKind::Conflict) when the name is taken.
    async fn create(&self, definition: &IntegrationDefinition) -> Result<Integration>;

    /// Writes the whole definition over an integration, the password included, and leaves it switched off: the way to
    /// deploy a new password, and to give an integration another name.
    ///
    /// # Errors
    ///
    /// [`NotFound`](genesys_core::ErrorKind::NotFound) when there is no integration of this id.
    async fn update(
        &self,
        id: &IntegrationId,
        definition: &IntegrationDefinition,
    ) -> Result<Integration>;

    /// One integration; none when there is none of this id.
    async fn get(&self, id: &IntegrationId) -> Result<Option<Integration>>;

    /// The integration of this exact name; none when there is none.
    ///
    /// # Errors
    ///
    /// [`Conflict`](genesys_core::ErrorKind::Conflict) when several integrations have the name.
    async fn find(&self, name: &str) -> Result<Option<Integration>>;

    /// Every integration of the kind that a definition makes, in the platform's order.
    fn list(&self) -> Listing;

    /// Sets the intended state and waits until it is reported.
    ///
    /// # Errors
    ///
    /// [`State`](genesys_core::ErrorKind::State) with a [`StateNotReached`](crate::StateNotReached) source when the platform
    /// reports an error, or nothing else in time.
    async fn set_state(&self, id: &IntegrationId, intended: IntendedState) -> Result<StateChange>;

    /// Tests an integration against its external system, in either state. A report of failure is no error.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](genesys_core::ErrorKind::Unsupported) for an integration that cannot be tested.
    async fn test(&self, id: &IntegrationId, request: &TestRequest) -> Result<TestReport>;

    /// Deletes an integration and what belongs to it, in reverse order of creation. True when it existed.
    async fn delete(&self, id: &IntegrationId) -> Result<bool>;

    /// Deletes everything that carries this name, in reverse order of creation, half-made parts included. True when there
    /// was something.
    ///
    /// Call it for a name that is known to be one's own: it does not ask who made what.
    async fn purge(&self, name: &str) -> Result<bool>;
}

/// The adapter for a profile, with default limits.
pub fn for_profile(profile: Profile, client: Client) -> Arc<dyn Integrations> {
    match profile {
        Profile::Guide => Arc::new(GuideIntegrations::new(client)),
        Profile::Platform => Arc::new(PlatformIntegrations::new(client)),
    }
}

/// What [`Integrations::ensure`] found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ensured {
    /// The integration as it is now.
    pub integration: Integration,
    /// What had to be done.
    pub change: Change,
}

impl Ensured {
    /// An integration and what had to be done.
    pub fn new(integration: Integration, change: Change) -> Self {
        Self {
            integration,
            change,
        }
    }
}

/// What had to be done to make something as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// Nothing.
    Unchanged,
    /// It existed and was changed.
    Updated,
    /// It was created.
    Created,
}

impl Change {
    /// `unchanged`, `updated` or `created`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Updated => "updated",
            Self::Created => "created",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Integrations as a stream; the first error ends it.
#[must_use = "streams do nothing until they are polled"]
pub struct Listing(Pin<Box<dyn Stream<Item = Result<Integration>> + Send>>);

impl Listing {
    /// Wraps a stream.
    pub fn new(stream: impl Stream<Item = Result<Integration>> + Send + 'static) -> Self {
        Self(Box::pin(stream))
    }

    /// Reads it to its end.
    ///
    /// # Errors
    ///
    /// The stream's first.
    pub async fn all(self) -> Result<Vec<Integration>> {
        self.0.try_collect().await
    }
}

impl Stream for Listing {
    type Item = Result<Integration>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listing")
    }
}
