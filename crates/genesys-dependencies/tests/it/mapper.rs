//! The whole of a mapping, on a scripted platform.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use depgraph::{FindingKind, Policy, Rule, Selector};
use genesys_core::audit::{AuditEntry, AuditPhase};
use genesys_core::test_util::{Reply, ScriptedTransport};
use genesys_core::{Client, Profile, Result};
use genesys_dependencies::{
    ArchitectureMapped, Coverage, CrawlOptions, Crawler, DependencyMap, DependencySource,
    MapErrorKind, Mapper, ObjectKind, Phase, Protected, Sink, SnapshotStore,
};
use genesys_routing::Directory;
use genesys_routing::read::ReadOptions;
use genesys_webhooks::{Notifier, SigningKey, TargetUrl, Verifier};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::support::Platform;

const QUEUES: &str = "/api/v2/routing/queues";

fn queue(id: &str, backup: Option<&str>, members: u64) -> Value {
    json!({"id": id, "name": format!("Queue {id}"), "memberCount": members, "directRouting": {"backupQueueId": backup}})
}

/// Three queues, of which two back each other up.
fn platform() -> Platform {
    let queues = [
        queue("a", Some("b"), 3),
        queue("b", Some("a"), 4),
        queue("c", None, 0),
    ];
    ["a", "b", "c"]
        .iter()
        .fold(Platform::new().list(QUEUES, queues), |platform, id| {
            platform.list(&format!("{QUEUES}/{id}/members"), [])
        })
        .list(
            "/api/v2/locations",
            [json!({"id": "l-1", "name": "Here", "state": "active"})],
        )
}

fn mapper(client: &Client) -> Mapper {
    Mapper::for_profile(Profile::Guide, client, &ReadOptions::default())
}

fn forbidding() -> Policy {
    Policy::default().with_orphans(Rule::Allow)
}

fn outcomes<'a>(entries: &'a [AuditEntry], action: &str) -> Vec<&'a AuditEntry> {
    entries
        .iter()
        .filter(|entry| entry.action == action && entry.phase == AuditPhase::Outcome)
        .collect()
}

#[tokio::test]
async fn a_mapping_says_whose_it_is_when_and_what_was_found() {
    // errata DEP-37, DEP-42, DEP-45
    let client = platform().client();
    let outcome = mapper(&client).map().await.unwrap();
    let map = &outcome.map;
    assert_eq!(
        (
            map.organization.id.as_str(),
            map.organization.name.as_deref()
        ),
        ("org-1", Some("Acme"))
    );
    assert_eq!(
        (
            map.status(),
            map.queues(),
            map.is_valid(),
            map.queue_members()
        ),
        ("complete", 3, true, Some(7))
    );
    assert_eq!(map.graph.properties()["organization"], "org-1");
    assert_eq!(map.accuracy.ratio(), Some(1.0));
    let cycle = map.report.total(FindingKind::Cycle);
    assert_eq!(
        (cycle.errors, cycle.warnings),
        (0, 1),
        "queues that back each other up are a warning"
    );
    let phases: Vec<Phase> = outcome.timings.iter().map(|one| one.phase).collect();
    assert_eq!(
        phases,
        [
            Phase::Connect,
            Phase::Read,
            Phase::Resolve,
            Phase::Build,
            Phase::Validate,
            Phase::Analyse
        ]
    );

    let mut work = depgraph::Work::unlimited();
    let document: Value = serde_json::from_str(&map.to_json(&mut work).unwrap()).unwrap();
    for (member, value) in [
        ("status", json!("complete")),
        ("queues", json!(3)),
        ("graph_valid", json!(true)),
        ("resolution_accuracy", json!(1.0)),
    ] {
        assert_eq!(document[member], value, "{member}");
    }
    assert!(document["latency_ms"].is_f64() && document["snapshot_time"].is_string());
    assert_eq!(
        document["completeness"],
        json!({"complete": true, "gaps": []})
    );
    assert_eq!(document["graph"]["nodes"].as_array().unwrap().len(), 4);
    assert_eq!(document["findings"]["findings"][0]["finding"], "cycle");

    let read = DependencyMap::from_json(
        &document.to_string(),
        &depgraph::Limits::default(),
        &mut work,
    )
    .unwrap();
    assert_eq!(
        read.to_json(&mut work).unwrap(),
        map.to_json(&mut work).unwrap()
    );
}

