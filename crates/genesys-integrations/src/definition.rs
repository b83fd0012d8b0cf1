//! What an integration is to be: a name, an endpoint, its authentication and a data mapping.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use url::Url;

mod authentication;
mod fingerprint;
mod mapping;
mod rules;
mod violation;

pub use authentication::Authentication;
pub use fingerprint::Fingerprint;
pub use mapping::{DataMapping, Transformation, UnknownTransformation};
pub(crate) use rules::is_loopback;
pub use violation::{DefinitionError, Violation, ViolationCode};

/// A checked definition. Only [`builder`](IntegrationDefinition::builder) makes one, so that nothing that breaks a rule is
/// ever sent.
///
/// Its JSON form is for audit lines and reports: equal definitions give equal bytes, the authentication appears as its
/// kind's name alone, and no secret is part of it.
///
/// ```
/// use genesys_integrations::{Authentication, DataMapping, IntegrationDefinition};
///
/// let definition = IntegrationDefinition::builder(
///     "ExternalCRM-Sync",
///     "https://api.example.com/v1/cases",
///     Authentication::basic("crm_user", "a secret from the environment".into()),
/// )
/// .with_mapping(DataMapping::direct("caseId", "genesys_case_id"))
/// .with_mapping(DataMapping::direct("priority", "genesys_priority"))
/// .build()?;
/// assert_eq!(
///     serde_json::to_string(&definition)?,
///     r#"{"name":"ExternalCRM-Sync","endpoint":"https://api.example.com/v1/cases","authentication":"Basic","dataMapping":[{"sourceField":"caseId","targetField":"genesys_case_id","transformation":"Direct"},{"sourceField":"priority","targetField":"genesys_priority","transformation":"Direct"}]}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationDefinition {
    name: String,
    endpoint: Url,
    authentication: Authentication,
    #[serde(rename = "dataMapping")]
    mapping: Vec<DataMapping>,
}

impl IntegrationDefinition {
    /// Starts a definition. Name, endpoint and authentication are arguments: a definition without one of them does not
    /// compile.
    ///
    /// ```
    /// use genesys_integrations::{Authentication, IntegrationDefinition};
    ///
    /// let authentication = Authentication::basic("crm_user", "secret".into());
    /// IntegrationDefinition::builder("CRM", "https://api.example.com", authentication).build()?;
    /// # Ok::<(), genesys_integrations::DefinitionError>(())
    /// ```
    ///
    /// The same call without the authentication:
    ///
    /// ```compile_fail,E0061
    /// use genesys_integrations::{Authentication, IntegrationDefinition};
    ///
    /// let authentication = Authentication::basic("crm_user", "secret".into());
    /// IntegrationDefinition::builder("CRM", "https://api.example.com").build()?;
    /// # Ok::<(), genesys_integrations::DefinitionError>(())
    /// ```
    pub fn builder(
        name: impl Into<String>,
        endpoint: impl Into<String>,
        authentication: Authentication,
    ) -> DefinitionBuilder {
        DefinitionBuilder {
            name: name.into(),
            endpoint: endpoint.into(),
            authentication,
            mapping: Vec::new(),
            target_fields: None,
        }
    }

    /// The name, which is also the marker by which a second run finds what the first one made.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the external system answers.
    pub fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// How the external system knows us.
    pub fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    /// The data mapping, in the order in which it was given.
    pub fn mapping(&self) -> &[DataMapping] {
        &self.mapping
    }

    /// A digest of everything but the secrets: equal definitions have equal fingerprints in every process.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self)
    }
}

/// Builds an [`IntegrationDefinition`]. Setters add and never replace; [`build`](DefinitionBuilder::build) checks.
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct DefinitionBuilder {
    name: String,
    endpoint: String,
    authentication: Authentication,
    mapping: Vec<DataMapping>,
    target_fields: Option<BTreeSet<String>>,
}

impl DefinitionBuilder {
    /// Adds one entry to the data mapping, after those given before. A target that is mapped twice is refused by
    /// [`build`](Self::build), whether the sources are equal or not.
    pub fn with_mapping(mut self, mapping: DataMapping) -> Self {
        self.mapping.push(mapping);
        self
    }

    /// Adds entries in their order, as [`with_mapping`](Self::with_mapping) does for each.
    pub fn with_mappings(mut self, mappings: impl IntoIterator<Item = DataMapping>) -> Self {
        self.mapping.extend(mappings);
        self
    }

    /// Names fields that the receiving system has; once any are named, mapping to another target is refused. Several
    /// calls add up. Without a call targets are not compared with anything.
    pub fn with_target_fields(
        mut self,
        fields: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.target_fields
            .get_or_insert_default()
            .extend(fields.into_iter().map(Into::into));
        self
    }

    /// Checks the content.
    ///
    /// | part | rule |
    /// | --- | --- |
    /// | name | 1 to 256 characters, no control characters, no space at either end |
    /// | endpoint | absolute URL up to 2,048 bytes; https (http to loopback only), a host, no user info, no fragment |
    /// | user name | 1 to 256 characters, no control characters, no colon |
    /// | password | 1 to 1,024 characters, no control characters |
    /// | source field | identifiers joined by dots, up to 128 characters |
    /// | target field | an identifier up to 128 characters, not reserved by the platform's templates, mapped once |
    ///
    /// An identifier is a letter or `_`, then letters, digits and `_`.
    ///
    /// # Errors
    ///
    /// Every violation in one error, in the order of the table.
    pub fn build(self) -> Result<IntegrationDefinition, DefinitionError> {
        rules::check(self)
    }
}

impl fmt::Debug for DefinitionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An endpoint that was not checked yet may carry user info.
        f.debug_struct("DefinitionBuilder")
            .field("name", &self.name)
            .field("authentication", &self.authentication)
            .field("mapping", &self.mapping)
            .field("target_fields", &self.target_fields)
            .finish_non_exhaustive()
    }
}
