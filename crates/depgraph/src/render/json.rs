//! A picture as JSON.

use std::fmt::Write;

use crate::error::Error;
use crate::escape::json;
use crate::view::Picture;

impl Picture {
    /// Writes the picture as one JSON document: `format` (`depgraph-view`), `version` (1), `properties`, `nodes`, `edges` (with the
    /// places of their ends in `nodes`) and `left_out`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Write`](crate::ErrorKind::Write) when the writer refuses.
    pub fn write_json(&self, out: &mut impl Write) -> Result<(), Error> {
        out.write_str("{\"format\":\"depgraph-view\",\"version\":1,\"properties\":{")?;
        for (at, (key, value)) in self.properties.iter().enumerate() {
            out.write_str(if at == 0 { "" } else { "," })?;
            json(key, out)?;
            out.write_char(':')?;
            json(value, out)?;
        }
        out.write_str("},\"nodes\":[")?;
        for (at, vertex) in self.vertices.iter().enumerate() {
            out.write_str(if at == 0 {
                "\n{\"label\":"
            } else {
                ",\n{\"label\":"
            })?;
            json(&vertex.label, out)?;
            out.write_str(",\"kind\":")?;
            json(&vertex.kind, out)?;
            if let Some(node) = &vertex.node {
                out.write_str(",\"id\":")?;
                json(&node.id, out)?;
                if let Some(name) = &node.name {
                    out.write_str(",\"name\":")?;
                    json(name, out)?;
                }
            }
            write!(
                out,
                ",\"state\":\"{}\",\"members\":{},\"inCycle\":{}",
                vertex.state, vertex.members, vertex.in_cycle
            )?;
            write!(out, ",\"focused\":{}}}", vertex.focused)?;
        }
        out.write_str("],\"edges\":[")?;
        for (at, arc) in self.arcs.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(
                out,
                "{comma}\n{{\"source\":{},\"target\":{},\"kind\":",
                arc.source, arc.target
            )?;
            json(&arc.kind, out)?;
            write!(out, ",\"count\":{},\"inCycle\":{}", arc.count, arc.in_cycle)?;
            if !arc.evidence.is_empty() {
                out.write_str(",\"evidence\":")?;
                json(&arc.evidence, out)?;
            }
            if let Some(group) = &arc.alternative {
                out.write_str(",\"alternative\":")?;
                json(group, out)?;
            }
            out.write_char('}')?;
        }
        let left_out = &self.left_out;
        writeln!(
            out,
            "],\"leftOut\":{{\"nodes\":{},\"edges\":{},\"implied\":{},\"folded\":{}}}}}",
            left_out.nodes, left_out.edges, left_out.implied, left_out.folded
        )?;
        Ok(())
    }

    /// The picture as JSON.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        // A string takes everything.
        let _ = self.write_json(&mut out);
        out
    }
}
