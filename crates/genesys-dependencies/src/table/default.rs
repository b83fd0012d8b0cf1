//! The references that the platform's documents have.
//!
//! Members of the published contract, and of the published Terraform provider's exporters where the contract does not cover a kind.

use super::{ReferenceRule, ReferenceTable, Target};
use crate::kind::ObjectKind as Kind;

/// What a queue needs of its agents: any of its members or groups.
pub(crate) const AGENTS: &str = "agents";

/// Names of edges, so that rows, sources and policies agree on them.
pub(crate) mod edge {
    pub(crate) const CALLS: &str = "calls";
    pub(crate) const CONSUMES: &str = "consumes";
    pub(crate) const CONTACTS: &str = "contacts";
    pub(crate) const CONTAINS: &str = "contains";
    pub(crate) const FALLS_BACK_TO: &str = "falls-back-to";
    pub(crate) const FOLLOWS: &str = "follows";
    pub(crate) const HAS_AGENTS: &str = "has-agents";
    pub(crate) const HAS_SKILL: &str = "has-skill";
    pub(crate) const IN_DIVISION: &str = "in-division";
    pub(crate) const LOCATED_AT: &str = "located-at";
    pub(crate) const MEASURES: &str = "measures";
    pub(crate) const MEMBER_OF: &str = "member-of";
    pub(crate) const NEEDS_SKILL: &str = "needs-skill";
    pub(crate) const PART_OF: &str = "part-of";
    pub(crate) const PLAYS: &str = "plays";
    pub(crate) const REMOVES_SKILL: &str = "removes-skill";
    pub(crate) const REPLIES_WITH: &str = "replies-with";
    pub(crate) const ROUTES_TO: &str = "routes-to";
    pub(crate) const RUNS: &str = "runs";
    pub(crate) const SENDS_FROM: &str = "sends-from";
    pub(crate) const SHOWN_TO: &str = "shown-to";
    pub(crate) const SIGNS_IN_WITH: &str = "signs-in-with";
    pub(crate) const USES: &str = "uses";
    pub(crate) const USES_LIBRARY: &str = "uses-library";
    pub(crate) const USES_SCRIPT: &str = "uses-script";
    pub(crate) const WRAPS_UP_WITH: &str = "wraps-up-with";
}

use edge::*;

/// Path, kind of the reference, kind of the target.
type Row = (&'static str, &'static str, Kind);

const QUEUE: &[Row] = &[
    ("queueFlow.id", RUNS, Kind::FLOW),
    ("emailInQueueFlow.id", RUNS, Kind::FLOW),
    ("messageInQueueFlow.id", RUNS, Kind::FLOW),
    ("mediaSettings.callback.liveVoiceFlow.id", RUNS, Kind::FLOW),
    (
        "mediaSettings.callback.answeringMachineFlow.id",
        RUNS,
        Kind::FLOW,
    ),
    // A reference in the contract, in spite of its name, and an id in older documents.
    (
        "mediaSettings.message.inactivityTimeoutSettings.flowId",
        RUNS,
        Kind::FLOW,
    ),
    (
        "mediaSettings.callback.edgeGroup.id",
        USES,
        Kind::EDGE_GROUP,
    ),
    ("mediaSettings.callback.site.id", USES, Kind::SITE),
    ("whisperPrompt.id", PLAYS, Kind::USER_PROMPT),
    ("onHoldPrompt.id", PLAYS, Kind::USER_PROMPT),
    ("defaultScripts.*.id", USES_SCRIPT, Kind::SCRIPT),
    (
        "bullseye.rings[].actions.skillsToRemove[].id",
        REMOVES_SKILL,
        Kind::SKILL,
    ),
    (
        "cannedResponseLibraries.libraryIds[]",
        USES_LIBRARY,
        Kind::RESPONSE_LIBRARY,
    ),
    (
        "outboundEmailAddress.domain.id",
        SENDS_FROM,
        Kind::EMAIL_DOMAIN,
    ),
    (
        "outboundEmailAddress.route.id",
        SENDS_FROM,
        Kind::EMAIL_ROUTE,
    ),
    (
        "mediaSettings.email.allOutboundEmailAddresses[].domain.id",
        SENDS_FROM,
        Kind::EMAIL_DOMAIN,
    ),
    (
        "mediaSettings.email.allOutboundEmailAddresses[].route.id",
        SENDS_FROM,
        Kind::EMAIL_ROUTE,
    ),
    (
        "outboundMessagingAddresses.smsAddress.id",
        SENDS_FROM,
        Kind::SMS_ADDRESS,
    ),
    (
        "outboundMessagingAddresses.openMessagingRecipient.id",
        SENDS_FROM,
        Kind::MESSAGING_RECIPIENT,
    ),
    (
        "outboundMessagingAddresses.whatsAppRecipient.id",
        SENDS_FROM,
        Kind::MESSAGING_RECIPIENT,
    ),
];

