//! Mermaid, for Markdown.

use std::fmt::Write;

use super::LABEL;
use crate::error::Error;
use crate::escape::{mermaid, visible};
use crate::kind::State;
use crate::view::{LeftOut, Picture};

/// What Mermaid draws by default: so many edges, so many characters. The rest of the text is for the note.
const EDGES: usize = 500;
const CHARACTERS: usize = 50_000 - 400;
/// What of it the vertices may take.
const VERTEX_CHARACTERS: usize = 30_000;

impl Picture {
    /// Writes the picture as a Mermaid flowchart, within 500 edges and 50 000 characters, beyond which Mermaid refuses to draw. What is
    /// left out is said in a vertex of its own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Write`](crate::ErrorKind::Write) when the writer refuses.
    pub fn write_mermaid(&self, out: &mut impl Write) -> Result<(), Error> {
        let mut text = String::from("flowchart LR\n");
        let mut left_out = self.left_out;
        let mut line = String::new();
        let mut drawn = vec![true; self.vertices.len()];
        for (number, vertex) in self.vertices.iter().enumerate() {
            line.clear();
            write!(line, "  n{number}[\"")?;
            mermaid(&visible(&vertex.caption(), LABEL), &mut line)?;
            line.push_str(" · ");
            mermaid(&visible(&vertex.kind, LABEL), &mut line)?;
            line.push_str("\"]");
            match (vertex.in_cycle, vertex.state) {
                (true, _) => line.push_str(":::circle"),
                (false, State::Present) => {}
                _ => line.push_str(":::missing"),
            }
            drawn[number] = add_line(&mut text, &line, VERTEX_CHARACTERS);
            left_out.nodes += if drawn[number] { 0 } else { vertex.members };
        }
        let mut edges = 0;
        for arc in &self.arcs {
            line.clear();
            write!(
                line,
                "  n{} {}\"",
                arc.source,
                if arc.alternative.is_some() {
                    "-. "
                } else {
                    "-- "
                }
            )?;
            mermaid(&visible(&arc.caption(), LABEL), &mut line)?;
            write!(
                line,
                "\" {} n{}",
                if arc.alternative.is_some() {
                    ".->"
                } else {
                    "-->"
                },
                arc.target
            )?;
            if edges < EDGES
                && drawn[arc.source]
                && drawn[arc.target]
                && add_line(&mut text, &line, CHARACTERS)
            {
                edges += 1;
            } else {
                left_out.edges += arc.count;
            }
        }
        out.write_str(&text)?;
        write_note(&left_out, out)?;
        out.write_str("  classDef circle stroke:#c00,stroke-width:2px\n  classDef missing stroke-dasharray:4 3\n")?;
        Ok(())
    }

    /// The picture as a Mermaid flowchart.
    pub fn to_mermaid(&self) -> String {
        let mut out = String::new();
        // A string takes everything.
        let _ = self.write_mermaid(&mut out);
        out
    }
}

/// False when there is no room.
fn add_line(text: &mut String, line: &str, max: usize) -> bool {
    // Mermaid counts characters; bytes are never fewer.
    let fits = text.len() + line.len() < max;
    if fits {
        text.push_str(line);
        text.push('\n');
    }
    fits
}

fn write_note(left_out: &LeftOut, out: &mut impl Write) -> Result<(), Error> {
    if let Some(note) = left_out.note() {
        out.write_str("  note[\"")?;
        mermaid(&note, out)?;
        out.write_str("\"]\n")?;
    }
    Ok(())
}
