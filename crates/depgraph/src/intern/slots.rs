//! An open-addressing index of 8-byte slots: half a hash, and a number.

/// Finds numbers by hash. What the numbers stand for is kept elsewhere, so that a slot is small and a table dense.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    /// Low half: number + 1, 0 for a free slot. High half: the low half of the hash.
    slots: Vec<u64>,
    shift: u32,
    filled: usize,
}

const FIRST_BITS: u32 = 6;

impl Slots {
    pub(super) fn with_capacity(entries: usize) -> Self {
        let bits = (entries + entries / 2 + 1)
            .next_power_of_two()
            .trailing_zeros()
            .max(FIRST_BITS);
        Self {
            slots: vec![0; 1 << bits],
            shift: 64 - bits,
            filled: 0,
        }
    }

    /// The slot where the search for a hash begins. Reading it early brings it into the cache.
    #[inline]
    pub(super) fn first(&self, hash: u64) -> u64 {
        self.slots[(hash >> self.shift) as usize]
    }

    /// The first number whose half of the hash is this one's: very likely the one that [`find`](Self::find) would find.
    #[inline]
    pub(super) fn candidate(&self, first: u64, hash: u64) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut at = (hash >> self.shift) as usize;
        let mut slot = first;
        while slot != 0 {
            if let Some(number) = Self::number(slot, hash) {
                return Some(number);
            }
            at = (at + 1) & mask;
            slot = self.slots[at];
        }
        None
    }

    /// The number in a slot, if its half of the hash is this one's.
    #[inline]
    fn number(slot: u64, hash: u64) -> Option<u32> {
        if (slot >> 32) as u32 == hash as u32 {
            (slot as u32).checked_sub(1)
        } else {
            None
        }
    }

    /// The number with this hash that `same` accepts.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut same: impl FnMut(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut at = (hash >> self.shift) as usize;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return None;
            }
            if let Some(number) = Self::number(slot, hash).filter(|number| same(*number)) {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
    }

    /// Enters a number that is not there yet. `hash_of` is asked again for all numbers when the table grows.
    pub(super) fn enter(&mut self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        // At most half full, so that the first slot settles most searches.
        if (self.filled + 1) * 2 > self.slots.len() {
            let bits =
                self.slots.len().trailing_zeros() + if self.slots.len() < 1 << 20 { 2 } else { 1 };
            self.slots = vec![0; 1 << bits];
            self.shift = 64 - bits;
            for earlier in 0..number {
                self.place(hash_of(earlier), earlier);
            }
        }
        self.place(hash, number);
        self.filled += 1;
    }

    fn place(&mut self, hash: u64, number: u32) {
        let mask = self.slots.len() - 1;
        let mut at = (hash >> self.shift) as usize;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = (hash & 0xffff_ffff) << 32 | u64::from(number + 1);
    }
}
