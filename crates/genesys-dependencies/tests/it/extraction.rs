//! References of documents that look like those of the published contract.

use genesys_dependencies::{Extraction, ObjectKind, ReferenceTable};
use serde_json::{Value, json};

fn extract(kind: &ObjectKind, document: &Value) -> Extraction {
    ReferenceTable::default().extract(kind, document)
}

/// `place kind target edge`, one a line.
fn lines(found: &Extraction) -> Vec<String> {
    let line = |one: &genesys_dependencies::Reference| {
        format!(
            "{} -> {} {} ({})",
            one.place, one.kind, one.target, one.edge
        )
    };
    found.references.iter().map(line).collect()
}

/// A queue with everything that the contract's queue refers to.
fn whole_queue() -> Value {
    json!({
        "id": "q-1",
        "name": "Support",
        "division": {"id": "d-1", "name": "Home"},
        "memberCount": 7,
        "queueFlow": {"id": "f-1"},
        "emailInQueueFlow": {"id": "f-2"},
        "messageInQueueFlow": {"id": "f-3"},
        "whisperPrompt": {"id": "p-1"},
        "onHoldPrompt": {"id": "p-2"},
        "defaultScripts": {"CALL": {"id": "s-1", "pages": [{"id": "page"}]}, "CHAT": {"id": "s-2"}},
        "bullseye": {"rings": [
            {"actions": {"skillsToRemove": [{"id": "k-1", "name": "English"}]}},
            {"memberGroups": [{"id": "g-1", "type": "GROUP"}, {"id": "t-1", "type": "TEAM"}, {"id": "sg-1", "type": "SKILLGROUP"}]},
        ]},
        "memberGroups": [{"id": "g-2", "type": "GROUP"}],
        "conditionalGroupRouting": {"rules": [
            {"queue": {"id": "q-2"}, "groups": [{"id": "g-3", "type": "GROUP"}]},
            {"queue": null, "groups": []},
        ]},
        "conditionalGroupActivation": {
            "pilotRule": {"conditions": [{"simpleMetric": {"metric": "X", "queue": {"id": "q-3"}}}]},
            "rules": [{"conditions": [{"simpleMetric": {"metric": "X"}}], "groups": [{"id": "t-2", "type": "TEAM"}]}],
        },
        "directRouting": {"backupQueueId": "q-4"},
        "cannedResponseLibraries": {"libraryIds": ["l-1", "l-2"], "mode": "SelectedOnly"},
        "outboundEmailAddress": {"domain": {"id": "mail.example.com"}, "route": {"id": "r-1"}},
        "outboundMessagingAddresses": {
            "smsAddress": {"id": "+4912345"}, "openMessagingRecipient": {"id": "m-1"}, "whatsAppRecipient": {"id": "m-2"},
        },
        "mediaSettings": {
            "callback": {"liveVoiceFlow": {"id": "f-4"}, "answeringMachineFlow": {"id": "f-5"}, "edgeGroup": {"id": "e-1"}, "site": {"id": "site-1"}},
            "email": {"allOutboundEmailAddresses": [{"domain": {"id": "mail.example.com"}, "route": {"id": "r-2"}}]},
            "message": {"inactivityTimeoutSettings": {"flowId": {"id": "f-6"}}},
        },
        "peerId": "elsewhere",
        "createdBy": "u-1",
    })
}

