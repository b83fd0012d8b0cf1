//! Members of the document's payload and of the answers to it.

use genesys_core::vocabulary::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::deployed::{DeployedRoute, RouteId};
use crate::route::{Document, EventRoute, RouteRules, RouteTarget, TargetKind};

/// The members of a route that this version knows, and those within them.
const MEMBERS: [&str; 5] = ["type", "uri", "uris", "retryPolicy", "headers"];
const RETRY_MEMBERS: [&str; 3] = ["maxRetries", "retryInterval", "backoffFactor"];
const FILTER_MEMBERS: [&str; 2] = ["eventType", "fields"];

/// A route on its way out, with the version that it replaces.
pub(super) fn body(route: &EventRoute, version: Option<u64>) -> Value {
    let mut body = Document::of(route).to_value();
    if let (Some(version), Value::Object(members)) = (version, &mut body) {
        members.insert("version".to_owned(), version.into());
    }
    body
}

/// What of it may be a credential: values of headers other than the defaults, and of queries.
pub(super) fn secrets(route: &EventRoute) -> Vec<SecretString> {
    let RouteTarget::Https(target) = route.target() else {
        return Vec::new();
    };
    let headers = target
        .headers()
        .iter()
        .filter(|(name, _)| {
            !["content-type", "x-genesys-source"].contains(&name.to_ascii_lowercase().as_str())
        })
        .map(|(_, value)| value.clone().into());
    let queries = target
        .uris()
        .flat_map(|uri| uri.query_pairs())
        .filter(|(_, value)| !value.is_empty())
        .map(|(_, value)| value.into_owned().into());
    headers.chain(queries).collect()
}

/// A route as the server describes it.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    id: RouteId,
    name: String,
    #[serde(default)]
    version: Option<u64>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Answer {
    pub(super) fn into_route(self) -> DeployedRoute {
        let definition = definition(&self.name, self.rest);
        let mut route = DeployedRoute::new(self.id, self.name, TargetKind::Https);
        route.version = self.version;
        route.route = definition;
        route
    }
}

/// What it does, as far as that is a route of ours. A server may show more than was sent.
fn definition(name: &str, mut rest: Map<String, Value>) -> Option<EventRoute> {
    let mut known = Map::new();
    known.insert("name".to_owned(), name.into());
    for member in MEMBERS {
        if let Some(mut value) = rest.remove(member) {
            if member == "retryPolicy" {
                prune(&mut value, &RETRY_MEMBERS);
            }
            known.insert(member.to_owned(), value);
        }
    }
    if let Some(Value::Array(mut filters)) = rest.remove("eventFilters") {
        for filter in &mut filters {
            prune(filter, &FILTER_MEMBERS);
        }
        known.insert("eventFilters".to_owned(), Value::Array(filters));
    }
    let document = Document::from_value(Value::Object(known))?;
    document
        .into_builder()
        .with_rules(RouteRules::lenient())
        .build()
        .ok()
}

fn prune(value: &mut Value, known: &[&str]) {
    if let Value::Object(members) = value {
        members.retain(|name, _| known.contains(&name.as_str()));
    }
}
