//! Which schema leads to which, and what following them can cost.
//!
//! The engine follows references as they come: a chain of a thousand needs a thousand frames, twenty that double each other a million
//! visits. So the graph is looked at first, without recursion.

use std::collections::HashMap;

use serde_json::Value;

use super::error::{SchemaError, SchemaErrorKind};
use super::reader::{Edge, Node, Reader, Schemas};
use super::{Draft, SchemaLimits};

/// Visits that collecting the violations of one value may take.
const VISITS: f64 = 20_000.0;

/// What is known of a schema that may be used.
#[derive(Debug)]
pub(super) struct Cost {
    /// How deep a value may nest so that all its violations can be collected: less than the limit on values when a schema refers to
    /// itself more than once.
    pub(super) detail: usize,
}

/// Refuses a schema that never ends, or not in time.
pub(super) fn judge(
    schema: &Value,
    draft: Draft,
    documents: &HashMap<String, Value>,
    limits: &SchemaLimits,
) -> Result<Cost, SchemaError> {
    let Schemas { nodes, foreign } = Reader::new(schema, draft, documents).read();
    if let Some(pointer) = foreign {
        return Err(Draft::unsupported().at(&pointer));
    }
    let order = in_place_order(&nodes)?;
    let components = components(&nodes);
    check_chains(&nodes, &order, limits)?;
    check_size(&nodes, &components, limits)?;
    let branching = branching(&nodes, &order, &components);
    let detail = if branching <= 1 {
        usize::MAX
    } else {
        (VISITS.ln() / (branching as f64).ln()) as usize
    };
    Ok(Cost { detail })
}

/// The nodes so that each comes after those that it leads to for the same value. There is no such order in a cycle.
fn in_place_order(nodes: &[Node]) -> Result<Vec<usize>, SchemaError> {
    let mut waiting = vec![0_usize; nodes.len()];
    let mut leads_here = vec![Vec::new(); nodes.len()];
    for (from, node) in nodes.iter().enumerate() {
        for to in in_place(node) {
            waiting[from] += 1;
            leads_here[to].push(from);
        }
    }
    let mut order: Vec<usize> = (0..nodes.len())
        .filter(|node| waiting[*node] == 0)
        .collect();
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for &from in &leads_here[node] {
            waiting[from] -= 1;
            if waiting[from] == 0 {
                order.push(from);
            }
        }
    }
    match (0..nodes.len()).find(|node| waiting[*node] > 0) {
        None => Ok(order),
        Some(node) => Err(SchemaError::new(
            SchemaErrorKind::Cycle,
            "refers to itself for the same value",
        )
        .at(&nodes[node].pointer)),
    }
}

fn in_place(node: &Node) -> impl Iterator<Item = usize> + '_ {
    let edges = node.edges.iter();
    edges.filter(|edge| edge.in_place).map(|edge| edge.to)
}

/// The strongly connected components, by node: two nodes have the same number when each leads to the other. Numbers are given so that
/// a component comes after those that it leads to. (Tarjan's algorithm with a stack of its own.)
fn components(nodes: &[Node]) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let (mut index, mut low) = (vec![NONE; nodes.len()], vec![0; nodes.len()]);
    let (mut component, mut open) = (vec![NONE; nodes.len()], Vec::new());
    let (mut visited, mut found) = (0, 0);
    for root in 0..nodes.len() {
        if index[root] != NONE {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            if *next == 0 && index[node] == NONE {
                (index[node], low[node]) = (visited, visited);
                visited += 1;
                open.push(node);
            }
            if let Some(edge) = nodes[node].edges.get(*next) {
                *next += 1;
                if index[edge.to] == NONE {
                    path.push((edge.to, 0));
                } else if component[edge.to] == NONE {
                    low[node] = low[node].min(index[edge.to]);
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                low[*parent] = low[*parent].min(low[node]);
            }
            if low[node] == index[node] {
                while let Some(member) = open.pop() {
                    component[member] = found;
                    if member == node {
                        break;
                    }
                }
                found += 1;
            }
        }
    }
    component
}

/// How far one schema leads to the next for the same value. The engine needs a frame for each, and once more for each level of the value.
fn check_chains(nodes: &[Node], order: &[usize], limits: &SchemaLimits) -> Result<(), SchemaError> {
    let mut chains = vec![0_usize; nodes.len()];
    for &node in order {
        chains[node] = 1 + in_place(&nodes[node])
            .map(|to| chains[to])
            .max()
            .unwrap_or(0);
        if chains[node] > limits.chain {
            return Err(too_wide(
                &nodes[node],
                "too many schemas in a row for one value",
            ));
        }
    }
    Ok(())
}

fn too_wide(node: &Node, reason: &'static str) -> SchemaError {
    SchemaError::new(SchemaErrorKind::TooWide, reason).at(&node.pointer)
}

/// How many schemas there are when every reference is replaced by what it leads to, and how far down they lead. Within a component each
/// is counted once: how often recursion comes round depends on the value.
fn check_size(
    nodes: &[Node],
    components: &[usize],
    limits: &SchemaLimits,
) -> Result<(), SchemaError> {
    let count = components.iter().max().map_or(0, |last| last + 1);
    let mut members = vec![Vec::new(); count];
    for (node, component) in components.iter().enumerate() {
        members[*component].push(node);
    }
    let (mut size, mut length) = (vec![0_u64; count], vec![0_usize; count]);
    for component in 0..count {
        let (mut total, mut longest) = (0_u64, 0);
        for &node in &members[component] {
            total = total.saturating_add(1);
            for &Edge { to, .. } in &nodes[node].edges {
                let target = components[to];
                if target != component {
                    total = total.saturating_add(size[target]);
                    longest = longest.max(length[target]);
                }
            }
        }
        size[component] = total;
        length[component] = longest + members[component].len();
        let Some(first) = members[component].first().map(|node| &nodes[*node]) else {
            continue;
        };
        if total > limits.width {
            return Err(too_wide(first, "its references multiply each other"));
        }
        if length[component] > limits.length {
            return Err(too_wide(first, "too many references in a row"));
        }
    }
    Ok(())
}

/// The most ways in which one schema leads back to itself by one step into a value.
fn branching(nodes: &[Node], order: &[usize], components: &[usize]) -> u64 {
    let mut ways = vec![0_u64; nodes.len()];
    for &node in order {
        ways[node] = nodes[node]
            .edges
            .iter()
            .filter(|edge| components[edge.to] == components[node])
            .map(|edge| if edge.in_place { ways[edge.to] } else { 1 })
            .fold(0, u64::saturating_add);
    }
    ways.into_iter().max().unwrap_or(0)
}