#[tokio::test]
async fn the_audit_trail_names_the_organisation_and_each_kind_of_finding_by_its_own_name() {
    // errata DEP-37, DEP-38
    let deleted = json!({"id": "q", "name": "Q", "directRouting": {"backupQueueId": "gone"}});
    let itself = json!({"id": "q", "name": "Q", "directRouting": {"backupQueueId": "q"}});
    let cycle = [queue("a", Some("b"), 1), queue("b", Some("a"), 1)];
    for (queues, policy, status) in [
        (cycle.to_vec(), forbidding(), "cycle"),
        (vec![deleted.clone()], forbidding(), "dangling"),
        (vec![itself], forbidding(), "self_reference"),
        (
            vec![deleted],
            forbidding()
                .with_max_depth(0)
                .with_dangling(depgraph::State::Deleted, Rule::Warn),
            "depth",
        ),
        (
            vec![json!({"id": "q"})],
            Policy::default().with_orphans(Rule::Forbid),
            "orphan",
        ),
        (vec![json!({"id": "q"})], forbidding(), "success"),
    ] {
        let platform = Platform::new()
            .list(QUEUES, queues)
            .list("/api/v2/locations", []);
        let platform = ["a", "b", "q"].iter().fold(platform, |platform, id| {
            platform.list(&format!("{QUEUES}/{id}/members"), [])
        });
        let (client, trail) = platform.audited();
        let outcome = mapper(&client).with_policy(policy).map().await.unwrap();
        let entries = trail.entries();
        let validation = outcomes(&entries, "validation")[0];
        assert_eq!(validation.attributes["status"], status);
        assert_eq!(validation.attributes["orgId"], "org-1");
        assert_eq!(validation.target.as_deref(), Some("org-1"));
        let mapping = outcomes(&entries, "mapping")[0];
        assert_eq!(
            (&mapping.attributes["orgId"], &mapping.attributes["status"]),
            (&json!("org-1"), &json!("success"))
        );
        for entry in [validation, mapping] {
            assert!(entry.attributes["latencyMs"].is_number());
            // errata DEP-36
            assert_eq!(
                entry.attributes.get("accuracy").and_then(Value::as_f64),
                outcome.map.accuracy.ratio()
            );
        }
    }
}

