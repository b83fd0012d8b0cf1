#![doc = include_str!("docs/backoff.md")]

use std::time::Duration;

use ::backoff::backoff::Backoff as ForeignBackoff;

/// Our delays as a `backoff::backoff::Backoff`, for code that still drives its loop with that crate.
///
/// Works with every cloneable iterator of durations; its end means stop.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use backoff::backoff::Backoff as _;
/// use resilience::{Backoff, Jitter, SeededRandom, backoff_compat::AsBackoff};
///
/// let delays = Backoff::default()
///     .with_jitter(Jitter::None)
///     .delays(Arc::new(SeededRandom::new(1)))
///     .take(2);
/// let mut foreign = AsBackoff::new(delays);
/// assert_eq!(foreign.next_backoff(), Some(Duration::from_millis(100)));
/// assert_eq!(foreign.next_backoff(), Some(Duration::from_millis(200)));
/// assert_eq!(foreign.next_backoff(), None);
/// ```
#[derive(Debug, Clone)]
pub struct AsBackoff<I> {
    start: I,
    current: I,
}

impl<I: Iterator<Item = Duration> + Clone> AsBackoff<I> {
    /// Starts with the iterator as it stands; `reset` comes back to this point.
    pub fn new(delays: I) -> Self {
        Self {
            current: delays.clone(),
            start: delays,
        }
    }
}

impl<I: Iterator<Item = Duration> + Clone> ForeignBackoff for AsBackoff<I> {
    fn reset(&mut self) {
        self.current = self.start.clone();
    }

    fn next_backoff(&mut self) -> Option<Duration> {
        self.current.next()
    }
}

/// A `backoff::backoff::Backoff` as delays: an iterator that ends where the other says stop.
///
/// ```
/// use std::time::Duration;
/// use resilience::backoff_compat::FromBackoff;
///
/// let constant = backoff::backoff::Constant::new(Duration::from_secs(1));
/// let delays: Vec<_> = FromBackoff::new(constant).take(2).collect();
/// assert_eq!(delays, [Duration::from_secs(1); 2]);
/// assert_eq!(FromBackoff::new(backoff::backoff::Stop {}).next(), None);
/// ```
#[derive(Debug, Clone)]
pub struct FromBackoff<B> {
    inner: Option<B>,
}

impl<B: ForeignBackoff> FromBackoff<B> {
    /// Starts with `backoff` as it stands.
    pub const fn new(backoff: B) -> Self {
        Self {
            inner: Some(backoff),
        }
    }
}

impl<B: ForeignBackoff> Iterator for FromBackoff<B> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let delay = self.inner.as_mut()?.next_backoff();
        if delay.is_none() {
            self.inner = None;
        }
        delay
    }
}

impl<B: ForeignBackoff> std::iter::FusedIterator for FromBackoff<B> {}
