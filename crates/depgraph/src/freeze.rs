//! From a builder to a graph: everything renumbered in the order of ids and names, edges packed by source.

use std::ops::Range;
use std::sync::OnceLock;

use crate::builder::{GraphBuilder, NO_TEXT, TEXT_ID};
use crate::csr::Csr;
use crate::error::{Error, ErrorKind};
use crate::graph::{Gap, Graph, TextList};
use crate::id::in_order;
use crate::kind::UNKNOWN_KIND;
use crate::merge;
use crate::work::Work;

pub(crate) fn freeze(builder: GraphBuilder, work: &mut Work) -> Result<Graph, Error> {
    let GraphBuilder {
        limits,
        uuids,
        text_ids,
        sources,
        targets,
        kinds,
        evidence,
        details,
        texts,
        names,
        records,
        attributes,
        mut node_kinds,
        edge_kinds,
        referenced,
        gaps,
        properties,
        ..
    } = builder;

    let uuid_keys: Vec<u128> = uuids.into_keys().into_iter().map(in_order).collect();
    work.spend((uuid_keys.len() + text_ids.len()) as u64)?;
    let uuid_order = order_of_keys(&uuid_keys);
    let text_order = text_ids.sorted();
    let ranks = Ranks {
        uuids: inverse(&uuid_order, 0),
        texts: inverse(&text_order, uuid_order.len() as u32),
    };
    let node_count = uuid_order.len() + text_order.len();

    let merged = merge::nodes(
        &records,
        &ranks,
        &attributes,
        &texts,
        &names,
        &node_kinds,
        work,
    )?;
    let unknown = node_kinds
        .enter(UNKNOWN_KIND)
        .ok_or(Error::new(ErrorKind::TooManyKinds))?;
    let mut used = [false; 256];
    for node in &merged.nodes {
        used[usize::from(node.kind)] = true;
    }
    if merged.nodes.len() < node_count {
        used[usize::from(unknown)] = true;
    }
    let (node_kind_names, node_kind_numbers) = node_kinds.freeze(&used);

    // One byte a node holds kind and state together: the pairs that occur are few.
    let class_of = |kind: u8, state| {
        (
            crate::kind::NodeKind(node_kind_numbers[usize::from(kind)]),
            state,
        )
    };
    let mut class_table: Vec<_> = merged
        .nodes
        .iter()
        .map(|node| class_of(node.kind, node.state))
        .collect();
    if merged.nodes.len() < node_count {
        class_table.push(class_of(unknown, referenced));
    }
    class_table.sort_unstable();
    class_table.dedup();
    if class_table.len() > 256 {
        return Err(Error::new(ErrorKind::TooManyKinds));
    }
    let class_number = |kind, state| {
        class_table
            .binary_search(&class_of(kind, state))
            .map_or(0, |at| at as u8)
    };
    let plain = class_number(unknown, referenced);
    let mut classes = vec![plain; node_count];
    for node in &merged.nodes {
        classes[node.node as usize] = class_number(node.kind, node.state);
    }

    // Texts: those that are still referred to, in order.
    let mut text_used = vec![false; texts.len()];
    for (key, value) in merged.nodes.iter().flat_map(|node| &node.attributes) {
        text_used[*key as usize] = true;
        text_used[*value as usize] = true;
    }
    let mut detail_used = vec![evidence.is_empty(); details.len()];
    for detail in &evidence {
        detail_used[*detail as usize] = true;
    }
    for (detail, used) in details.iter().zip(&detail_used) {
        for text in [detail.0, detail.1] {
            if *used && text != NO_TEXT {
                text_used[text as usize] = true;
            }
        }
    }
    let mut text_rank = vec![NO_TEXT; texts.len()];
    let mut frozen_texts = TextList::default();
    for number in texts
        .sorted()
        .into_iter()
        .filter(|number| text_used[*number as usize])
    {
        text_rank[number as usize] = frozen_texts.len() as u32;
        frozen_texts.push(texts.get(number));
    }
    let rank_of = |text: u32| {
        if text == NO_TEXT {
            NO_TEXT
        } else {
            text_rank[text as usize]
        }
    };

    let mut detail_order: Vec<(u32, u32, u32)> = details
        .iter()
        .enumerate()
        .filter(|(number, _)| detail_used[*number])
        // "No text" sorts before all texts.
        .map(|(number, detail)| {
            (
                rank_of(detail.0).wrapping_add(1),
                rank_of(detail.1).wrapping_add(1),
                number as u32,
            )
        })
        .collect();
    detail_order.sort_unstable();
    let mut detail_rank = vec![0u32; details.len()];
    for (new, (_, _, old)) in detail_order.iter().enumerate() {
        detail_rank[*old as usize] = new as u32;
    }
    let frozen_details: Vec<(u32, u32)> = detail_order
        .iter()
        .map(|(path, group, _)| (path.wrapping_sub(1), group.wrapping_sub(1)))
        .collect();

    let mut used = [false; 256];
    for kind in &kinds {
        used[usize::from(*kind)] = true;
    }
    let (edge_kind_names, edge_kind_numbers) = edge_kinds.freeze(&used);

    let packed = pack(
        Rows {
            sources,
            targets,
            kinds,
            evidence,
        },
        &ranks,
        node_count,
        &edge_kind_numbers,
        &detail_rank,
        work,
    )?;

    let mut node_attributes = Vec::new();
    let mut attribute_ends = Vec::new();
    let mut node_names = TextList::default();
    if merged.nodes.iter().any(|node| !node.attributes.is_empty()) {
        attribute_ends = vec![0u32; node_count];
    }
    let named = merged.nodes.iter().any(|node| node.name.is_some());
    let mut next = merged.nodes.iter().peekable();
    for number in 0..node_count as u32 {
        let node = next.next_if(|node| node.node == number);
        if named {
            node_names.push(node.and_then(|node| node.name).unwrap_or_default());
        }
        if let Some(end) = attribute_ends.get_mut(number as usize) {
            for (key, value) in node.into_iter().flat_map(|node| &node.attributes) {
                node_attributes.push((rank_of(*key), rank_of(*value)));
            }
            *end = node_attributes.len() as u32;
        }
    }

    let mut ids = TextList::default();
    for number in &text_order {
        ids.push(text_ids.get(*number));
    }
    Ok(Graph {
        limits,
        uuids: uuid_order
            .iter()
            .map(|at| uuid_keys[*at as usize])
            .collect(),
        text_ids: ids,
        classes,
        class_table,
        node_kinds: node_kind_names,
        edge_kinds: edge_kind_names,
        names: node_names,
        attribute_ends,
        attributes: node_attributes,
        texts: frozen_texts,
        forward: packed.csr,
        kinds: packed.kinds,
        evidence: packed.evidence,
        details: frozen_details,
        reverse: OnceLock::new(),
        self_edges: packed.self_edges,
        merged_edges: packed.merged,
        merged_nodes: merged.merged,
        conflicts: merged.conflicts,
        gaps: gaps
            .into_iter()
            .map(|(scope, reason)| Gap { scope, reason })
            .collect(),
        properties,
    })
}