#[tokio::test]
async fn a_mapping_that_fails_is_audited_counted_and_leaves_the_last_map() {
    // errata ALL-22, DEP-37, DEP-41
    let platform = platform();
    let (client, trail) = platform.audited();
    let mapper =
        mapper(&client).with_crawler(|crawler| crawler.with_options(CrawlOptions::new().strict()));
    let first = mapper.map().await.unwrap();
    platform.set_status("/api/v2/organizations", Some(500));
    let error = mapper.map().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (MapErrorKind::Upstream, Phase::Connect)
    );
    platform.set_status("/api/v2/organizations", None);
    platform.set_status("/api/v2/locations", Some(500));
    let error = mapper.map().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (MapErrorKind::Incomplete, Phase::Build)
    );
    assert!(Arc::ptr_eq(&mapper.last().unwrap(), &first.map));

    let entries = trail.entries();
    let mappings = outcomes(&entries, "mapping");
    let told: Vec<_> = mappings
        .iter()
        .map(|entry| {
            (
                entry.attributes["status"].as_str().unwrap(),
                entry.attributes.get("orgId"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("success", Some(&json!("org-1"))),
            ("upstream", None),
            ("incomplete", Some(&json!("org-1")))
        ]
    );
    assert_eq!(outcomes(&entries, "validation").len(), 1);
    let metrics = mapper.metrics().snapshot();
    assert_eq!(
        (
            metrics.total_mappings,
            metrics.successful_mappings,
            metrics.failed_mappings
        ),
        (3, 1, 2)
    );
    assert!((metrics.success_rate - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!((metrics.valid_maps, metrics.invalid_maps), (1, 0));
}

#[tokio::test]
async fn without_a_mapping_all_counts_are_zero_and_nothing_is_claimed() {
    // errata DEP-36, DEP-39
    let client = Platform::new().client();
    let metrics = mapper(&client).metrics().snapshot();
    let document = serde_json::to_value(&metrics).unwrap();
    assert_eq!(
        (
            document["total_mappings"].as_u64(),
            document["success_rate"].as_f64(),
            document["avg_latency_ms"].as_f64()
        ),
        (Some(0), Some(0.0), Some(0.0))
    );
    assert!(document.get("resolution_accuracy").is_none());
    let text = metrics.to_prometheus();
    assert!(text.contains("dependency_mappings_total{result=\"success\"} 0"));
    assert!(!text.contains("dependency_resolution_accuracy"));
}

#[tokio::test]
async fn the_counts_add_up_over_all_maps() {
    // errata DEP-36, DEP-40, DEP-41
    let platform = Platform::new()
        .list(
            QUEUES,
            [json!({"id": "q", "queueFlow": {"id": "f"}, "directRouting": {"backupQueueId": "q"}})],
        )
        .list(&format!("{QUEUES}/q/members"), [])
        .list("/api/v2/locations", []);
    let client = platform.client();
    let mapper = mapper(&client).with_policy(forbidding());
    for _ in 0..4 {
        mapper.map().await.unwrap();
    }
    let metrics = mapper.metrics().snapshot();
    assert_eq!(
        (metrics.total_mappings, metrics.successful_mappings),
        (4, 4)
    );
    assert_eq!((metrics.valid_maps, metrics.invalid_maps), (0, 4));
    assert_eq!(
        (
            metrics.references_found,
            metrics.references_resolved,
            metrics.resolution_accuracy
        ),
        (8, 4, Some(0.5))
    );
    assert_eq!(metrics.findings["self_reference"], 4);
    let text = metrics.to_prometheus();
    assert!(text.contains("dependency_mappings_total{result=\"success\"} 4"));
    assert!(text.contains("dependency_resolution_accuracy 0.5"));
    assert!(text.contains("dependency_findings_total{kind=\"dangling\"} 4"));
}

/// Reads when it is let through, and counts how often.
#[derive(Debug)]
struct Gate {
    permits: Semaphore,
    reads: AtomicUsize,
}

impl Gate {
    fn closed() -> Arc<Self> {
        Arc::new(Self {
            permits: Semaphore::new(0),
            reads: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl DependencySource for Gate {
    fn name(&self) -> &str {
        "gate"
    }

    fn kinds(&self) -> Vec<ObjectKind> {
        Vec::new()
    }

    async fn read(&self, sink: &Sink) -> Result<Coverage> {
        let number = self.reads.fetch_add(1, Ordering::SeqCst);
        self.permits.acquire().await.unwrap().forget();
        assert!(number != 2, "the third reading panics");
        sink.documents(&ObjectKind::QUEUE, [json!({"id": format!("q-{number}")})])
            .await;
        Ok(Coverage::complete(1))
    }
}

fn gated(client: &Client, gate: &Arc<Gate>) -> Mapper {
    let crawler = Crawler::new(
        [Arc::clone(gate) as Arc<dyn DependencySource>],
        Arc::clone(client.clock()),
    );
    Mapper::new(
        client,
        Arc::new(Directory::new(Profile::Guide, client)),
        crawler,
    )
}

#[tokio::test]
async fn a_thousand_callers_get_one_mapping_which_outlives_the_first_of_them() {
    // errata DEP-01, DEP-44
    let client = Platform::new().client();
    let gate = Gate::closed();
    let mapper = gated(&client, &gate);
    let leader = mapper.start().unwrap();
    assert!(!leader.is_joined() && !leader.is_done());
    let callers: Vec<_> = (0..1_000)
        .map(|_| {
            let mapper = mapper.clone();
            tokio::spawn(async move { mapper.map().await.unwrap() })
        })
        .collect();
    drop(leader);
    while mapper
        .running()
        .is_none_or(|run| run.progress().snapshot().phase != Phase::Read)
    {
        tokio::task::yield_now().await;
    }
    // Every caller has asked by now: they were spawned before, and each only waits.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    gate.permits.add_permits(1);
    let mut maps = Vec::new();
    for caller in callers {
        maps.push(caller.await.unwrap());
    }
    assert!(maps.iter().all(|one| Arc::ptr_eq(one, &maps[0])));
    assert_eq!(gate.reads.load(Ordering::SeqCst), 1);
    assert!(mapper.running().is_none());
    assert_eq!(mapper.metrics().snapshot().total_mappings, 1);
}

#[tokio::test]
async fn a_mapping_that_is_stopped_or_panics_is_told_counted_and_makes_room_for_the_next() {
    // errata ALL-22
    let (client, trail) = Platform::new().audited();
    let gate = Gate::closed();
    let mapper = gated(&client, &gate);

    let run = mapper.start().unwrap();
    let mut progress = run.progress().watch();
    while run.progress().snapshot().phase != Phase::Read {
        progress.changed().await.unwrap();
    }
    run.cancel();
    let error = run.wait().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.status().as_u16()),
        (MapErrorKind::Cancelled, Phase::Read, 503)
    );

    let next = mapper.start().unwrap();
    assert!(!next.is_joined() && next.id() == 2);
    gate.permits.add_permits(2);
    next.wait().await.unwrap();
    let error = mapper.map().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (MapErrorKind::Internal, 500)
    );
    assert_eq!(mapper.last().unwrap().queues(), 1);

    let metrics = mapper.metrics().snapshot();
    assert_eq!(
        (metrics.successful_mappings, metrics.cancelled_mappings),
        (1, 2)
    );
    let entries = trail.entries();
    let statuses: Vec<_> = outcomes(&entries, "mapping")
        .iter()
        .map(|entry| entry.attributes["status"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(statuses, ["cancelled", "success", "cancelled"]);
}

#[tokio::test]
async fn a_mapping_ends_when_nobody_holds_its_mapper_any_more() {
    let (client, trail) = Platform::new().audited();
    let gate = Gate::closed();
    let mapper = gated(&client, &gate);
    let run = mapper.start().unwrap();
    let progress = run.progress().clone();
    while progress.snapshot().phase != Phase::Read {
        tokio::task::yield_now().await;
    }
    drop((run, mapper));
    while outcomes(&trail.entries(), "mapping").is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        outcomes(&trail.entries(), "mapping")[0].attributes["status"],
        "cancelled"
    );
}

#[test]
fn outside_of_a_runtime_a_mapping_is_refused() {
    let client = Platform::new().client();
    let error = mapper(&client).start().unwrap_err();
    assert_eq!(error.kind(), MapErrorKind::Internal);
}

#[tokio::test]
async fn what_changed_since_the_last_map_is_told_by_id() {
    // errata DEP-46
    let platform = platform();
    let client = platform.client();
    let mapper = mapper(&client);
    assert!(mapper.map().await.unwrap().drift.is_none());
    let same = mapper.map().await.unwrap();
    assert!(same.drift.as_ref().unwrap().is_empty());
    let renamed = json!({"id": "a", "name": "Renamed", "memberCount": 3, "directRouting": {"backupQueueId": "c"}});
    let platform = platform.list(QUEUES, [queue("c", None, 0), renamed]);
    let outcome = mapper.map().await.unwrap();
    let drift = outcome.drift.as_ref().unwrap();
    assert_eq!(
        (
            drift.graph.nodes.added_total,
            drift.graph.nodes.removed_total,
            drift.graph.nodes.changed_total
        ),
        (0, 1, 1)
    );
    assert_eq!(drift.graph.nodes.changed[0].fields[0].field, "name");
    assert_eq!(
        (
            drift.graph.edges.added_total,
            drift.graph.edges.removed_total
        ),
        (1, 2)
    );
    assert_eq!(
        drift
            .findings
            .gone
            .iter()
            .filter(|finding| finding.kind() == FindingKind::Cycle)
            .count(),
        1
    );
    assert_eq!(mapper.previous().unwrap().queues(), 3);
    // Another organisation's map is no earlier state of this one.
    let _ = platform.object("/api/v2/organizations/me", json!({"id": "org-2"}));
    assert!(mapper.map().await.unwrap().drift.is_none());
}

#[tokio::test]
async fn the_map_is_kept_on_disk_and_the_last_one_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let client = platform().client();
    let first = mapper(&client).with_store(SnapshotStore::open(folder.path()).unwrap());
    assert!(first.restore().await.unwrap().is_none());
    let outcome = first.map().await.unwrap();
    let path = outcome.stored.as_ref().unwrap().as_ref().unwrap();
    assert!(path.starts_with(folder.path()));
    drop(first);

    let second = mapper(&client).with_store(SnapshotStore::open(folder.path()).unwrap());
    let restored = second.restore().await.unwrap().unwrap();
    assert_eq!(restored.organization, outcome.map.organization);
    assert_eq!(
        second.last().unwrap().graph.node_count(),
        outcome.map.graph.node_count()
    );
    let again = second.map().await.unwrap();
    assert!(
        again.drift.as_ref().unwrap().is_empty(),
        "what was restored is what was stored"
    );
    assert_eq!(
        again.drift.as_ref().unwrap().findings.same,
        outcome.map.report.findings.len()
    );
}

#[tokio::test]
async fn a_disk_that_refuses_costs_the_file_and_not_the_map() {
    let folder = tempfile::tempdir().unwrap();
    let (client, trail) = platform().audited();
    let store = SnapshotStore::open(folder.path()).unwrap().with_limit(100);
    let outcome = mapper(&client).with_store(store).map().await.unwrap();
    let error = outcome.stored.as_ref().unwrap().as_ref().unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (MapErrorKind::TooLarge, Phase::Store)
    );
    let entries = trail.entries();
    let mapping = outcomes(&entries, "mapping")[0];
    assert_eq!(mapping.attributes["stored"], json!(false));
    assert!(
        mapping.attributes["storeError"]
            .as_str()
            .unwrap()
            .contains("limit")
    );
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, [".lock"]);
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32]).unwrap()
}

