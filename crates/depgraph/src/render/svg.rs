//! The picture as SVG.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::layout::{self, BOX_HEIGHT, BOX_WIDTH, Layout};
use crate::error::Error;
use crate::escape::{html, html_seen, visible};
use crate::kind::State;
use crate::view::{Arc, Picture};

/// Characters that fit a box.
const IN_BOX: usize = 26;
/// Arrows to the left use the lower half of a box's side, so that two that join the same boxes do not lie on each other.
const LOWER: i32 = 10;

impl Picture {
    /// Writes the picture as an SVG element, without style: the page brings it.
    pub(super) fn write_svg(&self, out: &mut impl Write) -> Result<(), Error> {
        // Arcs between the same two vertices are one arrow.
        let mut arrows: BTreeMap<(usize, usize), Vec<&Arc>> = BTreeMap::new();
        for arc in &self.arcs {
            arrows
                .entry((arc.source, arc.target))
                .or_default()
                .push(arc);
        }
        let pairs: Vec<(usize, usize)> = arrows.keys().copied().filter(|(a, b)| a != b).collect();
        let layout = layout::lay_out(self.vertices.len(), &pairs);
        write!(
            out,
            "<svg id=\"map\" viewBox=\"0 0 {} {}\" role=\"group\" aria-label=\"Map of {} objects\" tabindex=\"0\" \
             xmlns=\"http://www.w3.org/2000/svg\" preserveAspectRatio=\"xMidYMid meet\">\n<defs>",
            layout.width,
            layout.height,
            self.vertices.len()
        )?;
        for (id, class) in [("tip", "tip"), ("tip-circle", "tip circle")] {
            write!(
                out,
                "<marker id=\"{id}\" class=\"{class}\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"9\" markerHeight=\"9\" \
                 markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker>"
            )?;
        }
        write!(
            out,
            "<clipPath id=\"inside\"><rect x=\"4\" width=\"{}\" height=\"{BOX_HEIGHT}\"/></clipPath></defs>\n<g class=\"arrows\">\n",
            BOX_WIDTH - 8
        )?;
        let mut ways = layout.ways.iter();
        for ((source, target), arcs) in &arrows {
            let circle = arcs.iter().any(|arc| arc.in_cycle);
            let either = arcs.iter().all(|arc| arc.alternative.is_some());
            let path = if source == target {
                loop_path(&layout, *source)
            } else {
                way_path(&layout, *source, *target, ways.next())
            };
            write!(
                out,
                "<path class=\"e{}{}\" data-s=\"{source}\" data-t=\"{target}\" d=\"{path}\" marker-end=\"url(#{})\"><title>",
                if circle { " circle" } else { "" },
                if either { " either" } else { "" },
                if circle { "tip-circle" } else { "tip" }
            )?;
            for (at, arc) in arcs.iter().enumerate() {
                out.write_str(if at == 0 { "" } else { ", " })?;
                html(&arc.caption(), out)?;
                if !arc.evidence.is_empty() {
                    out.write_str(" at ")?;
                    html(&arc.evidence, out)?;
                }
            }
            out.write_str("</title></path>\n")?;
        }
        out.write_str("</g>\n<g class=\"boxes\">\n")?;
        for (number, vertex) in self.vertices.iter().enumerate() {
            let (x, y) = layout.boxes[number];
            write!(
                out,
                "<g class=\"v{}{}{}{}\" id=\"v{number}\" transform=\"translate({x} {y})\"><title>",
                if vertex.in_cycle { " circle" } else { "" },
                if vertex.state == State::Present {
                    ""
                } else {
                    " missing"
                },
                if vertex.focused { " focused" } else { "" },
                if vertex.members > 1 { " several" } else { "" },
            )?;
            html(&vertex.caption(), out)?;
            if let Some(node) = &vertex.node {
                out.write_str("\n")?;
                html(&node.id, out)?;
            }
            write!(
                out,
                "</title><rect width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" rx=\"6\"/><g clip-path=\"url(#inside)\"><text x=\"10\" y=\"17\">"
            )?;
            html_seen(&visible(&vertex.caption(), IN_BOX), out)?;
            out.write_str("</text><text class=\"k\" x=\"10\" y=\"32\">")?;
            html_seen(&visible(&vertex.kind, IN_BOX), out)?;
            if vertex.state != State::Present {
                write!(out, " · {}", vertex.state.as_str().replace('_', " "))?;
            }
            out.write_str("</text></g></g>\n")?;
        }
        out.write_str("</g></svg>\n")?;
        Ok(())
    }
}

/// A smooth way from box to box, by its bends.
fn way_path(
    layout: &Layout,
    source: usize,
    target: usize,
    way: Option<&(Vec<(i32, i32)>, bool)>,
) -> String {
    let (bends, leftwards) = way.map_or((&[][..], false), |(bends, leftwards)| {
        (bends.as_slice(), *leftwards)
    });
    let side = |vertex: usize, right: bool| {
        let (x, y) = layout.boxes[vertex];
        (
            if right { x + BOX_WIDTH } else { x },
            y + BOX_HEIGHT / 2 + if leftwards { LOWER } else { 0 },
        )
    };
    let (start, end) = (side(source, !leftwards), side(target, leftwards));
    let mut path = format!("M{} {}", start.0, start.1);
    let mut from = start;
    for point in bends.iter().copied().chain([end]) {
        if point.1 == from.1 {
            let _ = write!(path, "L{} {}", point.0, point.1);
        } else {
            let middle = (from.0 + point.0) / 2;
            let _ = write!(
                path,
                "C{middle} {} {middle} {} {} {}",
                from.1, point.1, point.0, point.1
            );
        }
        from = point;
    }
    path
}

/// A loop over the right end of a box.
fn loop_path(layout: &Layout, vertex: usize) -> String {
    let (x, y) = layout.boxes[vertex];
    let (left, right) = (x + BOX_WIDTH - 50, x + BOX_WIDTH - 16);
    format!(
        "M{left} {y}C{} {} {} {} {right} {y}",
        left - 4,
        y - 24,
        right + 4,
        y - 24
    )
}
