//! Both profiles over real sockets, on organisations whose faults are known.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use depgraph::{Detail, FindingKind, Policy, Rule, State};
use genesys_auth::{ClientCredentials, OAuth, TokenCache};
use genesys_core::transport::ReqwestTransport;
use genesys_core::{Client, Hosts, Profile};
use genesys_dependencies::{
    DependencyMap, IacPayload, MapOutcome, Mapper, Phase, ensure_iac_webhook, iac_registration,
};
use genesys_routing::read::ReadOptions;
use genesys_sandbox::{
    CLIENT_ID, CLIENT_SECRET, Fault, HOME_DIVISION_ID, Kind, ORGANISATION_ID, OauthClient,
    Organisation, Sandbox, TrackingStatus,
};
use genesys_webhooks::EnsuredState;
use resilience::{Backoff, Jitter, RetryPolicy};
use serde_json::{Value, json};

const QUEUES: &str = "/api/v2/routing/queues";

/// A client that waits a millisecond where it would wait a second.
fn client_of(sandbox: &Sandbox, id: &str, secret: &str) -> Client {
    let quick = Backoff::clamp(
        Duration::from_millis(1),
        1.0,
        Duration::from_millis(1),
        Jitter::None,
    );
    let hosts = Hosts::new(&sandbox.api_url(), &sandbox.login_url()).unwrap();
    let transport = Arc::new(ReqwestTransport::builder().build().unwrap());
    let credentials = ClientCredentials::new(id, secret).unwrap();
    let oauth = OAuth::builder(hosts.clone(), credentials)
        .with_transport(transport.clone())
        .build()
        .unwrap();
    Client::builder(hosts)
        .with_transport(transport)
        .with_token_source(TokenCache::new(oauth))
        .with_retry(
            RetryPolicy::default()
                .with_transient(quick)
                .with_throttle(quick),
        )
        .build()
        .unwrap()
}

