//! From edges in the order in which they came to packed rows.

use std::ops::Range;

use crate::csr::Csr;
use crate::error::Error;
use crate::freeze::Ranks;
use crate::sort::sort_spread;
use crate::work::Work;

/// The edges as the builder has them.
pub(crate) struct Rows {
    /// For each run of edges with one source that source, and the first edge.
    pub(crate) sources: Vec<(u32, u32)>,
    pub(crate) targets: Vec<u32>,
    pub(crate) kinds: Vec<u8>,
    pub(crate) evidence: Vec<u32>,
}

impl Rows {
    /// The edges of each source in `sources`.
    fn runs(&self) -> impl Iterator<Item = Range<usize>> {
        let first = self.sources.iter().map(|(_, first)| *first as usize);
        let ends = first.clone().skip(1).chain([self.targets.len()]);
        first.zip(ends).map(|(first, end)| first..end)
    }

    /// Takes the edges from packed words, in the memory that is there: fresh memory is slow.
    fn refill(&mut self, packed: &[u64]) {
        self.targets.clear();
        self.kinds.clear();
        self.targets
            .extend(packed.iter().map(|row| (row >> 32) as u32));
        self.kinds
            .extend(packed.iter().map(|row| (row >> 24) as u8));
        if !self.evidence.is_empty() {
            self.evidence.clear();
            self.evidence
                .extend(packed.iter().map(|row| *row as u32 & 0x00ff_ffff));
        }
        self.targets.shrink_to_fit();
        self.kinds.shrink_to_fit();
        self.evidence.shrink_to_fit();
    }
}

/// The edges as the graph has them.
pub(crate) struct Packed {
    pub(crate) csr: Csr,
    pub(crate) kinds: Vec<u8>,
    pub(crate) evidence: Vec<u32>,
    /// The edges from a node to itself.
    pub(crate) self_edges: Vec<u32>,
    /// The edges that came more than once, with the number of times beyond the first.
    pub(crate) merged: Vec<(u32, u32)>,
}

/// Groups the edges by source, sorts each group by target, kind and evidence, and merges equal ones.
///
/// Out of line, so that its loops have the registers to themselves.
#[inline(never)]
pub(crate) fn pack(
    mut rows: Rows,
    ranks: &Ranks,
    node_count: usize,
    kind_numbers: &[u8; 256],
    detail_rank: &[u32],
    work: &mut Work,
) -> Result<Packed, Error> {
    let edge_count = rows.targets.len();
    work.spend(3 * (edge_count + node_count) as u64)?;
    let mut offsets = vec![0u32; node_count + 1];
    // What is far away is read in loops that do little else, so that the reads overlap.
    for target in &mut rows.targets {
        *target = ranks.of(*target);
    }
    let sources = rows.sources.iter();
    let mut places: Vec<u32> = sources.map(|(source, _)| ranks.of(*source)).collect();
    for (place, run) in places.iter().zip(rows.runs()) {
        offsets[*place as usize] += run.len() as u32;
    }
    let mut sum = 0;
    for offset in &mut offsets {
        sum += *offset;
        *offset = sum - *offset;
    }
    for (place, run) in places.iter_mut().zip(rows.runs()) {
        let cursor = &mut offsets[*place as usize];
        *place = *cursor;
        *cursor += run.len() as u32;
    }
    // One word an edge: target, kind and evidence, in the order in which they are compared.
    let mut packed = vec![0u64; edge_count];
    for (place, run) in places.into_iter().zip(rows.runs()) {
        for (row, edge) in packed[place as usize..].iter_mut().zip(run) {
            let detail = rows
                .evidence
                .get(edge)
                .map_or(0, |detail| detail_rank[*detail as usize]);
            let kind = kind_numbers[usize::from(rows.kinds[edge])];
            *row = u64::from(rows.targets[edge]) << 32 | u64::from(kind) << 24 | u64::from(detail);
        }
    }

    // Each group is sorted and rid of repetitions where it stands; all then close ranks.
    let mut self_edges = Vec::new();
    let mut merged: Vec<(u32, u32)> = Vec::new();
    let (mut start, mut kept) = (0, 0);
    for (node, offset) in offsets.iter_mut().take(node_count).enumerate() {
        let end = std::mem::replace(offset, kept as u32) as usize;
        sort_spread(&mut packed[start..end], node_count as u64);
        let mut last = None;
        for at in start..end {
            let row = packed[at];
            if last == Some(row) {
                let edge = kept as u32 - 1;
                match merged.last_mut() {
                    Some((known, more)) if *known == edge => *more += 1,
                    _ => merged.push((edge, 1)),
                }
                continue;
            }
            last = Some(row);
            if (row >> 32) as usize == node {
                self_edges.push(kept as u32);
            }
            packed[kept] = row;
            kept += 1;
        }
        start = end;
    }
    offsets[node_count] = kept as u32;
    packed.truncate(kept);
    rows.refill(&packed);
    Ok(Packed {
        csr: Csr {
            offsets,
            targets: rows.targets,
        },
        kinds: rows.kinds,
        evidence: rows.evidence,
        self_edges,
        merged,
    })
}
