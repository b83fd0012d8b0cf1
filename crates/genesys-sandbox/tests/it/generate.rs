//! The truth about generated organisations, against what anybody can see in them.

use std::collections::{BTreeMap, BTreeSet};

use genesys_sandbox::generate::{Generated, Node, Plan, Reference};
use genesys_sandbox::{Kind, Organisation};
use serde_json::Value;

use crate::support::Setup;

fn everything(seed: u64) -> Plan {
    Plan::new(seed)
        .with_queues(40)
        .with_cycles([2, 3, 7])
        .with_flow_cycles(2)
        .with_self_references(2)
        .with_diamonds(3)
        .with_dangling(8)
        .with_single_points(2)
        .with_orphans(3)
}

/// Every id in the documents that is not the document's own, with its place: found without knowing what means what.
fn visible(organisation: &Organisation) -> BTreeSet<(String, String, String)> {
    fn walk(value: &Value, place: &str, found: &mut Vec<(String, String)>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let place = if place.is_empty() {
                        name.clone()
                    } else {
                        format!("{place}.{name}")
                    };
                    walk(value, &place, found);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(item, &format!("{place}[{index}]"), found);
                }
            }
            // Ids are UUIDs, and nothing else is.
            Value::String(text)
                if text.len() == 36 && text.matches('-').count() == 4 && place != "id" =>
            {
                found.push((place.to_owned(), text.clone()));
            }
            _ => {}
        }
    }
    let mut all = BTreeSet::new();
    for kind in Kind::ALL {
        for document in organisation.objects(kind) {
            let mut found = Vec::new();
            walk(document, "", &mut found);
            let Some(id) = document["id"].as_str() else {
                continue;
            };
            all.extend(
                found
                    .into_iter()
                    .map(|(place, to)| (id.to_owned(), place, to)),
            );
        }
    }
    all
}

fn edges(made: &Generated) -> BTreeMap<Node, BTreeSet<Node>> {
    let mut edges: BTreeMap<Node, BTreeSet<Node>> = BTreeMap::new();
    for reference in &made.truth.references {
        edges
            .entry(reference.from.clone())
            .or_default()
            .insert(reference.to.clone());
    }
    edges
}

/// Everything that can be reached from an object without going through another one.
fn reach(
    edges: &BTreeMap<Node, BTreeSet<Node>>,
    from: &Node,
    without: Option<&Node>,
) -> BTreeSet<Node> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&Node> = vec![from];
    while let Some(node) = open.pop() {
        for next in edges.get(node).into_iter().flatten() {
            if Some(next) != without && seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    seen
}

#[test]
fn every_reference_of_the_truth_is_in_a_document_and_the_other_way_round() {
    for seed in 0..4 {
        let made = everything(seed).build();
        let beside = [
            Reference::MEMBERS,
            Reference::WRAP_UP_CODES,
            Reference::TRACKING,
        ];
        let told: BTreeSet<(String, String, String)> = made
            .truth
            .references
            .iter()
            .filter(|one| !beside.contains(&one.place.as_str()))
            .map(|one| (one.from.id.clone(), one.place.clone(), one.to.id.clone()))
            .collect();
        assert_eq!(told, visible(&made.organisation));
        let total: usize = made.truth.objects.values().sum();
        assert_eq!(total, made.organisation.len());
        let unique: BTreeSet<&Reference> = made.truth.references.iter().collect();
        assert_eq!(unique.len(), made.truth.references.len());
    }
}

#[test]
fn the_cycles_are_those_that_were_planted_and_no_others() {
    // errata DEP-11, DEP-20
    for seed in 0..4 {
        let made = everything(seed).build();
        let edges = edges(&made);
        // Who can be reached from itself, by brute force.
        let mut found: BTreeSet<Node> = BTreeSet::new();
        let mut alone: BTreeSet<Node> = BTreeSet::new();
        for (node, next) in &edges {
            if next.contains(node) {
                alone.insert(node.clone());
            }
            let mut others = edges.clone();
            others.get_mut(node).unwrap().remove(node);
            if reach(&others, node, None).contains(node) {
                found.insert(node.clone());
            }
        }
        let truth = &made.truth;
        let planted: BTreeSet<Node> = truth.cycles.iter().flatten().cloned().collect();
        assert_eq!(found, planted);
        let itself: BTreeSet<Node> = truth.self_references.iter().cloned().collect();
        assert_eq!(alone, itself);
        let lengths: Vec<usize> = truth.cycles.iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 3, 7, 2, 2]);
        for cycle in &truth.cycles {
            for (node, next) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
                assert!(edges[node].contains(next));
            }
        }
        for [first, left, right, last] in &truth.diamonds {
            assert!(edges[first].contains(left) && edges[first].contains(right));
            assert!(edges[left].contains(last) && edges[right].contains(last));
        }
    }
}

