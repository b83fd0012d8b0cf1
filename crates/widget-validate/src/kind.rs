//! The formats of widget definitions.

use std::fmt;

use crate::json::Document;

/// The format of a widget definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The tutorial's own: `name`, `description`, `type`, `status`, `manifestUrl`, `settings`.
    Guide,
    /// The configuration of an integration of type `embedded-client-app`: a page or panel of its own.
    ClientApp,
    /// The configuration of an integration of type `embedded-client-app-interaction-widget`: shown beside an interaction.
    InteractionWidget,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 3] = [Kind::Guide, Kind::ClientApp, Kind::InteractionWidget];

    /// The integration type of the platform; `guide` for the tutorial's own format.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Guide => "guide",
            Kind::ClientApp => "embedded-client-app",
            Kind::InteractionWidget => "embedded-client-app-interaction-widget",
        }
    }

    /// Reads the word of [`Kind::as_str`].
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// True for the two that the platform itself knows.
    pub fn is_platform(self) -> bool {
        self != Kind::Guide
    }

    /// Tells the kind from the members: a document with `properties` is the platform's, and filters by interaction tell a widget.
    pub(crate) fn detect(document: &Document<'_>) -> Kind {
        let Some(root) = document.root() else {
            return Kind::Guide;
        };
        let (mut named, mut properties) = (None, None);
        for member in document.children(root) {
            match document.key_bytes(member).as_ref() {
                b"integrationType" => named = Some(member),
                b"properties" => properties = Some(member),
                _ => {}
            }
        }
        let named = named.and_then(|kind| match document.string(kind) {
            Some(name) => Some(name),
            None => document.string(document.member(kind, "id")?),
        });
        if let Some(kind) = named.as_deref().and_then(Kind::from_name) {
            return kind;
        }
        let Some(properties) = properties else {
            return Kind::Guide;
        };
        let filtered = ["communicationTypeFilter", "queueIdFilterList"]
            .iter()
            .any(|name| document.member(properties, name).is_some());
        if filtered {
            Kind::InteractionWidget
        } else {
            Kind::ClientApp
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