#[tokio::test]
async fn the_mapper_tells_with_a_signature_what_it_found() {
    // errata DEP-32, DEP-34, INT-03
    let receiver = ScriptedTransport::new();
    receiver.push(Reply::status(204));
    receiver.push(Reply::status(400));
    let notifier = Notifier::new(receiver.shared(), key());
    let targets = [
        "https://iac.example.com/sync",
        "https://other.example.com/sync",
    ]
    .map(|text| TargetUrl::parse(text).unwrap());
    let tiers = ["standard".to_owned(), "premium".to_owned()];
    for profile in [Profile::Guide, Profile::Platform] {
        let (client, trail) = platform().audited();
        let outcome = Mapper::for_profile(profile, &client, &ReadOptions::default())
            .with_iac(notifier.clone(), targets[..1].to_vec(), tiers.clone())
            .map()
            .await;
        if profile == Profile::Guide {
            let outcome = outcome.unwrap();
            assert!(outcome.notified[0].delivered, "{:?}", outcome.notified);
            let sent = &receiver.sent()[0];
            let message: ArchitectureMapped = serde_json::from_slice(&sent.body).unwrap();
            assert_eq!(message.event, "architecture.dependency.mapped");
            assert_eq!(
                (
                    message.payload.org_id.as_str(),
                    message.payload.connection_limits
                ),
                ("org-1", Some(7))
            );
            assert_eq!(message.payload.service_tiers, tiers);
            assert_eq!(
                (
                    message.queues,
                    message.objects,
                    message.graph_valid,
                    message.changes
                ),
                (3, 4, true, None)
            );
            let verifier = Verifier::new([key()]).unwrap();
            let verified = verifier.verify(&sent.headers, &sent.body);
            assert!(verified.is_ok(), "{verified:?}");
            let entries = trail.entries();
            assert_eq!(outcomes(&entries, "mapping")[0].attributes["notified"], 1);
        } else {
            // A refusal is told, and the map is what it is.
            let outcome = outcome.unwrap();
            assert_eq!(
                (outcome.notified[0].delivered, outcome.notified[0].status),
                (false, Some(400))
            );
            assert!(!outcome.map.is_complete(), "most lists are missing here");
        }
    }
}

