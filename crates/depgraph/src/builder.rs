//! Taking objects and references in, page by page.

use std::collections::{BTreeMap, HashMap};

use crate::error::{Error, ErrorKind};
use crate::freeze;
use crate::graph::Graph;
use crate::id::scan_uuid;
use crate::input::{Edge, Node};
use crate::intern::{BATCH, Texts, Uuids};
use crate::kind::{KindNames, State, UNKNOWN_KIND};
use crate::limits::Limits;
use crate::work::Work;

/// Marks the number of an id that is not a UUID.
pub(crate) const TEXT_ID: u32 = 1 << 31;

/// Announced edges that room is made for at once.
const TRUSTED: usize = 1 << 25;

/// References an object, as organisations have them.
const EDGES_A_NODE: usize = 5;

/// One call of [`GraphBuilder::add_node`], as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) node: u32,
    pub(crate) kind: u8,
    pub(crate) state: State,
    pub(crate) name: Option<(u32, u32)>,
    pub(crate) attributes: (u32, u32),
}

/// Collects nodes and edges in any order and freezes them into a [`Graph`].
///
/// Pages may come in any order, overlap or repeat: equal records are merged and counted, contradicting ones become findings, and the graph
/// is the same, byte for byte, whatever the order was. An edge may name objects that come later or never.
///
/// Each call checks the [`Limits`]; a refused call leaves the builder as it was, so that a caller can skip one bad object and go on.
///
/// ```
/// use depgraph::{Edge, GraphBuilder, Node};
///
/// let mut builder = GraphBuilder::new();
/// builder.add_node(Node::new("f1", "flow").with_name("Main menu").with_attribute("division", "Home"))?;
/// builder.add_edge(Edge::new("f1", "q1", "transfers-to").with_evidence("actions[3].queue.id"))?;
/// let graph = builder.freeze()?;
/// assert_eq!((graph.node_count(), graph.edge_count()), (2, 1));
/// # Ok::<(), depgraph::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GraphBuilder {
    pub(crate) limits: Limits,
    pub(crate) uuids: Uuids,
    pub(crate) text_ids: Texts,
    /// For each run of edges with one source that source, and the first edge.
    pub(crate) sources: Vec<(u32, u32)>,
    pub(crate) targets: Vec<u32>,
    pub(crate) kinds: Vec<u8>,
    /// For each edge its entry of `details`; left empty while all are entry 0.
    pub(crate) evidence: Vec<u32>,
    pub(crate) details: Vec<(u32, u32)>,
    detail_numbers: HashMap<(u32, u32), u32>,
    pub(crate) texts: Texts,
    pub(crate) names: String,
    pub(crate) records: Vec<Record>,
    pub(crate) attributes: Vec<(u32, u32)>,
    pub(crate) node_kinds: KindNames,
    pub(crate) edge_kinds: KindNames,
    pub(crate) referenced: State,
    pub(crate) gaps: BTreeMap<String, String>,
    pub(crate) properties: BTreeMap<String, String>,
}

impl GraphBuilder {
    /// An empty builder with the default limits.
    pub fn new() -> Self {
        Self::with_capacity(0, 0)
    }

    /// An empty builder with room for so many nodes and edges. It grows beyond; room saves time.
    pub fn with_capacity(nodes: usize, edges: usize) -> Self {
        Self {
            limits: Limits::default(),
            uuids: Uuids::with_capacity(nodes),
            text_ids: Texts::new(),
            sources: Vec::new(),
            targets: Vec::with_capacity(edges),
            kinds: Vec::with_capacity(edges),
            evidence: Vec::new(),
            // Entry 0: no evidence, no alternative.
            details: vec![(NO_TEXT, NO_TEXT)],
            detail_numbers: HashMap::new(),
            texts: Texts::new(),
            names: String::new(),
            records: Vec::new(),
            attributes: Vec::new(),
            node_kinds: KindNames::default(),
            edge_kinds: KindNames::default(),
            referenced: State::NotFetched,
            gaps: BTreeMap::new(),
            properties: BTreeMap::new(),
        }
    }

