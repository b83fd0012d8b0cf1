//! What is drawn, and how it is written.

use depgraph::{Collapse, Edge, Graph, GraphBuilder, Node, Page, Policy, State, View};

use crate::common::{graph, implied, node, work};

const HOSTILE: [&str; 5] = [
    "</script><script>alert(1)</script>",
    "\"quoted\" \\ 'name'",
    "two\nlines\r\n",
    "\u{202e}reversed\u{2066}",
    "<img src=x onerror=alert(1)> -->",
];

fn hostile() -> Graph {
    let mut builder = GraphBuilder::new();
    builder.set_property(HOSTILE[0], HOSTILE[3]);
    builder.add_gap(HOSTILE[4], HOSTILE[1]);
    for (at, text) in HOSTILE.iter().enumerate() {
        let node = Node::new(text, HOSTILE[(at + 1) % 5]).with_name(HOSTILE[(at + 2) % 5]);
        builder
            .add_node(node.with_attribute(HOSTILE[0], HOSTILE[(at + 3) % 5]))
            .unwrap();
        let edge = Edge::new(text, HOSTILE[(at + 1) % 5], HOSTILE[(at + 2) % 5])
            .with_evidence(HOSTILE[(at + 3) % 5]);
        builder
            .add_edge(edge.with_alternative(HOSTILE[(at + 4) % 5]))
            .unwrap();
    }
    builder.freeze().unwrap()
}

#[test]
fn no_name_breaks_out_of_any_format() {
    let graph = hostile();
    let report = graph.validate(&Policy::default(), &mut work()).unwrap();
    let topology = graph.topology(&mut work()).unwrap();
    let points = graph
        .single_points(
            &[node_of(&graph)],
            &topology,
            &Policy::default(),
            10,
            &mut work(),
        )
        .unwrap();
    let picture = View::new(&graph).draw(&mut work()).unwrap();
    let page = Page::new(HOSTILE[0], &picture, &report)
        .with_objects(&graph)
        .with_single_points(&graph, &points)
        .to_html();
    assert_eq!(
        (
            page.matches("<script").count(),
            page.matches("</script").count(),
            page.matches("<img").count()
        ),
        (1, 1, 0)
    );
    let json = picture.to_json();
    let snapshot = graph.to_snapshot(&mut work()).unwrap();
    let mermaid = picture.to_mermaid();
    for text in [&page, &json, &snapshot, &mermaid, &picture.to_dot()] {
        assert!(!text.contains('\u{202e}') && !text.contains('\u{2066}') && !text.contains('\r'));
    }
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["nodes"].as_array().unwrap().len(), 5);
    assert!(
        value["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|node| node["name"] == HOSTILE[3])
    );
    assert!(
        serde_json::from_str::<serde_json::Value>(&snapshot).is_ok()
            && !snapshot.contains("</script")
    );
    // One line a vertex and an arc: no name makes a line of its own.
    assert_eq!(mermaid.lines().count(), 1 + 5 + 5 + 2);
    assert!(
        mermaid
            .lines()
            .skip(1)
            .take(10)
            .all(|line| line.matches('"').count() == 2)
    );
}

fn node_of(graph: &Graph) -> depgraph::NodeId {
    graph.find(HOSTILE[0]).unwrap()
}