#[test]
fn the_single_points_are_those_that_cut_a_call_route_off() {
    // errata DEP-26
    for seed in 0..4 {
        let made = everything(seed).build();
        let edges = edges(&made);
        let staffed: BTreeSet<&Node> = made
            .truth
            .references
            .iter()
            .filter(|one| one.place == Reference::MEMBERS)
            .map(|one| &one.from)
            .collect();
        let mut found: BTreeSet<(Node, Node)> = BTreeSet::new();
        for entry in edges.keys().filter(|node| node.kind == Kind::CallRoute) {
            let all = reach(&edges, entry, None);
            assert!(all.iter().any(|node| staffed.contains(node)));
            for object in &all {
                let left = reach(&edges, entry, Some(object));
                if !left.iter().any(|node| staffed.contains(node)) {
                    found.insert((object.clone(), entry.clone()));
                }
            }
        }
        let planted: BTreeSet<(Node, Node)> = made
            .truth
            .single_points
            .iter()
            .flat_map(|point| {
                point
                    .entries
                    .iter()
                    .map(|entry| (point.object.clone(), entry.clone()))
            })
            .collect();
        assert_eq!(found, planted);
        assert_eq!(planted.len(), 6);
    }
}

#[test]
fn dangling_references_and_orphans_are_all_named() {
    // errata DEP-21, DEP-22
    let made = everything(5).build();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for kind in Kind::ALL {
        known.extend(
            made.organisation
                .objects(kind)
                .iter()
                .filter_map(|one| one["id"].as_str()),
        );
    }
    let truth = &made.truth;
    let mut touched: BTreeSet<&str> = BTreeSet::new();
    for reference in &truth.references {
        let dangles = !known.contains(reference.to.id.as_str());
        assert_eq!(dangles, truth.dangling.contains(reference));
        touched.extend([reference.from.id.as_str(), reference.to.id.as_str()]);
    }
    assert_eq!(truth.dangling.len(), 8);
    let lonely: BTreeSet<&str> = known.difference(&touched).copied().collect();
    let orphans: BTreeSet<&str> = truth.orphans.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(lonely, orphans);
    assert!(orphans.len() >= 3);
}

#[test]
fn the_same_plan_makes_the_same_organisation() {
    assert_eq!(everything(1).build(), everything(1).build());
    let (one, two) = (everything(1).build(), everything(2).build());
    assert_ne!(one.organisation, two.organisation);
    assert_eq!(one.truth.cycles.len(), two.truth.cycles.len());
    let nothing_wrong = Plan::new(3).build().truth;
    assert_eq!(nothing_wrong.cycles, Vec::<Vec<Node>>::new());
    assert_eq!(
        (
            nothing_wrong.dangling.len(),
            nothing_wrong.single_points.len()
        ),
        (0, 0)
    );
}

#[test]
fn a_large_organisation_is_as_large_as_was_asked_for() {
    let made = Plan::new(9)
        .with_queues(4_500)
        .with_density(12)
        .with_members(10)
        .build();
    let objects: usize = made.truth.objects.values().sum();
    let references = made.truth.references.len();
    assert!((20_000..30_000).contains(&objects), "{objects}");
    assert!((120_000..200_000).contains(&references), "{references}");
    assert_eq!(made.truth.objects[&Kind::Queue], 4_500);
}

#[tokio::test]
async fn a_generated_organisation_is_served_with_its_bad_data() {
    let plan = Plan::new(4)
        .with_queues(30)
        .with_cycles([2, 2, 2])
        .with_objects_without_id(2)
        .with_duplicates(3)
        .with_hostile_names();
    let made = plan.build();
    let builder = genesys_sandbox::Sandbox::builder().with_organisation(made.organisation);
    let setup = Setup::with(builder).await;
    let list = setup.get("/api/v2/routing/queues?pageSize=500").await.body;
    let entities = list["entities"].as_array().unwrap();
    let queues = made.truth.objects[&Kind::Queue];
    assert_eq!((queues, entities.len()), (36, 36 + 2 + 3));
    let ids: Vec<&str> = entities
        .iter()
        .filter_map(|one| one["id"].as_str())
        .collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!((unique.len(), ids.len()), (queues, queues + 3));
    for id in &made.truth.duplicates {
        assert_eq!(ids.iter().filter(|one| *one == id).count(), 2);
    }
    let names: Vec<&str> = entities
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    for part in ["</script>", "\n", "\u{202e}", "\"quoted\""] {
        assert!(names.iter().any(|name| name.contains(part)), "{part:?}");
    }
}
