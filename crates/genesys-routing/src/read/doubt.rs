//! Why what was read may not be one state of the list.

use std::fmt;

/// Something that a list said and that cannot all be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// The list said that it has so many objects, and later another number.
    TotalChanged {
        /// What it said first.
        first: u64,
        /// What it said last.
        last: u64,
    },
    /// The list has another number of objects than it says.
    CountMismatch {
        /// What it says.
        total: u64,
        /// How many different ones came, those without an id included.
        found: u64,
    },
    /// The number of pages is not the one that the list says. What was read is not affected: pages were read until the list
    /// really ended.
    PageCount {
        /// What it says.
        said: u64,
        /// How many pages there are.
        found: u32,
    },
    /// Objects came more than once: the list moved while it was read, or holds them twice.
    Duplicates {
        /// How many different ones.
        ids: usize,
    },
    /// A page came again under another number. Reading stopped there.
    RepeatedPage {
        /// The number under which it came again.
        page: u32,
    },
    /// Another page came than was asked for. Reading stopped there.
    WrongPage {
        /// Which one was asked for.
        asked: u32,
        /// Which one it says that it is.
        answered: u64,
    },
    /// The list did not end within the pages that may be read.
    PageLimit {
        /// How many pages were read.
        pages: u32,
    },
    /// The list did not end within the objects that may be kept.
    ItemLimit {
        /// How many are kept.
        items: usize,
    },
}

impl Doubt {
    /// True when objects may be missing or outdated because of it.
    pub fn affects_content(self) -> bool {
        !matches!(self, Self::PageCount { .. })
    }

    /// True when another reading may turn out better.
    pub(super) fn may_pass(self) -> bool {
        !matches!(
            self,
            Self::PageCount { .. } | Self::PageLimit { .. } | Self::ItemLimit { .. }
        )
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TotalChanged { first, last } => {
                write!(f, "the total changed from {first} to {last}")
            }
            Self::CountMismatch { total, found } => {
                write!(f, "the list says {total} objects and has {found}")
            }
            Self::PageCount { said, found } => {
                write!(f, "the list says {said} pages and has {found}")
            }
            Self::Duplicates { ids } => write!(f, "{ids} objects came more than once"),
            Self::RepeatedPage { page } => write!(f, "page {page} repeats an earlier one"),
            Self::WrongPage { asked, answered } => {
                write!(f, "page {answered} came instead of page {asked}")
            }
            Self::PageLimit { pages } => write!(f, "the list does not end within {pages} pages"),
            Self::ItemLimit { items } => write!(f, "the list has more than {items} objects"),
        }
    }
}
