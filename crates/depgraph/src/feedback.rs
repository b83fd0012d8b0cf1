//! The cheapest edges whose removal breaks all cycles of a component (a minimum feedback arc set).

use crate::csr::Csr;
use crate::error::Error;
use crate::local::Local;
use crate::work::Work;

/// Up to so many nodes an exact answer is computed when the bounds do not meet by themselves.
const EXACT_NODES: usize = 20;

/// Steps that one component may spend on improving its answer. Beyond, the answer is still a cut, and its bounds say how good it is.
const PATIENCE: u64 = 1 << 25;

/// Edges to cut, with what is known of how few they could be.
#[derive(Debug)]
pub(crate) struct Cut {
    /// Edges of the whole graph, in order.
    pub(crate) edges: Vec<u32>,
    pub(crate) weight: u64,
    /// No cut weighs less. Equal to `weight` when the cut is proven to be a smallest one.
    pub(crate) at_least: u64,
}

/// Parallel edges count as one arc: to cut one is to cut all.
struct Arcs {
    csr: Csr,
    sources: Vec<u32>,
    weights: Vec<u64>,
    /// Where each arc's edges end in the subgraph.
    ends: Vec<u32>,
}

impl Arcs {
    fn new(local: &Local, weight: impl Fn(u32) -> u32) -> Self {
        let mut arcs = Self {
            csr: Csr {
                offsets: vec![0],
                targets: Vec::new(),
            },
            sources: Vec::new(),
            weights: Vec::new(),
            ends: Vec::new(),
        };
        for node in 0..local.len() {
            let row = local.csr.range(node);
            let mut at = row.start;
            for run in local.csr.targets[row].chunk_by(|a, b| a == b) {
                arcs.csr.targets.push(run[0]);
                arcs.sources.push(node as u32);
                arcs.weights.push(
                    local.edges[at..at + run.len()]
                        .iter()
                        .map(|edge| u64::from(weight(*edge)))
                        .sum(),
                );
                at += run.len();
                arcs.ends.push(at as u32);
            }
            arcs.csr.offsets.push(arcs.csr.targets.len() as u32);
        }
        arcs
    }

    fn weight_of(&self, arcs: &[u32]) -> u64 {
        arcs.iter().map(|arc| self.weights[*arc as usize]).sum()
    }
}

