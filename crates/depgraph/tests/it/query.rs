//! The query language.

use depgraph::{Edge, ErrorKind, Graph, GraphBuilder, Limits, Node, Query, State, Work};
use proptest::prelude::*;

use crate::common::{ids, work};

/// a → b → c → d, a → x → d, c ↔ y, and z alone.
fn sample() -> Graph {
    let mut builder = GraphBuilder::new();
    for (id, kind, name, region) in [
        ("a", "flow", "Main menu", "east"),
        ("b", "flow", "twin", "west"),
        ("c", "queue", "twin", "east"),
        ("d", "prompt", "it's \"quoted\"", "east"),
        ("x", "queue", "X-ray", "west"),
        ("y", "queue", "Y", "west"),
    ] {
        builder
            .add_node(
                Node::new(id, kind)
                    .with_name(name)
                    .with_attribute("region", region),
            )
            .unwrap();
    }
    builder
        .add_node(Node::new("z", "queue").with_state(State::Deleted))
        .unwrap();
    for (source, target) in [
        ("a", "b"),
        ("b", "c"),
        ("c", "d"),
        ("a", "x"),
        ("x", "d"),
        ("c", "y"),
        ("y", "c"),
    ] {
        builder
            .add_edge(Edge::new(source, target, "needs"))
            .unwrap();
    }
    builder.freeze().unwrap()
}

fn ask(text: &str) -> String {
    let graph = sample();
    let found = graph
        .query(text, &mut work())
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    ids(&graph, found.nodes.iter()).join("")
}

fn refuse(text: &str) -> (ErrorKind, Option<usize>) {
    let error = sample().query(text, &mut work()).unwrap_err();
    assert!(error.is_query());
    (error.kind(), error.column())
}

#[test]
fn every_function_and_operator_gives_its_set() {
    for (text, expected) in [
        ("a", "a"),
        ("\"Main menu\"", "a"),
        ("twin", "bc"),
        ("X-ray", "x"),
        ("\"it's \\\"quoted\\\"\"", "d"),
        ("deps(a)", "abcdxy"),
        ("deps(a, 1)", "abx"),
        ("deps(a, 0)", "a"),
        ("rdeps(d)", "abcdxy"),
        ("rdeps( d , 1 )", "cdx"),
        ("rdeps(c + x, 1)", "abcxy"),
        ("some_path(a, d)", "adx"),
        ("some_path(a, a)", "a"),
        ("some_path(d, a)", ""),
        ("all_paths(a, d)", "abcdxy"),
        ("all_paths(b, c)", "bcy"),
        ("kind(queue)", "cxyz"),
        ("kind(queue, deps(b))", "cy"),
        ("state(deleted)", "z"),
        ("attr(region, west)", "bxy"),
        ("attr(region, \"west\", deps(c))", "y"),
        ("scc(y)", "cy"),
        ("scc(a)", "a"),
        ("cut(b, d)", "c"),
        ("cut(a, d)", "bx"),
        ("all() - deps(a)", "z"),
        ("all()", "abcdxyz"),
        ("a + b + c - b", "ac"),
        ("a + (b - b)", "a"),
        ("deps(a) & kind(queue) - y", "cx"),
        ("((a))", "a"),
        ("kind(queue, all() - (x + z))", "cy"),
    ] {
        assert_eq!(ask(text), expected, "{text}");
    }
}

#[test]
fn a_path_comes_with_its_edges() {
    let graph = sample();
    let path = graph
        .query("some_path(a, d)", &mut work())
        .unwrap()
        .path
        .unwrap();
    let ends: Vec<_> = path
        .iter()
        .map(|edge| graph.edge(*edge))
        .map(|edge| ids(&graph, [edge.source, edge.target]).join(""))
        .collect();
    assert_eq!(ends, ["ax", "xd"]);
    assert_eq!(
        graph.query("some_path(d, a)", &mut work()).unwrap().path,
        None
    );
    assert_eq!(graph.query("a", &mut work()).unwrap().path, None);
}

#[test]
fn an_error_points_at_its_column() {
    use ErrorKind::{
        Inseparable, QueryArgument, QuerySyntax, QueryUnknownFunction, QueryUnknownObject,
    };
    for (text, kind, column) in [
        ("", QuerySyntax, 1),
        ("  ", QuerySyntax, 3),
        ("a b", QuerySyntax, 3),
        ("a +", QuerySyntax, 4),
        ("a + + b", QuerySyntax, 5),
        ("(a", QuerySyntax, 3),
        ("a)", QuerySyntax, 2),
        ("deps(a", QuerySyntax, 7),
        ("deps(a,)", QuerySyntax, 8),
        ("(a, b)", QuerySyntax, 3),
        ("\"open", QuerySyntax, 1),
        ("a + \"x\\y\"", QuerySyntax, 7),
        ("a\u{1}", QuerySyntax, 2),
        ("nobody", QueryUnknownObject, 1),
        ("a + ünbekannt", QueryUnknownObject, 5),
        ("ü + nobody", QueryUnknownObject, 1),
        ("a + depz(b)", QueryUnknownFunction, 5),
        ("deps()", QueryArgument, 1),
        ("deps(a, b)", QueryArgument, 9),
        ("deps(a, 1, 2)", QueryArgument, 12),
        ("deps(a, 99999999999999999999)", QueryArgument, 9),
        ("deps(a, 1 + 1)", QueryArgument, 9),
        ("kind(deps(a))", QueryArgument, 6),
        ("all(a)", QueryArgument, 5),
        ("some_path(a)", QueryArgument, 1),
        ("state(lost)", QueryArgument, 1),
        ("a + cut(kind(queue), a)", QueryArgument, 5),
        ("cut(a, b)", Inseparable, 1),
    ] {
        assert_eq!(refuse(text), (kind, Some(column)), "{text}");
    }
}

#[test]
fn long_and_complex_queries_are_refused_before_they_cost_anything() {
    let megabyte = "a+".repeat(512 * 1024);
    assert_eq!(refuse(&megabyte).0, ErrorKind::QueryTooLong);
    let wide = "a+".repeat(5000) + "a";
    assert_eq!(refuse(&wide).0, ErrorKind::QueryTooComplex);
    let deep = "(".repeat(1500) + "a" + &")".repeat(1500);
    assert_eq!(refuse(&deep).0, ErrorKind::QueryTooComplex);
    let error = sample()
        .query("deps(a) + rdeps(d)", &mut Work::steps(5))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BudgetSpent);
}

proptest! {
    #[test]
    fn any_text_is_answered_or_refused(text in "[abcx0-9 ()+&,\"\\\\-]{0,40}|\\PC{0,60}") {
        let _ = sample().query(&text, &mut work());
    }

    #[test]
    fn words_and_parentheses_are_answered_or_refused_with_a_column_in_reach(
        parts in prop::collection::vec(
            prop::sample::select(vec!["a", "b", "(", ")", ",", "+", "-", "&", "deps(", "some_path(", "kind(", "attr(", "all()", "cut(", "1", "queue"]), 0..14)
    ) {
        let text = parts.join(" ");
        match Query::parse(&text, &Limits::default()) {
            Ok(query) => { let _ = query.run(&sample(), &mut work()); }
            Err(error) => prop_assert!(error.column().is_some_and(|column| column >= 1 && column <= text.chars().count() + 1)),
        }
    }
}
