//! An open-addressing index of 4-byte slots: a number, and as much of its hash as the number leaves room for.

use std::hint::select_unpredictable;

/// Finds numbers by hash. What the numbers stand for is kept elsewhere, so that a slot is small and a table dense.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    /// Lower bits: number + 1, 0 for a free slot. Upper bits: the lower ones of the hash.
    slots: Vec<u32>,
    /// The binary logarithm of the number of slots, which is how many bits the numbers take.
    bits: u32,
    filled: usize,
}

const FIRST_SLOTS: usize = 64;

impl Slots {
    pub(super) fn with_capacity(entries: usize) -> Self {
        let mut slots = Self {
            slots: Vec::new(),
            bits: 0,
            filled: 0,
        };
        slots.reserve(entries, |_| 0);
        slots
    }

    /// Makes room for more entries. `hash_of` is asked again for all numbers when the table grows.
    #[inline]
    pub(super) fn reserve(&mut self, more: usize, hash_of: impl Fn(u32) -> u64) {
        // At most half full, so that the first slots settle most searches.
        let wanted = (self.filled + more).saturating_mul(2).max(FIRST_SLOTS);
        if wanted > self.slots.len() {
            self.grow(wanted.next_power_of_two(), hash_of);
        }
    }

    #[cold]
    fn grow(&mut self, slots: usize, hash_of: impl Fn(u32) -> u64) {
        self.slots = vec![0; slots];
        self.bits = slots.trailing_zeros();
        for number in 0..self.filled as u32 {
            let hash = hash_of(number);
            if let Err(free) = self.find(hash, |_| false) {
                self.slots[free] = self.tag(hash) | (number + 1);
            }
        }
    }

    /// The slot where the search for a hash begins. Reading it early brings it into the cache.
    #[inline]
    pub(super) fn first(&self, hash: u64) -> u32 {
        self.slots[self.start(hash)]
    }

    /// The number that [`find`](Self::find) would very likely find, if one of the first two slots has it, else [`u32::MAX`]. No branch
    /// waits for the memory, so that searches in a row overlap.
    #[inline]
    pub(super) fn candidate(&self, first: u32, hash: u64) -> u32 {
        let mask = self.slots.len() - 1;
        let second = self.slots[(self.start(hash) + 1) & mask];
        // What differs in the tag is larger than any number.
        let (first, second) = (first ^ self.tag(hash), second ^ self.tag(hash));
        let known = |slot: u32| slot as usize <= mask;
        let slot = select_unpredictable(known(first), first, second);
        select_unpredictable(known(slot), slot, 0).wrapping_sub(1)
    }

    /// The number with this hash that `same` accepts, or the free slot that it would take.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut same: impl FnMut(u32) -> bool) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut at = self.start(hash);
        loop {
            if self.slots[at] == 0 {
                return Err(at);
            }
            let slot = self.slots[at] ^ self.tag(hash);
            if slot as usize <= mask && same(slot - 1) {
                return Ok(slot - 1);
            }
            at = (at + 1) & mask;
        }
    }

    /// Enters the next number into the slot that [`find`](Self::find) named. There must be [room](Self::reserve).
    #[inline]
    pub(super) fn fill(&mut self, free: usize, hash: u64, number: u32) {
        self.slots[free] = self.tag(hash) | (number + 1);
        self.filled += 1;
    }

    /// The slot where a search begins.
    #[inline]
    fn start(&self, hash: u64) -> usize {
        (hash >> (64 - self.bits)) as usize
    }

    /// The part of a hash that stands beside the number.
    #[inline]
    fn tag(&self, hash: u64) -> u32 {
        (hash << self.bits) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Few places and few tags, so that all of them collide.
    fn hash_of(number: u32) -> u64 {
        let number = u64::from(number);
        ((number % 7) << 61) | (number % 3)
    }

    #[test]
    fn every_number_is_found_under_its_hash_through_collisions_and_growth() {
        let mut slots = Slots::with_capacity(0);
        for number in 0..500 {
            slots.reserve(1, hash_of);
            let hash = hash_of(number);
            let free = slots.find(hash, |known| known == number).unwrap_err();
            slots.fill(free, hash, number);
            for known in 0..=number {
                let hash = hash_of(known);
                assert_eq!(slots.find(hash, |found| found == known), Ok(known));
            }
        }
    }

    #[test]
    fn a_candidate_is_a_number_of_the_same_tag_or_none() {
        let mut slots = Slots::with_capacity(0);
        assert_eq!(slots.candidate(slots.first(5), 5), u32::MAX);
        for number in 0..20 {
            let free = slots.find(hash_of(number), |_| false).unwrap_err();
            slots.fill(free, hash_of(number), number);
        }
        for number in 0..20 {
            let hash = hash_of(number);
            let found = slots.candidate(slots.first(hash), hash);
            assert!(found == u32::MAX || hash_of(found) as u32 == hash as u32);
        }
        assert_eq!(slots.candidate(slots.first(hash_of(0)), hash_of(0)), 0);
    }
}
