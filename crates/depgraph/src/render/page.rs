//! One self-contained HTML page: picture, findings, objects, search.

use std::collections::HashMap;
use std::fmt::Write;

use crate::error::Error;
use crate::escape::html;
use crate::finding::{Detail, EdgeRef, Finding, FindingKind, NodeRef, Report};
use crate::graph::Graph;
use crate::id::NodeId;
use crate::single_points::SinglePoints;
use crate::view::Picture;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Only this style and this script may run; a test keeps the digests right.
const STYLE_DIGEST: &str = "sha256-GJ7pRCF7JCC3iK9x67I6lUgeZ8l0sSoDsuMPK3GJ/Ek=";
const SCRIPT_DIGEST: &str = "sha256-16mBL79S6Nxxgsr3QL000RKAPpBaN7e6JzLqAm3UFWs=";

/// A page for people: the picture as SVG, the findings and objects as tables, a search over all of them.
///
/// It is one file that loads nothing and sends nothing (its content security policy forbids both), works by keyboard, and holds no text
/// from outside unescaped. At 150 objects in the picture and 2000 rows it has well below 2 MB.
///
/// ```
/// use depgraph::{GraphBuilder, Page, Policy, State, View, Work};
///
/// let mut builder = GraphBuilder::new().with_referenced_state(State::Present);
/// builder.add_edges("calls", [("a", "</script>"), ("</script>", "a")])?;
/// let graph = builder.freeze()?;
/// let mut work = Work::unlimited();
/// let report = graph.validate(&Policy::default(), &mut work)?;
/// let picture = View::new(&graph).draw(&mut work)?;
/// let page = Page::new("Dependencies", &picture, &report).with_objects(&graph).to_html();
/// assert_eq!(page.matches("</script>").count(), 1);
/// # Ok::<(), depgraph::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Page<'a> {
    title: &'a str,
    picture: &'a Picture,
    report: &'a Report,
    objects: Option<&'a Graph>,
    points: Option<(&'a Graph, &'a SinglePoints)>,
    max_rows: usize,
}

impl<'a> Page<'a> {
    /// A page with a picture and a report.
    pub const fn new(title: &'a str, picture: &'a Picture, report: &'a Report) -> Self {
        Self {
            title,
            picture,
            report,
            objects: None,
            points: None,
            max_rows: 2000,
        }
    }

    /// Lists the graph's objects too, in the picture or not.
    #[must_use]
    pub const fn with_objects(mut self, graph: &'a Graph) -> Self {
        self.objects = Some(graph);
        self
    }

    /// Lists single points of failure too.
    #[must_use]
    pub const fn with_single_points(mut self, graph: &'a Graph, points: &'a SinglePoints) -> Self {
        self.points = Some((graph, points));
        self
    }

    /// At most so many rows a table. What is left out is said. Default 2000.
    #[must_use]
    pub const fn with_max_rows(mut self, rows: usize) -> Self {
        self.max_rows = rows;
        self
    }