/// Groups of agents; their kind stands beside the id.
const QUEUE_AGENTS: &[&str] = &[
    "memberGroups[].id",
    "bullseye.rings[].memberGroups[].id",
    "conditionalGroupRouting.rules[].groups[].id",
    "conditionalGroupActivation.rules[].groups[].id",
];

/// References to queues that mean the queue itself when they are missing: path, kind, and what they are missing in.
const QUEUE_ITSELF: &[(&str, &str, &str)] = &[
    (
        "directRouting.backupQueueId",
        FALLS_BACK_TO,
        "directRouting",
    ),
    (
        "conditionalGroupRouting.rules[].queue.id",
        MEASURES,
        "conditionalGroupRouting.rules[]",
    ),
    (
        "conditionalGroupActivation.pilotRule.conditions[].simpleMetric.queue.id",
        MEASURES,
        "conditionalGroupActivation.pilotRule.conditions[].simpleMetric",
    ),
    (
        "conditionalGroupActivation.rules[].conditions[].simpleMetric.queue.id",
        MEASURES,
        "conditionalGroupActivation.rules[].conditions[].simpleMetric",
    ),
];

const OTHERS: &[(Kind, &[Row])] = &[
    (
        Kind::EMAIL_ROUTE,
        &[
            ("queue.id", ROUTES_TO, Kind::QUEUE),
            ("flow.id", RUNS, Kind::FLOW),
            ("spamFlow.id", RUNS, Kind::FLOW),
            ("skills[].id", NEEDS_SKILL, Kind::SKILL),
            ("language.id", NEEDS_SKILL, Kind::LANGUAGE),
            (
                "replyEmailAddress.domain.id",
                SENDS_FROM,
                Kind::EMAIL_DOMAIN,
            ),
            ("replyEmailAddress.route.id", SENDS_FROM, Kind::EMAIL_ROUTE),
            ("signature.cannedResponseId", REPLIES_WITH, Kind::RESPONSE),
        ],
    ),
    (
        Kind::CALL_ROUTE,
        &[
            ("openHoursFlow.id", RUNS, Kind::FLOW),
            ("closedHoursFlow.id", RUNS, Kind::FLOW),
            ("holidayHoursFlow.id", RUNS, Kind::FLOW),
            ("scheduleGroup.id", FOLLOWS, Kind::SCHEDULE_GROUP),
        ],
    ),
    (
        Kind::SCHEDULE_GROUP,
        &[
            ("openSchedules[].id", CONTAINS, Kind::SCHEDULE),
            ("closedSchedules[].id", CONTAINS, Kind::SCHEDULE),
            ("holidaySchedules[].id", CONTAINS, Kind::SCHEDULE),
        ],
    ),
    (
        Kind::EMERGENCY_GROUP,
        &[
            ("emergencyCallFlows[].emergencyFlow.id", RUNS, Kind::FLOW),
            ("emergencyCallFlows[].ivrs[].id", CONTAINS, Kind::CALL_ROUTE),
        ],
    ),
    (
        Kind::INTEGRATION,
        &[
            (
                "config.current.credentials.*.id",
                SIGNS_IN_WITH,
                Kind::CREDENTIAL,
            ),
            ("config.current.properties.groups[]", SHOWN_TO, Kind::GROUP),
            (
                "config.current.properties.queueIdFilterList[]",
                SHOWN_TO,
                Kind::QUEUE,
            ),
        ],
    ),
    (
        Kind::ACTION,
        &[("integrationId", PART_OF, Kind::INTEGRATION)],
    ),
    (
        Kind::USER,
        &[
            ("skills[].id", HAS_SKILL, Kind::SKILL),
            ("languages[].id", HAS_SKILL, Kind::LANGUAGE),
            ("groups[].id", MEMBER_OF, Kind::GROUP),
            ("team.id", MEMBER_OF, Kind::TEAM),
            (
                "locations[].locationDefinition.id",
                LOCATED_AT,
                Kind::LOCATION,
            ),
        ],
    ),
    (
        Kind::SITE,
        &[
            ("location.id", LOCATED_AT, Kind::LOCATION),
            ("primarySites[].id", USES, Kind::SITE),
            ("secondarySites[].id", FALLS_BACK_TO, Kind::SITE),
        ],
    ),
    (
        Kind::LOCATION,
        &[
            ("path[]", PART_OF, Kind::LOCATION),
            ("contactUser.id", CONTACTS, Kind::USER),
        ],
    ),
];