#[test]
fn every_reference_of_a_queue_is_found_with_its_kind_and_its_place() {
    // errata DEP-09, DEP-10
    let found = extract(&ObjectKind::QUEUE, &whole_queue());
    let expected = "division.id -> division d-1 (in-division)
queueFlow.id -> flow f-1 (runs)
emailInQueueFlow.id -> flow f-2 (runs)
messageInQueueFlow.id -> flow f-3 (runs)
mediaSettings.callback.liveVoiceFlow.id -> flow f-4 (runs)
mediaSettings.callback.answeringMachineFlow.id -> flow f-5 (runs)
mediaSettings.message.inactivityTimeoutSettings.flowId.id -> flow f-6 (runs)
mediaSettings.callback.edgeGroup.id -> edgeGroup e-1 (uses)
mediaSettings.callback.site.id -> site site-1 (uses)
whisperPrompt.id -> userPrompt p-1 (plays)
onHoldPrompt.id -> userPrompt p-2 (plays)
defaultScripts.CALL.id -> script s-1 (uses-script)
defaultScripts.CHAT.id -> script s-2 (uses-script)
bullseye.rings[0].actions.skillsToRemove[0].id -> skill k-1 (removes-skill)
cannedResponseLibraries.libraryIds[0] -> responseLibrary l-1 (uses-library)
cannedResponseLibraries.libraryIds[1] -> responseLibrary l-2 (uses-library)
outboundEmailAddress.domain.id -> emailDomain mail.example.com (sends-from)
outboundEmailAddress.route.id -> emailRoute r-1 (sends-from)
mediaSettings.email.allOutboundEmailAddresses[0].domain.id -> emailDomain mail.example.com (sends-from)
mediaSettings.email.allOutboundEmailAddresses[0].route.id -> emailRoute r-2 (sends-from)
outboundMessagingAddresses.smsAddress.id -> smsAddress +4912345 (sends-from)
outboundMessagingAddresses.openMessagingRecipient.id -> messagingRecipient m-1 (sends-from)
outboundMessagingAddresses.whatsAppRecipient.id -> messagingRecipient m-2 (sends-from)
memberGroups[0].id -> group g-2 (has-agents)
bullseye.rings[1].memberGroups[0].id -> group g-1 (has-agents)
bullseye.rings[1].memberGroups[1].id -> team t-1 (has-agents)
bullseye.rings[1].memberGroups[2].id -> skillGroup sg-1 (has-agents)
conditionalGroupRouting.rules[0].groups[0].id -> group g-3 (has-agents)
conditionalGroupActivation.rules[0].groups[0].id -> team t-2 (has-agents)
directRouting.backupQueueId -> queue q-4 (falls-back-to)
conditionalGroupRouting.rules[0].queue.id -> queue q-2 (measures)
conditionalGroupActivation.pilotRule.conditions[0].simpleMetric.queue.id -> queue q-3 (measures)";
    assert_eq!(lines(&found).join("\n"), expected);
    assert!(found.unreadable.is_empty());
    assert_eq!(
        found.attributes,
        [
            ("division".into(), "d-1".to_owned()),
            ("memberCount".into(), "7".to_owned())
        ]
    );
}

#[test]
fn a_missing_reference_that_means_the_queue_itself_is_told_and_makes_no_edge() {
    // errata DEP-09, DEP-20
    let found = extract(&ObjectKind::QUEUE, &whole_queue());
    assert_eq!(
        found.implied,
        [
            "conditionalGroupRouting.rules[1]",
            "conditionalGroupActivation.rules[0].conditions[0].simpleMetric"
        ]
    );
    let own = json!({"id": "q-1", "directRouting": {"backupQueueId": "q-1"}});
    let found = extract(&ObjectKind::QUEUE, &own);
    assert_eq!(
        lines(&found),
        ["directRouting.backupQueueId -> queue q-1 (falls-back-to)"]
    );
    assert!(found.implied.is_empty());
    let none = extract(
        &ObjectKind::QUEUE,
        &json!({"id": "q-1", "directRouting": {"backupQueueId": null}}),
    );
    assert_eq!(
        (none.references.len(), none.implied),
        (0, vec!["directRouting".to_owned()])
    );
}

