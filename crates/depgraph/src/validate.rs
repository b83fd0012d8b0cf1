//! Checking a graph against a policy.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::cycle;
use crate::error::Error;
use crate::feedback;
use crate::finding::{
    Cut, Cycle, Detail, EdgeRef, Finding, FindingKind, Report, Severity, StateName, Total,
};
use crate::fingerprint::Fingerprint;
use crate::graph::Graph;
use crate::id::{EdgeId, NodeId};
use crate::kind::State;
use crate::local::{Local, Places};
use crate::policy::{KindRules, Policy, Rule};
use crate::scc::{self, SETTLED};
use crate::topology::Topology;
use crate::work::Work;

/// References that a dangling finding lists.
const LISTED_REFERENCES: usize = 10;

impl Graph {
    /// Checks the graph: cycles, self-references, depth, dangling references, orphans, duplicates, conflicts and missing input.
    ///
    /// Linear where there is little to report; each listed cycle adds a search for its shortest way round and its smallest cut.
    ///
    /// ```
    /// use depgraph::{FindingKind, GraphBuilder, Policy, State, Work};
    ///
    /// let mut builder = GraphBuilder::new().with_referenced_state(State::Present);
    /// builder.add_edges("calls", [("a", "b"), ("b", "c"), ("c", "a"), ("a", "d"), ("c", "d")])?;
    /// let report = builder.freeze()?.validate(&Policy::default(), &mut Work::unlimited())?;
    /// assert!(!report.is_valid());
    /// assert_eq!(report.total(FindingKind::Cycle).errors, 1);
    /// assert_eq!(
    ///     report.findings[0].to_string(),
    ///     "3 objects in a circle: unknown a -[calls]-> unknown b -[calls]-> unknown c -[calls]-> unknown a; \
    ///      fewest to cut: 1: unknown c -[calls]-> unknown a"
    /// );
    /// # Ok::<(), depgraph::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// An interruption.
    pub fn validate(&self, policy: &Policy, work: &mut Work) -> Result<Report, Error> {
        let topology = self.topology(work)?;
        self.validate_with(&topology, policy, work)
    }

    /// Like [`validate`](Self::validate), with the graph's topology at hand.
    ///
    /// # Errors
    ///
    /// An interruption.
    pub fn validate_with(
        &self,
        topology: &Topology,
        policy: &Policy,
        work: &mut Work,
    ) -> Result<Report, Error> {
        let mut check = Check {
            graph: self,
            topology,
            policy,
            rules: policy.of(self),
            totals: BTreeMap::new(),
            findings: Vec::new(),
        };
        check.self_references();
        check.cycles(work)?;
        check.depth(work)?;
        check.dangling(work)?;
        check.orphans();
        check.duplicates();
        check.conflicts();
        check.gaps();
        Ok(Report {
            nodes: self.node_count(),
            edges: self.edge_count(),
            depth: topology.depth(),
            components: topology.components().len(),
            complete: self.gaps.is_empty(),
            totals: check.totals,
            findings: check.findings,
        })
    }
}

struct Check<'a> {
    graph: &'a Graph,
    topology: &'a Topology,
    policy: &'a Policy,
    rules: KindRules,
    totals: BTreeMap<FindingKind, Total>,
    findings: Vec<Finding>,
}

