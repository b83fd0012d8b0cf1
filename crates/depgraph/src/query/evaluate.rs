//! Running a query's program on a graph, with a stack of sets.

use super::parse::{Function, Operator, Query, Step};
use crate::error::{Error, ErrorKind};
use crate::graph::Graph;
use crate::id::{EdgeId, NodeId};
use crate::kind::State;
use crate::reach::Direction;
use crate::set::NodeSet;
use crate::topology::Topology;
use crate::work::Work;

/// What a query found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The objects.
    pub nodes: NodeSet,
    /// If the query is one `some_path`: its edges, from start to end. None without a path.
    pub path: Option<Vec<EdgeId>>,
}

impl Graph {
    /// Reads a query and runs it.
    ///
    /// ```
    /// use depgraph::{ErrorKind, GraphBuilder, State, Work};
    ///
    /// let mut builder = GraphBuilder::new().with_referenced_state(State::Present);
    /// builder.add_edges("calls", [("a", "b"), ("b", "c"), ("x", "c")])?;
    /// let graph = builder.freeze()?;
    ///
    /// let found = graph.query("rdeps(c) - deps(a)", &mut Work::unlimited())?;
    /// let ids: Vec<String> = found.nodes.iter().map(|node| graph.id(node).to_string()).collect();
    /// assert_eq!(ids, ["x"]);
    ///
    /// let error = graph.query("rdeps(c) - nobody", &mut Work::unlimited()).unwrap_err();
    /// assert_eq!((error.kind(), error.column()), (ErrorKind::QueryUnknownObject, Some(12)));
    /// # Ok::<(), depgraph::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Query::parse`] and [`Query::run`].
    pub fn query(&self, text: &str, work: &mut Work) -> Result<Answer, Error> {
        Query::parse(text, &self.limits)?.run(self, work)
    }

    /// The nodes that a word means: the one with this id, or all with this name.
    fn named(&self, word: &str) -> NodeSet {
        let mut set = NodeSet::new(self.node_count());
        match self.find(word) {
            Some(node) => {
                set.insert(node);
            }
            None => self
                .nodes()
                .filter(|node| self.name(*node) == Some(word))
                .for_each(|node| {
                    set.insert(node);
                }),
        }
        set
    }
}

impl Query {
    /// Runs the query.
    ///
    /// # Errors
    ///
    /// An unknown object, an argument that is not one object where one is needed, [`ErrorKind::Inseparable`] of `cut`, or an
    /// interruption.
    pub fn run(&self, graph: &Graph, work: &mut Work) -> Result<Answer, Error> {
        let mut machine = Machine {
            graph,
            stack: Vec::new(),
            topology: None,
            path: None,
        };
        for step in &self.program {
            // A set costs a bit a node; to look names up, a glance at each.
            work.spend(1 + graph.node_count() as u64 / 64)?;
            machine.path = None;
            match step {
                Step::Object(word, column) => {
                    if graph.find(word).is_none() {
                        work.spend(graph.node_count() as u64)?;
                    }
                    let set = graph.named(word);
                    if set.is_empty() {
                        return Err(Error::at(ErrorKind::QueryUnknownObject, *column));
                    }
                    machine.stack.push(set);
                }
                Step::Combine(operator) => {
                    let right = machine.pop();
                    let mut left = machine.pop();
                    match operator {
                        Operator::Union => left.unite(&right),
                        Operator::Difference => left.subtract(&right),
                        Operator::Intersection => left.intersect(&right),
                    }
                    machine.stack.push(left);
                }
                Step::Call {
                    function,
                    texts,
                    number,
                    sets,
                    column,
                } => {
                    let set = machine.call(*function, texts, *number, *sets, *column, work)?;
                    machine.stack.push(set);
                }
            }
        }
        Ok(Answer {
            path: machine.path.take(),
            nodes: machine.pop(),
        })
    }
}

struct Machine<'a> {
    graph: &'a Graph,
    stack: Vec<NodeSet>,
    topology: Option<Topology>,
    path: Option<Vec<EdgeId>>,
}

