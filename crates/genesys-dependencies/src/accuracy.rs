//! How many of the references that were found lead to something.

use depgraph::{Graph, NodeRef, State, StateName};
use serde::{Deserialize, Serialize};

use crate::kind::ObjectKind;

/// References found, and how many of them lead to an object that exists.
///
/// Each reference counts once, however often it was read. References to [endpoints](ObjectKind::ENDPOINT) do not count: what is
/// outside of the platform cannot be read from it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Accuracy {
    /// References found, those that cannot be read included.
    pub found: u64,
    /// Those that lead to an object that exists: it was read, or dependency tracking knows it and nobody lists it.
    pub resolved: u64,
    /// The others, by source and place; cut off at the limit.
    pub unresolved: Vec<Unresolved>,
}

/// A reference that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unresolved {
    /// What refers.
    pub source: NodeRef,
    /// Where in it.
    pub place: String,
    /// What it refers to; none when something stands there that is no reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<NodeRef>,
    /// `deleted`, `not_permitted`, `not_fetched` or `unreadable`.
    pub reason: String,
}

impl Accuracy {
    /// Resolved by found, 0 to 1; none when nothing was referred to.
    pub fn ratio(&self) -> Option<f64> {
        (self.found > 0).then(|| self.resolved as f64 / self.found as f64)
    }

    /// How many lead nowhere.
    pub fn unresolved_total(&self) -> u64 {
        self.found - self.resolved
    }

    /// Of a graph, and of the places where references could not be read: the id of the object, and the place.
    pub(crate) fn of(graph: &Graph, unreadable: &Unreadable, listed: usize) -> Self {
        let mut accuracy = Self {
            found: unreadable.total,
            ..Self::default()
        };
        for edge in graph.edges() {
            if graph.kind_name(edge.target) == ObjectKind::ENDPOINT.as_str() {
                continue;
            }
            accuracy.found += 1;
            let state = graph.state(edge.target);
            if state == State::Present {
                accuracy.resolved += 1;
            } else if accuracy.unresolved.len() < listed {
                accuracy.unresolved.push(Unresolved {
                    source: graph.node_ref(edge.source),
                    place: edge.evidence.to_owned(),
                    target: Some(graph.node_ref(edge.target)),
                    reason: <&str>::from(StateName(state)).to_owned(),
                });
            }
        }
        let mut places: Vec<_> = unreadable.places.iter().collect();
        places.sort_unstable();
        let room = listed.saturating_sub(accuracy.unresolved.len());
        let rest = places.into_iter().filter_map(|(id, place)| {
            Some(Unresolved {
                source: graph.node_ref(graph.find(id)?),
                place: place.clone(),
                target: None,
                reason: "unreadable".to_owned(),
            })
        });
        accuracy.unresolved.extend(rest.take(room));
        accuracy
    }
}

/// Places where something stands that is no reference.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unreadable {
    pub(crate) total: u64,
    /// Id and place; cut off.
    pub(crate) places: Vec<(String, String)>,
}

#[cfg(test)]
mod tests {
    use depgraph::{Edge, GraphBuilder, Node};

    use super::*;

    #[test]
    fn every_reference_counts_once_and_nothing_is_said_of_none() {
        // errata DEP-36
        let nothing = GraphBuilder::new().freeze().unwrap();
        let accuracy = Accuracy::of(&nothing, &Unreadable::default(), 10);
        assert_eq!((accuracy.found, accuracy.ratio()), (0, None));

        let mut builder = GraphBuilder::new();
        builder.add_node(Node::new("q", "queue")).unwrap();
        builder.add_node(Node::new("f", "flow")).unwrap();
        builder
            .add_node(Node::new("gone", "flow").with_state(State::Deleted))
            .unwrap();
        builder
            .add_node(Node::new("https://a.example", "endpoint"))
            .unwrap();
        for (target, place) in [
            ("f", "a"),
            ("f", "a"),
            ("gone", "b"),
            ("lost", "c"),
            ("https://a.example", "u"),
        ] {
            builder
                .add_edge(Edge::new("q", target, "runs").with_evidence(place))
                .unwrap();
        }
        let graph = builder.freeze().unwrap();
        let unreadable = Unreadable {
            total: 1,
            places: vec![("q".to_owned(), "d".to_owned())],
        };
        let accuracy = Accuracy::of(&graph, &unreadable, 10);
        assert_eq!(
            (
                accuracy.found,
                accuracy.resolved,
                accuracy.unresolved_total()
            ),
            (4, 1, 3)
        );
        assert_eq!(accuracy.ratio(), Some(0.25));
        let told: Vec<(&str, &str)> = accuracy
            .unresolved
            .iter()
            .map(|one| (one.place.as_str(), one.reason.as_str()))
            .collect();
        assert_eq!(
            told,
            [("b", "deleted"), ("c", "not_fetched"), ("d", "unreadable")]
        );
        assert_eq!(Accuracy::of(&graph, &unreadable, 1).unresolved.len(), 1);
    }
}
