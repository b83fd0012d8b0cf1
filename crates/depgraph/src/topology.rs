//! Order, layers and components of a whole graph.

use crate::error::Error;
use crate::graph::Graph;
use crate::id::NodeId;
use crate::scc::{self, Groups, SETTLED};
use crate::work::Work;

/// Objects that all depend on each other: two or more, each reachable from each.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Component {
    /// The members, in order.
    pub members: Vec<NodeId>,
}

/// The order of a graph: who comes before whom, in which layer, and what goes round in circles.
///
/// Layers are those of the condensation, in which each component counts as one vertex: a node without references to it (from outside
/// its component) is in layer 0, any other one layer below the lowest that refers to it. The unit of [`depth`](Self::depth) is edges; edges
/// inside a component count nothing, and neither do self-references.
#[derive(Debug, Clone)]
pub struct Topology {
    order: Vec<NodeId>,
    layer_ends: Vec<u32>,
    layers: Vec<u32>,
    components: Vec<Component>,
    /// By node the number of its component; empty when there is none.
    component_of: Vec<u32>,
    isolated: Vec<NodeId>,
}

const NO_COMPONENT: u32 = u32::MAX;

impl Graph {
    /// Finds order, layers and components.
    ///
    /// One pass removes layer by layer what nothing left refers to; on a graph without cycles that is all. Only the rest is searched for
    /// components. Linear in nodes and edges.
    ///
    /// # Errors
    ///
    /// An interruption.
    pub fn topology(&self, work: &mut Work) -> Result<Topology, Error> {
        let peeled = self.peel(work)?;
        if peeled.queue.len() == self.node_count() {
            let Peeled {
                layers,
                layer_ends,
                isolated,
                ..
            } = peeled;
            let order = by_layer(&layers, &layer_ends);
            let (components, component_of) = (Vec::new(), Vec::new());
            return Ok(Topology {
                order,
                layer_ends,
                layers,
                components,
                component_of,
                isolated,
            });
        }
        self.cyclic_topology(&peeled.queue, peeled.layers, peeled.isolated, work)
    }

    /// Finds the components of two or more nodes alone, by their first members: cheaper than [`topology`](Self::topology) where there
    /// are cycles.
    ///
    /// # Errors
    ///
    /// An interruption.
    pub fn components(&self, work: &mut Work) -> Result<Vec<Component>, Error> {
        let peeled = self.peel(work)?;
        if peeled.queue.len() == self.node_count() {
            return Ok(Vec::new());
        }
        let mut index = peeled.layers;
        index.fill(0);
        for node in &peeled.queue {
            index[*node as usize] = SETTLED;
        }
        Ok(components_of(&scc::components(
            &self.forward,
            &mut index,
            |_| true,
            work,
        )?))
    }

    /// Removes, layer by layer, what nothing left refers to.
    fn peel(&self, work: &mut Work) -> Result<Peeled, Error> {
        work.spend((self.node_count() + self.edge_count()) as u64)?;
        let forward = &self.forward;
        let offsets = forward.offsets.iter();
        let mut nodes: Vec<Waiting> = offsets
            .map(|row| Waiting {
                count: 0,
                row: *row,
            })
            .collect();
        for target in &forward.targets {
            nodes[*target as usize].count += 1;
        }
        let mut self_edges = self
            .self_edges
            .iter()
            .map(|edge| forward.targets[*edge as usize])
            .peekable();
        let mut isolated = Vec::new();
        let mut queue: Vec<u32> = Vec::with_capacity(self.node_count());
        for (node, place) in nodes.iter_mut().enumerate().take(self.node_count()) {
            let mut own = 0;
            while self_edges.next_if_eq(&(node as u32)).is_some() {
                own += 1;
            }
            place.count -= own;
            if place.count == 0 {
                queue.push(node as u32);
                if forward.range(node).len() == own as usize {
                    isolated.push(NodeId(node as u32));
                }
            }
        }

        // Nothing refers to a removed node any more, so its count is free: it takes the node's layer.
        let mut layer_ends = Vec::new();
        let (mut start, mut end) = (0, queue.len());
        while start < end {
            let layer = layer_ends.len() as u32;
            for at in start..end {
                let node = queue[at] as usize;
                nodes[node].count = layer;
                let row = nodes[node].row as usize..nodes[node + 1].row as usize;
                for target in &forward.targets[row] {
                    // A self-reference would find the layer here, which no other edge can.
                    if *target as usize == node {
                        continue;
                    }
                    let count = &mut nodes[*target as usize].count;
                    *count -= 1;
                    if *count == 0 {
                        queue.push(*target);
                    }
                }
            }
            layer_ends.push(end as u32);
            (start, end) = (end, queue.len());
        }
        // The last one only ends the last row.
        nodes.pop();
        Ok(Peeled {
            queue,
            layers: nodes.iter().map(|node| node.count).collect(),
            layer_ends,
            isolated,
        })
    }