#[tokio::test]
async fn single_points_and_protected_paths_are_part_of_the_map() {
    // errata DEP-25, DEP-26
    let client = Platform::new().client();
    #[derive(Debug)]
    struct Routes;
    #[async_trait]
    impl DependencySource for Routes {
        fn name(&self) -> &str {
            "routes"
        }
        fn kinds(&self) -> Vec<ObjectKind> {
            Vec::new()
        }
        async fn read(&self, sink: &Sink) -> Result<Coverage> {
            let route = json!({"id": "ivr", "openHoursFlow": {"id": "f"}});
            sink.documents(&ObjectKind::CALL_ROUTE, [route]).await;
            let flow = json!({"id": "f", "name": "Main"});
            sink.documents(&ObjectKind::FLOW, [flow]).await;
            let queues = ["a", "b"].map(|id| json!({"id": id, "queueFlow": {"id": "g"}, "memberGroups": [{"id": format!("m-{id}"), "type": "GROUP"}]}));
            sink.documents(&ObjectKind::QUEUE, queues).await;
            Ok(Coverage::complete(4))
        }
    }
    let crawler = Crawler::new(
        [Arc::new(Routes) as Arc<dyn DependencySource>],
        Arc::clone(client.clock()),
    );
    let hotline = Protected::new("hotline", "ivr", [Selector::Kind("queue".into())]);
    let shared = Protected::new("flow", "a", [Selector::Id("g".into())]);
    let nobody = Protected::new("nobody", "missing", [Selector::Id("g".into())]);
    let outcome = Mapper::new(
        &client,
        Arc::new(Directory::new(Profile::Guide, &client)),
        crawler,
    )
    .with_protected(hotline)
    .with_protected(shared.with_paths(2))
    .with_protected(nobody)
    .map()
    .await
    .unwrap();
    let analysis = &outcome.map.analysis;
    assert_eq!(
        (
            analysis.entries,
            analysis.broken.len(),
            analysis.left_out.as_deref()
        ),
        (3, 0, None)
    );
    let points: Vec<(&str, usize)> = analysis
        .single_points
        .iter()
        .map(|one| (one.object.id.as_str(), one.lost))
        .collect();
    assert_eq!(points, [("g", 2), ("f", 1), ("m-a", 1), ("m-b", 1)]);
    let told: Vec<(&str, bool, usize)> = analysis
        .failover
        .iter()
        .map(|one| (one.name.as_str(), one.met, one.paths.len()))
        .collect();
    assert_eq!(
        told,
        [
            ("hotline", false, 0),
            ("flow", false, 1),
            ("nobody", false, 0)
        ]
    );
    assert_eq!(
        analysis.failover[1].cut_references[0].evidence,
        "queueFlow.id"
    );
    assert!(
        analysis.failover[2]
            .problem
            .as_deref()
            .unwrap()
            .contains("not in the graph")
    );
}

#[tokio::test]
async fn an_analysis_beyond_its_budget_is_left_out_and_that_is_said() {
    let client = platform().client();
    let outcome = mapper(&client).with_analysis_steps(1).map().await.unwrap();
    assert!(
        outcome
            .map
            .analysis
            .left_out
            .as_deref()
            .unwrap()
            .contains("budget")
    );
    assert_eq!(outcome.map.report.total(FindingKind::Cycle).found(), 1);
}

#[tokio::test]
async fn a_check_beyond_its_budget_is_no_valid_map() {
    let (client, trail) = platform().audited();
    let error = mapper(&client)
        .with_validation_steps(1)
        .map()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (MapErrorKind::TooLarge, Phase::Validate)
    );
    let entries = trail.entries();
    for action in ["validation", "mapping"] {
        assert_eq!(
            outcomes(&entries, action)[0].attributes["status"],
            "too_large"
        );
    }
}