    /// Writes the page.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Write`](crate::ErrorKind::Write) when the writer refuses.
    pub fn write_html(&self, out: &mut impl Write) -> Result<(), Error> {
        let places = Places::new(self.picture);
        write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; img-src data:; style-src '{STYLE_DIGEST}'; script-src '{SCRIPT_DIGEST}'; base-uri 'none'; \
             form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" \
             href=\"data:,\">\n<title>"
        )?;
        html(self.title, out)?;
        write!(out, "</title>\n<style>{STYLE}</style>\n</head>\n<body>\n")?;
        self.header(out)?;
        self.stage(out)?;
        self.findings(&places, out)?;
        self.single_points(&places, out)?;
        self.objects(&places, out)?;
        write!(
            out,
            "</main>\n<footer>Keys: <kbd>/</kbd> search, <kbd>Enter</kbd> go there, <kbd>m</kbd> map, <kbd>n</kbd> <kbd>p</kbd> next and \
             previous object, arrows move, <kbd>+</kbd> <kbd>-</kbd> <kbd>0</kbd> zoom, <kbd>Esc</kbd> back. In a table: arrows, \
             <kbd>Home</kbd>, <kbd>End</kbd>, <kbd>Enter</kbd> shows the row in the picture.</footer>\n<script>{SCRIPT}</script>\n\
             </body>\n</html>\n"
        )?;
        Ok(())
    }

    /// The page as text.
    pub fn to_html(&self) -> String {
        let mut out = String::new();
        // A string takes everything.
        let _ = self.write_html(&mut out);
        out
    }

    fn header(&self, out: &mut impl Write) -> Result<(), Error> {
        let report = self.report;
        out.write_str("<header>\n<h1 dir=\"auto\">")?;
        html(self.title, out)?;
        let (class, verdict) = match (report.errors(), report.warnings()) {
            (0, 0) => ("good", "Nothing found".to_owned()),
            (0, warnings) => (
                "warning",
                format!("No errors, {}", count(warnings, "warning")),
            ),
            (errors, warnings) => (
                "error",
                format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
            ),
        };
        write!(
            out,
            "</h1>\n<p class=\"{class}\"><b>{verdict}</b></p>\n<p class=\"facts\">"
        )?;
        write!(
            out,
            "<span>objects <b>{}</b></span><span>references <b>{}</b></span><span>depth <b>{}</b></span><span>circles <b>{}</b></span><span>{}</span>",
            report.nodes,
            report.edges,
            report.depth,
            report.components,
            if report.complete {
                "complete"
            } else {
                "<b>incomplete</b>"
            }
        )?;
        for (key, value) in &self.picture.properties {
            out.write_str("<span><bdi>")?;
            html(key, out)?;
            out.write_str("</bdi> <b><bdi>")?;
            html(value, out)?;
            out.write_str("</bdi></b></span>")?;
        }
        out.write_str("</p>\n</header>\n")?;
        Ok(())
    }

    fn stage(&self, out: &mut impl Write) -> Result<(), Error> {
        out.write_str(
            "<div class=\"bar\"><label for=\"q\">Search</label><input id=\"q\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\">\
             <span id=\"status\" role=\"status\"></span><span><button id=\"in\" type=\"button\" aria-label=\"Zoom in\">+</button> \
             <button id=\"out\" type=\"button\" aria-label=\"Zoom out\">−</button> <button id=\"fit\" type=\"button\">Fit</button></span></div>\n\
             <main>\n<section class=\"stage\" aria-label=\"Picture\">\n<div>\n",
        )?;
        self.picture.write_svg(out)?;
        if let Some(note) = self.picture.left_out.note() {
            out.write_str("<p class=\"note\">")?;
            html(&note, out)?;
            out.write_str("</p>\n")?;
        }
        out.write_str(
            "</div>\n<aside id=\"detail\" aria-label=\"Chosen object\"></aside>\n</section>\n",
        )?;
        Ok(())
    }

    fn findings(&self, places: &Places<'_>, out: &mut impl Write) -> Result<(), Error> {
        let report = self.report;
        out.write_str(
            "<section aria-labelledby=\"hf\">\n<h2 id=\"hf\">Findings</h2>\n<p class=\"facts\">",
        )?;
        for kind in FindingKind::ALL {
            let total = report.total(kind);
            if total.found() > 0 {
                write!(out, "<span>{} <b>{}</b></span>", word(kind), total.found())?;
            }
        }
        out.write_str("</p>\n")?;
        if report.findings.is_empty() {
            out.write_str("<p class=\"good\">None.</p>\n</section>\n")?;
            return Ok(());
        }
        out.write_str(
            "<div class=\"scroll\"><table id=\"findings\"><thead><tr><th scope=\"col\">Severity</th><th scope=\"col\">Finding</th>\
             <th scope=\"col\">What</th></tr></thead>\n<tbody>\n",
        )?;
        for finding in report.findings.iter().take(self.max_rows) {
            out.write_str("<tr")?;
            places.attribute(nodes_of(finding), out)?;
            write!(
                out,
                "><td class=\"{0}\">{0}</td><td>{1}</td><td><bdi>",
                finding.severity,
                word(finding.kind())
            )?;
            html(&finding.to_string(), out)?;
            out.write_str("</bdi></td></tr>\n")?;
        }
        out.write_str("</tbody></table></div>\n")?;
        let found: usize = FindingKind::ALL
            .into_iter()
            .map(|kind| report.total(kind).found())
            .sum();
        rest(found, report.findings.len().min(self.max_rows), out)?;
        out.write_str("</section>\n")?;
        Ok(())
    }

    fn single_points(&self, places: &Places<'_>, out: &mut impl Write) -> Result<(), Error> {
        let Some((graph, points)) = self.points else {
            return Ok(());
        };
        write!(
            out,
            "<section aria-labelledby=\"hs\">\n<h2 id=\"hs\">Single points of failure</h2>\n<p class=\"note\">Objects whose failure \
             alone takes entries down. Entries: {}; of these do not work even now: {}.</p>\n",
            points.entries,
            points.broken.len()
        )?;
        if points.points.is_empty() {
            out.write_str("<p class=\"good\">None.</p>\n")?;
        }
        if !points.points.is_empty() {
            out.write_str(
                "<div class=\"scroll\"><table id=\"points\"><thead><tr><th scope=\"col\">Entries lost</th><th scope=\"col\">Object</th>\
                 <th scope=\"col\">Id</th></tr></thead>\n<tbody>\n",
            )?;
            for point in points.points.iter().take(self.max_rows) {
                out.write_str("<tr")?;
                places.attribute([graph.id(point.node).to_string()], out)?;
                write!(out, "><td>{}</td>", point.lost)?;
                object_cells(graph, point.node, out)?;
                out.write_str("</tr>\n")?;
            }
            out.write_str("</tbody></table></div>\n")?;
        }
        rest(points.total, points.points.len().min(self.max_rows), out)?;
        out.write_str("</section>\n")?;
        Ok(())
    }

    fn objects(&self, places: &Places<'_>, out: &mut impl Write) -> Result<(), Error> {
        let Some(graph) = self.objects else {
            return Ok(());
        };
        out.write_str(
            "<section aria-labelledby=\"ho\">\n<h2 id=\"ho\">Objects</h2>\n<div class=\"scroll\"><table id=\"objects\"><thead><tr>\
             <th scope=\"col\">References</th><th scope=\"col\">Object</th><th scope=\"col\">Id</th></tr></thead>\n<tbody>\n",
        )?;
        // Those in the picture first: they are what a row can show.
        let drawn: Vec<NodeId> = self
            .picture
            .vertices
            .iter()
            .filter_map(|vertex| graph.find(&vertex.node.as_ref()?.id))
            .collect();
        let others = graph
            .nodes()
            .filter(|node| drawn.binary_search(node).is_err());
        let rows: Vec<NodeId> = drawn
            .iter()
            .copied()
            .chain(others)
            .take(self.max_rows)
            .collect();
        for node in &rows {
            out.write_str("<tr")?;
            places.attribute([graph.id(*node).to_string()], out)?;
            write!(
                out,
                "><td>{} out, {} in</td>",
                graph.successors(*node).len(),
                graph.predecessors(*node).len()
            )?;
            object_cells(graph, *node, out)?;
            out.write_str("</tr>\n")?;
        }
        out.write_str("</tbody></table></div>\n")?;
        rest(graph.node_count(), rows.len(), out)?;
        out.write_str("</section>\n")?;
        Ok(())
    }
}