    /// Other bounds than the default ones.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The state of objects that edges name and [`add_node`](Self::add_node) never does. Default [`State::NotFetched`], which makes
    /// each a dangling reference; [`State::Present`] fits a list of edges that is all there is.
    #[must_use]
    pub const fn with_referenced_state(mut self, state: State) -> Self {
        self.referenced = state;
        self
    }

    /// Takes an object.
    ///
    /// # Errors
    ///
    /// An empty id, or a limit.
    pub fn add_node(&mut self, node: Node<'_>) -> Result<(), Error> {
        for text in [node.kind, node.name.unwrap_or_default()] {
            self.check_text(text)?;
        }
        if node.attributes.len() > self.limits.attributes {
            return Err(Error::new(ErrorKind::TooMuchDetail));
        }
        let mut more = node.name.map_or(0, str::len);
        for (key, value) in &node.attributes {
            self.check_text(key)?;
            self.check_text(value)?;
            more += key.len() + value.len();
        }
        self.check_id(node.id)?;
        self.check_total(more + node.id.len())?;
        self.check_room(&[node.id])?;
        let kind = if node.kind.is_empty() {
            UNKNOWN_KIND
        } else {
            node.kind
        };
        let kind = self
            .node_kinds
            .enter(kind)
            .ok_or(Error::new(ErrorKind::TooManyKinds))?;
        let number = self.enter_id(node.id)?;
        let first = self.attributes.len();
        for (key, value) in &node.attributes {
            let pair = (self.enter_text(key)?, self.enter_text(value)?);
            self.attributes.push(pair);
        }
        let name = node.name.filter(|name| !name.is_empty()).map(|name| {
            let start = self.names.len() as u32;
            self.names.push_str(name);
            (start, self.names.len() as u32)
        });
        self.records.push(Record {
            node: number,
            kind,
            state: node.state,
            name,
            attributes: (first as u32, self.attributes.len() as u32),
        });
        Ok(())
    }

    /// Takes a reference.
    ///
    /// # Errors
    ///
    /// An empty id, or a limit.
    pub fn add_edge(&mut self, edge: Edge<'_>) -> Result<(), Error> {
        for text in [edge.kind, edge.evidence, edge.alternative] {
            self.check_text(text)?;
        }
        self.check_id(edge.source)?;
        self.check_id(edge.target)?;
        self.check_total(
            edge.evidence.len() + edge.alternative.len() + edge.source.len() + edge.target.len(),
        )?;
        self.check_room(&[edge.source, edge.target])?;
        self.check_edges(1)?;
        let kind = self
            .edge_kinds
            .enter(edge.kind)
            .ok_or(Error::new(ErrorKind::TooManyKinds))?;
        let detail = self.enter_detail(edge.evidence, edge.alternative)?;
        let source = self.enter_id(edge.source)?;
        let target = self.enter_id(edge.target)?;
        if detail != 0 && self.evidence.is_empty() {
            self.evidence.resize(self.targets.len(), 0);
        }
        if detail != 0 || !self.evidence.is_empty() {
            self.evidence.push(detail);
        }
        if self.sources.last().is_none_or(|(last, _)| *last != source) {
            self.sources.push((source, self.targets.len() as u32));
        }
        self.targets.push(target);
        self.kinds.push(kind);
        Ok(())
    }

    /// Takes many references of one kind, without evidence: the fastest way in. Returns how many.
    ///
    /// Edges that share a source should follow each other; that saves looking the source up again.
    ///
    /// # Errors
    ///
    /// An empty id, or a limit; the edges before the refused batch are in.
    pub fn add_edges<S: AsRef<str>, T: AsRef<str>>(
        &mut self,
        kind: &str,
        pairs: impl IntoIterator<Item = (S, T)>,
    ) -> Result<usize, Error> {
        self.check_text(kind)?;
        let kind = self
            .edge_kinds
            .enter(kind)
            .ok_or(Error::new(ErrorKind::TooManyKinds))?;
        let mut pairs = pairs.into_iter();
        self.expect_edges(pairs.size_hint().0);
        let mut batch = Batch::new();
        let mut last: Option<S> = None;
        let mut taken = 0;
        loop {
            batch.clear();
            while batch.edges < BATCH / 2 {
                let Some((source, target)) = pairs.next() else {
                    break;
                };
                if last
                    .as_ref()
                    .is_none_or(|last| last.as_ref() != source.as_ref())
                {
                    let place = self.read_id(source.as_ref(), &mut batch)?;
                    batch.source(place);
                }
                last = Some(source);
                let place = self.read_id(target.as_ref(), &mut batch)?;
                batch.target(place);
            }
            if batch.edges == 0 {
                return Ok(taken);
            }
            self.check_edges(batch.edges)?;
            self.uuids
                .enter_batch(&batch.keys[..batch.used], &mut batch.numbers);
            self.check_nodes()?;
            batch.resolve(&mut self.sources, &mut self.targets);
            self.kinds.resize(self.targets.len(), kind);
            if !self.evidence.is_empty() {
                self.evidence.resize(self.targets.len(), 0);
            }
            taken += batch.edges;
        }
    }

