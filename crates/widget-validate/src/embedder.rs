//! The page that shows the widget: what the validator must be told about the platform.

use std::borrow::Cow;

use crate::origin::Origin;

/// A placeholder that the embedder fills into the widget's URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// The name between the braces.
    pub name: Cow<'static, str>,
    /// The name that has taken its place, if this one is outdated.
    pub newer: Option<Cow<'static, str>>,
    /// True when the newer name has the same value, so that one can be replaced by the other.
    pub same_value: bool,
    /// The name that must stand in the URL too.
    pub partner: Option<Cow<'static, str>>,
}

impl Placeholder {
    /// A current placeholder.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Placeholder {
        Placeholder {
            name: name.into(),
            newer: None,
            same_value: false,
            partner: None,
        }
    }

    fn with_partner(mut self, partner: &'static str) -> Placeholder {
        self.partner = Some(Cow::Borrowed(partner));
        self
    }

    fn outdated(mut self, newer: &'static str, same_value: bool) -> Placeholder {
        self.newer = Some(Cow::Borrowed(newer));
        self.same_value = same_value;
        self
    }
}

/// Facts about the embedding platform. This crate knows no host of it; the caller hands the origins in.
///
/// Without origins, everything that asks "does the widget admit the embedder?" is reported as *not checked*.
///
/// ```
/// use widget_validate::{Embedder, Origin};
///
/// let apps = Origin::parse("https://apps.example.com").ok_or("not an origin")?;
/// let embedder = Embedder::genesys().with_origin(apps).with_endpoint("https://api.example.com");
/// assert_eq!(embedder.origins().len(), 1);
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone)]
pub struct Embedder {
    origins: Vec<Origin>,
    domains: Vec<String>,
    endpoints: Vec<String>,
    pub(crate) placeholders: Vec<Placeholder>,
    pub(crate) sandbox: Vec<Cow<'static, str>>,
    pub(crate) permissions: Vec<Cow<'static, str>>,
}

impl Embedder {
    /// An embedder that fills no placeholder and offers every sandbox token and feature that browsers know.
    pub fn any() -> Embedder {
        let owned =
            |names: &[&'static str]| names.iter().map(|name| Cow::Borrowed(*name)).collect();
        Embedder {
            origins: Vec::new(),
            domains: Vec::new(),
            endpoints: Vec::new(),
            placeholders: Vec::new(),
            sandbox: owned(crate::sandbox::HTML_TOKENS),
            permissions: owned(crate::check::FEATURES),
        }
    }

    /// What Genesys Cloud documents for client apps: its placeholders, the sandbox tokens and the features it offers.
    pub fn genesys() -> Embedder {
        let owned =
            |names: &[&'static str]| names.iter().map(|name| Cow::Borrowed(*name)).collect();
        Embedder {
            placeholders: vec![
                Placeholder::new("gcHostOrigin").with_partner("gcTargetEnv"),
                Placeholder::new("gcTargetEnv").with_partner("gcHostOrigin"),
                Placeholder::new("gcConversationId"),
                Placeholder::new("gcInteractionId"),
                Placeholder::new("gcInteractionType"),
                Placeholder::new("gcWorkitemId"),
                Placeholder::new("gcLangTag"),
                Placeholder::new("pcEnvironment").outdated("gcTargetEnv", false),
                Placeholder::new("pcLangTag").outdated("gcLangTag", true),
                Placeholder::new("pcConversationId").outdated("gcConversationId", true),
                Placeholder::new("pcUsePopupAuth"),
            ],
            sandbox: owned(&[
                "allow-forms",
                "allow-modals",
                "allow-popups",
                "allow-presentation",
                "allow-same-origin",
                "allow-scripts",
                "allow-downloads",
            ]),
            permissions: owned(&[
                "camera",
                "microphone",
                "geolocation",
                "clipboard-write",
                "fullscreen",
                "display-capture",
            ]),
            ..Embedder::any()
        }
    }

    /// Adds an origin whose page shows the widget. With several (one a region), each must be admitted by the widget's headers.
    pub fn with_origin(mut self, origin: Origin) -> Embedder {
        self.origins.push(origin);
        self
    }

    /// Adds a domain of the platform, such as `example.com`. A widget on such a domain or below it shares the embedder's site.
    pub fn with_domain(mut self, domain: impl Into<String>) -> Embedder {
        self.domains.push(domain.into().to_ascii_lowercase());
        self
    }

    /// Adds an address that widgets must be able to reach, such as the API or the notification socket (`wss://…`).
    pub fn with_endpoint(mut self, url: impl Into<String>) -> Embedder {
        self.endpoints.push(url.into());
        self
    }

    /// Adds a placeholder that the embedder fills.
    pub fn with_placeholder(mut self, placeholder: Placeholder) -> Embedder {
        self.placeholders.push(placeholder);
        self
    }

    /// Replaces the sandbox tokens on offer.
    pub fn with_sandbox_tokens(
        mut self,
        tokens: impl IntoIterator<Item = impl Into<Cow<'static, str>>>,
    ) -> Embedder {
        self.sandbox = tokens.into_iter().map(Into::into).collect();
        self
    }

    /// Replaces the features on offer.
    pub fn with_permissions(
        mut self,
        features: impl IntoIterator<Item = impl Into<Cow<'static, str>>>,
    ) -> Embedder {
        self.permissions = features.into_iter().map(Into::into).collect();
        self
    }

    /// The origins whose pages show the widget.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// The addresses that widgets must be able to reach.
    pub fn endpoints(&self) -> &[String] {
        &self.endpoints
    }

    /// True when a page on `host` is of the same site as the embedder: on or below one of its domains, or, by the public suffix
    /// list, of the same registrable domain as one of its origins.
    pub(crate) fn shares_site(&self, host: &str) -> bool {
        let below = |domain: &String| {
            host.strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let site =
            |host: &str| psl::domain(host.as_bytes()).map(|domain| domain.as_bytes().to_vec());
        self.domains.iter().any(below)
            || self.origins.iter().any(|origin| {
                origin.host() == host || matches!((site(origin.host()), site(host)), (Some(one), Some(other)) if one == other)
            })
    }
}

impl Default for Embedder {
    /// [`Embedder::genesys`].
    fn default() -> Embedder {
        Embedder::genesys()
    }
}
