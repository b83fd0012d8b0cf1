//! DOT, for Graphviz.

use std::fmt::Write;

use super::LABEL;
use crate::error::Error;
use crate::escape::{dot, visible};
use crate::kind::State;
use crate::view::Picture;

impl Picture {
    /// Writes the picture in the DOT language of Graphviz. The note of what is left out is the graph's label.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Write`](crate::ErrorKind::Write) when the writer refuses.
    pub fn write_dot(&self, out: &mut impl Write) -> Result<(), Error> {
        out.write_str(
            "digraph dependencies {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n",
        )?;
        if let Some(note) = self.left_out.note() {
            out.write_str("  label=")?;
            dot(&note, out)?;
            out.write_str(";\n")?;
        }
        for (number, vertex) in self.vertices.iter().enumerate() {
            write!(out, "  n{number} [label=")?;
            let caption = visible(&vertex.caption(), LABEL);
            dot(
                &format!("{caption} [{}]", visible(&vertex.kind, LABEL)),
                out,
            )?;
            if let Some(node) = &vertex.node {
                out.write_str(", tooltip=")?;
                dot(&node.id, out)?;
            }
            if vertex.in_cycle {
                out.write_str(", color=red")?;
            }
            if vertex.state != State::Present {
                out.write_str(", style=dashed")?;
            }
            if vertex.focused {
                out.write_str(", penwidth=3")?;
            }
            out.write_str("];\n")?;
        }
        for arc in &self.arcs {
            write!(out, "  n{} -> n{} [label=", arc.source, arc.target)?;
            dot(&visible(&arc.caption(), LABEL), out)?;
            if !arc.evidence.is_empty() {
                out.write_str(", tooltip=")?;
                dot(&arc.evidence, out)?;
            }
            if arc.in_cycle {
                out.write_str(", color=red")?;
            }
            if arc.alternative.is_some() {
                out.write_str(", style=dashed")?;
            }
            out.write_str("];\n")?;
        }
        out.write_str("}\n")?;
        Ok(())
    }

    /// The picture in DOT.
    pub fn to_dot(&self) -> String {
        let mut out = String::new();
        // A string takes everything.
        let _ = self.write_dot(&mut out);
        out
    }
}