pub(crate) async fn start(organisation: Organisation) -> (Sandbox, Client) {
    let builder = Sandbox::builder().with_organisation(organisation);
    let sandbox = builder
        .with_quota(1_000_000, Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    let client = client_of(&sandbox, CLIENT_ID, CLIENT_SECRET);
    (sandbox, client)
}

/// Everything is forbidden, so that every finding shows.
fn strict() -> Policy {
    Policy::default()
        .with_orphans(Rule::Allow)
        .with_listed(10_000)
}

async fn mapped(client: &Client, profile: Profile, options: &ReadOptions) -> Arc<MapOutcome> {
    Mapper::for_profile(profile, client, options)
        .with_policy(strict())
        .map()
        .await
        .unwrap()
}

fn queue(id: &str, more: Value) -> Value {
    let mut queue =
        json!({"id": id, "name": format!("Queue {id}"), "division": {"id": HOME_DIVISION_ID}});
    queue
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    queue
}

/// A ring of three queues, a queue that names itself, a diamond, references that lead nowhere, and flows that use each other.
fn planted() -> Organisation {
    let backup = |id: &str| json!({"directRouting": {"backupQueueId": id}});
    let flow = |id: &str, kind: &str| json!({"id": id, "name": id, "type": kind, "publishedVersion": {"id": "1.0"}});
    Organisation::new("Planted")
        .with_object(Kind::User, json!({"id": "u-1", "name": "Ann", "version": 1}))
        .with_object(Kind::Prompt, json!({"id": "p-1", "name": "Welcome"}))
        .with_object(Kind::Flow, flow("f-1", "INBOUNDCALL"))
        .with_object(Kind::Flow, flow("f-2", "COMMONMODULE"))
        .with_object(Kind::Queue, queue("ring-1", backup("ring-2")))
        .with_object(Kind::Queue, queue("ring-2", backup("ring-3")))
        .with_object(Kind::Queue, queue("ring-3", backup("ring-1")))
        .with_object(Kind::Queue, queue("self", backup("self")))
        .with_object(Kind::Queue, queue("top", json!({"conditionalGroupRouting": {"rules": [{"queue": {"id": "left"}}, {"queue": {"id": "right"}}]}})))
        .with_object(Kind::Queue, queue("left", backup("bottom")))
        .with_object(Kind::Queue, queue("right", backup("bottom")))
        .with_object(Kind::Queue, queue("bottom", json!({"queueFlow": {"id": "f-gone"}, "onHoldPrompt": {"id": "p-1"}, "whisperPrompt": {"id": "p-gone"}})))
        .with_member("bottom", "u-1")
        .with_use("f-1", "QUEUE", "top")
        .with_use("f-1", "USERPROMPT", "p-gone-too")
        .with_use("f-1", "COMMONMODULEFLOW", "f-2")
        .with_use("f-2", "COMMONMODULEFLOW", "f-1")
}

fn cycles(map: &DependencyMap) -> BTreeSet<BTreeSet<String>> {
    let cycles = map
        .report
        .of_kind(FindingKind::Cycle)
        .filter_map(|finding| match &finding.detail {
            Detail::Cycle(cycle) => {
                Some(cycle.members.iter().map(|node| node.id.clone()).collect())
            }
            _ => None,
        });
    cycles.collect()
}

fn set<const N: usize>(ids: [&str; N]) -> BTreeSet<String> {
    ids.map(str::to_owned).into()
}

fn dangling(map: &DependencyMap) -> BTreeSet<String> {
    let found = map
        .report
        .of_kind(FindingKind::Dangling)
        .filter_map(|finding| match &finding.detail {
            Detail::Dangling { node, .. } => Some(node.id.clone()),
            _ => None,
        });
    found.collect()
}

#[tokio::test]
async fn what_is_planted_is_found_and_nothing_else() {
    // errata DEP-09, DEP-10, DEP-11, DEP-12, DEP-20, DEP-21, DEP-22
    let (_sandbox, client) = start(planted()).await;
    let outcome = mapped(&client, Profile::Platform, &ReadOptions::default()).await;
    let map = &outcome.map;
    assert_eq!(map.organization.id, ORGANISATION_ID);
    assert!(map.is_complete(), "{:?}", map.graph.gaps());
    assert_eq!(map.queues(), 8);
    assert_eq!(
        cycles(map),
        BTreeSet::from([set(["ring-1", "ring-2", "ring-3"]), set(["f-1", "f-2"])])
    );
    assert_eq!(map.report.total(FindingKind::SelfReference).found(), 1);
    assert_eq!(dangling(map), set(["f-gone", "p-gone", "p-gone-too"]));
    for id in ["f-gone", "p-gone", "p-gone-too"] {
        assert_eq!(
            map.graph.state(map.graph.find(id).unwrap()),
            State::Deleted,
            "{id}"
        );
    }
    assert_eq!(
        (
            map.accuracy.unresolved_total(),
            map.accuracy.unresolved.len()
        ),
        (3, 3)
    );
    // The chain of a diamond is no cycle, and the longest path is counted through it.
    assert!(map.report.depth >= 4);
    let ring = map
        .report
        .of_kind(FindingKind::Cycle)
        .find_map(|finding| match &finding.detail {
            Detail::Cycle(cycle) if cycle.size == 3 => Some(cycle),
            _ => None,
        });
    let evidence: Vec<&str> = ring
        .unwrap()
        .witness
        .iter()
        .map(|edge| edge.evidence.as_str())
        .collect();
    assert_eq!(evidence, ["directRouting.backupQueueId"; 3]);
    assert_eq!(ring.unwrap().cut.size, 1);
}

#[tokio::test]
async fn the_document_reads_queues_members_and_locations_and_says_what_it_did_not_read() {
    let (sandbox, client) = start(planted().with_object(
        Kind::Location,
        json!({"id": "l", "name": "Here", "state": "active"}),
    ))
    .await;
    let outcome = mapped(&client, Profile::Guide, &ReadOptions::default()).await;
    let map = &outcome.map;
    assert_eq!((map.queues(), map.status()), (8, "complete"));
    assert!(
        dangling(map).contains("p-1"),
        "prompts are not read in this profile"
    );
    assert_eq!(
        map.graph.state(map.graph.find("p-1").unwrap()),
        State::NotFetched
    );
    assert_eq!(
        map.graph
            .attribute(map.graph.find("bottom").unwrap(), "memberCount"),
        Some("1")
    );
    let asked: BTreeSet<String> = sandbox
        .ledger()
        .into_iter()
        .map(|entry| entry.path)
        .filter(|path| path.starts_with("/api/v2/architect"))
        .collect();
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test]
async fn lists_that_lie_about_their_pages_end_and_the_map_says_what_is_in_doubt() {
    // errata DEP-05, DEP-06, DEP-08
    let many = (0..60).fold(Organisation::new("Many"), |all, n| {
        all.with_object(Kind::Queue, queue(&format!("q-{n:02}"), json!({})))
    });
    for (fault, queues, complete) in [
        (Fault::repeated_page(true), 10, false),
        (Fault::repeated_page(false), 10, false),
        (Fault::page_count(1_000_000), 60, true),
        (Fault::page_count(2), 60, true),
        (Fault::without_id(), 0, false),
    ] {
        let (sandbox, client) = start(many.clone()).await;
        let told = format!("{:?}", fault.kind());
        sandbox.faults().add(fault.with_path(QUEUES)).unwrap();
        let options = ReadOptions::default().with_page_size(10).with_rereads(0);
        let outcome = mapped(&client, Profile::Guide, &options).await;
        let map = &outcome.map;
        if told.contains("Repeated") {
            assert!(
                map.queues() >= queues && map.queues() < 60,
                "{told}: {}",
                map.queues()
            );
        } else if told.contains("Id") {
            assert!(map.queues() < 60, "{told}");
        } else {
            assert_eq!(map.queues(), queues, "{told}");
        }
        assert_eq!(
            map.is_complete(),
            complete,
            "{told}: {:?}",
            map.graph.gaps()
        );
        assert!(sandbox.ledger().len() < 200, "{told}: it ends");
    }
}

#[tokio::test]
async fn one_failed_page_is_a_gap_and_the_rest_is_there() {
    // errata DEP-07
    let many = (0..50).fold(Organisation::new("Many"), |all, n| {
        all.with_object(Kind::Queue, queue(&format!("q-{n:02}"), json!({})))
    });
    let (sandbox, client) = start(many).await;
    // The second page, and every attempt at it.
    sandbox
        .faults()
        .add(
            Fault::status(500)
                .with_path(QUEUES)
                .with_skip(1)
                .with_count(4),
        )
        .unwrap();
    let options = ReadOptions::default()
        .with_page_size(10)
        .with_concurrency(1);
    let outcome = mapped(&client, Profile::Guide, &options).await;
    let map = &outcome.map;
    assert_eq!(map.queues(), 40);
    assert!(
        map.graph
            .gaps()
            .iter()
            .any(|gap| gap.scope == "queues: page 2"),
        "{:?}",
        map.graph.gaps()
    );
    assert_eq!(map.status(), "incomplete");
    assert_eq!(
        map.report.total(FindingKind::Incomplete).found(),
        map.graph.gaps().len()
    );
}

#[tokio::test]
async fn one_kind_that_may_not_be_read_is_told_and_the_rest_is_there() {
    let (sandbox, _) = start(planted()).await;
    let allowed = [
        "routing:queue:view",
        "architect:flow:view",
        "architect:dependencyTracking:view",
        "routing:queue:member:manage",
    ];
    sandbox.put_client(OauthClient::new("narrow", "secret").with_permissions(allowed));
    let client = client_of(&sandbox, "narrow", "secret");
    let outcome = mapped(&client, Profile::Platform, &ReadOptions::default()).await;
    let map = &outcome.map;
    assert_eq!(map.queues(), 8);
    let prompts = map
        .graph
        .gaps()
        .iter()
        .find(|gap| gap.scope == "prompts")
        .unwrap();
    assert!(
        prompts.reason.contains("architect:userPrompt:view"),
        "{}",
        prompts.reason
    );
    assert_eq!(
        map.graph.state(map.graph.find("p-1").unwrap()),
        State::NotPermitted
    );
    let denied: Vec<_> = map
        .sources
        .iter()
        .filter(|source| source.error.is_some())
        .map(|source| source.name.as_str())
        .collect();
    assert!(
        denied.contains(&"prompts") && !denied.contains(&"queues"),
        "{denied:?}"
    );
}

#[tokio::test]
async fn dependency_tracking_that_was_never_built_is_a_gap() {
    let (_sandbox, client) = start(planted().with_tracking(TrackingStatus::NotBuilt)).await;
    let outcome = mapped(&client, Profile::Platform, &ReadOptions::default()).await;
    let map = &outcome.map;
    assert!(map.graph.gaps().iter().any(|gap| gap.scope.contains("dependency tracking") && gap.reason.contains("NOTBUILT")));
    assert_eq!(cycles(map).len(), 1, "what flows use is not known");
}

#[tokio::test]
async fn triggers_integrations_and_actions_are_part_of_the_map() {
    // errata DEP-10
    let (sandbox, client) = start(Organisation::new("Automated")).await;
    sandbox.set_profile(genesys_sandbox::Profile::Platform);
    let made = |value: Value| value["id"].as_str().unwrap().to_owned();
    let trigger = json!({
        "name": "Follow up", "topicName": "v2.detail.events.conversation.{id}.customer.end", "enabled": true,
        "target": {"type": "Workflow", "id": genesys_sandbox::WORKFLOW_ID}, "matchCriteria": [], "eventTTLSeconds": 60,
    });
    let trigger = made(
        client
            .post("/api/v2/processautomation/triggers")
            .with_json(&trigger)
            .json()
            .await
            .unwrap(),
    );
    let integration = json!({"name": "CRM", "integrationType": {"id": "custom-rest-actions"}});
    let integration = made(
        client
            .post("/api/v2/integrations")
            .with_json(&integration)
            .json()
            .await
            .unwrap(),
    );
    let schema = json!({"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "properties": {"id": {"type": "string"}}});
    let action = json!({
        "name": "Look up", "category": "CRM", "integrationId": integration, "secure": false,
        "contract": {"input": {"inputSchema": schema}, "output": {"successSchema": schema}},
        "config": {
            "request": {"requestUrlTemplate": "https://crm.example.com/v1/${input.id}", "requestType": "GET", "requestTemplate": "${input.rawRequest}", "headers": {}},
            "response": {"translationMap": {}, "translationMapDefaults": {}, "successTemplate": "${rawResult}"},
        },
    });
    let action = made(
        client
            .post("/api/v2/integrations/actions")
            .with_json(&action)
            .json()
            .await
            .unwrap(),
    );
    let widget = json!({"name": "Panel", "integrationType": {"id": "embedded-client-app"}});
    let request = client.post("/api/v2/integrations").with_json(&widget);
    let widget = made(request.json().await.unwrap());
    let route = format!("/api/v2/integrations/{widget}/config/current");
    let mut config: Value = client.get(route.clone()).json().await.unwrap();
    config["properties"] = json!({"url": "https://panel.example.com/app", "displayType": "standalone", "groups": ["g-1"]});
    client
        .put(route)
        .with_json(&config)
        .json::<Value>()
        .await
        .unwrap();
    let outcome = mapped(&client, Profile::Platform, &ReadOptions::default()).await;
    let graph = &outcome.map.graph;
    let edges: BTreeSet<String> = graph
        .edges()
        .map(|edge| {
            format!(
                "{} {} {}",
                graph.id(edge.source),
                edge.kind_name,
                graph.id(edge.target)
            )
        })
        .collect();
    for edge in [
        format!("{trigger} runs {}", genesys_sandbox::WORKFLOW_ID),
        format!("{action} part-of {integration}"),
        format!("{action} calls https://crm.example.com"),
        format!("{widget} calls https://panel.example.com"),
        format!("{widget} shown-to g-1"),
    ] {
        assert!(edges.contains(&edge), "{edge} is not in {edges:#?}");
    }
    let unresolved = &outcome.map.accuracy.unresolved;
    assert_eq!(
        unresolved.len(),
        1,
        "the group does not exist: {unresolved:?}"
    );
}

#[tokio::test]
async fn large_pages_and_small_ones_give_the_same_map() {
    // errata DEP-04, ALL-31
    let (_sandbox, client) = start(planted()).await;
    let mut graphs = BTreeSet::new();
    for (size, width) in [(1, 1), (3, 4), (100, 1), (500, 8)] {
        let options = ReadOptions::default()
            .with_page_size(size)
            .with_concurrency(width);
        let outcome = mapped(&client, Profile::Platform, &options).await;
        graphs.insert(
            outcome
                .map
                .graph
                .to_snapshot(&mut depgraph::Work::unlimited())
                .unwrap(),
        );
        assert!(
            outcome
                .timings
                .iter()
                .any(|one| one.phase == Phase::Connect)
        );
    }
    assert_eq!(graphs.len(), 1);
}

#[tokio::test]
async fn the_webhook_is_registered_once_and_its_deliveries_are_the_payload() {
    // errata DEP-32, DEP-33, DEP-35
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let callback = format!("http://{}/sync", listener.local_addr().unwrap());
    let (bodies, mut received) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(answer_200(listener, bodies));

    let (_sandbox, client) = start(planted()).await;
    let webhooks = genesys_webhooks::for_profile(Profile::Guide, &client);
    let registration = iac_registration(
        &callback,
        &["standard".to_owned(), "a \"tier\" {{org.id}}".to_owned()],
    )
    .unwrap();
    let states = [
        ensure_iac_webhook(&*webhooks, &registration)
            .await
            .unwrap()
            .state,
        ensure_iac_webhook(&*webhooks, &registration)
            .await
            .unwrap()
            .state,
    ];
    assert_eq!(states, [EnsuredState::Created, EnsuredState::Unchanged]);
    // A queue changes, and the template is filled in.
    let change = json!([{"id": "u-1"}]);
    client
        .post(format!("{QUEUES}/top/members"))
        .with_json(&change)
        .empty()
        .await
        .unwrap();
    let payload: IacPayload = loop {
        let body: Vec<u8> = received.recv().await.unwrap();
        // The registration itself asks whether the callback answers.
        if let Ok(payload) = serde_json::from_slice(&body) {
            break payload;
        }
    };
    assert_eq!(
        (payload.org_id.as_str(), payload.connection_limits),
        (ORGANISATION_ID, Some(1))
    );
    assert_eq!(payload.service_tiers, ["standard", "a \"tier\" {{org.id}}"]);
}

/// Answers every request with 200 and tells its body.
async fn answer_200(
    listener: tokio::net::TcpListener,
    bodies: tokio::sync::mpsc::UnboundedSender<Vec<u8>>,
) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let bodies = bodies.clone();
        tokio::spawn(async move {
            let mut seen = Vec::new();
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                seen.extend_from_slice(&buffer[..read]);
                let text = String::from_utf8_lossy(&seen).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let length = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("content-length")
                        .then(|| value.trim().parse::<usize>().ok())?
                });
                if body.len() >= length.unwrap_or(0) {
                    let _ = bodies.send(body.as_bytes().to_vec());
                    let _ = stream
                        .write_all(
                            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
                        )
                        .await;
                    return;
                }
            }
        });
    }
}