const ATTRIBUTES: &[(Option<Kind>, &str, &str)] = &[
    (None, "division.id", "division"),
    (None, "state", "state"),
    (Some(Kind::QUEUE), "memberCount", "memberCount"),
    (Some(Kind::QUEUE), "members.total", "memberCount"),
    (Some(Kind::FLOW), "type", "type"),
    (Some(Kind::FLOW), "publishedVersion.id", "publishedVersion"),
    (Some(Kind::TRIGGER), "topicName", "topic"),
    (Some(Kind::TRIGGER), "enabled", "enabled"),
    (Some(Kind::INTEGRATION), "integrationType.id", "type"),
    (Some(Kind::INTEGRATION), "intendedState", "intendedState"),
    (Some(Kind::ACTION), "category", "category"),
    (Some(Kind::ACTION), "secure", "secure"),
    (Some(Kind::LOCATION), "address.country", "country"),
];

pub(super) fn table() -> ReferenceTable {
    let mut table = ReferenceTable::empty();
    for (kind, rule) in rules().flatten() {
        table = match kind {
            Some(kind) => table.with_rule(kind, rule),
            None => table.with_common_rule(rule),
        };
    }
    for (kind, path, key) in ATTRIBUTES {
        if let Ok(more) = table.clone().with_attribute(kind.clone(), path, *key) {
            table = more;
        }
    }
    table
}

/// Every row. They are constant and a test holds that each is understood.
fn rules() -> impl Iterator<Item = genesys_core::Result<(Option<Kind>, ReferenceRule)>> {
    let own = |kind: &Kind, rule: genesys_core::Result<ReferenceRule>| {
        let kind = kind.clone();
        rule.map(|rule| (Some(kind), rule))
    };
    let plain = std::iter::once(&(Kind::QUEUE, QUEUE))
        .chain(OTHERS)
        .flat_map(move |(kind, rows)| {
            rows.iter().map(move |(path, edge, target)| {
                own(
                    kind,
                    ReferenceRule::new(path, *edge, Target::Kind(target.clone())),
                )
            })
        });
    let agents = QUEUE_AGENTS.iter().map(move |path| {
        let rule = ReferenceRule::new(path, HAS_AGENTS, member_group());
        own(&Kind::QUEUE, rule.map(|rule| rule.with_alternative(AGENTS)))
    });
    let itself = QUEUE_ITSELF.iter().map(move |(path, edge, container)| {
        let rule = ReferenceRule::new(path, *edge, Target::Kind(Kind::QUEUE));
        own(
            &Kind::QUEUE,
            rule.and_then(|rule| rule.with_itself_when_missing(container)),
        )
    });
    let trigger = Target::ToldBy {
        member: "type".into(),
        words: vec![("Workflow".into(), Kind::FLOW)],
        otherwise: Kind::FLOW,
    };
    let others = [
        own(
            &Kind::TRIGGER,
            ReferenceRule::new("target.id", RUNS, trigger),
        ),
        own(
            &Kind::ACTION,
            ReferenceRule::new("config.request.requestUrlTemplate", CALLS, Target::Endpoint),
        ),
        own(
            &Kind::INTEGRATION,
            ReferenceRule::new("config.current.properties.url", CALLS, Target::Endpoint),
        ),
    ];
    let division = ReferenceRule::new("division.id", IN_DIVISION, Target::Kind(Kind::DIVISION));
    std::iter::once(division.map(|rule| (None, rule)))
        .chain(plain)
        .chain(agents)
        .chain(itself)
        .chain(others)
}

fn member_group() -> Target {
    Target::ToldBy {
        member: "type".into(),
        words: vec![
            ("GROUP".into(), Kind::GROUP),
            ("TEAM".into(), Kind::TEAM),
            ("SKILLGROUP".into(), Kind::SKILL_GROUP),
        ],
        otherwise: Kind::GROUP,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_understood_and_none_replaces_another() {
        let rows: Vec<_> = rules().map(|rule| rule.unwrap()).collect();
        let table = table();
        let held: usize = table
            .kinds()
            .map(|kind| table.rules(kind).count() - 1)
            .sum();
        assert_eq!(held + 1, rows.len());
        assert_eq!(table.0.attributes.len(), ATTRIBUTES.len());
    }
}