#[test]
fn the_page_has_no_address_to_load_anything_from() {
    let graph = hostile();
    let report = graph.validate(&Policy::default(), &mut work()).unwrap();
    let picture = View::new(&graph).draw(&mut work()).unwrap();
    let page = Page::new("Map", &picture, &report).to_html();
    let outward = page.replace("http://www.w3.org/2000/svg", "");
    for sign in [
        "http:",
        "https:",
        "//www",
        "url(h",
        "@import",
        "src=\"",
        "fetch(",
        "XMLHttp",
        "WebSocket",
        " style=",
    ] {
        assert!(!outward.contains(sign), "{sign}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_focus_shows_what_is_near_and_counts_the_rest() {
    let graph = graph(9, &(0..8).map(|at| (at, at + 1)).collect::<Vec<_>>());
    let picture = View::new(&graph)
        .with_focus([node(&graph, 4)])
        .with_depth(2)
        .draw(&mut work())
        .unwrap();
    let labels: Vec<&str> = picture
        .vertices()
        .iter()
        .map(|vertex| vertex.label.as_str())
        .collect();
    assert_eq!(labels, ["n002", "n003", "n004", "n005", "n006"]);
    assert!(picture.vertices()[2].focused);
    assert_eq!(
        picture.left_out().note().unwrap(),
        "not shown: 4 objects, 4 references"
    );
    assert_eq!(
        View::new(&graph)
            .draw(&mut work())
            .unwrap()
            .left_out()
            .note(),
        None
    );
}

#[test]
fn kinds_choose_nodes_and_edges() {
    let mut builder = GraphBuilder::new();
    for (id, kind) in [("f", "flow"), ("q", "queue"), ("p", "prompt")] {
        builder.add_node(Node::new(id, kind)).unwrap();
    }
    for (source, target, kind) in [
        ("f", "q", "routes"),
        ("f", "p", "plays"),
        ("q", "p", "plays"),
    ] {
        builder.add_edge(Edge::new(source, target, kind)).unwrap();
    }
    let graph = builder.freeze().unwrap();
    let draw = |view: View<'_>| {
        let picture = view.draw(&mut work()).unwrap();
        (
            picture.vertices().len(),
            picture.arcs().len(),
            picture.left_out().edges,
        )
    };
    assert_eq!(
        draw(View::new(&graph).with_node_kinds(["flow", "queue"])),
        (2, 1, 2)
    );
    assert_eq!(
        draw(View::new(&graph).with_edge_kinds(["plays"])),
        (3, 2, 1)
    );
    assert_eq!(
        draw(
            View::new(&graph)
                .with_focus(graph.find("p"))
                .with_edge_kinds(["routes"])
        ),
        (1, 0, 3)
    );
}

#[test]
fn reduction_and_collapse_hide_and_say_so() {
    let triangle = implied(&[("a", "b"), ("b", "c"), ("a", "c")]);
    let picture = View::new(&triangle)
        .with_reduction(true)
        .draw(&mut work())
        .unwrap();
    assert_eq!((picture.arcs().len(), picture.left_out().implied), (2, 1));
    assert!(
        picture
            .to_mermaid()
            .contains("1 reference that a longer way implies")
    );

    let ring = implied(&[("a", "b"), ("b", "a"), ("c", "a"), ("c", "b")]);
    let picture = View::new(&ring)
        .with_collapse(Collapse::Component)
        .draw(&mut work())
        .unwrap();
    assert_eq!(
        (
            picture.vertices().len(),
            picture.arcs().len(),
            picture.arcs()[0].count
        ),
        (2, 1, 2)
    );
    assert_eq!(
        (
            picture.vertices()[0].label.as_str(),
            picture.left_out().folded
        ),
        ("circle of 2", 2)
    );

    let mut builder = GraphBuilder::new();
    for (id, division) in [("a", "East"), ("b", "East"), ("c", "West"), ("d", "West")] {
        builder
            .add_node(Node::new(id, "queue").with_attribute("division", division))
            .unwrap();
    }
    for (source, target) in [("a", "c"), ("b", "d"), ("a", "b")] {
        builder
            .add_edge(Edge::new(source, target, "needs"))
            .unwrap();
    }
    let graph = builder.freeze().unwrap();
    let picture = View::new(&graph)
        .with_collapse(Collapse::Attribute("division".into()))
        .draw(&mut work())
        .unwrap();
    let labels: Vec<&str> = picture
        .vertices()
        .iter()
        .map(|vertex| vertex.label.as_str())
        .collect();
    assert_eq!(
        (labels, picture.arcs()[0].count, picture.left_out().folded),
        (vec!["East", "West"], 2, 1)
    );
    assert!(picture.to_dot().contains("needs ×2"));
}

#[test]
fn caps_hold_in_every_format_and_cycles_are_drawn_first() {
    let mut edges: Vec<(usize, usize)> = (0..2000)
        .flat_map(|at| [(at, at + 1), (at, (at * 7) % 1999)])
        .filter(|(a, b)| a < b)
        .collect();
    edges.extend([(1500, 1501), (1501, 1500)]);
    let graph = graph(2001, &edges);
    let picture = View::new(&graph)
        .with_max_nodes(50)
        .with_max_edges(20)
        .draw(&mut work())
        .unwrap();
    assert_eq!(
        (picture.vertices().len(), picture.left_out().nodes),
        (50, 1951)
    );
    assert!(
        picture.arcs().len() <= 20
            && picture
                .vertices()
                .iter()
                .filter(|vertex| vertex.in_cycle)
                .count()
                == 2
    );
    let shown: usize = picture.arcs().iter().map(|arc| arc.count).sum();
    assert_eq!(shown + picture.left_out().edges, graph.edge_count());

    let all = View::new(&graph)
        .with_max_nodes(usize::MAX)
        .with_max_edges(usize::MAX)
        .draw(&mut work())
        .unwrap();
    let mermaid = all.to_mermaid();
    assert!(
        mermaid.chars().count() <= 50_000
            && mermaid.matches("-->").count() <= 500
            && mermaid.contains("not shown")
    );
    let report = graph.validate(&Policy::default(), &mut work()).unwrap();
    let page = Page::new("Map", &picture, &report)
        .with_objects(&graph)
        .with_max_rows(10)
        .to_html();
    assert!(page.contains("10 of 2001 are listed."));
    assert!(page.len() < 200_000);
}

#[test]
fn states_and_alternatives_can_be_seen() {
    let mut builder = GraphBuilder::new();
    builder.add_node(Node::new("flow", "flow")).unwrap();
    builder
        .add_node(Node::new("gone", "queue").with_state(State::Deleted))
        .unwrap();
    builder
        .add_edge(Edge::new("flow", "gone", "overflows-to").with_alternative("overflow"))
        .unwrap();
    builder
        .add_edge(Edge::new("flow", "flow", "calls"))
        .unwrap();
    let graph = builder.freeze().unwrap();
    let picture = View::new(&graph).draw(&mut work()).unwrap();
    assert!(picture.to_dot().contains("style=dashed"));
    assert!(picture.to_mermaid().contains(":::missing") && picture.to_mermaid().contains(".->"));
    let report = graph.validate(&Policy::default(), &mut work()).unwrap();
    let page = Page::new("Map", &picture, &report).to_html();
    assert!(page.contains("queue · deleted") && page.contains("class=\"e either\""));
}

#[test]
fn an_empty_graph_can_be_checked_drawn_and_saved() {
    let graph = GraphBuilder::new().freeze().unwrap();
    let report = graph
        .validate(&Policy::default().with_max_depth(0), &mut work())
        .unwrap();
    let picture = View::new(&graph).draw(&mut work()).unwrap();
    let page = Page::new("Empty", &picture, &report)
        .with_objects(&graph)
        .to_html();
    assert!(report.is_valid() && page.contains("Nothing found"));
    assert!(
        picture.to_dot().ends_with("}\n") && picture.to_mermaid().starts_with("flowchart LR\n")
    );
}
