//! Organisations with known faults, over real sockets: what is planted is found, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use depgraph::{Detail, FindingKind, Page, Policy, Rule, Selector, State, View, Work};
use genesys_core::{Client, Profile};
use genesys_dependencies::{DependencyMap, Mapper, ObjectKind, Protected};
use genesys_routing::read::ReadOptions;
use genesys_sandbox::generate::{Generated, Node, Plan, Reference, Truth};
use genesys_sandbox::{Host, Kind};

use crate::sandbox::start;

/// Every finding shows, and everything is listed.
fn policy() -> Policy {
    Policy::default().with_listed(100_000)
}

async fn map_of(client: &Client, change: impl FnOnce(Mapper) -> Mapper) -> Arc<DependencyMap> {
    let mapper = Mapper::for_profile(Profile::Platform, client, &ReadOptions::default())
        .with_policy(policy());
    let outcome = change(mapper).map().await.unwrap();
    Arc::clone(&outcome.map)
}

fn kind(kind: Kind) -> ObjectKind {
    match kind {
        Kind::Division => ObjectKind::DIVISION,
        Kind::Queue => ObjectKind::QUEUE,
        Kind::Flow => ObjectKind::FLOW,
        Kind::Prompt => ObjectKind::USER_PROMPT,
        Kind::Script => ObjectKind::SCRIPT,
        Kind::Skill => ObjectKind::SKILL,
        Kind::Language => ObjectKind::LANGUAGE,
        Kind::WrapUpCode => ObjectKind::WRAP_UP_CODE,
        Kind::User => ObjectKind::USER,
        Kind::Group => ObjectKind::GROUP,
        Kind::Team => ObjectKind::TEAM,
        Kind::SkillGroup => ObjectKind::SKILL_GROUP,
        Kind::Schedule => ObjectKind::SCHEDULE,
        Kind::ScheduleGroup => ObjectKind::SCHEDULE_GROUP,
        Kind::CallRoute => ObjectKind::CALL_ROUTE,
        Kind::Location => ObjectKind::LOCATION,
        Kind::ResponseLibrary => ObjectKind::RESPONSE_LIBRARY,
        Kind::DataTable => ObjectKind::DATA_TABLE,
        other => panic!("{other:?} is not generated"),
    }
}

/// Where the graph says that a reference stands.
fn place(reference: &Reference) -> String {
    match reference.place.as_str() {
        Reference::MEMBERS => "members[].id".to_owned(),
        Reference::WRAP_UP_CODES => "wrapupcodes[].id".to_owned(),
        Reference::TRACKING => "consumedResources".to_owned(),
        place => place.to_owned(),
    }
}

fn references(truth: &Truth) -> BTreeSet<[String; 4]> {
    let line = |one: &Reference| {
        [
            one.from.id.clone(),
            place(one),
            kind(one.to.kind).to_string(),
            one.to.id.clone(),
        ]
    };
    truth.references.iter().map(line).collect()
}

fn edges(map: &DependencyMap) -> BTreeSet<[String; 4]> {
    let graph = &map.graph;
    let line = |edge: depgraph::EdgeView<'_>| {
        let place = edge
            .evidence
            .split_once("Resources[")
            .map_or(edge.evidence.to_owned(), |_| "consumedResources".to_owned());
        [
            graph.id(edge.source).to_string(),
            place,
            graph.kind_name(edge.target).to_owned(),
            graph.id(edge.target).to_string(),
        ]
    };
    graph.edges().map(line).collect()
}

fn ids<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> BTreeSet<String> {
    nodes.into_iter().map(|node| node.id.clone()).collect()
}

fn cycles(map: &DependencyMap) -> BTreeSet<BTreeSet<String>> {
    let found = map
        .report
        .of_kind(FindingKind::Cycle)
        .filter_map(|finding| match &finding.detail {
            Detail::Cycle(cycle) => {
                Some(cycle.members.iter().map(|node| node.id.clone()).collect())
            }
            _ => None,
        });
    found.collect()
}

fn named(map: &DependencyMap, kind: FindingKind) -> BTreeSet<String> {
    let found = map
        .report
        .of_kind(kind)
        .filter_map(|finding| match &finding.detail {
            Detail::SelfReference { edge } => Some(edge.source.id.clone()),
            Detail::Dangling { node, .. } | Detail::Orphan { node } => Some(node.id.clone()),
            Detail::Duplicate {
                node: Some(node), ..
            } => Some(node.id.clone()),
            _ => None,
        });
    found.collect()
}

fn plan(seed: u64) -> Plan {
    Plan::new(seed)
        .with_queues(60)
        .with_cycles([2, 3, 7])
        .with_flow_cycles(2)
        .with_self_references(3)
        .with_diamonds(4)
        .with_dangling(8)
        .with_single_points(3)
        .with_orphans(5)
        .with_hostile_names()
}