#[test]
fn references_of_the_other_kinds_are_found() {
    // errata DEP-10
    for (kind, document, expected) in [
        (
            ObjectKind::EMAIL_ROUTE,
            json!({"id": "r", "queue": {"id": "q"}, "flow": {"id": "f"}, "spamFlow": {"id": "s"}, "skills": [{"id": "k"}],
                "language": {"id": "l"}, "replyEmailAddress": {"domain": {"id": "d"}, "route": {"id": "r"}},
                "signature": {"cannedResponseId": "c"}}),
            vec![
                "queue.id -> queue q (routes-to)",
                "flow.id -> flow f (runs)",
                "spamFlow.id -> flow s (runs)",
                "skills[0].id -> skill k (needs-skill)",
                "language.id -> language l (needs-skill)",
                "replyEmailAddress.domain.id -> emailDomain d (sends-from)",
                "replyEmailAddress.route.id -> emailRoute r (sends-from)",
                "signature.cannedResponseId -> response c (replies-with)",
            ],
        ),
        (
            ObjectKind::CALL_ROUTE,
            json!({"id": "i", "openHoursFlow": {"id": "a"}, "closedHoursFlow": {"id": "b"}, "holidayHoursFlow": {"id": "c"},
                "scheduleGroup": {"id": "g"}}),
            vec![
                "openHoursFlow.id -> flow a (runs)",
                "closedHoursFlow.id -> flow b (runs)",
                "holidayHoursFlow.id -> flow c (runs)",
                "scheduleGroup.id -> scheduleGroup g (follows)",
            ],
        ),
        (
            ObjectKind::EMERGENCY_GROUP,
            json!({"id": "e", "emergencyCallFlows": [{"emergencyFlow": {"id": "f"}, "ivrs": [{"id": "i"}, {"id": "j"}]}]}),
            vec![
                "emergencyCallFlows[0].emergencyFlow.id -> flow f (runs)",
                "emergencyCallFlows[0].ivrs[0].id -> callRoute i (contains)",
                "emergencyCallFlows[0].ivrs[1].id -> callRoute j (contains)",
            ],
        ),
        (
            ObjectKind::TRIGGER,
            json!({"id": "t", "target": {"type": "Workflow", "id": "f"}, "enabled": true}),
            vec!["target.id -> flow f (runs)"],
        ),
        (
            ObjectKind::TRIGGER,
            json!({"id": "t", "target": {"type": "Novelty", "id": "n"}}),
            vec!["target.id -> Novelty n (runs)"],
        ),
        (
            ObjectKind::ACTION,
            json!({"id": "a", "integrationId": "i", "config": {"request": {"requestUrlTemplate": "https://crm.example.com/v1/${input.id}?k=s3cr3t"}}}),
            vec![
                "integrationId -> integration i (part-of)",
                "config.request.requestUrlTemplate -> endpoint https://crm.example.com (calls)",
            ],
        ),
        (
            ObjectKind::INTEGRATION,
            json!({"id": "i", "config": {"current": {"credentials": {"basicAuth": {"id": "c"}},
                "properties": {"url": "https://app.example.com/x", "groups": ["g"], "queueIdFilterList": ["q"]}}}}),
            vec![
                "config.current.credentials.basicAuth.id -> credential c (signs-in-with)",
                "config.current.properties.groups[0] -> group g (shown-to)",
                "config.current.properties.queueIdFilterList[0] -> queue q (shown-to)",
                "config.current.properties.url -> endpoint https://app.example.com (calls)",
            ],
        ),
        (
            ObjectKind::LOCATION,
            json!({"id": "l", "path": ["top"], "contactUser": {"id": "u"}}),
            vec![
                "path[0] -> location top (part-of)",
                "contactUser.id -> user u (contacts)",
            ],
        ),
    ] {
        assert_eq!(lines(&extract(&kind, &document)), expected, "{kind}");
    }
}

#[test]
fn whatever_a_document_holds_instead_of_a_reference_is_told_and_nothing_is_invented() {
    // errata ALL-15, DEP-08
    let document = json!({
        "id": 7, "name": null, "division": "d-1", "queueFlow": {"id": 9}, "onHoldPrompt": {"id": ""}, "whisperPrompt": {},
        "memberGroups": [null, "g", {"id": null}, {"name": "no id"}], "members": null, "defaultScripts": [],
    });
    let found = extract(&ObjectKind::QUEUE, &document);
    assert_eq!((found.id, found.name), (None, None));
    assert!(found.references.is_empty());
    assert_eq!(
        found.unreadable,
        [
            "division",
            "queueFlow.id",
            "onHoldPrompt.id",
            "defaultScripts",
            "memberGroups[1]"
        ]
    );
    for document in [json!(null), json!([]), json!("text"), json!({})] {
        let found = extract(&ObjectKind::QUEUE, &document);
        assert!(
            found.id.is_none() && found.references.is_empty(),
            "{document}"
        );
    }
}

#[test]
fn the_documents_member_total_is_taken_where_the_contracts_is_missing() {
    // errata DEP-08
    let count = |document: Value| extract(&ObjectKind::QUEUE, &document).attributes;
    assert_eq!(
        count(json!({"id": "q", "members": {"total": 3}})),
        [("memberCount".into(), "3".to_owned())]
    );
    let both = json!({"id": "q", "memberCount": 2, "members": {"total": 3}});
    assert_eq!(count(both), [("memberCount".into(), "2".to_owned())]);
    assert!(count(json!({"id": "q"})).is_empty());
}

#[test]
fn an_object_that_says_so_is_deleted() {
    for (document, deleted) in [
        (json!({"id": "l", "state": "deleted"}), true),
        (json!({"id": "f", "deleted": true}), true),
        (
            json!({"id": "f", "deleted": false, "state": "active"}),
            false,
        ),
    ] {
        assert_eq!(extract(&ObjectKind::FLOW, &document).deleted, deleted);
    }
}
