//! From a builder to a graph: everything renumbered in the order of ids and names, edges packed by source.

use std::sync::OnceLock;

use crate::builder::{GraphBuilder, NO_TEXT, TEXT_ID};
use crate::error::{Error, ErrorKind};
use crate::graph::{Gap, Graph, TextList};
use crate::id::in_order;
use crate::kind::UNKNOWN_KIND;
use crate::merge;
use crate::pack::{Rows, pack};
use crate::sort::sort_spread;
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
