//! One further list for each object of a source.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::source::{Coverage, Sink};

/// Reads a list for each key, so many at a time, and adds up what they give. Only those under way are in memory.
pub(super) async fn each<'a, K, F>(
    keys: &'a [K],
    width: usize,
    sink: &Sink,
    read: impl Fn(&'a K) -> F,
) -> Coverage
where
    F: Future<Output = Coverage>,
{
    let mut waiting = keys.iter();
    let mut running = FuturesUnordered::new();
    let mut whole = Coverage::complete(0);
    let mut done = 0;
    loop {
        while running.len() < width
            && let Some(key) = waiting.next()
        {
            running.push(read(key));
        }
        sink.lists(done, keys.len() as u64);
        match running.next().await {
            Some(part) => whole = whole.and(part),
            None => return whole,
        }
        done += 1;
    }
}
