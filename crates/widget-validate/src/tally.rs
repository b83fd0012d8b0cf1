//! Findings that are counted and not kept.

use crate::code::Code;

/// How many findings of which rule there were beyond those that are kept. Small: one entry a rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(Vec<(Code, usize)>);

impl Tally {
    pub(crate) fn add(&mut self, code: Code, count: usize) {
        match self.0.iter_mut().find(|(of, _)| *of == code) {
            Some((_, sum)) => *sum += count,
            None => self.0.push((code, count)),
        }
    }

    /// Forgets the findings of a rule.
    pub(crate) fn forget(&mut self, code: Code) {
        self.0.retain(|(of, _)| *of != code);
    }

    pub(crate) fn has(&self, code: Code) -> bool {
        self.0.iter().any(|(of, _)| *of == code)
    }

    pub(crate) fn total(&self) -> usize {
        self.0.iter().map(|(_, count)| count).sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Code, usize)> + '_ {
        self.0.iter().copied()
    }
}