    /// Says that part of the input is missing: which part, and why. It becomes a finding.
    pub fn add_gap(&mut self, scope: impl Into<String>, reason: impl Into<String>) {
        let reason = reason.into();
        // Two reasons for one scope: the smaller text wins, so that the order of the calls changes nothing.
        self.gaps
            .entry(scope.into())
            .and_modify(|known| {
                if reason < *known {
                    known.clone_from(&reason);
                }
            })
            .or_insert_with(|| reason.clone());
    }

    /// Sets a property of the graph as a whole, such as the organisation or the time of the snapshot.
    pub fn set_property(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.properties.insert(key.into(), value.into());
    }

    /// The number of references taken so far, repeated ones included.
    pub fn edge_count(&self) -> usize {
        self.targets.len()
    }

    /// The number of different ids seen so far.
    pub fn node_count(&self) -> usize {
        self.uuids.len() + self.text_ids.len()
    }

    /// Merges, sorts and packs everything into a graph.
    ///
    /// # Errors
    ///
    /// Too many kinds in too many states.
    pub fn freeze(self) -> Result<Graph, Error> {
        self.freeze_with(&mut Work::unlimited())
    }

    /// Like [`freeze`](Self::freeze), with a work budget.
    ///
    /// # Errors
    ///
    /// Those of [`freeze`](Self::freeze), and an interruption.
    pub fn freeze_with(self, work: &mut Work) -> Result<Graph, Error> {
        freeze::freeze(self, work)
    }

    /// Makes room for edges that are announced, and for the objects that they usually name.
    fn expect_edges(&mut self, more: usize) {
        let more = more.min(TRUSTED).min(self.limits.edges);
        self.targets.reserve(more);
        self.kinds.reserve(more);
        self.uuids.reserve(more / EDGES_A_NODE);
    }

    /// Puts the id into the batch, or settles it if it is not a UUID.
    #[inline]
    fn read_id(&mut self, id: &str, batch: &mut Batch) -> Result<Place, Error> {
        match scan_uuid(id.as_bytes()) {
            Some(key) => Ok(batch.push(key)),
            None => Ok(Place(self.enter_text_id(id)?)),
        }
    }

    fn enter_id(&mut self, id: &str) -> Result<u32, Error> {
        match scan_uuid(id.as_bytes()) {
            Some(key) => Ok(self.uuids.enter(key)),
            None => self.enter_text_id(id),
        }
    }

    fn enter_text_id(&mut self, id: &str) -> Result<u32, Error> {
        self.check_id(id)?;
        self.check_total(id.len())?;
        let number = self
            .text_ids
            .enter(id)
            .ok_or(Error::new(ErrorKind::TooMuchDetail))?;
        Ok(number | TEXT_ID)
    }

    fn enter_text(&mut self, text: &str) -> Result<u32, Error> {
        self.texts
            .enter(text)
            .ok_or(Error::new(ErrorKind::TooMuchDetail))
    }

    fn enter_detail(&mut self, evidence: &str, alternative: &str) -> Result<u32, Error> {
        if evidence.is_empty() && alternative.is_empty() {
            return Ok(0);
        }
        let mut number_of = |text: &str| {
            if text.is_empty() {
                Ok(NO_TEXT)
            } else {
                self.enter_text(text)
            }
        };
        let pair = (number_of(evidence)?, number_of(alternative)?);
        if let Some(number) = self.detail_numbers.get(&pair) {
            return Ok(*number);
        }
        let number = self.details.len() as u32;
        if number >= 1 << 24 {
            return Err(Error::new(ErrorKind::TooMuchDetail));
        }
        self.details.push(pair);
        self.detail_numbers.insert(pair, number);
        Ok(number)
    }

