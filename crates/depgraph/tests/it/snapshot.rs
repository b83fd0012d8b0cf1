//! Reading snapshots, good and bad.

use depgraph::{ErrorKind, Graph, Limits, Work};
use proptest::prelude::*;

use crate::common::{graph, work};

fn read(text: &str) -> Result<Graph, depgraph::Error> {
    Graph::from_snapshot(text, &Limits::default(), &mut work())
}

#[test]
fn what_is_not_a_snapshot_is_refused_with_its_kind() {
    let good = graph(3, &[(0, 1), (1, 2)])
        .to_snapshot(&mut work())
        .unwrap();
    assert!(read(&good).is_ok());
    for (text, kind) in [
        (String::new(), ErrorKind::SnapshotInvalid),
        ("[]".into(), ErrorKind::SnapshotInvalid),
        (good[..good.len() / 2].into(), ErrorKind::SnapshotInvalid),
        (
            good.replace("\"depgraph\"", "\"other\""),
            ErrorKind::SnapshotInvalid,
        ),
        (
            good.replace("\"version\":1", "\"version\":2"),
            ErrorKind::SnapshotVersion,
        ),
        (
            good.replace("\"version\":1", "\"version\":2,\"new\":[]"),
            ErrorKind::SnapshotVersion,
        ),
        (
            good.replace("\"version\":1", "\"version\":1,\"new\":[]"),
            ErrorKind::SnapshotInvalid,
        ),
        (
            good.replace("\"target\":2", "\"target\":3"),
            ErrorKind::SnapshotInvalid,
        ),
        (good.replace("\"n001\"", "\"\""), ErrorKind::EmptyId),
        (
            good.replace("\"n001\"", "\"n000\""),
            ErrorKind::SnapshotInvalid,
        ),
        (
            good.replace(
                "\"kind\":\"thing\"",
                "\"kind\":\"thing\",\"state\":\"lost\"",
            ),
            ErrorKind::SnapshotInvalid,
        ),
        (format!("{good}{good}"), ErrorKind::SnapshotInvalid),
    ] {
        assert_eq!(read(&text).unwrap_err().kind(), kind, "{text}");
    }
}

#[test]
fn a_snapshot_is_read_under_limits_and_a_budget() {
    let good = graph(30, &[(0, 1), (1, 2)])
        .to_snapshot(&mut work())
        .unwrap();
    let kind = |limits: Limits| {
        Graph::from_snapshot(&good, &limits, &mut work())
            .unwrap_err()
            .kind()
    };
    assert_eq!(
        kind(Limits::default().with_snapshot(100)),
        ErrorKind::SnapshotTooLarge
    );
    assert_eq!(
        kind(Limits::default().with_nodes(29)),
        ErrorKind::TooManyNodes
    );
    assert_eq!(
        kind(Limits::default().with_edges(1)),
        ErrorKind::TooManyEdges
    );
    let spent = Graph::from_snapshot(&good, &Limits::default(), &mut Work::steps(20)).unwrap_err();
    assert_eq!(spent.kind(), ErrorKind::BudgetSpent);
}

proptest! {
    #[test]
    fn a_damaged_snapshot_is_read_or_refused(at in 0usize..400, byte in 32u8..127) {
        let mut text = graph(3, &[(0, 1), (1, 2), (2, 0)]).to_snapshot(&mut work()).unwrap().into_bytes();
        let at = at % text.len();
        text[at] = byte;
        if let Ok(graph) = read(std::str::from_utf8(&text).unwrap()) {
            prop_assert!(graph.node_count() == 3);
        }
    }
}
