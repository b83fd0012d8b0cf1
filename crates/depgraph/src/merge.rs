//! Several records of one object become one, whatever their order; what contradicts is kept as a conflict.

use crate::builder::Record;
use crate::error::Error;
use crate::freeze::Ranks;
use crate::graph::Conflict;
use crate::id::NodeId;
use crate::intern::Texts;
use crate::kind::{KindNames, State, UNKNOWN_KIND};
use crate::work::Work;

/// One object after merging. Texts and kinds still have the builder's numbers.
pub(crate) struct MergedNode<'a> {
    pub(crate) node: u32,
    pub(crate) kind: u8,
    pub(crate) state: State,
    pub(crate) name: Option<&'a str>,
    pub(crate) attributes: Vec<(u32, u32)>,
}

/// All objects that were added, in order.
pub(crate) struct Merged<'a> {
    pub(crate) nodes: Vec<MergedNode<'a>>,
    /// Objects that were read more than once, with the number of readings beyond the first.
    pub(crate) merged: Vec<(u32, u32)>,
    pub(crate) conflicts: Vec<Conflict>,
}

pub(crate) fn nodes<'a>(
    records: &[Record],
    ranks: &Ranks,
    attributes: &[(u32, u32)],
    texts: &Texts,
    names: &'a str,
    kinds: &KindNames,
    work: &mut Work,
) -> Result<Merged<'a>, Error> {
    work.spend(records.len() as u64)?;
    let mut order: Vec<(u32, u32)> = records
        .iter()
        .zip(0..)
        .map(|(record, number)| (ranks.of(record.node), number))
        .collect();
    order.sort_unstable();

    let mut result = Merged {
        nodes: Vec::new(),
        merged: Vec::new(),
        conflicts: Vec::new(),
    };
    let name_of = |record: &Record| {
        record
            .name
            .map(|(start, end)| &names[start as usize..end as usize])
    };
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        let node = group[0].0;
        let of_group = || group.iter().map(|(_, number)| &records[*number as usize]);
        let readings = of_group()
            .filter(|record| record.state == State::Present)
            .count();
        if readings > 1 {
            result.merged.push((node, readings as u32 - 1));
        }
        let mut conflict = |field: &str, values: Vec<&str>| {
            if let [kept, others @ ..] = values.as_slice() {
                result.conflicts.extend(others.iter().map(|other| Conflict {
                    node: NodeId(node),
                    field: field.to_owned(),
                    kept: (*kept).to_owned(),
                    other: (*other).to_owned(),
                }));
            }
        };

        let mut kind_names = distinct(
            of_group()
                .map(|record| kinds.name(record.kind))
                .filter(|kind| *kind != UNKNOWN_KIND),
        );
        let kind = kind_names.first().copied().unwrap_or(UNKNOWN_KIND);
        let kind = of_group()
            .map(|record| record.kind)
            .find(|number| kinds.name(*number) == kind)
            .unwrap_or_default();
        conflict("kind", std::mem::take(&mut kind_names));

        let mut states: Vec<State> = of_group().map(|record| record.state).collect();
        states.sort_unstable();
        states.dedup();
        // A mere reference says nothing of the state.
        if states.len() > 1 {
            states.retain(|state| *state != State::NotFetched);
        }
        conflict("state", states.iter().map(|state| state.as_str()).collect());

        let known_names = distinct(of_group().filter_map(name_of));
        let name = known_names.first().copied();
        conflict("name", known_names);

        let mut pairs: Vec<(u32, u32)> = of_group()
            .flat_map(|record| {
                &attributes[record.attributes.0 as usize..record.attributes.1 as usize]
            })
            .copied()
            .collect();
        pairs.sort_unstable_by(|a, b| {
            (texts.get(a.0), texts.get(a.1)).cmp(&(texts.get(b.0), texts.get(b.1)))
        });
        pairs.dedup();
        for same_key in pairs
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|same| same.len() > 1)
        {
            conflict(
                texts.get(same_key[0].0),
                same_key.iter().map(|pair| texts.get(pair.1)).collect(),
            );
        }
        pairs.dedup_by_key(|pair| pair.0);

        let state = states.first().copied().unwrap_or(State::Present);
        result.nodes.push(MergedNode {
            node,
            kind,
            state,
            name,
            attributes: pairs,
        });
    }
    Ok(result)
}

/// The different texts, smallest first.
fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut texts: Vec<&str> = texts.collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}