    fn check_id(&self, id: &str) -> Result<(), Error> {
        if id.is_empty() {
            return Err(Error::new(ErrorKind::EmptyId));
        }
        self.check_text(id)
    }

    fn check_text(&self, text: &str) -> Result<(), Error> {
        if text.len() > self.limits.text {
            return Err(Error::new(ErrorKind::TextTooLong));
        }
        Ok(())
    }

    fn check_total(&self, more: usize) -> Result<(), Error> {
        let total = self.texts.bytes() + self.names.len() + self.text_ids.bytes() + more;
        if total > self.limits.total_text.min(u32::MAX as usize) {
            return Err(Error::new(ErrorKind::TooMuchDetail));
        }
        Ok(())
    }

    fn check_nodes(&self) -> Result<(), Error> {
        if self.node_count() > self.node_limit() {
            return Err(Error::new(ErrorKind::TooManyNodes));
        }
        Ok(())
    }

    /// Known ids need no room, so near the limit they are looked up.
    fn check_room(&self, ids: &[&str]) -> Result<(), Error> {
        if self.node_count() + ids.len() <= self.node_limit() {
            return Ok(());
        }
        let unknown = |id: &&&str| match scan_uuid(id.as_bytes()) {
            Some(key) => !self.uuids.contains(key),
            None => !self.text_ids.contains(id),
        };
        if self.node_count() + ids.iter().filter(unknown).count() > self.node_limit() {
            return Err(Error::new(ErrorKind::TooManyNodes));
        }
        Ok(())
    }

    fn node_limit(&self) -> usize {
        self.limits.nodes.min((TEXT_ID - 1) as usize)
    }

    fn check_edges(&self, more: usize) -> Result<(), Error> {
        if self.targets.len() + more > self.limits.edges.min((u32::MAX - 1) as usize) {
            return Err(Error::new(ErrorKind::TooManyEdges));
        }
        Ok(())
    }
}

impl Default for GraphBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// Stands for "no text" where a text's number is expected.
pub(crate) const NO_TEXT: u32 = u32::MAX;

/// Where the number of an id will come from: a place in the batch, or the number itself for ids that are not UUIDs.
#[derive(Clone, Copy)]
struct Place(u32);

/// Edges whose ids are looked up together.
struct Batch {
    keys: [u128; BATCH],
    used: usize,
    numbers: [u32; BATCH],
    /// The sources that are not those of the edges before them, with their first edges.
    sources: [(Place, u32); BATCH / 2],
    runs: usize,
    targets: [Place; BATCH / 2],
    edges: usize,
}

impl Batch {
    fn new() -> Self {
        Self {
            keys: [0; BATCH],
            used: 0,
            numbers: [0; BATCH],
            sources: [(Place(0), 0); BATCH / 2],
            runs: 0,
            targets: [Place(0); BATCH / 2],
            edges: 0,
        }
    }

    fn clear(&mut self) {
        (self.used, self.runs, self.edges) = (0, 0, 0);
    }

    #[inline]
    fn push(&mut self, key: u128) -> Place {
        self.keys[self.used] = key;
        self.used += 1;
        Place(self.used as u32 - 1)
    }

    #[inline]
    fn source(&mut self, place: Place) {
        self.sources[self.runs] = (place, self.edges as u32);
        self.runs += 1;
    }

    #[inline]
    fn target(&mut self, place: Place) {
        self.targets[self.edges] = place;
        self.edges += 1;
    }

    fn resolve(&self, sources: &mut Vec<(u32, u32)>, targets: &mut Vec<u32>) {
        let number = |place: &Place| match place.0 {
            code if code & TEXT_ID != 0 => code,
            code => self.numbers[code as usize],
        };
        let before = targets.len() as u32;
        let runs = self.sources[..self.runs].iter();
        sources.extend(runs.map(|(place, first)| (number(place), before + first)));
        targets.extend(self.targets[..self.edges].iter().map(number));
    }
}
