//! Triggers, their topics and their dry runs.

use genesys_sandbox::{OauthClient, WORKFLOW_ID};

use super::*;
use crate::support::token;

const LIST: &str = "/api/v2/processautomation/triggers";
const TOPIC: &str = "v2.detail.events.conversation.{id}.customer.end";

fn trigger(name: &str) -> Value {
    json!({
        "name": name,
        "topicName": TOPIC,
        "enabled": true,
        "target": {"type": "Workflow", "id": WORKFLOW_ID, "workflowTargetSettings": {"dataFormat": "TopLevelPrimitives"}},
        "matchCriteria": [{"jsonPath": "mediaType", "operator": "Equal", "value": "VOICE"}],
        "eventTTLSeconds": 60,
        "description": "",
    })
}

/// An event of the topic.
fn event(media: &str) -> Value {
    json!({"eventTime": 1_700_000_000_000_u64, "conversationId": "c-1", "mediaType": media})
}

/// The contract has an event as a string that holds JSON.
fn as_text(event: &Value) -> Value {
    Value::String(event.to_string())
}

fn fields(answer: &Answer) -> Vec<&str> {
    let details = answer.body["details"].as_array().unwrap();
    let mut fields: Vec<&str> = details
        .iter()
        .map(|detail| detail["fieldName"].as_str().unwrap())
        .collect();
    fields.sort_unstable();
    fields
}

