//! Which permission each route wants.

use http::Method;

use crate::organisation::Kind;

/// The permissions of a route, of which one is enough; empty when any client may call it.
///
/// Platform routes have the permissions of the published contract. The guide profile's own routes have no published
/// permission (the ones in the source documents do not exist), so they take those of the integrations they belong to,
/// and nodes those of the data actions that they stand for.
pub(crate) fn required(method: &Method, route: &str) -> &'static [&'static str] {
    let Some(rest) = route.strip_prefix("/api/v2/") else {
        return &[];
    };
    match rest {
        "integrations/{id}/test" => &["integrations:action:execute"],
        _ if ["integrations/actions", "custom-integrations/nodes"]
            .iter()
            .any(|prefix| rest.starts_with(prefix)) =>
        {
            action(method, rest)
        }
        _ if ["integrations", "webhooks", "outbound/integrations"]
            .iter()
            .any(|prefix| rest.starts_with(prefix)) =>
        {
            match *method {
                Method::POST => &["integrations:integration:add"],
                Method::PUT | Method::PATCH => &["integrations:integration:edit"],
                Method::DELETE => &["integrations:integration:delete"],
                _ => &["integrations:integration:view"],
            }
        }
        _ if rest.starts_with("processautomation/") => trigger(method, rest),
        _ if rest.starts_with("routing/queues") => queue(method, rest),
        "architect/dependencytracking/build" if *method == Method::POST => {
            &["architect:dependencyTracking:rebuild"]
        }
        _ if rest.starts_with("architect/dependencytracking") => {
            &["architect:dependencyTracking:view"]
        }
        "flows/{flowId}" => &["architect:flow:view"],
        _ => Kind::of_route(rest).map_or(&[], Kind::permissions),
    }
}

fn queue(method: &Method, rest: &str) -> &'static [&'static str] {
    if rest.starts_with("routing/queues/{id}/members") {
        return match *method {
            Method::GET => &[
                "routing:queue:view",
                "routing:queue:edit",
                "routing:queue:readonly",
                "routing:queueMember:manage",
            ],
            _ => &["routing:queue:edit", "routing:queueMember:manage"],
        };
    }
    match *method {
        Method::POST => &["routing:queue:add"],
        Method::PUT | Method::PATCH => &["routing:queue:edit"],
        Method::DELETE => &["routing:queue:delete"],
        _ => &["routing:queue:view"],
    }
}

fn trigger(method: &Method, rest: &str) -> &'static [&'static str] {
    match *method {
        Method::POST if rest.ends_with("/test") => &["processautomation:trigger:test"],
        Method::POST => &["processautomation:trigger:add"],
        Method::PUT => &["processautomation:trigger:edit"],
        Method::DELETE => &["processautomation:trigger:delete"],
        _ => &[
            "processautomation:trigger:edit",
            "processautomation:trigger:view",
        ],
    }
}

fn action(method: &Method, rest: &str) -> &'static [&'static str] {
    let last = rest.rsplit('/').next().unwrap_or_default();
    match (method, last) {
        (&Method::POST, "test") if rest.ends_with("draft/test") => &["integrations:action:execute"],
        (&Method::POST, "test" | "execute") => {
            &["integrations:action:execute", "bridge:actions:execute"]
        }
        (&Method::POST, "draft" | "publish")
        | (&Method::GET, "validation")
        | (&Method::PATCH | &Method::PUT, _) => &["integrations:action:edit"],
        (&Method::POST, _) => &["integrations:action:add"],
        (&Method::DELETE, _) => &["integrations:action:delete"],
        _ => &["integrations:action:view", "bridge:actions:view"],
    }
}