#[tokio::test]
async fn every_reference_and_every_fault_is_found_and_nothing_else() {
    // errata DEP-09, DEP-10, DEP-11, DEP-12, DEP-16, DEP-17, DEP-20, DEP-21, DEP-22, DEP-36
    for seed in [1, 2] {
        let Generated {
            organisation,
            truth,
            ..
        } = plan(seed).build();
        let (_sandbox, client) = start(organisation).await;
        let map = map_of(&client, |mapper| mapper).await;
        assert!(map.is_complete(), "{:?}", map.graph.gaps());
        assert_eq!(edges(&map), references(&truth));

        let mut counts = BTreeMap::new();
        for node in map
            .graph
            .nodes()
            .filter(|node| map.graph.state(*node) == State::Present)
        {
            *counts
                .entry(map.graph.kind_name(node).to_owned())
                .or_insert(0) += 1;
        }
        // Every sandbox has four flows that are no part of the truth.
        *counts.get_mut("flow").unwrap() -= 4;
        let expected: BTreeMap<String, usize> = truth
            .objects
            .iter()
            .map(|(own, count)| (kind(*own).to_string(), *count))
            .collect();
        assert_eq!(counts, expected);

        assert_eq!(cycles(&map), truth.cycles.iter().map(ids).collect());
        assert_eq!(
            named(&map, FindingKind::SelfReference),
            ids(&truth.self_references)
        );
        assert_eq!(
            named(&map, FindingKind::Dangling),
            ids(truth.dangling.iter().map(|one| &one.to))
        );
        let orphans = named(&map, FindingKind::Orphan);
        let built_in = orphans.difference(&ids(&truth.orphans)).count();
        assert!(orphans.is_superset(&ids(&truth.orphans)) && built_in <= 4);
        for [first, _, _, last] in &truth.diamonds {
            assert!(
                !cycles(&map)
                    .iter()
                    .any(|cycle| cycle.contains(&first.id) || cycle.contains(&last.id))
            );
        }
        let (found, lost) = (references(&truth).len() as u64, truth.dangling.len() as u64);
        assert_eq!(
            (map.accuracy.found, map.accuracy.resolved),
            (found, found - lost)
        );
        let unresolved: BTreeSet<&str> = map
            .accuracy
            .unresolved
            .iter()
            .filter_map(|one| one.target.as_ref())
            .map(|target| target.id.as_str())
            .collect();
        let dangling: BTreeSet<&str> = truth
            .dangling
            .iter()
            .map(|one| one.to.id.as_str())
            .collect();
        assert_eq!(unresolved, dangling);
        assert!(
            map.accuracy
                .unresolved
                .iter()
                .all(|one| one.reason == "deleted")
        );
    }
}

#[tokio::test]
async fn each_cycle_comes_with_a_shortest_way_round_and_one_reference_to_cut() {
    // errata DEP-16, DEP-24
    let Generated {
        organisation,
        truth,
        ..
    } = plan(3).build();
    let (_sandbox, client) = start(organisation).await;
    let map = map_of(&client, |mapper| mapper).await;
    for finding in map.report.of_kind(FindingKind::Cycle) {
        let Detail::Cycle(cycle) = &finding.detail else {
            panic!()
        };
        assert_eq!(
            (cycle.witness.len(), cycle.cut.size, cycle.cut.exact),
            (cycle.size, 1, true)
        );
        assert!(
            cycle
                .witness
                .iter()
                .all(|edge| !edge.evidence.is_empty() && edge.source.name.is_some())
        );
    }
    // By the standard policy flows may use each other, and a ring that measures is none.
    let standard = Mapper::for_profile(Profile::Platform, &client, &ReadOptions::default())
        .map()
        .await
        .unwrap();
    let cycles = standard.map.report.total(FindingKind::Cycle);
    assert_eq!(
        (cycles.errors, cycles.warnings),
        (0, truth.cycles.len() - 3),
        "rings of queues measure each other, which is allowed"
    );
}

#[tokio::test]
async fn depth_is_the_longest_path_and_the_limit_does_not_hide_cycles() {
    // errata DEP-13, DEP-14, DEP-15
    let Generated {
        organisation,
        truth,
        ..
    } = plan(4).build();
    let (_sandbox, client) = start(organisation).await;
    let limited = map_of(&client, |mapper| {
        mapper.with_policy(policy().with_max_depth(2))
    })
    .await;
    assert_eq!(cycles(&limited).len(), truth.cycles.len());
    let depth = limited.report.of_kind(FindingKind::Depth).next().unwrap();
    let Detail::Depth { limit, depth, path } = &depth.detail else {
        panic!()
    };
    assert!(*limit == 2 && *depth == limited.report.depth && path.len() == *depth);
    for pair in path.windows(2) {
        assert_eq!(pair[0].target.id, pair[1].source.id);
    }
    assert!(!limited.is_valid());
}

