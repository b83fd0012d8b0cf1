//! A bounded set of names with something counted under each.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// The name under which everything is counted that comes after the last free place.
pub const OTHER: &str = "other";

/// Bytes that a name keeps. Names come from programs, hosts from settings; neither is longer in earnest.
const NAME_LIMIT: usize = 128;

/// One value a name, each under a lock of its own.
#[derive(Debug)]
pub(super) struct Names<T> {
    max: usize,
    values: RwLock<BTreeMap<Box<str>, Arc<Mutex<T>>>>,
    folded: AtomicU64,
}

impl<T: Default> Names<T> {
    /// Room for `max` names and [`OTHER`].
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            values: RwLock::default(),
            folded: AtomicU64::new(0),
        }
    }

    /// How many updates went to [`OTHER`] for want of room.
    pub(super) fn folded(&self) -> u64 {
        self.folded.load(Ordering::Relaxed)
    }

    /// Changes what is counted under `name`.
    pub(super) fn update(&self, name: &str, change: impl FnOnce(&mut T)) {
        let name = clip(name);
        let value = self
            .values
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        let value = value.unwrap_or_else(|| self.insert(name));
        change(&mut lock(&value));
    }

    /// Reads every value, one lock at a time, in the order of the names.
    pub(super) fn collect<R>(&self, read: impl Fn(&T) -> R) -> BTreeMap<String, R> {
        let values: Vec<_> = self
            .values
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|(name, value)| (name.to_string(), Arc::clone(value)))
            .collect();
        values
            .into_iter()
            .map(|(name, value)| (name, read(&lock(&value))))
            .collect()
    }

    fn insert(&self, name: &str) -> Arc<Mutex<T>> {
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        let others = usize::from(values.contains_key(OTHER));
        let name = if values.contains_key(name) || values.len() - others < self.max {
            name
        } else {
            self.folded.fetch_add(1, Ordering::Relaxed);
            OTHER
        };
        Arc::clone(values.entry(name.into()).or_default())
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The part of a name that is kept.
fn clip(name: &str) -> &str {
    let mut end = name.len().min(NAME_LIMIT);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_room_are_counted_together() {
        let names = Names::<u64>::new(2);
        for name in ["a", "b", "c", "d", "a", "c"] {
            names.update(name, |count| *count += 1);
        }
        let counts: Vec<_> = names.collect(|count| *count).into_iter().collect();
        assert_eq!(
            counts,
            [
                ("a".to_owned(), 2),
                ("b".to_owned(), 1),
                (OTHER.to_owned(), 3)
            ]
        );
        assert_eq!(names.folded(), 3);
    }

    #[test]
    fn a_name_of_any_length_takes_bounded_memory() {
        let names = Names::<u64>::new(2);
        names.update(&"é".repeat(1000), |count| *count += 1);
        assert!(
            names
                .collect(|count| *count)
                .keys()
                .all(|name| name.len() <= NAME_LIMIT)
        );
    }
}
