//! The rules at work. One file a family; [`Scan`] is what they share.

mod cors;
mod csp;
mod frame;
mod guide;
mod headers;
mod permissions;
mod placeholders;
mod platform;
mod sandbox;
mod text;
mod url;

pub(crate) use permissions::FEATURES;

use std::borrow::Cow;

use crate::code::{Code, structure};
use crate::coverage::{Area, Checked, Coverage};
use crate::embedder::Embedder;
use crate::finding::{Draft, Finding, Source};
use crate::json::{Document, NodeId, Type};
use crate::kind::Kind;
use crate::patch::child_pointer;
use crate::policy::{Limits, Policy};
use crate::response::HeaderSet;
use crate::span::Span;
use crate::tally::Tally;
use crate::validator::{Subject, Validator};

/// Findings kept in a report; the rest is counted.
const MAX_FINDINGS: usize = 10_000;

/// One validation in progress.
#[derive(Debug)]
pub(crate) struct Scan<'s> {
    pub(crate) validator: &'s Validator,
    pub(crate) document: &'s Document<'s>,
    pub(crate) headers: Option<&'s HeaderSet>,
    pub(crate) size: usize,
    pub(crate) kind: Kind,
    pub(crate) findings: Vec<Finding>,
    pub(crate) omitted: Tally,
    pub(crate) coverage: Coverage,
    /// The object that was last looked through for its known members, and which it has, a bit each.
    pub(crate) present: Option<(NodeId, u64)>,
    /// Host and port of the widget, once its URL has been read.
    pub(crate) origin: Option<(Cow<'s, str>, u16)>,
}

impl<'s> Scan<'s> {
    pub(crate) fn new(
        validator: &'s Validator,
        document: &'s Document<'s>,
        subject: Subject<'s>,
    ) -> Scan<'s> {
        Scan {
            validator,
            document,
            headers: subject.headers,
            size: subject.bytes.len(),
            kind: subject.kind.unwrap_or(Kind::Guide),
            findings: Vec::new(),
            omitted: Tally::default(),
            coverage: Coverage::nothing("the document could not be read"),
            present: None,
            origin: None,
        }
    }

    fn policy(&self) -> &'s Policy {
        &self.validator.policy
    }

    fn limits(&self) -> &'s Limits {
        self.validator.policy.limits()
    }

    fn embedder(&self) -> &'s Embedder {
        &self.validator.embedder
    }

    /// Reports about a value.
    fn at(&mut self, node: NodeId, draft: Draft) {
        if self.is_on(draft.code) {
            let (pointer, span) = (self.document.pointer(node), self.document.span(node));
            self.push(Source::Payload, pointer, span, draft);
        }
    }

    /// Reports about the name of a member.
    fn at_name(&mut self, member: NodeId, draft: Draft) {
        if self.is_on(draft.code) {
            let span = self
                .document
                .key_span(member)
                .unwrap_or_else(|| self.document.span(member));
            self.push(Source::Payload, self.document.pointer(member), span, draft);
        }
    }

    /// Reports about some bytes of a string value.
    fn inside(&mut self, node: NodeId, inner: Span, draft: Draft) {
        if self.is_on(draft.code) {
            let (pointer, span) = (
                self.document.pointer(node),
                self.document.place_in_string(node, inner),
            );
            self.push(Source::Payload, pointer, span, draft);
        }
    }

    /// Reports that an object lacks a member.
    fn missing(&mut self, object: NodeId, member: &str, draft: Draft) {
        if self.is_on(draft.code) {
            let (pointer, span) = (
                child_pointer(&self.document.pointer(object), member),
                self.document.span(object),
            );
            self.push(Source::Payload, pointer, span, draft);
        }
    }

    /// Reports about a header; `index` counts headers of that name, `None` stands for one that is not there.
    fn header(&mut self, name: &str, index: Option<usize>, span: Span, draft: Draft) {
        if self.is_on(draft.code) {
            let pointer =
                index.map_or_else(|| format!("/{name}"), |index| format!("/{name}/{index}"));
            self.push(Source::Headers, pointer, span, draft);
        }
    }

    /// False when a finding of this code would not be kept, so that there is no need to make it; counts it where it counts.
    fn wants(&mut self, code: Code) -> bool {
        let on = self.is_on(code);
        let full = self.findings.len() >= MAX_FINDINGS;
        if on && full {
            self.omitted.add(code, 1);
        }
        on && !full
    }

    fn is_on(&self, code: Code) -> bool {
        self.policy().level(code).severity().is_some()
    }

    fn push(&mut self, source: Source, pointer: String, span: Span, draft: Draft) {
        let Some(severity) = self.policy().level(draft.code).severity() else {
            return;
        };
        if self.findings.len() >= MAX_FINDINGS {
            self.omitted.add(draft.code, 1);
            return;
        }
        let Draft {
            code,
            message,
            hint,
            fix,
        } = draft;
        self.findings.push(Finding {
            code,
            severity,
            source,
            pointer,
            span,
            message,
            hint,
            fix,
        });
    }

    fn mark(&mut self, area: Area, checked: Checked) {
        self.coverage.set(area, checked);
    }
}