async fn create(setup: &Setup, body: Value) -> String {
    let answer = post(setup, LIST, body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.id()
}

#[tokio::test]
async fn a_trigger_is_created_read_replaced_under_its_version_and_deleted() {
    let setup = start().await;
    let created = post(&setup, LIST, trigger("a")).await;
    let path = format!("{LIST}/{}", created.id());
    let mut expected = trigger("a");
    expected["id"] = json!(created.id());
    expected["version"] = json!(1);
    expected["selfUri"] = json!(path);
    assert_eq!((created.status.as_u16(), &created.body), (200, &expected));
    assert_eq!(get(&setup, &path).await.body, expected);

    // What was read can be sent back, with a delay in place of the life time.
    let members = expected.as_object_mut().unwrap();
    members.remove("eventTTLSeconds");
    members.insert("delayBySeconds".into(), json!(60));
    expected["enabled"] = json!(false);
    let replaced = call(&setup, Method::PUT, &path, Some(expected.clone())).await;
    expected["version"] = json!(2);
    assert_eq!((replaced.status.as_u16(), &replaced.body), (200, &expected));

    for (version, code) in [(1, "general.conflict"), (3, "general.conflict")] {
        let mut stale = expected.clone();
        stale["version"] = json!(version);
        let answer = call(&setup, Method::PUT, &path, Some(stale)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body["code"].as_str()),
            (409, Some(code))
        );
    }
    let mut moved = expected.clone();
    moved["topicName"] = json!("v2.quality.evaluations");
    let answer = call(&setup, Method::PUT, &path, Some(moved)).await;
    assert_eq!(
        (answer.status.as_u16(), fields(&answer)),
        (400, vec!["topicName"])
    );
    let mut bare = expected.clone();
    bare.as_object_mut().unwrap().remove("version");
    let answer = call(&setup, Method::PUT, &path, Some(bare)).await;
    assert_eq!(
        (answer.status.as_u16(), fields(&answer)),
        (400, vec!["version"])
    );
    assert_eq!(setup.sandbox.state().triggers, [expected]);

    assert_eq!(call(&setup, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(get(&setup, &path).await.status, 404);
    assert_eq!(call(&setup, Method::DELETE, &path, None).await.status, 404);
    let answer = call(&setup, Method::PUT, &path, Some(trigger("a"))).await;
    assert_eq!(answer.status, 404);
    let counts = setup.sandbox.counts();
    let effects = [Verb::Created, Verb::Updated, Verb::Deleted]
        .map(|verb| counts.effect(Object::Trigger, verb));
    assert_eq!(effects, [1, 1, 1]);
    assert!(setup.sandbox.state().is_empty());
}

#[tokio::test]
async fn every_violation_of_a_trigger_is_named_at_once() {
    let setup = start().await;
    let body = json!({
        "name": "",
        "topicName": "v2.detail.events.conversation.{id}.customer.ended",
        "enabled": "yes",
        "target": {"type": "Flow", "id": "none", "workflowTargetSettings": {"dataFormat": "Xml"}, "more": 1},
        "matchCriteria": [
            {"jsonPath": "a[?(@.b == 1)]", "operator": "Equal", "value": 1},
            {"jsonPath": "a", "operator": "Like", "value": 1},
            {"jsonPath": "a", "operator": "In", "value": 1},
            {"jsonPath": "a", "operator": "All", "values": []},
            {"jsonPath": "a", "operator": "Equal", "values": [1]},
            {"jsonPath": "a", "operator": "Size", "value": -1},
            {"jsonPath": "a", "operator": "Exists", "value": 1},
            {"jsonPath": "a", "operator": "LessThan", "value": true},
            "a",
        ],
        "eventTTLSeconds": 9,
        "delayBySeconds": 59,
        "description": "d".repeat(513),
        "schedule": {},
    });
    let answer = post(&setup, LIST, body).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        fields(&answer),
        [
            "delayBySeconds",
            "delayBySeconds",
            "description",
            "enabled",
            "eventTTLSeconds",
            "matchCriteria[0].jsonPath",
            "matchCriteria[1].operator",
            "matchCriteria[2].value",
            "matchCriteria[2].values",
            "matchCriteria[3].values",
            "matchCriteria[4].value",
            "matchCriteria[4].values",
            "matchCriteria[5].value",
            "matchCriteria[6].value",
            "matchCriteria[7].value",
            "matchCriteria[8]",
            "name",
            "schedule",
            "target.id",
            "target.more",
            "target.type",
            "target.workflowTargetSettings.dataFormat",
            "topicName",
        ]
    );
    assert!(setup.sandbox.state().is_empty());
}

#[tokio::test]
async fn each_limit_of_a_trigger_holds_at_its_edge() {
    let setup = start().await;
    let flows = setup.sandbox.flows().list();
    let [_, other, draft, call_flow] = flows.as_slice() else {
        panic!("{flows:?}")
    };
    let target = |id: &str| json!({"type": "Workflow", "id": id});
    let cases: [(&str, Value, Option<&str>); 18] = [
        ("eventTTLSeconds", json!(10), None),
        ("eventTTLSeconds", json!(9), Some("eventTTLSeconds")),
        ("eventTTLSeconds", json!(10.5), Some("eventTTLSeconds")),
        ("eventTTLSeconds", json!(null), None),
        ("delayBySeconds", json!(60), None),
        ("delayBySeconds", json!(900), None),
        ("delayBySeconds", json!(59), Some("delayBySeconds")),
        ("delayBySeconds", json!(901), Some("delayBySeconds")),
        ("description", json!("d".repeat(512)), None),
        ("description", json!("d".repeat(513)), Some("description")),
        ("enabled", json!(null), Some("enabled")),
        ("topicName", json!("v2.nothing"), Some("topicName")),
        ("target", target(other.id), None),
        ("target", target(draft.id), Some("target.id")),
        ("target", target(call_flow.id), Some("target.id")),
        ("target", target("none"), Some("target.id")),
        ("target", json!(null), Some("target")),
        ("matchCriteria", json!(null), None),
    ];
    for (member, value, wanted) in cases {
        let mut body = trigger("edge");
        if member == "delayBySeconds" {
            body.as_object_mut().unwrap().remove("eventTTLSeconds");
        }
        body[member] = value;
        let answer = post(&setup, LIST, body.clone()).await;
        match wanted {
            None => assert_eq!(answer.status, 200, "{body}: {answer:?}"),
            Some(field) => {
                assert_eq!(answer.status, 400, "{body}");
                assert_eq!(fields(&answer), [field], "{body}");
            }
        }
    }
    let mut both = trigger("both");
    both["delayBySeconds"] = json!(60);
    assert_eq!(fields(&post(&setup, LIST, both).await), ["delayBySeconds"]);
}

#[tokio::test]
async fn lists_have_cursor_pages_and_the_contracts_filters() {
    let setup = start().await;
    let mut ids = Vec::new();
    for (name, change) in [
        ("a", json!({})),
        ("b", json!({"enabled": false})),
        ("c", json!({"topicName": "v2.quality.evaluations"})),
        ("d", json!({"eventTTLSeconds": null, "delayBySeconds": 90})),
    ] {
        let mut body = trigger(name);
        for (member, value) in change.as_object().unwrap() {
            body[member] = value.clone();
        }
        ids.push(create(&setup, body).await);
    }
    let names = |page: &Answer| -> String {
        let entities = page.body["entities"].as_array().unwrap();
        entities
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect()
    };
    for (query, expected) in [
        ("", "abcd"),
        ("?enabled=true", "acd"),
        ("?enabled=false", "b"),
        ("?hasDelayBy=true", "d"),
        ("?hasDelayBy=false&enabled=true", "ac"),
        ("?topicName=v2.quality.evaluations", "c"),
        ("?topicName=v2.none", ""),
    ] {
        let page = get(&setup, &format!("{LIST}{query}")).await;
        assert_eq!(names(&page), expected, "{query}");
        assert!(page.body.get("total").is_none());
    }
    let first = get(&setup, &format!("{LIST}?pageSize=2&enabled=true")).await;
    assert_eq!(names(&first), "ac");
    let next = first.body["nextUri"].as_str().unwrap();
    let second = get(&setup, next).await;
    assert_eq!(
        (names(&second), second.body.get("nextUri")),
        ("d".into(), None)
    );
    for bad in ["?enabled=yes", "?pageSize=201", "?after=x"] {
        assert_eq!(get(&setup, &format!("{LIST}{bad}")).await.status, 400);
    }
    // Topics are names alone, in pages of the same kind.
    let topics = get(&setup, &format!("{LIST}/topics?pageSize=20")).await;
    assert_eq!(topics.body["entities"].as_array().unwrap().len(), 20);
    let rest = get(&setup, topics.body["nextUri"].as_str().unwrap()).await;
    assert!(rest.body.get("nextUri").is_none());
    let all = get(&setup, &format!("{LIST}/topics?pageSize=200")).await;
    assert!(
        all.body["entities"]
            .as_array()
            .unwrap()
            .contains(&json!(TOPIC))
    );
}

#[tokio::test]
async fn a_dry_run_tells_schema_target_and_criteria_apart() {
    let setup = start().await;
    let mut body = trigger("a");
    body["matchCriteria"] = json!([
        {"jsonPath": "mediaType", "operator": "In", "values": ["VOICE", "MESSAGE"]},
        {"jsonPath": "$.segments[*].purpose", "operator": "Contains", "value": "agent"},
    ]);
    let path = format!("{LIST}/{}/test", create(&setup, body).await);
    let mut good = event("VOICE");
    good["segments"] = json!([{"purpose": "ivr"}, {"purpose": "agent"}]);

    let result = post(&setup, &path, as_text(&good)).await;
    assert_eq!(result.status, 200);
    assert_eq!(result.body["triggerMatches"], true);
    for step in ["schemaValidation", "targetValidation", "jsonPathValidation"] {
        assert_eq!(result.body[step]["matches"], true, "{step}");
    }
    assert_eq!(
        result.body["jsonPathValidation"]["details"],
        json!([
            {
                "jsonPath": "mediaType", "operator": "In", "values": ["VOICE", "MESSAGE"], "match": true,
                "generatedJsonPathCondition": "$[?(@.mediaType in [\"VOICE\",\"MESSAGE\"])]",
                "jsonPathExtraction": [{"path": "$['mediaType']", "value": "VOICE"}],
            },
            {
                "jsonPath": "$.segments[*].purpose", "operator": "Contains", "value": "agent", "match": true,
                "generatedJsonPathCondition": "$[?(@.segments[*].purpose contains \"agent\")]",
                "jsonPathExtraction": [
                    {"path": "$['segments'][0]['purpose']", "value": "ivr"},
                    {"path": "$['segments'][1]['purpose']", "value": "agent"},
                ],
            },
        ])
    );

    // One criterion fails: the step fails, and the other one still says that it holds.
    let mut other = good.clone();
    other["mediaType"] = json!("EMAIL");
    let result = post(&setup, &path, as_text(&other)).await.body;
    assert_eq!(
        (
            &result["triggerMatches"],
            &result["schemaValidation"]["matches"]
        ),
        (&json!(false), &json!(true))
    );
    let matches: Vec<&Value> = result["jsonPathValidation"]["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|detail| &detail["match"])
        .collect();
    assert_eq!(matches, [&json!(false), &json!(true)]);

    // The event breaks its schema.
    let mut broken = good.clone();
    broken["eventTime"] = json!("noon");
    broken.as_object_mut().unwrap().remove("conversationId");
    let result = post(&setup, &path, as_text(&broken)).await.body;
    assert_eq!(
        (
            &result["triggerMatches"],
            &result["jsonPathValidation"]["matches"]
        ),
        (&json!(false), &json!(true))
    );
    let details = &result["schemaValidation"]["details"];
    assert_eq!(details.as_array().unwrap().len(), 2, "{details}");

    // The flow was taken back after the trigger was made.
    setup
        .sandbox
        .flows()
        .set_published(WORKFLOW_ID, false)
        .unwrap();
    let result = post(&setup, &path, as_text(&good)).await.body;
    assert_eq!(
        (&result["triggerMatches"], &result["targetValidation"]),
        (
            &json!(false),
            &json!({
                "name": "Target validation", "step": 2, "matches": false,
                "details": ["target.id names a flow that is not published"],
            })
        )
    );
    // Nothing but the trigger's creation had an effect.
    let effects: usize = setup
        .sandbox
        .ledger()
        .iter()
        .map(|entry| entry.effects.len())
        .sum();
    // The token and the trigger.
    assert_eq!(effects, 2);
}

#[tokio::test]
async fn the_event_of_a_dry_run_is_a_text_of_json_json_itself_or_nothing() {
    let setup = start().await;
    let id = create(&setup, trigger("a")).await;
    let path = format!("{LIST}/{id}/test");
    for body in [as_text(&event("VOICE")), event("VOICE")] {
        assert_eq!(post(&setup, &path, body).await.body["triggerMatches"], true);
    }
    let empty = call(&setup, Method::POST, &path, None).await;
    assert_eq!(
        (
            empty.status.as_u16(),
            &empty.body["triggerMatches"],
            &empty.body["schemaValidation"]["matches"]
        ),
        (200, &json!(false), &json!(false))
    );
    let list = post(&setup, &path, json!("[]")).await;
    assert_eq!(list.body["schemaValidation"]["matches"], false);
    let broken = post(&setup, &path, json!("{\"a\":")).await;
    assert_eq!(
        (broken.status.as_u16(), broken.body["code"].as_str()),
        (400, Some("invalid.json"))
    );
    let none = post(&setup, &format!("{LIST}/none/test"), event("VOICE")).await;
    assert_eq!(none.status, 404);
    let text = setup
        .request(Method::POST, &path)
        .header("content-type", "text/plain")
        .body("{}");
    assert_eq!(text.send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn the_dry_run_of_a_topic_sorts_its_triggers() {
    let setup = start().await;
    let voice = create(&setup, trigger("voice")).await;
    let mut chat = trigger("chat");
    chat["matchCriteria"][0]["value"] = json!("CHAT");
    chat["enabled"] = json!(false);
    let chat = create(&setup, chat).await;
    let mut elsewhere = trigger("elsewhere");
    elsewhere["topicName"] = json!("v2.quality.evaluations");
    create(&setup, elsewhere).await;

    let path = |topic: &str| {
        let topic = topic.replace('{', "%7B").replace('}', "%7D");
        format!("{LIST}/topics/{topic}/test")
    };
    let result = post(&setup, &path(TOPIC), as_text(&event("CHAT"))).await;
    let brief = |id: &str, name: &str, enabled: bool| json!([{"id": id, "name": name, "enabled": enabled, "selfUri": format!("{LIST}/{id}")}]);
    assert_eq!(
        result.body["triggerMatchValidation"],
        json!({
            "name": "Trigger match validation", "step": 2,
            "matchedTriggers": brief(&chat, "chat", false),
            "unmatchedTriggers": brief(&voice, "voice", true),
        })
    );
    // An event that breaks the schema starts nothing.
    let result = post(&setup, &path(TOPIC), json!({"mediaType": "CHAT"})).await;
    let matched = &result.body["triggerMatchValidation"]["matchedTriggers"];
    assert_eq!((result.status.as_u16(), matched), (200, &json!([])));
    let unknown = post(&setup, &path("v2.none"), event("CHAT")).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn triggers_and_flows_want_their_own_permissions() {
    let client = |id: &str, permissions: &[&str]| {
        OauthClient::new(id, "s").with_permissions(permissions.iter().copied())
    };
    let builder = Sandbox::builder()
        .with_profile(Profile::Platform)
        .with_client(client("none", &["integrations:*"]))
        .with_client(client("editor", &["processautomation:trigger:edit"]));
    let mut setup = Setup::with(builder).await;
    let one = format!("{LIST}/{}", create(&setup, trigger("a")).await);
    let test = format!("{one}/test");
    let trigger = |action: &str| format!("processautomation:trigger:{action}");
    setup.token = token(&setup.http, &setup.sandbox, "none", "s").await;
    for (method, path, missing) in [
        (
            Method::GET,
            LIST,
            format!("[{}, {}]", trigger("edit"), trigger("view")),
        ),
        (Method::POST, LIST, trigger("add")),
        (Method::PUT, &one, trigger("edit")),
        (Method::DELETE, &one, trigger("delete")),
        (Method::POST, &test, trigger("test")),
        (Method::GET, "/api/v2/flows", "architect:flow:view".into()),
    ] {
        let answer = call(&setup, method, path, Some(json!({}))).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.body["messageParams"]["permissions"].as_str()
            ),
            (403, Some(missing.as_str()))
        );
    }
    // Whoever may edit may look.
    setup.token = token(&setup.http, &setup.sandbox, "editor", "s").await;
    assert_eq!(get(&setup, &one).await.status, 200);
    assert_eq!(get(&setup, &format!("{LIST}/topics")).await.status, 200);
    assert_eq!(call(&setup, Method::DELETE, &one, None).await.status, 403);
}

#[tokio::test]
async fn flows_are_listed_found_and_published_from_outside() {
    let setup = start().await;
    let flows = "/api/v2/flows";
    for (query, total) in [
        ("", 4),
        ("?type=workflow", 3),
        ("?type=workflow&type=inboundcall", 4),
        ("?name=forward+event", 1),
        ("?name=*work*", 1),
        ("?name=Forward", 0),
        ("?name=f*", 2),
        ("?name=*line", 1),
        (&format!("?id={WORKFLOW_ID}"), 1),
    ] {
        let page = get(&setup, &format!("{flows}{query}")).await;
        assert_eq!(page.body["total"], total, "{query}");
    }
    let path = format!("{flows}/{WORKFLOW_ID}");
    assert_eq!(
        get(&setup, &path).await.body["publishedVersion"]["id"],
        "1.0"
    );
    let change = json!({"id": WORKFLOW_ID, "published": false});
    let answer = setup.post("/_sandbox/flows", change).await;
    assert_eq!(answer.status, 204);
    let flow = get(&setup, &path).await.body;
    assert_eq!(
        (flow.get("publishedVersion"), &flow["active"]),
        (None, &json!(false))
    );
    assert_eq!(get(&setup, &format!("{flows}/none")).await.status, 404);
    let unknown = json!({"id": "none", "published": true});
    assert_eq!(setup.post("/_sandbox/flows", unknown).await.status, 404);
    assert!(setup.sandbox.flows().set_published("none", true).is_err());
    assert!(setup.sandbox.state().is_empty());
}
