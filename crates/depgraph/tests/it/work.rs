//! Budgets and cancellation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use depgraph::{ErrorKind, Graph, Limits, NodeSet, Policy, View, Work};

use crate::common::{graph, node};

type Call = (
    &'static str,
    Box<dyn Fn(&Graph, &mut Work) -> Result<(), depgraph::Error>>,
);

fn calls() -> Vec<Call> {
    fn call(
        name: &'static str,
        job: impl Fn(&Graph, &mut Work) -> Result<(), depgraph::Error> + 'static,
    ) -> Call {
        (name, Box::new(job))
    }
    let policy = || Policy::default().with_max_depth(1);
    vec![
        call("topology", |graph, work| graph.topology(work).map(drop)),
        call("components", |graph, work| graph.components(work).map(drop)),
        call("validate", move |graph, work| {
            graph.validate(&policy(), work).map(drop)
        }),
        call("reach", |graph, work| {
            graph
                .reach(&[node(graph, 0)], depgraph::Direction::Down, None, work)
                .map(drop)
        }),
        call("shortest_path", |graph, work| {
            graph
                .shortest_path(node(graph, 0), node(graph, 2999), work)
                .map(drop)
        }),
        call("dominators", |graph, work| {
            graph.dominators(&[node(graph, 0)], work).map(drop)
        }),
        call("impact", move |graph, work| {
            graph
                .impact(&[node(graph, 2999)], &Policy::default(), 5, work)
                .map(drop)
        }),
        call("single_points", move |graph, work| {
            let topology = graph.topology(&mut Work::unlimited())?;
            graph
                .single_points(&[node(graph, 0)], &topology, &Policy::default(), 5, work)
                .map(drop)
        }),
        call("failover", |graph, work| {
            graph
                .failover(
                    node(graph, 0),
                    &[node(graph, 2999)],
                    &NodeSet::new(graph.node_count()),
                    2,
                    work,
                )
                .map(drop)
        }),
        call("implied_edges", |graph, work| {
            graph.implied_edges(work).map(drop)
        }),
        call("drift", |graph, work| {
            graph.drift_from(graph, 5, work).map(drop)
        }),
        call("query", |graph, work| {
            graph.query("deps(n000) & scc(n001)", work).map(drop)
        }),
        call("view", |graph, work| {
            View::new(graph)
                .with_focus([node(graph, 0)])
                .draw(work)
                .map(drop)
        }),
        call("to_snapshot", |graph, work| {
            graph.to_snapshot(work).map(drop)
        }),
        call("from_snapshot", |graph, work| {
            let text = graph.to_snapshot(&mut Work::unlimited())?;
            Graph::from_snapshot(&text, &Limits::default(), work).map(drop)
        }),
    ]
}

fn ring() -> Graph {
    graph(
        3000,
        &(0..3000)
            .flat_map(|at| [(at, (at + 1) % 3000), (at, (at + 2) % 3000)])
            .collect::<Vec<_>>(),
    )
}

#[test]
fn every_long_call_stops_when_its_budget_is_spent() {
    let graph = ring();
    for (name, call) in calls() {
        assert_eq!(
            call(&graph, &mut Work::steps(100)).map_err(|error| error.kind()),
            Err(ErrorKind::BudgetSpent),
            "{name}"
        );
        let mut work = Work::steps(u64::MAX - 1);
        call(&graph, &mut work).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(work.left() < u64::MAX - 1, "{name}");
    }
}

#[test]
fn every_long_call_stops_when_it_is_cancelled() {
    let graph = ring();
    for (name, call) in calls() {
        let flag = Arc::new(AtomicBool::new(true));
        let mut work = Work::unlimited().with_cancel(Arc::clone(&flag));
        assert_eq!(
            call(&graph, &mut work).map_err(|error| error.kind()),
            Err(ErrorKind::Cancelled),
            "{name}"
        );
        flag.store(false, Ordering::Relaxed);
        assert!(call(&graph, &mut work).is_ok(), "{name}");
    }
}

#[test]
fn a_node_of_another_graph_is_refused() {
    let (small, large) = (graph(2, &[(0, 1)]), graph(20, &[]));
    let foreign = node(&large, 19);
    let kind = |error: depgraph::Error| error.kind();
    let work = &mut Work::unlimited();
    assert_eq!(
        small.dominators(&[foreign], work).map_err(kind).err(),
        Some(ErrorKind::UnknownNode)
    );
    assert_eq!(
        small
            .shortest_path(node(&small, 0), foreign, work)
            .map_err(kind),
        Err(ErrorKind::UnknownNode)
    );
    assert_eq!(
        View::new(&small)
            .with_focus([foreign])
            .draw(work)
            .map_err(kind)
            .err(),
        Some(ErrorKind::UnknownNode)
    );
}
