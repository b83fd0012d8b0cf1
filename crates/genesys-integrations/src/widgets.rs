//! Agent widgets: web pages that the platform shows to agents in a frame.
//!
//! A [`Widget`] is a definition that the rules of `widget-validate` have let pass. [`Widgets`] makes one out of it in the
//! cloud, and [`Pipeline::for_widget`](crate::Pipeline::for_widget) deploys it: validate, create inactive, enable, wait until
//! the platform reports that it is active.
//!
//! ```
//! use genesys_integrations::widgets::{Policy, RuleSet, Validator, Widget};
//!
//! let rules = Validator::new(Policy::builder(RuleSet::Tutorial).build()?);
//! let too_tall = Widget::builder("Agent Dashboard Widget", "https://s3.amazonaws.com/my-bucket/widget-manifest.json")
//!     .with_dimensions(750, 900)
//!     .build(&rules);
//! assert!(too_tall.unwrap_err().has("W306"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use genesys_core::{Client, Hosts, Profile, Result};

use crate::api::{Ensured, Listing};
use crate::ids::IntegrationId;
use crate::integration::{Integration, IntendedState, StateChange};

mod builder;
mod definition;
mod guide;
mod platform;
mod validation;

pub use builder::WidgetBuilder;
pub use definition::{Display, FeatureCategory, Widget, WidgetKind};
pub use guide::GuideWidgets;
pub use platform::PlatformWidgets;
pub use validation::{Validated, Validation, WidgetError};
// What a caller names to build a widget; the rules themselves are that crate's.
pub use widget_validate::{
    Embedder, HeaderSet, Level, Origin, Policy, RuleSet, Severity, Validator, codes,
};

/// Agent widgets of an organisation.
///
/// [`GuideWidgets`] speaks the source documents' wire form, [`PlatformWidgets`] the published API contract; [`for_profile`]
/// picks one. In the cloud a widget is an [`Integration`]. Its name is its marker: what carries the name belongs to the
/// widget of that name.
///
/// Each method has a deadline over all of its requests ([`Limits`](crate::Limits)), and dropping its future cancels it.
#[async_trait]
pub trait Widgets: fmt::Debug + Send + Sync {
    /// Which wire form this is.
    fn profile(&self) -> Profile;

    /// Checks exactly what would be sent, and writes nothing. The definition was checked when it was built; the platform
    /// profile also checks the configuration that it becomes, against the embedding page and against the schema that the
    /// platform serves for the widget's type.
    ///
    /// # Errors
    ///
    /// Those of the requests; findings are no error here.
    async fn validate(&self, widget: &Widget) -> Result<Validation>;

    /// Makes the widget what the definition says: looks for the name first, creates only what is missing, changes only what
    /// differs, and says which it was. What is written has been validated, byte for byte.
    ///
    /// A new widget is inactive. One that has to be changed is switched off first.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](genesys_core::ErrorKind::InvalidRequest) with a [`WidgetError`] source when the rules refuse it:
    /// nothing was written then. [`Conflict`](genesys_core::ErrorKind::Conflict) when several widgets have the name, or one
    /// of another kind; [`OutcomeUnknown`](genesys_core::ErrorKind::OutcomeUnknown) when a creation could be neither
    /// confirmed nor ruled out. A creation that fails takes back what it made; what cannot be taken back carries the name.
    async fn ensure(&self, widget: &Widget) -> Result<Ensured>;

    /// One widget; none when there is no widget of this id.
    async fn get(&self, id: &IntegrationId) -> Result<Option<Integration>>;

    /// The widget of this exact name; none when there is none.
    ///
    /// # Errors
    ///
    /// [`Conflict`](genesys_core::ErrorKind::Conflict) when several widgets have the name.
    async fn find(&self, name: &str) -> Result<Option<Integration>>;

    /// Every widget, in the platform's order.
    fn list(&self) -> Listing;

    /// Sets the intended state and waits until it is reported.
    ///
    /// # Errors
    ///
    /// [`State`](genesys_core::ErrorKind::State) with a [`StateNotReached`](crate::StateNotReached) source when the platform
    /// reports an error, or nothing else in time.
    async fn set_state(&self, id: &IntegrationId, intended: IntendedState) -> Result<StateChange>;

    /// Deletes a widget. True when it existed.
    async fn delete(&self, id: &IntegrationId) -> Result<bool>;

    /// Deletes every widget of this name. True when there was one.
    ///
    /// Call it for a name that is known to be one's own: it does not ask who made what.
    async fn purge(&self, name: &str) -> Result<bool>;
}

/// The adapter for a profile, with default limits.
pub fn for_profile(profile: Profile, client: Client) -> Arc<dyn Widgets> {
    match profile {
        Profile::Guide => Arc::new(GuideWidgets::new(client)),
        Profile::Platform => Arc::new(PlatformWidgets::new(client)),
    }
}

/// The rules that a profile starts with: the tutorial's numbers and origins for `guide`; for `platform`, which knows no frame
/// size, the recommended rules with a size checked only where one is given. Every origin passes there until a policy names
/// some.
///
/// `hosts` tells which pages embed the widget: see [`embedder`].
///
/// # Errors
///
/// [`Config`](genesys_core::ErrorKind::Config), which no version of the rules causes.
pub fn default_rules(profile: Profile, hosts: &Hosts) -> Result<Validator> {
    let policy = match profile {
        Profile::Guide => Policy::builder(RuleSet::Tutorial),
        Profile::Platform => Policy::builder(RuleSet::Recommended)
            .with_severity(codes::frame::FRAME_MISSING, Level::Off),
    };
    let policy = policy.build().map_err(|error| {
        genesys_core::Error::new(
            genesys_core::ErrorKind::Config,
            "the default policy is unusable",
        )
        .with_source(error)
    })?;
    Ok(Validator::new(policy).with_embedder(embedder(hosts)))
}

/// What the validator must know about the platform behind these hosts: `api.DOMAIN` means that `https://apps.DOMAIN` embeds
/// widgets. Of other hosts, such as a sandbox, nothing is known, and a report says that framing was not checked.
pub fn embedder(hosts: &Hosts) -> Embedder {
    let embedder = Embedder::genesys();
    let domain = hosts
        .api()
        .host_str()
        .and_then(|host| host.strip_prefix("api."));
    let apps = domain.and_then(|domain| Origin::parse(&format!("https://apps.{domain}")));
    match (domain, apps) {
        (Some(domain), Some(apps)) => embedder
            .with_origin(apps)
            .with_domain(domain)
            .with_endpoint(format!("https://api.{domain}")),
        _ => embedder,
    }
}