#[tokio::test]
async fn single_points_of_call_routes_are_found_and_the_others_have_two_ways() {
    // errata DEP-25, DEP-26
    let Generated {
        organisation,
        truth,
        ..
    } = plan(5).build();
    let routes: Vec<String> = organisation
        .objects(Kind::CallRoute)
        .iter()
        .map(|route| route["id"].as_str().unwrap().to_owned())
        .collect();
    let (_sandbox, client) = start(organisation).await;
    let map = map_of(&client, |mapper| {
        routes
            .iter()
            .fold(mapper.with_listed(100_000), |mapper, id| {
                mapper.with_protected(Protected::new(id, id, [Selector::Kind("queue".to_owned())]))
            })
    })
    .await;
    let mut expected = BTreeMap::new();
    for point in &truth.single_points {
        for entry in &point.entries {
            expected.insert(entry.id.clone(), point.object.id.clone());
        }
    }
    assert_eq!(expected.len(), 9);
    for check in &map.analysis.failover {
        let cut: Vec<&str> = check
            .cut_objects
            .iter()
            .map(|object| object.id.as_str())
            .collect();
        match expected.get(&check.name) {
            Some(point) => assert_eq!((check.met, cut), (false, vec![point.as_str()])),
            None => assert!(check.met && check.paths.len() == 2, "{check:?}"),
        }
    }
    assert_eq!(map.analysis.failover.len(), routes.len());
    // A flow that three routes depend on is a single point of all three in the whole analysis too.
    for point in &truth.single_points {
        let found = map
            .analysis
            .single_points
            .iter()
            .find(|one| one.object.id == point.object.id);
        assert!(found.is_some_and(|found| found.lost >= 3), "{point:?}");
    }
}

#[tokio::test]
async fn objects_without_id_and_those_that_are_listed_twice_are_told() {
    // errata DEP-08, DEP-23
    let Generated {
        organisation,
        truth,
        ..
    } = plan(6)
        .with_objects_without_id(3)
        .with_duplicates(2)
        .build();
    let (_sandbox, client) = start(organisation).await;
    let map = map_of(&client, |mapper| mapper).await;
    assert_eq!(edges(&map), references(&truth));
    assert_eq!(map.queues(), truth.objects[&Kind::Queue]);
    let gaps: Vec<&str> = map
        .graph
        .gaps()
        .iter()
        .map(|gap| gap.reason.as_str())
        .collect();
    assert!(
        gaps.contains(&"3 entries are no objects with an id"),
        "{gaps:?}"
    );
    assert!(
        gaps.iter()
            .any(|reason| reason.contains("2 objects came more than once")),
        "{gaps:?}"
    );
    assert_eq!(map.status(), "incomplete");
}

#[tokio::test]
async fn any_number_of_mappings_takes_one_token_and_reads_locations_once_each() {
    // errata DEP-01, DEP-27, DEP-30
    let Generated { organisation, .. } = Plan::new(7).with_queues(10).build();
    let (sandbox, client) = start(organisation).await;
    let mapper = Mapper::for_profile(Profile::Guide, &client, &ReadOptions::default());
    for _ in 0..3 {
        mapper.map().await.unwrap();
    }
    let ledger = sandbox.ledger();
    let count = |wanted: &dyn Fn(&genesys_sandbox::LedgerEntry) -> bool| {
        ledger.iter().filter(|entry| wanted(entry)).count()
    };
    assert_eq!(count(&|entry| entry.host == Host::Login), 1);
    assert_eq!(count(&|entry| entry.path == "/api/v2/locations"), 3);
    // A location that cannot be read is told, and the queues are there.
    sandbox
        .faults()
        .add(genesys_sandbox::Fault::status(500).with_path("/api/v2/locations"))
        .unwrap();
    let outcome = mapper.map().await.unwrap();
    assert_eq!(outcome.map.graph.gaps()[0].scope, "locations");
    assert_eq!(outcome.map.queues(), 10);
}

#[tokio::test]
async fn hostile_names_go_through_the_map_and_its_pictures_unharmed() {
    let Generated { organisation, .. } = plan(8).build();
    let (_sandbox, client) = start(organisation).await;
    let map = map_of(&client, |mapper| {
        mapper.with_policy(policy().with_orphans(Rule::Allow))
    })
    .await;
    let mut work = Work::unlimited();
    let text = map.to_json(&mut work).unwrap();
    let read = DependencyMap::from_json(&text, &depgraph::Limits::default(), &mut work).unwrap();
    assert_eq!(read.to_json(&mut work).unwrap(), text);
    assert!(map.graph.nodes().any(|node| {
        map.graph
            .name(node)
            .is_some_and(|name| name.contains("</script>"))
    }));
    let picture = View::new(&map.graph)
        .with_max_nodes(1_000)
        .draw(&mut work)
        .unwrap();
    let page = Page::new("Dependencies", &picture, &map.report)
        .with_objects(&map.graph)
        .to_html();
    assert_eq!(page.matches("</script>").count(), 1);
    assert!(!page.contains('\u{202e}'));
}
