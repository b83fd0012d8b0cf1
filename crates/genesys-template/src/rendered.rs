//! What a template gives: text, and which variable every part of it came from.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use secrecy::zeroize::Zeroize;

use crate::Variable;

/// What a value is taken to need before it is known, in bytes.
const ROOM: usize = 64;

/// The text of a rendered template.
///
/// `Debug` shows it with its secrets redacted. When it has a secret, the text is wiped on drop.
#[derive(Clone, Default)]
pub struct Rendered {
    pub(crate) output: Output,
    pub(crate) variables: Arc<[Variable]>,
}

/// A stretch of rendered text that came from a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Span<'a> {
    /// Its bytes in the rendered text.
    pub range: Range<usize>,
    /// The variable.
    pub variable: &'a Variable,
    /// It is redacted wherever it is shown.
    pub secret: bool,
    /// It is the placeholder itself, kept by [`Missing::Preserve`](crate::Missing::Preserve).
    pub preserved: bool,
}

#[derive(Clone, Default)]
pub(crate) struct Output {
    pub(crate) text: String,
    pub(crate) stretches: Vec<Stretch>,
}

/// A part of an output: its text and its stretches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cut {
    pub(crate) text: Range<usize>,
    pub(crate) stretches: Range<usize>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) hole: usize,
    pub(crate) secret: bool,
    pub(crate) preserved: bool,
}

impl Rendered {
    /// Nothing yet: to be filled by [`render_into`](crate::Template::render_into), again and again.
    pub fn new() -> Self {
        Self::default()
    }

    /// The text, with its secrets.
    pub fn text(&self) -> &str {
        &self.output.text
    }

    /// The text, with its secrets, which are nobody's to wipe from now on.
    pub fn into_text(mut self) -> String {
        std::mem::take(&mut self.output.text)
    }

    /// The text with `[redacted]` in place of every secret.
    pub fn redacted(&self) -> String {
        self.output.redacted(&self.output.whole())
    }

    /// Where the values of variables stand in the text, in order.
    pub fn spans(&self) -> impl Iterator<Item = Span<'_>> {
        self.output.spans(self.output.whole(), &self.variables)
    }

    /// The variable that the byte at `offset` came from: of a parser's error, for instance. Nothing for the template's own text.
    pub fn variable_at(&self, offset: usize) -> Option<&Variable> {
        self.spans()
            .find(|span| span.range.contains(&offset))
            .map(|span| span.variable)
    }

    /// False when a placeholder was preserved, so that the text is still a template.
    pub fn is_complete(&self) -> bool {
        self.output.is_complete()
    }
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered")
            .field("text", &self.redacted())
            .finish_non_exhaustive()
    }
}

impl Output {
    /// Room for so many bytes of literals and so many holes. A buffer that grows costs time, and leaves a copy behind.
    pub(crate) fn with_capacity(literals: usize, holes: usize) -> Self {
        Self {
            text: String::with_capacity(literals + ROOM * holes),
            stretches: Vec::with_capacity(holes),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.wipe();
        self.text.clear();
        self.stretches.clear();
    }

    /// Everything, as one part.
    pub(crate) fn whole(&self) -> Cut {
        Cut {
            text: 0..self.text.len(),
            stretches: 0..self.stretches.len(),
        }
    }

    pub(crate) fn redacted(&self, cut: &Cut) -> String {
        let mut out = String::with_capacity(cut.text.len());
        let mut at = cut.text.start;
        for stretch in self.stretches[cut.stretches.clone()]
            .iter()
            .filter(|one| one.secret)
        {
            out.push_str(&self.text[at..stretch.start]);
            out.push_str("[redacted]");
            at = stretch.end;
        }
        out.push_str(&self.text[at..cut.text.end]);
        out
    }

    pub(crate) fn spans<'a>(
        &'a self,
        cut: Cut,
        variables: &'a [Variable],
    ) -> impl Iterator<Item = Span<'a>> {
        let first = cut.text.start;
        self.stretches[cut.stretches]
            .iter()
            .map(move |stretch| Span {
                range: stretch.start - first..stretch.end - first,
                variable: &variables[stretch.hole],
                secret: stretch.secret,
                preserved: stretch.preserved,
            })
    }

    pub(crate) fn is_complete(&self) -> bool {
        !self.stretches.iter().any(|stretch| stretch.preserved)
    }

    pub(crate) fn has_secret(&self, cut: &Cut) -> bool {
        self.stretches[cut.stretches.clone()]
            .iter()
            .any(|stretch| stretch.secret)
    }

    fn wipe(&mut self) {
        if !self.stretches.iter().any(|stretch| stretch.secret) {
            return;
        }
        // Only what is secret: wiping costs a write a byte that no compiler may join.
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        for stretch in self.stretches.iter().filter(|stretch| stretch.secret) {
            if let Some(secret) = bytes.get_mut(stretch.start..stretch.end) {
                secret.zeroize();
            }
        }
        bytes.clear();
        // An empty text keeps its memory.
        self.text = String::from_utf8(bytes).unwrap_or_default();
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.wipe();
    }
}
