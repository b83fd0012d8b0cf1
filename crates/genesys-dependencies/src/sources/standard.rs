//! What an organisation is read from.

use std::sync::Arc;

use genesys_core::{Client, Profile};
use genesys_routing::Directory;
use genesys_routing::read::{Collection, ReadOptions};

use super::{CollectionSource, EmailSource, IntegrationSource, QueueSource, TrackingSource};
use crate::kind::ObjectKind as Kind;
use crate::source::DependencySource;

/// How a list is cut into pages, and the most objects of a page.
enum Pages {
    Numbered(u32),
    Cursor,
}

use Pages::{Cursor, Numbered};

/// Name, kind, path, pages, query.
type Row = (
    &'static str,
    Kind,
    &'static str,
    Pages,
    &'static [(&'static str, &'static str)],
);

const LISTS: &[Row] = &[
    (
        "divisions",
        Kind::DIVISION,
        "/api/v2/authorization/divisions",
        Numbered(100),
        &[],
    ),
    ("users", Kind::USER, "/api/v2/users", Numbered(500), &[]),
    ("groups", Kind::GROUP, "/api/v2/groups", Numbered(100), &[]),
    ("teams", Kind::TEAM, "/api/v2/teams", Cursor, &[]),
    (
        "skill groups",
        Kind::SKILL_GROUP,
        "/api/v2/routing/skillgroups",
        Cursor,
        &[],
    ),
    (
        "skills",
        Kind::SKILL,
        "/api/v2/routing/skills",
        Numbered(500),
        &[],
    ),
    (
        "languages",
        Kind::LANGUAGE,
        "/api/v2/routing/languages",
        Numbered(100),
        &[],
    ),
    (
        "wrap-up codes",
        Kind::WRAP_UP_CODE,
        "/api/v2/routing/wrapupcodes",
        Numbered(500),
        &[],
    ),
    (
        "prompts",
        Kind::USER_PROMPT,
        "/api/v2/architect/prompts",
        Numbered(100),
        &[],
    ),
    (
        "scripts",
        Kind::SCRIPT,
        "/api/v2/scripts",
        Numbered(100),
        &[],
    ),
    (
        "schedules",
        Kind::SCHEDULE,
        "/api/v2/architect/schedules",
        Numbered(100),
        &[],
    ),
    (
        "schedule groups",
        Kind::SCHEDULE_GROUP,
        "/api/v2/architect/schedulegroups",
        Numbered(100),
        &[],
    ),
    (
        "emergency groups",
        Kind::EMERGENCY_GROUP,
        "/api/v2/architect/emergencygroups",
        Numbered(100),
        &[],
    ),
    (
        "call routes",
        Kind::CALL_ROUTE,
        "/api/v2/architect/ivrs",
        Numbered(100),
        &[],
    ),
    (
        "data tables",
        Kind::DATA_TABLE,
        "/api/v2/flows/datatables",
        Numbered(100),
        &[],
    ),
    (
        "sites",
        Kind::SITE,
        "/api/v2/telephony/providers/edges/sites",
        Numbered(100),
        &[],
    ),
    (
        "edge groups",
        Kind::EDGE_GROUP,
        "/api/v2/telephony/providers/edges/edgegroups",
        Numbered(100),
        &[],
    ),
    (
        "response libraries",
        Kind::RESPONSE_LIBRARY,
        "/api/v2/responsemanagement/libraries",
        Numbered(100),
        &[],
    ),
    (
        "triggers",
        Kind::TRIGGER,
        "/api/v2/processautomation/triggers",
        Cursor,
        &[],
    ),
    (
        "credentials",
        Kind::CREDENTIAL,
        "/api/v2/integrations/credentials",
        Numbered(100),
        &[],
    ),
    (
        "actions",
        Kind::ACTION,
        "/api/v2/integrations/actions",
        Numbered(100),
        &[("includeConfig", "true")],
    ),
];

/// Everything that this crate knows how to read.
///
/// | profile | sources |
/// | --- | --- |
/// | guide | what the source document reads: queues with their members, locations |
/// | platform | these, wrap-up codes of queues, flows with what dependency tracking knows of them, divisions, users, groups, teams, skill groups, skills, languages, wrap-up codes, prompts, scripts, schedules, schedule groups, emergency groups, call routes, data tables, sites, edge groups, email domains with their routes, response libraries, triggers, integrations with their configurations, credentials and data actions |
pub fn standard_sources(
    profile: Profile,
    client: &Client,
    options: &ReadOptions,
) -> Vec<Arc<dyn DependencySource>> {
    let directory = Arc::new(Directory::new(profile, client));
    let queues = QueueSource::new(directory.clone())
        .with_members(directory)
        .with_options(options.clone());
    let locations = CollectionSource::new(
        "locations",
        Kind::LOCATION,
        Collection::numbered("/api/v2/locations").with_operation("locations.list"),
        client.clone(),
    );
    let locations = locations
        .with_item_route("/api/v2/locations/{id}")
        .with_options(options.clone());
    if profile == Profile::Guide {
        return vec![Arc::new(queues), Arc::new(locations)];
    }
    let mut sources: Vec<Arc<dyn DependencySource>> = vec![
        Arc::new(queues.with_wrap_up_codes(client.clone())),
        Arc::new(TrackingSource::new(client.clone()).with_options(options.clone())),
        Arc::new(IntegrationSource::new(client.clone()).with_options(options.clone())),
        Arc::new(EmailSource::new(client.clone()).with_options(options.clone())),
        Arc::new(locations),
    ];
    sources.extend(LISTS.iter().map(|(name, kind, path, pages, query)| {
        let list = match pages {
            Numbered(largest) => Collection::numbered(*path).with_largest_page(*largest),
            Cursor => Collection::cursor(*path),
        };
        let list = query
            .iter()
            .fold(list, |list, (key, value)| list.with_query(*key, *value));
        let source = CollectionSource::new(*name, kind.clone(), list, client.clone());
        let source = source
            .with_item_route(format!("{path}/{{id}}"))
            .with_options(options.clone());
        Arc::new(source) as Arc<dyn DependencySource>
    }));
    sources
}
