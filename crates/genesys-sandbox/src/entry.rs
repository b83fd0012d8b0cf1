//! What the ledger says of a request, and the totals over all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which listener took the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Host {
    /// The API host. It serves `/oauth/token` too, because one custom base URL serves both.
    Api,
    /// The login host: `/oauth/token` alone.
    Login,
    /// A [`ResourceServer`](crate::ResourceServer), whose ledger and rules are its own.
    Resources,
}

/// A kind of stored or granted thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Object {
    /// An access token.
    Token,
    /// An integration of any shape.
    Integration,
    /// The current configuration of a platform integration.
    Configuration,
    /// A platform credential.
    Credential,
    /// A published data action.
    Action,
    /// A draft of a data action.
    Draft,
    /// A webhook registration of the guide profile.
    Webhook,
    /// An outbound integration of the guide profile: an event route.
    OutboundIntegration,
    /// A REST node of the guide profile.
    Node,
    /// A process-automation trigger.
    Trigger,
    /// A routing queue, its members included.
    Queue,
    /// The build of Architect's dependency tracking.
    DependencyTracking,
}

/// What happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Verb {
    /// It exists now and did not before. A token that was granted counts as created.
    Created,
    /// Its content was replaced or its state was set.
    Updated,
    /// It is gone. A revoked token counts as deleted.
    Deleted,
    /// It was tried against the scripted external system.
    Tested,
    /// It was run against the scripted external system.
    Executed,
    /// A draft became the published version.
    Published,
}

/// One change that a request made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Effect {
    /// What kind of thing changed.
    pub object: Object,
    /// How it changed.
    pub verb: Verb,
    /// Its id; for a token its fingerprint.
    pub id: String,
}

impl Effect {
    pub(crate) fn new(object: Object, verb: Verb, id: &str) -> Self {
        Self {
            object,
            verb,
            id: id.to_owned(),
        }
    }
}

/// How far the sandbox got with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Outcome {
    /// Still at work.
    Pending,
    /// An answer was handed to the connection.
    Answered,
    /// A fault took the connection, so no whole answer left.
    Broken,
    /// The client went away first.
    Abandoned,
}

/// One request. Holds no secret: tokens appear as fingerprints, bodies as digests, queries as their keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LedgerEntry {
    /// Position in the order of arrival, from 1.
    pub sequence: u64,
    /// Arrival, RFC 3339 in UTC.
    pub time: String,
    /// The listener that took it.
    pub host: Host,
    /// The method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The keys of the query in order, without their values.
    pub query_keys: Vec<String>,
    /// The route that served it, such as `/api/v2/integrations/{id}`; `None` when none was reached.
    pub route: Option<String>,
    /// How far it got.
    pub outcome: Outcome,
    /// The status that was answered; for a broken answer the one that was begun, if any.
    pub status: Option<u16>,
    /// The kinds of the scripted faults that struck.
    pub faults: Vec<String>,
    /// The correlation id of the answer.
    pub correlation_id: String,
    /// A fingerprint of the bearer token.
    pub token: Option<String>,
    /// The length of the request's body in bytes.
    pub body_bytes: u64,
    /// The first 16 hexadecimal digits of the body's SHA-256. Absent for an empty body and for token requests.
    pub body_digest: Option<String>,
    /// What it changed; empty when it took no effect.
    pub effects: Vec<Effect>,
}

impl LedgerEntry {
    /// True when the request changed something, whatever the client got to see.
    #[must_use]
    pub fn took_effect(&self) -> bool {
        !self.effects.is_empty()
    }

    /// True for requests to a token endpoint.
    #[must_use]
    pub fn is_token_request(&self) -> bool {
        is_token_path(&self.path)
    }
}

/// Totals since the start (or the last [`clear`](crate::Sandbox::clear_ledger)). Never bounded by the ring.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Requests of every kind, token requests included.
    pub requests: u64,
    /// Requests to a token endpoint, granted or not.
    pub token_requests: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<String, u64>,
    /// Effects by kind.
    pub effects: BTreeMap<(Object, Verb), u64>,
    /// Entries that the ring has forgotten.
    pub forgotten: u64,
}

impl Counts {
    /// How often `verb` happened to things of the kind `object`.
    #[must_use]
    pub fn effect(&self, object: Object, verb: Verb) -> u64 {
        self.effects.get(&(object, verb)).copied().unwrap_or(0)
    }

    /// How often this status was answered.
    #[must_use]
    pub fn status(&self, status: u16) -> u64 {
        self.statuses.get(&status).copied().unwrap_or(0)
    }
}

impl Serialize for Counts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let effects: BTreeMap<String, u64> = self
            .effects
            .iter()
            .map(|((object, verb), n)| (format!("{object:?}.{verb:?}").to_lowercase(), *n))
            .collect();
        serde_json::json!({
            "requests": self.requests,
            "tokenRequests": self.token_requests,
            "statuses": self.statuses,
            "faults": self.faults,
            "effects": effects,
            "forgotten": self.forgotten,
        })
        .serialize(serializer)
    }
}

/// True for the paths that grant tokens.
pub(crate) fn is_token_path(path: &str) -> bool {
    matches!(path, "/oauth/token" | "/api/v2/oauth/token")
}