impl Machine<'_> {
    /// The parser makes sure that there is one.
    fn pop(&mut self) -> NodeSet {
        self.stack
            .pop()
            .unwrap_or_else(|| NodeSet::new(self.graph.node_count()))
    }

    fn call(
        &mut self,
        function: Function,
        texts: &[String],
        number: Option<usize>,
        sets: usize,
        column: usize,
        work: &mut Work,
    ) -> Result<NodeSet, Error> {
        let graph = self.graph;
        let reach = |set: &NodeSet, direction, work: &mut Work| {
            let from: Vec<NodeId> = set.iter().collect();
            graph
                .reach(&from, direction, number, work)
                .map(|reach| reach.set().clone())
        };
        let text = |at: usize| texts.get(at).map_or("", String::as_str);
        match function {
            Function::All => Ok(NodeSet::all(graph.node_count())),
            Function::Deps => reach(&self.pop(), Direction::Down, work),
            Function::Rdeps => reach(&self.pop(), Direction::Up, work),
            Function::SomePath => {
                let (to, from) = (self.pop(), self.pop());
                let path = graph.shortest_path_between(&from, &to, work)?;
                let mut nodes = NodeSet::new(graph.node_count());
                match path.as_deref() {
                    // A node that is in both sets is a path by itself.
                    Some([]) => {
                        from.iter()
                            .find(|node| to.contains(*node))
                            .map(|node| nodes.insert(node));
                    }
                    Some(edges) => {
                        for edge in edges.iter().map(|edge| graph.edge(*edge)) {
                            nodes.insert(edge.source);
                            nodes.insert(edge.target);
                        }
                    }
                    None => {}
                }
                self.path = path;
                Ok(nodes)
            }
            Function::AllPaths => {
                let (to, from) = (self.pop(), self.pop());
                let mut between = reach(&from, Direction::Down, work)?;
                between.intersect(&reach(&to, Direction::Up, work)?);
                Ok(between)
            }
            Function::Scc => {
                let mut set = self.pop();
                if self.topology.is_none() {
                    self.topology = Some(graph.topology(work)?);
                }
                for component in self
                    .topology
                    .iter()
                    .flat_map(|topology| topology.components())
                {
                    if component.members.iter().any(|node| set.contains(*node)) {
                        for node in &component.members {
                            set.insert(*node);
                        }
                    }
                }
                Ok(set)
            }
            Function::Cut => {
                let (to, from) = (self.pop(), self.pop());
                let one = |set: &NodeSet| set.iter().next().filter(|_| set.len() == 1);
                let (Some(from), Some(to)) = (one(&from), one(&to)) else {
                    return Err(Error::at(ErrorKind::QueryArgument, column));
                };
                let nodes = graph
                    .separator(from, to, work)
                    .map_err(|error| Error::at(error.kind(), column))?;
                Ok(NodeSet::of(graph.node_count(), &nodes))
            }
            Function::Kind => self.filter(sets, |node| graph.kind_name(node) == text(0), work),
            Function::State => {
                let state =
                    State::from_name(text(0)).ok_or(Error::at(ErrorKind::QueryArgument, column))?;
                self.filter(sets, |node| graph.state(node) == state, work)
            }
            Function::Attr => self.filter(
                sets,
                |node| graph.attribute(node, text(0)) == Some(text(1)),
                work,
            ),
        }
    }

    /// Those of the last set, or of all nodes if there is none, that a predicate accepts.
    fn filter(
        &mut self,
        sets: usize,
        keep: impl Fn(NodeId) -> bool,
        work: &mut Work,
    ) -> Result<NodeSet, Error> {
        let graph = self.graph;
        work.spend(graph.node_count() as u64)?;
        let of = if sets == 0 {
            NodeSet::all(graph.node_count())
        } else {
            self.pop()
        };
        let mut kept = NodeSet::new(graph.node_count());
        for node in of.iter().filter(|node| keep(*node)) {
            kept.insert(node);
        }
        Ok(kept)
    }
}
