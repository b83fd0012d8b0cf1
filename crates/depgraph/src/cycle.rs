//! The shortest cycle of a component.

use crate::csr::Csr;
use crate::error::Error;
use crate::local::Local;
use crate::work::Work;

const NONE: u32 = u32::MAX;

/// A shortest cycle of a strongly connected subgraph, as places of its edges in the subgraph. With `through`, the shortest of those that
/// use an edge which it accepts. Empty when there is no such cycle.
///
/// Exact: every cycle passes through the head of some back edge of a depth-first search, and through the tail of one; from each node of
/// the smaller of the two sets a breadth-first search, bounded by the best length so far, finds the shortest cycle through it. A node
/// that has been searched from is taken out, with all that is then on no cycle.
pub(crate) fn shortest(
    local: &Local,
    through: Option<&dyn Fn(usize) -> bool>,
    work: &mut Work,
) -> Result<Vec<usize>, Error> {
    let csr = &local.csr;
    let mut search = Search {
        csr,
        dead: vec![false; csr.nodes()],
        seen: vec![0; csr.nodes()],
        stamp: 0,
        from: vec![NONE; csr.nodes()],
        queue: Vec::new(),
        best: Vec::new(),
    };
    if let Some(through) = through {
        for node in 0..csr.nodes() {
            if csr.range(node).any(through) {
                search.start_at(node, Some(through), work)?;
            }
        }
        return Ok(search.best);
    }
    if let Some(pair) = pair(csr, work)? {
        return Ok(pair);
    }
    let mut trim = Trim::new(csr);
    for node in hitting_set(csr, work)? {
        if search.best.len() == 3 {
            break;
        }
        if search.dead[node as usize] {
            continue;
        }
        search.start_at(node as usize, None, work)?;
        trim.remove(node, &mut search.dead, work)?;
    }
    Ok(search.best)
}

/// Two nodes that refer to each other.
fn pair(csr: &Csr, work: &mut Work) -> Result<Option<Vec<usize>>, Error> {
    for node in 0..csr.nodes() {
        work.spend(1 + csr.range(node).len() as u64)?;
        for edge in csr.range(node) {
            let target = csr.targets[edge] as usize;
            if target > node {
                let back = csr
                    .of(target)
                    .partition_point(|other| (*other as usize) < node);
                if csr.of(target).get(back) == Some(&(node as u32)) {
                    return Ok(Some(vec![edge, csr.range(target).start + back]));
                }
            }
        }
    }
    Ok(None)
}

/// Nodes such that every cycle passes through one: the heads of the back edges of a depth-first search, or their tails if those are fewer.
fn hitting_set(csr: &Csr, work: &mut Work) -> Result<Vec<u32>, Error> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        OnPath,
        Done,
    }
    let mut marks = vec![Mark::New; csr.nodes()];
    let mut next: Vec<u32> = csr.offsets[..csr.nodes()].to_vec();
    let mut path = Vec::new();
    let (mut heads, mut tails) = (Vec::new(), Vec::new());
    for start in 0..csr.nodes() {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::OnPath;
        path.push(start);
        while let Some(node) = path.last().copied() {
            work.spend(1)?;
            let at = next[node] as usize;
            if at == csr.range(node).end {
                marks[node] = Mark::Done;
                path.pop();
                continue;
            }
            next[node] += 1;
            let target = csr.targets[at] as usize;
            match marks[target] {
                Mark::New => {
                    marks[target] = Mark::OnPath;
                    path.push(target);
                }
                Mark::OnPath => {
                    heads.push(target as u32);
                    tails.push(node as u32);
                }
                Mark::Done => {}
            }
        }
    }
    for set in [&mut heads, &mut tails] {
        set.sort_unstable();
        set.dedup();
    }
    Ok(if tails.len() < heads.len() {
        tails
    } else {
        heads
    })
}

struct Search<'a> {
    csr: &'a Csr,
    dead: Vec<bool>,
    seen: Vec<u32>,
    stamp: u32,
    /// The edge by which a node was reached first.
    from: Vec<u32>,
    queue: Vec<u32>,
    best: Vec<usize>,
}

impl Search<'_> {
    /// Looks for a cycle through `start` that is shorter than the best.
    fn start_at(
        &mut self,
        start: usize,
        through: Option<&dyn Fn(usize) -> bool>,
        work: &mut Work,
    ) -> Result<(), Error> {
        let bound = if self.best.is_empty() {
            usize::MAX
        } else {
            self.best.len()
        };
        self.stamp += 1;
        self.queue.clear();
        self.queue.push(start as u32);
        let (mut level_start, mut length) = (0, 1);
        while level_start < self.queue.len() && length < bound {
            let level_end = self.queue.len();
            for at in level_start..level_end {
                let node = self.queue[at] as usize;
                work.spend(1 + self.csr.range(node).len() as u64)?;
                for edge in self.csr.range(node) {
                    let target = self.csr.targets[edge] as usize;
                    if self.dead[target] || self.seen[target] == self.stamp {
                        continue;
                    }
                    if length == 1 && through.is_some_and(|through| !through(edge)) {
                        continue;
                    }
                    self.seen[target] = self.stamp;
                    self.from[target] = edge as u32;
                    if target == start {
                        self.keep(start, length);
                        return Ok(());
                    }
                    self.queue.push(target as u32);
                }
            }
            (level_start, length) = (level_end, length + 1);
        }
        Ok(())
    }

    fn keep(&mut self, start: usize, length: usize) {
        let mut edges = Vec::with_capacity(length);
        let mut node = start;
        for _ in 0..length {
            let edge = self.from[node];
            edges.push(edge as usize);
            node = self.csr.offsets.partition_point(|offset| *offset <= edge) - 1;
        }
        edges.reverse();
        self.best = edges;
    }
}

/// Removes nodes, and then those that are left without a way in or out.
struct Trim<'a> {
    csr: &'a Csr,
    reverse: Csr,
    ways_in: Vec<u32>,
    ways_out: Vec<u32>,
}

impl<'a> Trim<'a> {
    fn new(csr: &'a Csr) -> Self {
        let reverse = csr.transposed();
        let degrees = |csr: &Csr| {
            (0..csr.nodes())
                .map(|node| csr.range(node).len() as u32)
                .collect()
        };
        Self {
            csr,
            ways_in: degrees(&reverse),
            ways_out: degrees(csr),
            reverse,
        }
    }

    fn remove(&mut self, node: u32, dead: &mut [bool], work: &mut Work) -> Result<(), Error> {
        let mut queue = vec![node];
        dead[node as usize] = true;
        while let Some(node) = queue.pop() {
            let node = node as usize;
            work.spend(1 + self.csr.range(node).len() as u64)?;
            for (rows, ways) in [
                (self.csr.of(node), &mut self.ways_in),
                (self.reverse.of(node), &mut self.ways_out),
            ] {
                for other in rows {
                    let left = &mut ways[*other as usize];
                    *left -= 1;
                    if *left == 0 && !dead[*other as usize] {
                        dead[*other as usize] = true;
                        queue.push(*other);
                    }
                }
            }
        }
        Ok(())
    }
}