/// The final numbers of the numbers that the builder gave.
pub(crate) struct Ranks {
    uuids: Vec<u32>,
    texts: Vec<u32>,
}

impl Ranks {
    #[inline]
    pub(crate) fn of(&self, number: u32) -> u32 {
        if number & TEXT_ID == 0 {
            self.uuids[number as usize]
        } else {
            self.texts[(number & !TEXT_ID) as usize]
        }
    }
}

fn inverse(order: &[u32], first: u32) -> Vec<u32> {
    let mut ranks = vec![0; order.len()];
    for (rank, number) in order.iter().enumerate() {
        ranks[*number as usize] = first + rank as u32;
    }
    ranks
}

/// The numbers of the keys in the order of the keys.
///
/// Random keys differ in their first 32 bits, so those are sorted, packed with the number; runs of equal ones are put right afterwards.
/// Keys made to share them cost a plain sort.
fn order_of_keys(keys: &[u128]) -> Vec<u32> {
    let mut rows: Vec<u64> = keys
        .iter()
        .zip(0..)
        .map(|(key, number)| ((key >> 96) as u64) << 32 | number)
        .collect();
    sort_spread(&mut rows, 1 << 32);
    for run in rows
        .chunk_by_mut(|a, b| a >> 32 == b >> 32)
        .filter(|run| run.len() > 1)
    {
        run.sort_unstable_by_key(|row| keys[*row as u32 as usize]);
    }
    rows.into_iter().map(|row| row as u32).collect()
}

/// The edges as the builder has them.
struct Rows {
    sources: Vec<(u32, u32)>,
    targets: Vec<u32>,
    kinds: Vec<u8>,
    evidence: Vec<u32>,
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

struct Packed {
    csr: Csr,
    kinds: Vec<u8>,
    evidence: Vec<u32>,
    self_edges: Vec<u32>,
    merged: Vec<(u32, u32)>,
}

/// Groups the edges by source, sorts each group by target, kind and evidence, and merges equal ones.
#[inline(never)]
fn pack(
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
    let mut places: Vec<u32> = rows
        .sources
        .iter()
        .map(|(source, _)| ranks.of(*source))
        .collect();
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
            *row = u64::from(ranks.of(rows.targets[edge])) << 32
                | u64::from(kind) << 24
                | u64::from(detail);
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

/// Sorts words whose upper halves are spread over all numbers below a bound: first into buckets of a few, by those.
fn sort_spread(rows: &mut [u64], bound: u64) {
    if rows.len() < 64 {
        return sort_small(rows);
    }
    let bits = (rows.len() / 4).ilog2().min(17);
    let shift = 32 + bound.next_power_of_two().ilog2().saturating_sub(bits);
    let bucket = |row: u64| (row >> shift) as usize;
    let mut ends = vec![0u32; 1 << bits];
    for row in &*rows {
        ends[bucket(*row)] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum - *end;
    }
    let mut sorted = vec![0; rows.len()];
    for row in &*rows {
        let at = &mut ends[bucket(*row)];
        sorted[*at as usize] = *row;
        *at += 1;
    }
    rows.copy_from_slice(&sorted);
    let mut start = 0;
    for end in ends {
        sort_small(&mut rows[start..end as usize]);
        start = end as usize;
    }
}

/// Most groups are small and in no order, so a branch on what is smaller would be guessed wrong every other time.
#[inline]
fn sort_small(group: &mut [u64]) {
    if group.len() > 16 {
        group.sort_unstable();
        return;
    }
    for at in 1..group.len() {
        let mut largest = group[at];
        for row in &mut group[..at] {
            (*row, largest) = ((*row).min(largest), (*row).max(largest));
        }
        group[at] = largest;
    }
}