    /// The rest of the work when the removal stops early: `removed` has its layers in `layers`, everything else depends on a cycle.
    fn cyclic_topology(
        &self,
        removed: &[u32],
        mut layers: Vec<u32>,
        isolated: Vec<NodeId>,
        work: &mut Work,
    ) -> Result<Topology, Error> {
        let mut index = vec![0u32; self.node_count()];
        for node in removed {
            index[*node as usize] = SETTLED;
        }
        let groups = scc::components(&self.forward, &mut index, |_| true, work)?;
        let mut group_of = index;
        for node in removed {
            group_of[*node as usize] = NO_COMPONENT;
        }
        for (number, group) in groups.iter().enumerate() {
            for node in group {
                group_of[*node as usize] = number as u32;
            }
        }

        work.spend(self.edge_count() as u64)?;
        let mut group_layers = vec![0u32; groups.ends.len()];
        let relax = |node: u32, layer: u32, group_layers: &mut [u32]| {
            for target in self.forward.of(node as usize) {
                let group = group_of[*target as usize];
                if group != NO_COMPONENT && group != group_of[node as usize] {
                    let known = &mut group_layers[group as usize];
                    *known = (*known).max(layer + 1);
                }
            }
        };
        for node in removed {
            relax(*node, layers[*node as usize], &mut group_layers);
        }
        // The groups came targets first.
        for (number, group) in groups.iter().enumerate().rev() {
            let layer = group_layers[number];
            for node in group {
                layers[*node as usize] = layer;
                relax(*node, layer, &mut group_layers);
            }
        }
        Ok(self.assemble(groups, group_of, layers, isolated))
    }

    fn assemble(
        &self,
        groups: Groups,
        group_of: Vec<u32>,
        layers: Vec<u32>,
        isolated: Vec<NodeId>,
    ) -> Topology {
        let components = components_of(&groups);
        let mut component_of = group_of;
        component_of.fill(NO_COMPONENT);
        for (number, component) in components.iter().enumerate() {
            for node in &component.members {
                component_of[node.index()] = number as u32;
            }
        }

        let depth = layers
            .iter()
            .max()
            .map_or(0, |deepest| *deepest as usize + 1);
        let mut layer_ends = vec![0u32; depth];
        for layer in &layers {
            layer_ends[*layer as usize] += 1;
        }
        let mut cursors = Vec::with_capacity(depth);
        let mut sum = 0;
        for end in &mut layer_ends {
            cursors.push(sum);
            sum += *end as usize;
            *end = sum as u32;
        }
        let mut order = vec![NodeId(0); layers.len()];
        for node in self.nodes() {
            let cursor = &mut cursors[layers[node.index()] as usize];
            let members = match component_of[node.index()] {
                NO_COMPONENT => &[node][..],
                number => &components[number as usize].members,
            };
            // A component is written when its first member comes up.
            if members[0] == node {
                order[*cursor..*cursor + members.len()].copy_from_slice(members);
                *cursor += members.len();
            }
        }
        Topology {
            order,
            layer_ends,
            layers,
            components,
            component_of,
            isolated,
        }
    }
}

/// A node on its way out. Who comes to it for the one soon needs the other, so they stand side by side.
struct Waiting {
    /// How many references to it are left; once it is removed, its layer.
    count: u32,
    /// Where its own references begin.
    row: u32,
}

/// What can be removed layer by layer. The layers of other nodes mean nothing.
struct Peeled {
    queue: Vec<u32>,
    layers: Vec<u32>,
    layer_ends: Vec<u32>,
    isolated: Vec<NodeId>,
}

fn components_of(groups: &Groups) -> Vec<Component> {
    let mut components: Vec<Component> = groups
        .iter()
        .filter(|group| group.len() > 1)
        .map(|group| {
            let mut members: Vec<NodeId> = group.iter().map(|node| NodeId(*node)).collect();
            members.sort_unstable();
            Component { members }
        })
        .collect();
    components.sort_unstable_by_key(|component| component.members[0]);
    components
}

fn by_layer(layers: &[u32], layer_ends: &[u32]) -> Vec<NodeId> {
    let mut cursors: Vec<u32> = std::iter::once(0)
        .chain(layer_ends.iter().copied())
        .collect();
    let mut order = vec![NodeId(0); layers.len()];
    for (node, layer) in layers.iter().enumerate() {
        let cursor = &mut cursors[*layer as usize];
        order[*cursor as usize] = NodeId(node as u32);
        *cursor += 1;
    }
    order
}

impl Topology {
    /// True when no object depends on itself through others.
    pub fn is_acyclic(&self) -> bool {
        self.components.is_empty()
    }

    /// All nodes, what refers before what is referred to. Ties: by layer, then by id; the members of a component stand together, at the
    /// place of the first.
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// The order in which things can be created: what is referred to comes first.
    pub fn dependencies_first(&self) -> impl ExactSizeIterator<Item = NodeId> + '_ {
        self.order.iter().rev().copied()
    }

    /// The layers, from the top. No node refers to another one in its own layer, except inside a component.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = &[NodeId]> {
        (0..self.layer_ends.len()).map(|at| {
            let start = if at == 0 {
                0
            } else {
                self.layer_ends[at - 1] as usize
            };
            &self.order[start..self.layer_ends[at] as usize]
        })
    }

    /// A node's layer, from 0.
    pub fn layer(&self, node: NodeId) -> usize {
        self.layers[node.index()] as usize
    }

    /// The length of the longest path of the condensation, in edges.
    pub fn depth(&self) -> usize {
        self.layer_ends.len().saturating_sub(1)
    }

    /// The components of two or more nodes, by their first members.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// The number of a node's component; none when it is in no cycle.
    pub fn component_of(&self, node: NodeId) -> Option<usize> {
        self.component_of
            .get(node.index())
            .filter(|number| **number != NO_COMPONENT)
            .map(|number| *number as usize)
    }

    /// The nodes without any edge to or from another node.
    pub fn isolated(&self) -> &[NodeId] {
        &self.isolated
    }
}