impl Check<'_> {
    /// Counts one finding and says whether it is to be listed. Call errors first.
    fn count(&mut self, kind: FindingKind, severity: Severity) -> bool {
        let total = self.totals.entry(kind).or_default();
        match severity {
            Severity::Error => total.errors += 1,
            Severity::Warning => total.warnings += 1,
        }
        let listed = total.listed < self.policy.listed;
        total.listed += usize::from(listed);
        listed
    }

    fn list(&mut self, severity: Severity, fingerprint: Fingerprint, detail: Detail) {
        self.findings.push(Finding {
            severity,
            fingerprint: fingerprint.finish(),
            detail,
        });
    }

    fn edge(&self, edge: u32) -> EdgeRef {
        self.graph.edge_ref(self.graph.edge(EdgeId(edge)))
    }

    fn edges(&self, edges: &[u32]) -> Vec<EdgeRef> {
        edges
            .iter()
            .take(self.policy.listed)
            .map(|edge| self.edge(*edge))
            .collect()
    }

    fn self_references(&mut self) {
        let graph = self.graph;
        for wanted in [Rule::Forbid, Rule::Warn] {
            for edge in &graph.self_edges {
                let rule = self.rules.cycle(graph.kinds[*edge as usize]);
                let Some(severity) = Severity::of(rule).filter(|_| rule == wanted) else {
                    continue;
                };
                if self.count(FindingKind::SelfReference, severity) {
                    let mark = Fingerprint::new(FindingKind::SelfReference).edge(graph, *edge);
                    let detail = Detail::SelfReference {
                        edge: self.edge(*edge),
                    };
                    self.list(severity, mark, detail);
                }
            }
        }
    }

    fn cycles(&mut self, work: &mut Work) -> Result<(), Error> {
        if self.topology.is_acyclic() {
            return Ok(());
        }
        let mut places = Places::new(self.graph);
        for rule in [Rule::Forbid, Rule::Warn] {
            let Some(severity) = Severity::of(rule) else {
                continue;
            };
            for members in self.components_at(rule, work)? {
                if self.count(FindingKind::Cycle, severity) {
                    self.cycle(severity, rule, &members, &mut places, work)?;
                }
            }
        }
        Ok(())
    }

    /// The components of the edges that are judged `rule` or worse, if they have an edge that is judged `rule`.
    fn components_at(&self, rule: Rule, work: &mut Work) -> Result<Vec<Vec<u32>>, Error> {
        let graph = self.graph;
        let whole = || {
            let components = self.topology.components().iter();
            components
                .map(|component| component.members.iter().map(|node| node.0).collect())
                .collect()
        };
        match self.rules.uniform() {
            Some(only) if only == rule => return Ok(whole()),
            Some(_) => return Ok(Vec::new()),
            None => {}
        }
        let mut index = vec![SETTLED; graph.node_count()];
        for node in self
            .topology
            .components()
            .iter()
            .flat_map(|component| &component.members)
        {
            index[node.index()] = 0;
        }
        let groups = scc::components(
            &graph.forward,
            &mut index,
            |edge| self.rules.cycle(graph.kinds[edge]) >= rule,
            work,
        )?;
        let mut found: Vec<Vec<u32>> = Vec::new();
        for group in groups.iter().filter(|group| group.len() > 1) {
            let mut members = group.to_vec();
            members.sort_unstable();
            let judged_so = members.iter().any(|node| {
                graph.forward.range(*node as usize).any(|edge| {
                    let target = graph.forward.targets[edge];
                    self.rules.cycle(graph.kinds[edge]) == rule
                        && target != *node
                        && members.binary_search(&target).is_ok()
                })
            });
            if judged_so {
                found.push(members);
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    fn cycle(
        &mut self,
        severity: Severity,
        rule: Rule,
        members: &[u32],
        places: &mut Places,
        work: &mut Work,
    ) -> Result<(), Error> {
        let graph = self.graph;
        let judged = |edge: u32| self.rules.cycle(graph.kinds[edge as usize]);
        let local = places.extract(graph, members, |edge| judged(edge as u32) >= rule);
        let exactly = |edge: usize| judged(local.edges[edge]) == rule;
        // Of forbidden edges all are judged so, and the search need not ask.
        let through: Option<&dyn Fn(usize) -> bool> = if rule == Rule::Forbid {
            None
        } else {
            Some(&exactly)
        };
        let witness = witness(graph, &local, through, work)?;
        let cut = feedback::smallest(
            &local,
            |edge| self.rules.weight(graph.kinds[edge as usize]),
            work,
        )?;
        let mut mark = Fingerprint::new(FindingKind::Cycle).text(severity.as_str());
        for member in members {
            mark = mark.node(graph, NodeId(*member));
        }
        let detail = Detail::Cycle(Box::new(Cycle {
            size: members.len(),
            members: members
                .iter()
                .take(self.policy.listed)
                .map(|node| graph.node_ref(NodeId(*node)))
                .collect(),
            witness: witness.iter().map(|edge| self.edge(*edge)).collect(),
            cut: Cut {
                size: cut.edges.len(),
                edges: self.edges(&cut.edges),
                weight: cut.weight,
                at_least: cut.at_least,
                exact: cut.weight == cut.at_least,
            },
        }));
        self.list(severity, mark, detail);
        Ok(())
    }

    fn depth(&mut self, work: &mut Work) -> Result<(), Error> {
        let Some(limit) = self
            .policy
            .max_depth
            .filter(|limit| self.topology.depth() > *limit)
        else {
            return Ok(());
        };
        let heights = self.graph.heights(self.topology, work)?;
        let top = self.topology.layers().next().unwrap_or_default();
        // Of a component, its first member speaks for it.
        let speaks = |node: &NodeId| {
            let component = self.topology.component_of(*node);
            component.is_none_or(|number| self.topology.components()[number].members[0] == *node)
        };
        let mut roots: Vec<NodeId> = top
            .iter()
            .copied()
            .filter(|node| heights.of(*node) > limit && speaks(node))
            .collect();
        roots.sort_by_key(|node| Reverse(heights.of(*node)));
        for root in roots {
            if self.count(FindingKind::Depth, Severity::Error) {
                let path = self.graph.longest_path(root, self.topology, &heights);
                work.spend(path.len() as u64)?;
                let edges: Vec<u32> = path
                    .iter()
                    .take(self.policy.listed)
                    .map(|edge| edge.0)
                    .collect();
                let mark = Fingerprint::new(FindingKind::Depth).node(self.graph, root);
                let detail = Detail::Depth {
                    limit,
                    depth: heights.of(root),
                    path: self.edges(&edges),
                };
                self.list(Severity::Error, mark, detail);
            }
        }
        Ok(())
    }

    fn dangling(&mut self, work: &mut Work) -> Result<(), Error> {
        let graph = self.graph;
        let missing = [State::Deleted, State::NotPermitted, State::NotFetched];
        let judged = |state: State| {
            Severity::of(self.policy.dangling(state)).map(|severity| (severity, state))
        };
        let mut states: Vec<(Severity, State)> = missing.into_iter().filter_map(judged).collect();
        states.sort_by_key(|(severity, _)| Reverse(*severity));
        if !graph
            .class_table
            .iter()
            .any(|(_, wanted)| states.iter().any(|(_, state)| state == wanted))
        {
            return Ok(());
        }
        for (severity, state) in states {
            work.spend(graph.node_count() as u64)?;
            for node in graph.nodes().filter(|node| graph.state(*node) == state) {
                let references = graph
                    .predecessors(node)
                    .filter(|source| *source != node)
                    .count();
                if references > 0 && self.count(FindingKind::Dangling, severity) {
                    let others = graph.incoming(node).filter(|edge| edge.source != node);
                    let edges = others
                        .take(LISTED_REFERENCES)
                        .map(|edge| graph.edge_ref(edge))
                        .collect();
                    let mark = Fingerprint::new(FindingKind::Dangling)
                        .text(state.as_str())
                        .node(graph, node);
                    let node = graph.node_ref(node);
                    self.list(
                        severity,
                        mark,
                        Detail::Dangling {
                            node,
                            state: StateName(state),
                            references,
                            edges,
                        },
                    );
                }
            }
        }
        Ok(())
    }

    fn orphans(&mut self) {
        let Some(severity) = Severity::of(self.policy.orphans) else {
            return;
        };
        let graph = self.graph;
        for node in self
            .topology
            .isolated()
            .iter()
            .filter(|node| graph.state(**node) == State::Present)
        {
            if self.count(FindingKind::Orphan, severity) {
                let mark = Fingerprint::new(FindingKind::Orphan).node(graph, *node);
                self.list(
                    severity,
                    mark,
                    Detail::Orphan {
                        node: graph.node_ref(*node),
                    },
                );
            }
        }
    }

    fn duplicates(&mut self) {
        let Some(severity) = Severity::of(self.policy.duplicates) else {
            return;
        };
        let graph = self.graph;
        for (node, more) in graph.merged_nodes() {
            if self.count(FindingKind::Duplicate, severity) {
                let mark = Fingerprint::new(FindingKind::Duplicate).node(graph, node);
                let node = Some(graph.node_ref(node));
                self.list(
                    severity,
                    mark,
                    Detail::Duplicate {
                        node,
                        edge: None,
                        times: more + 1,
                    },
                );
            }
        }
        for (edge, more) in graph.merged_edges() {
            if self.count(FindingKind::Duplicate, severity) {
                let mark = Fingerprint::new(FindingKind::Duplicate).edge(graph, edge.0);
                let edge = Some(self.edge(edge.0));
                self.list(
                    severity,
                    mark,
                    Detail::Duplicate {
                        node: None,
                        edge,
                        times: more + 1,
                    },
                );
            }
        }
    }

    fn conflicts(&mut self) {
        let Some(severity) = Severity::of(self.policy.conflicts) else {
            return;
        };
        let graph = self.graph;
        for conflict in &graph.conflicts {
            if self.count(FindingKind::Conflict, severity) {
                let mark = Fingerprint::new(FindingKind::Conflict).node(graph, conflict.node);
                let mark = mark.text(&conflict.field).text(&conflict.other);
                let detail = Detail::Conflict {
                    node: graph.node_ref(conflict.node),
                    field: conflict.field.clone(),
                    kept: conflict.kept.clone(),
                    other: conflict.other.clone(),
                };
                self.list(severity, mark, detail);
            }
        }
    }

    fn gaps(&mut self) {
        let Some(severity) = Severity::of(self.policy.gaps) else {
            return;
        };
        for gap in &self.graph.gaps {
            if self.count(FindingKind::Incomplete, severity) {
                let mark = Fingerprint::new(FindingKind::Incomplete).text(&gap.scope);
                let detail = Detail::Incomplete {
                    scope: gap.scope.clone(),
                    reason: gap.reason.clone(),
                };
                self.list(severity, mark, detail);
            }
        }
    }
}

/// A shortest cycle as edges of the whole graph, begun at its first node.
fn witness(
    graph: &Graph,
    local: &Local,
    through: Option<&dyn Fn(usize) -> bool>,
    work: &mut Work,
) -> Result<Vec<u32>, Error> {
    let mut edges: Vec<u32> = cycle::shortest(local, through, work)?
        .iter()
        .map(|edge| local.edges[*edge])
        .collect();
    let first = (0..edges.len()).min_by_key(|at| graph.edge(EdgeId(edges[*at])).source);
    edges.rotate_left(first.unwrap_or(0));
    Ok(edges)
}