/// Applies every rule. Without a `kind`, the members of the document tell it.
pub(crate) fn run(scan: &mut Scan<'_>, kind: Option<Kind>) {
    size(scan);
    let document = scan.document;
    let (defects, omitted) = document.defects();
    for defect in defects {
        let pointer = defect
            .node
            .map(|node| document.pointer(node))
            .unwrap_or_default();
        scan.push(
            Source::Payload,
            pointer,
            defect.span,
            Draft::new(defect.code, defect.message.clone(), defect.hint),
        );
    }
    for (code, count) in omitted.iter() {
        if scan.is_on(code) {
            scan.omitted.add(code, count);
        }
    }
    let root = document.root().filter(|_| document.is_complete());
    match root {
        Some(root) if document.kind(root) == Type::Object => {
            scan.coverage = Coverage::nothing("not given");
            scan.mark(Area::Structure, Checked::Yes);
            let members = guide::Members::of(document, root);
            if kind.is_none() && members.has_others {
                scan.kind = Kind::detect(document);
            }
            match scan.kind {
                Kind::Guide => guide::check(scan, root, &members),
                Kind::ClientApp | Kind::InteractionWidget => platform::check(scan, root),
            }
            schema(scan);
        }
        Some(root) => {
            let message = format!(
                "the document is {} and not an object",
                document.kind(root).described()
            );
            let draft = Draft::new(
                structure::NOT_AN_OBJECT,
                message,
                "wrap the definition in braces",
            );
            scan.at(root, draft);
        }
        // The mistakes of the text say why; what could be read may still tell the kind.
        None => scan.kind = kind.unwrap_or_else(|| Kind::detect(document)),
    }
    match scan.headers {
        Some(headers) => {
            csp::check(scan, headers);
            cors::check(scan, headers);
            headers::check(scan, headers);
        }
        None => {
            for area in [Area::Csp, Area::Framing, Area::Cors, Area::Headers] {
                scan.mark(area, Checked::No("no response headers were handed in"));
            }
        }
    }
}

fn size(scan: &mut Scan<'_>) {
    let (size, limit) = (scan.size, scan.limits().max_bytes);
    if size > limit {
        let message = format!("{size} bytes, the limit is {limit}");
        scan.push(
            Source::Payload,
            String::new(),
            Span::new(limit, size),
            Draft::new(
                structure::TOO_LARGE,
                message,
                "remove what the widget can load by itself; indentation counts too",
            ),
        );
    }
}

#[cfg(feature = "jsonschema")]
fn schema(scan: &mut Scan<'_>) {
    crate::schema::check(scan);
}

#[cfg(not(feature = "jsonschema"))]
fn schema(scan: &mut Scan<'_>) {
    scan.mark(Area::Schema, Checked::No("built without schema support"));
}

/// What the schema check needs of a scan.
#[cfg(feature = "jsonschema")]
impl Scan<'_> {
    pub(crate) fn schema_finding(&mut self, pointer: String, span: Span, draft: Draft) {
        self.push(Source::Payload, pointer, span, draft);
    }

    pub(crate) fn schema_checked(&mut self, checked: Checked) {
        self.mark(Area::Schema, checked);
    }
}
