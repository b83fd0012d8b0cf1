//! Requests per token and window.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Windows remembered at once; beyond it the finished ones are forgotten.
const WINDOWS: usize = 4_096;

#[derive(Debug)]
struct Book {
    allowed: u64,
    window: Duration,
    windows: HashMap<String, (Instant, u64)>,
}

/// Counts by key in fixed windows: a window opens with its first request and ends after the set length.
#[derive(Debug)]
pub(crate) struct Quota(Mutex<Book>);

/// Where a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Requests counted in this window.
    pub(crate) count: u64,
    /// Requests allowed in a window.
    pub(crate) allowed: u64,
    /// Whole seconds until the window ends, rounded up and at least 1.
    pub(crate) reset: u64,
}

impl Standing {
    pub(crate) fn is_exceeded(self) -> bool {
        self.count > self.allowed
    }
}

impl Quota {
    pub(crate) fn new(allowed: u64, window: Duration) -> Self {
        Self(Mutex::new(Book {
            allowed,
            window,
            windows: HashMap::new(),
        }))
    }

    /// Changes the numbers and opens fresh windows.
    pub(crate) fn set(&self, allowed: u64, window: Duration) {
        *self.lock() = Book {
            allowed,
            window,
            windows: HashMap::new(),
        };
    }

    /// Counts one request.
    pub(crate) fn spend(&self, key: &str) -> Standing {
        self.at(key, crate::time::instant(), 1)
    }

    /// Looks without counting.
    pub(crate) fn peek(&self, key: &str) -> Standing {
        self.at(key, crate::time::instant(), 0)
    }

    fn at(&self, key: &str, now: Instant, spent: u64) -> Standing {
        let mut book = self.lock();
        let (allowed, length) = (book.allowed, book.window);
        if book.windows.len() >= WINDOWS {
            book.windows
                .retain(|_, (start, _)| now.duration_since(*start) < length);
        }
        let open = book
            .windows
            .get(key)
            .copied()
            .filter(|(start, _)| now.duration_since(*start) < length);
        let (start, count) = open.unwrap_or((now, 0));
        let count = count + spent;
        if spent > 0 {
            book.windows.insert(key.to_owned(), (start, count));
        }
        let left = length.saturating_sub(now.duration_since(start));
        let reset = (left.as_secs() + u64::from(left.subsec_nanos() > 0)).max(1);
        Standing {
            count,
            allowed,
            reset,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_opens_with_its_first_request_and_counts_by_key() {
        let quota = Quota::new(2, Duration::from_secs(60));
        let start = crate::time::instant();
        assert_eq!(
            quota.at("a", start, 1),
            Standing {
                count: 1,
                allowed: 2,
                reset: 60
            }
        );
        let late = start + Duration::from_millis(58_100);
        assert_eq!(
            quota.at("a", late, 1),
            Standing {
                count: 2,
                allowed: 2,
                reset: 2
            }
        );
        assert!(quota.at("a", late, 1).is_exceeded());
        assert!(!quota.at("b", late, 1).is_exceeded());
        assert_eq!(quota.at("a", start + Duration::from_secs(60), 1).count, 1);
    }
}
