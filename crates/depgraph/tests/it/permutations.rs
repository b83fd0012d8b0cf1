//! Equal input in any order gives equal bytes in every format.

use depgraph::{Collapse, Edge, Graph, GraphBuilder, Limits, Node, Page, Policy, State, View};

use crate::common::{cases, work};

enum Input {
    Node(String, &'static str, Option<String>, State, String),
    Edge(String, String, &'static str, String, String),
    Gap(String),
}

/// An organisation with UUIDs and other ids, duplicates, conflicts, circles, gaps, alternatives and names made to hurt.
fn inputs(random: &mut fastrand::Rng) -> Vec<Input> {
    let ids: Vec<String> = (0..30)
        .map(|at| match at % 3 {
            0 => format!("{:08x}-0000-4000-8000-{:012x}", random.u32(..), at),
            1 => format!("id \"{at}\" \u{202e}</script>"),
            _ => format!("queue-{at}"),
        })
        .collect();
    let kinds = ["flow", "queue", "prompt"];
    let states = [
        State::Present,
        State::Present,
        State::Deleted,
        State::NotPermitted,
        State::NotFetched,
    ];
    let mut inputs = Vec::new();
    for id in &ids[..26] {
        for _ in 0..random.usize(1..=2) {
            let name = (random.u8(..4) > 0).then(|| format!("Name\n{}", random.u8(..3)));
            inputs.push(Input::Node(
                id.clone(),
                kinds[random.usize(..3)],
                name,
                states[random.usize(..5)],
                format!("d{}", random.u8(..2)),
            ));
        }
    }
    for _ in 0..90 {
        let kinds = ["calls", "plays", "owns"];
        inputs.push(Input::Edge(
            ids[random.usize(..30)].clone(),
            ids[random.usize(..30)].clone(),
            kinds[random.usize(..3)],
            ["", "a.b", "a.c"][random.usize(..3)].to_owned(),
            ["", "", "either"][random.usize(..3)].to_owned(),
        ));
    }
    inputs.push(Input::Gap("queues, page 3".into()));
    inputs.push(Input::Gap("prompts".into()));
    inputs
}

fn build(inputs: &[Input]) -> Graph {
    let mut builder = GraphBuilder::new();
    builder.set_property("organisation", "Test");
    for input in inputs {
        match input {
            Input::Node(id, kind, name, state, division) => {
                let node = Node::new(id, kind)
                    .with_state(*state)
                    .with_attribute("division", division);
                builder
                    .add_node(name.iter().fold(node, |node, name| node.with_name(name)))
                    .unwrap();
            }
            Input::Edge(source, target, kind, evidence, group) => {
                let edge = Edge::new(source, target, kind)
                    .with_evidence(evidence)
                    .with_alternative(group);
                builder.add_edge(edge).unwrap();
            }
            Input::Gap(scope) => builder.add_gap(scope.clone(), "status 503"),
        }
    }
    builder.freeze().unwrap()
}

/// Everything that can be written of a graph.
fn everything(graph: &Graph) -> Vec<String> {
    let mut work = work();
    let policy = Policy::default()
        .with_max_depth(2)
        .with_cycles("plays", depgraph::Rule::Warn);
    let report = graph.validate(&policy, &mut work).unwrap();
    let topology = graph.topology(&mut work).unwrap();
    let points = graph
        .single_points(&graph.entries(), &topology, &policy, 5, &mut work)
        .unwrap();
    let mut out = vec![
        graph.to_snapshot(&mut work).unwrap(),
        serde_json::to_string(&report).unwrap(),
    ];
    let views = [
        View::new(graph),
        View::new(graph).with_max_nodes(7).with_max_edges(9),
        View::new(graph).with_collapse(Collapse::Attribute("division".into())),
        View::new(graph)
            .with_collapse(Collapse::Component)
            .with_reduction(true),
        View::new(graph)
            .with_focus(graph.find("queue-2"))
            .with_depth(2)
            .with_edge_kinds(["calls", "owns"]),
    ];
    for view in views {
        let picture = view.draw(&mut work).unwrap();
        let page = Page::new("Map", &picture, &report)
            .with_objects(graph)
            .with_single_points(graph, &points);
        out.extend([
            picture.to_dot(),
            picture.to_mermaid(),
            picture.to_json(),
            page.to_html(),
        ]);
    }
    let order: Vec<String> = topology
        .order()
        .iter()
        .map(|node| graph.id(*node).to_string())
        .collect();
    out.push(order.join("\n"));
    out.push(format!("{points:?}"));
    let answer = graph
        .query(
            "some_path(queue-2, all() - queue-2) + scc(queue-5)",
            &mut work,
        )
        .unwrap();
    out.push(format!("{answer:?}"));
    out
}

// errata DEP-18, DEP-23, ALL-31
#[test]
fn every_order_of_the_input_gives_the_same_bytes_in_every_format() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut inputs = inputs(&mut random);
    let expected = everything(&build(&inputs));
    assert!(expected.iter().all(|text| !text.is_empty()));
    for _ in 0..cases(25) {
        random.shuffle(&mut inputs);
        assert!(everything(&build(&inputs)) == expected);
    }
}

#[test]
fn a_snapshot_read_back_is_the_same_graph() {
    let mut random = fastrand::Rng::with_seed(2);
    for _ in 0..cases(20) {
        let graph = build(&inputs(&mut random));
        let text = graph.to_snapshot(&mut work()).unwrap();
        let copy = Graph::from_snapshot(&text, &Limits::default(), &mut work()).unwrap();
        assert_eq!(everything(&copy), everything(&graph));
        assert!(copy.drift_from(&graph, 10, &mut work()).unwrap().is_empty());
    }
}
