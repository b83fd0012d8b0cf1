//! A budget of steps and a way to stop: every long loop asks here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, ErrorKind};

/// How often, in steps, the cancellation flag is read.
const STRIDE: u64 = 1 << 14;

/// How much work a call may do, and a flag that stops it.
///
/// A step is about one visit of a node or an edge: some nanoseconds. One budget may be handed through several calls; what it has
/// left carries over. A call that runs out answers [`ErrorKind::BudgetSpent`] and has no other effect.
///
/// ```
/// use depgraph::{ErrorKind, GraphBuilder, Work};
///
/// let mut builder = GraphBuilder::new();
/// builder.add_edges("next", (0..100).map(|i| (format!("n{i}"), format!("n{}", i + 1))))?;
/// let graph = builder.freeze()?;
/// assert!(graph.topology(&mut Work::unlimited()).is_ok());
/// assert_eq!(graph.topology(&mut Work::steps(10)).unwrap_err().kind(), ErrorKind::BudgetSpent);
/// # Ok::<(), depgraph::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Work {
    left: u64,
    until_look: u64,
    cancel: Option<Arc<AtomicBool>>,
}

impl Work {
    /// Work without a budget. It can still be cancelled.
    pub const fn unlimited() -> Self {
        Self::steps(u64::MAX)
    }

    /// At most so many steps.
    pub const fn steps(steps: u64) -> Self {
        Self {
            left: steps,
            until_look: 0,
            cancel: None,
        }
    }

    /// Stops, with [`ErrorKind::Cancelled`], soon after the flag becomes true.
    #[must_use]
    pub fn with_cancel(mut self, flag: Arc<AtomicBool>) -> Self {
        self.cancel = Some(flag);
        self
    }

    /// The steps that are left.
    pub const fn left(&self) -> u64 {
        self.left
    }

    /// Takes steps out of the budget.
    #[inline]
    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Error> {
        match self.left.checked_sub(steps) {
            Some(left) => self.left = left,
            None => {
                self.left = 0;
                return Err(Error::new(ErrorKind::BudgetSpent));
            }
        }
        if steps < self.until_look {
            self.until_look -= steps;
            return Ok(());
        }
        self.look()
    }

    #[cold]
    fn look(&mut self) -> Result<(), Error> {
        self.until_look = STRIDE;
        match &self.cancel {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(Error::new(ErrorKind::Cancelled)),
            _ => Ok(()),
        }
    }
}

impl Default for Work {
    fn default() -> Self {
        Self::unlimited()
    }
}
