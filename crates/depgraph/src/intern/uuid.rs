//! UUIDs by number.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::slots::Slots;

/// How many keys [`Uuids::enter_batch`] resolves in step. Their cache misses overlap.
pub(crate) const BATCH: usize = 256;

/// Different UUIDs, numbered in the order in which they came.
#[derive(Debug, Clone)]
pub(crate) struct Uuids {
    keys: Vec<u128>,
    slots: Slots,
    seed: (u64, u64),
}

impl Uuids {
    pub(crate) fn with_capacity(entries: usize) -> Self {
        // Ids come from outside: with a seed that they cannot know, they cannot be made to collide. It changes no output.
        let random = RandomState::new();
        let seed = (random.hash_one(0u8), random.hash_one(1u8));
        Self {
            keys: Vec::with_capacity(entries),
            slots: Slots::with_capacity(entries),
            seed,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn into_keys(self) -> Vec<u128> {
        self.keys
    }

    pub(crate) fn contains(&self, key: u128) -> bool {
        self.slots
            .find(hash(self.seed, key), |number| {
                self.keys[number as usize] == key
            })
            .is_ok()
    }

    /// Makes room for more keys. Room saves time, too much of it costs some.
    pub(crate) fn reserve(&mut self, more: usize) {
        let Self { keys, slots, seed } = self;
        keys.reserve(more);
        slots.reserve(more, |earlier| hash(*seed, keys[earlier as usize]));
    }

    pub(crate) fn enter(&mut self, key: u128) -> u32 {
        self.enter_hashed(key, hash(self.seed, key))
    }

    fn enter_hashed(&mut self, key: u128, h: u64) -> u32 {
        let Self { keys, slots, seed } = self;
        slots.reserve(1, |earlier| hash(*seed, keys[earlier as usize]));
        match slots.find(h, |number| keys[number as usize] == key) {
            Ok(number) => number,
            Err(free) => {
                let number = keys.len() as u32;
                keys.push(key);
                slots.fill(free, h, number);
                number
            }
        }
    }

    /// Enters up to [`BATCH`] keys. The reads of one pass do not depend on each other, so the memory serves them side by side; only
    /// new keys take the slow path.
    pub(crate) fn enter_batch(&mut self, keys: &[u128], numbers: &mut [u32; BATCH]) {
        // No key has this number, so that it stands for a new one.
        const NEW: u32 = u32::MAX;
        let mut hashes = [0u64; BATCH];
        for (h, key) in hashes.iter_mut().zip(keys) {
            *h = hash(self.seed, *key);
        }
        let hashes = &hashes[..keys.len()];
        for (number, h) in numbers.iter_mut().zip(hashes) {
            *number = self.slots.first(*h);
        }
        for (number, h) in numbers.iter_mut().zip(hashes) {
            *number = self.slots.candidate(*number, *h);
        }
        for (number, key) in numbers.iter_mut().zip(keys) {
            let known = self.keys.get(*number as usize).copied();
            if known.unwrap_or(!key) != *key {
                *number = NEW;
            }
        }
        for ((number, key), h) in numbers.iter_mut().zip(keys).zip(hashes) {
            if *number == NEW {
                *number = self.enter_hashed(*key, *h);
            }
        }
    }
}

#[inline]
fn hash(seed: (u64, u64), key: u128) -> u64 {
    let product = u128::from(key as u64 ^ seed.0) * u128::from((key >> 64) as u64 ^ seed.1);
    // The table takes the place from the high bits and the tag from the low ones.
    (product ^ (product >> 64)) as u64
}