fn object_cells(graph: &Graph, node: NodeId, out: &mut impl Write) -> Result<(), Error> {
    out.write_str("<td>")?;
    html(graph.kind_name(node), out)?;
    if let Some(name) = graph.name(node) {
        out.write_str(" <bdi>")?;
        html(name, out)?;
        out.write_str("</bdi>")?;
    }
    if graph.state(node) != crate::kind::State::Present {
        write!(out, " · {}", graph.state(node).as_str().replace('_', " "))?;
    }
    out.write_str("</td><td><bdi class=\"id\">")?;
    html(&graph.id(node).to_string(), out)?;
    out.write_str("</bdi></td>")?;
    Ok(())
}

fn rest(all: usize, shown: usize, out: &mut impl Write) -> Result<(), Error> {
    if all > shown {
        writeln!(out, "<p class=\"note\">{shown} of {all} are listed.</p>")?;
    }
    Ok(())
}

fn word(kind: FindingKind) -> String {
    kind.as_str().replace('_', " ")
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Where objects are in the picture.
struct Places<'a> {
    by_id: HashMap<&'a str, usize>,
}

impl<'a> Places<'a> {
    fn new(picture: &'a Picture) -> Self {
        let places = picture.vertices.iter().enumerate();
        Self {
            by_id: places
                .filter_map(|(at, vertex)| Some((vertex.node.as_ref()?.id.as_str(), at)))
                .collect(),
        }
    }

    /// Writes which vertices a row is about.
    fn attribute(
        &self,
        ids: impl IntoIterator<Item = String>,
        out: &mut impl Write,
    ) -> Result<(), Error> {
        let mut places: Vec<usize> = ids
            .into_iter()
            .filter_map(|id| self.by_id.get(id.as_str()).copied())
            .collect();
        places.dedup();
        out.write_str(" data-v=\"")?;
        for (at, place) in places.iter().enumerate() {
            write!(out, "{}{place}", if at == 0 { "" } else { " " })?;
        }
        out.write_str("\" aria-selected=\"false\"")?;
        Ok(())
    }
}

/// The ids of the objects that a finding is about.
fn nodes_of(finding: &Finding) -> Vec<String> {
    let nodes = |nodes: &[NodeRef]| nodes.iter().map(|node| node.id.clone()).collect();
    let path = |edges: &[EdgeRef]| {
        let mut ids: Vec<String> = edges.iter().map(|edge| edge.source.id.clone()).collect();
        ids.extend(edges.last().map(|edge| edge.target.id.clone()));
        ids
    };
    match &finding.detail {
        Detail::Cycle(cycle) => nodes(&cycle.members),
        Detail::SelfReference { edge } => vec![edge.source.id.clone()],
        Detail::Depth { path: edges, .. } => path(edges),
        Detail::Dangling { node, .. } | Detail::Orphan { node } | Detail::Conflict { node, .. } => {
            vec![node.id.clone()]
        }
        Detail::Duplicate { node, edge, .. } => match (node, edge) {
            (Some(node), _) => vec![node.id.clone()],
            (None, Some(edge)) => vec![edge.source.id.clone(), edge.target.id.clone()],
            (None, None) => Vec::new(),
        },
        Detail::Incomplete { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use sha2::Digest;

    use super::*;

    #[test]
    fn the_policy_names_the_style_and_the_script_that_the_page_has() {
        let digest = |text: &str| {
            format!(
                "sha256-{}",
                base64::engine::general_purpose::STANDARD
                    .encode(sha2::Sha256::digest(text.as_bytes()))
            )
        };
        assert_eq!(
            (STYLE_DIGEST, SCRIPT_DIGEST),
            (digest(STYLE).as_str(), digest(SCRIPT).as_str())
        );
    }
}