/// A small cut of a strongly connected subgraph.
///
/// Cycles are found one after the other and each takes its cheapest arc's weight from all of its arcs (the local-ratio method of
/// Demetrescu and Finocchi): what is taken in total is a lower bound, arcs with nothing left form a cut. Arcs that turn out not to be
/// needed are put back. If the bounds differ and the component is small, dynamic programming over its subsets settles it.
pub(crate) fn smallest(
    local: &Local,
    weight: impl Fn(u32) -> u32,
    work: &mut Work,
) -> Result<Cut, Error> {
    let arcs = Arcs::new(local, weight);
    let (removed, mut at_least) = pack_cycles(&arcs, work)?;
    let mut chosen = put_back(&arcs, removed, work)?;
    let mut total = arcs.weight_of(&chosen);
    if total > at_least && local.len() <= EXACT_NODES {
        if let Some(better) = by_subsets(&arcs, total, work)? {
            chosen = better;
            total = arcs.weight_of(&chosen);
        }
        at_least = total;
    }
    let mut edges = Vec::new();
    for arc in chosen {
        let arc = arc as usize;
        let start = if arc == 0 {
            0
        } else {
            arcs.ends[arc - 1] as usize
        };
        edges.extend_from_slice(&local.edges[start..arcs.ends[arc] as usize]);
    }
    edges.sort_unstable();
    Ok(Cut {
        edges,
        weight: total,
        at_least,
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    OnPath,
    Done,
}

fn pack_cycles(arcs: &Arcs, work: &mut Work) -> Result<(Vec<u32>, u64), Error> {
    let csr = &arcs.csr;
    let mut left = arcs.weights.clone();
    let mut marks = vec![Mark::New; csr.nodes()];
    let mut next = vec![0u32; csr.nodes()];
    // The path, and for each node on it its place there.
    let mut path: Vec<usize> = Vec::new();
    let mut place = vec![0usize; csr.nodes()];
    let mut removed = Vec::new();
    let mut bound = 0;
    let mut patience = PATIENCE.saturating_add(16 * csr.targets.len() as u64);
    for start in 0..csr.nodes() {
        if marks[start] != Mark::New {
            continue;
        }
        let mut enter = Some(start);
        loop {
            if let Some(node) = enter.take() {
                marks[node] = Mark::OnPath;
                next[node] = csr.offsets[node];
                place[node] = path.len();
                path.push(node);
            }
            let Some(node) = path.last().copied() else {
                break;
            };
            work.spend(1)?;
            patience = patience.saturating_sub(1);
            let arc = next[node] as usize;
            if arc == csr.range(node).end {
                marks[node] = Mark::Done;
                path.pop();
                if let Some(parent) = path.last() {
                    next[*parent] += 1;
                }
                continue;
            }
            let target = csr.targets[arc] as usize;
            if left[arc] == 0 || marks[target] == Mark::Done {
                next[node] += 1;
                continue;
            }
            if marks[target] == Mark::New {
                enter = Some(target);
                continue;
            }
            // Out of patience, only the arc that closes the cycle goes: still a cut, no better bound.
            if patience == 0 {
                left[arc] = 0;
                removed.push(arc as u32);
                continue;
            }
            let first = place[target];
            work.spend((path.len() - first) as u64)?;
            patience = patience.saturating_sub((path.len() - first) as u64);
            // Each node of the path stands at the arc that leads to the next one.
            let least = path[first..]
                .iter()
                .map(|node| left[next[*node] as usize])
                .min()
                .unwrap_or_default();
            bound += least;
            let mut open = None;
            for (at, node) in path.iter().enumerate().skip(first) {
                let arc = next[*node] as usize;
                left[arc] -= least;
                if left[arc] == 0 {
                    removed.push(arc as u32);
                    open = open.or(Some(at));
                }
            }
            // The path goes on where it is still whole.
            if let Some(open) = open {
                for node in path.drain(open + 1..) {
                    marks[node] = Mark::New;
                }
            }
        }
    }
    Ok((removed, bound))
}

/// Puts arcs back that close no cycle with what is left, the dearest first.
fn put_back(arcs: &Arcs, mut removed: Vec<u32>, work: &mut Work) -> Result<Vec<u32>, Error> {
    let csr = &arcs.csr;
    removed.sort_unstable_by_key(|arc| (std::cmp::Reverse(arcs.weights[*arc as usize]), *arc));
    let mut cut = vec![false; csr.targets.len()];
    for arc in &removed {
        cut[*arc as usize] = true;
    }
    let mut seen = vec![0u32; csr.nodes()];
    let mut stack = Vec::new();
    let mut patience = PATIENCE;
    for (stamp, arc) in (1..).zip(&removed) {
        let (source, target) = (arcs.sources[*arc as usize], csr.targets[*arc as usize]);
        stack.clear();
        stack.push(target);
        seen[target as usize] = stamp;
        let mut closes = false;
        while let Some(node) = stack.pop() {
            let steps = 1 + csr.range(node as usize).len() as u64;
            work.spend(steps)?;
            patience = patience.saturating_sub(steps);
            if node == source || patience == 0 {
                closes = true;
                break;
            }
            for next in csr.range(node as usize) {
                let target = csr.targets[next];
                if !cut[next] && seen[target as usize] != stamp {
                    seen[target as usize] = stamp;
                    stack.push(target);
                }
            }
        }
        cut[*arc as usize] = closes;
    }
    removed.retain(|arc| cut[*arc as usize]);
    Ok(removed)
}

/// The best order of the nodes, built one node at a time over all subsets that can stand first; none if it cuts no less than `known`.
///
/// Subsets that already cost as much are not built on. And when nothing that is left refers to some node, that node comes next: what
/// it refers to among the earlier ones points backwards wherever it stands.
fn by_subsets(arcs: &Arcs, known: u64, work: &mut Work) -> Result<Option<Vec<u32>>, Error> {
    let nodes = arcs.csr.nodes();
    let backwards = Backwards::new(arcs);
    let mut referred_by = vec![0usize; nodes];
    for (source, target) in arcs.sources.iter().zip(&arcs.csr.targets) {
        referred_by[*target as usize] |= 1 << source;
    }
    let all = (1usize << nodes) - 1;
    let mut best = vec![u64::MAX; 1 << nodes];
    let mut last = vec![0u8; 1 << nodes];
    best[0] = 0;
    for set in 0..all {
        if best[set] >= known {
            continue;
        }
        work.spend(nodes as u64)?;
        let left = || (0..nodes).filter(|node| set & (1 << node) == 0);
        let free = left().find(|node| referred_by[*node] & !set == 0);
        for node in left().filter(|node| free.is_none_or(|free| free == *node)) {
            let cost = best[set] + backwards.of(node, set);
            let with = set | 1 << node;
            if cost < best[with] {
                best[with] = cost;
                last[with] = node as u8;
            }
        }
    }
    if best[all] >= known {
        return Ok(None);
    }
    let mut position = vec![0; nodes];
    let mut set = all;
    while set != 0 {
        let node = usize::from(last[set]);
        set &= !(1 << node);
        position[node] = set.count_ones();
    }
    let points_back = |arc: &u32| {
        position[arcs.csr.targets[*arc as usize] as usize]
            < position[arcs.sources[*arc as usize] as usize]
    };
    Ok(Some(
        (0..arcs.sources.len() as u32).filter(points_back).collect(),
    ))
}

/// What a node's arcs into a set weigh, from two tables of half the set each.
struct Backwards {
    low: Vec<u64>,
    high: Vec<u64>,
}

const HALF: usize = EXACT_NODES.div_ceil(2);

impl Backwards {
    fn new(arcs: &Arcs) -> Self {
        let nodes = arcs.csr.nodes();
        let table = |first: usize| {
            let mut table = vec![0u64; nodes << HALF];
            for (arc, source) in arcs.sources.iter().enumerate() {
                let target = arcs.csr.targets[arc] as usize;
                if (first..first + HALF).contains(&target) {
                    let row =
                        &mut table[(*source as usize) << HALF..(*source as usize + 1) << HALF];
                    for (set, weight) in row.iter_mut().enumerate() {
                        *weight += if set >> (target - first) & 1 == 1 {
                            arcs.weights[arc]
                        } else {
                            0
                        };
                    }
                }
            }
            table
        };
        Self {
            low: table(0),
            high: table(HALF),
        }
    }

    #[inline]
    fn of(&self, node: usize, set: usize) -> u64 {
        self.low[node << HALF | set & ((1 << HALF) - 1)] + self.high[node << HALF | set >> HALF]
    }
}
