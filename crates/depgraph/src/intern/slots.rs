//! An open-addressing index of 8-byte slots: half a hash, and a number.

/// Finds numbers by hash. What the numbers stand for is kept elsewhere, so that a slot is small and a table dense.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    /// Low half: number + 1, 0 for a free slot. High half: the low half of the hash.
    slots: Vec<u64>,
    shift: u32,
    filled: usize,
}

const FIRST_SLOTS: usize = 64;

impl Slots {
    pub(super) fn with_capacity(entries: usize) -> Self {
        let mut slots = Self {
            slots: Vec::new(),
            shift: 0,
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
        self.shift = 64 - slots.trailing_zeros();
        for number in 0..self.filled as u32 {
            let hash = hash_of(number);
            if let Err(free) = self.find(hash, |_| false) {
                self.slots[free] = Self::slot(hash, number);
            }
        }
    }

    /// The number that [`find`](Self::find) would very likely find, if one of the first two slots has it. It branches on nothing that
    /// must be read, so that searches in a row overlap.
    #[inline]
    pub(super) fn candidate(&self, hash: u64) -> Option<u32> {
        let at = (hash >> self.shift) as usize;
        let (first, second) = (
            self.slots[at],
            self.slots[(at + 1) & (self.slots.len() - 1)],
        );
        let tagged = |slot: u64| (slot >> 32) as u32 == hash as u32;
        let slot = if tagged(first) { first } else { second };
        let number = if tagged(slot) { slot as u32 } else { 0 };
        number.checked_sub(1)
    }

    /// The number with this hash that `same` accepts, or the free slot that it would take.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut same: impl FnMut(u32) -> bool) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut at = (hash >> self.shift) as usize;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return Err(at);
            }
            let number = slot as u32 - 1;
            if (slot >> 32) as u32 == hash as u32 && same(number) {
                return Ok(number);
            }
            at = (at + 1) & mask;
        }
    }

    /// Enters the next number into the slot that [`find`](Self::find) named. There must be [room](Self::reserve).
    #[inline]
    pub(super) fn fill(&mut self, free: usize, hash: u64, number: u32) {
        self.slots[free] = Self::slot(hash, number);
        self.filled += 1;
    }

    #[inline]
    fn slot(hash: u64, number: u32) -> u64 {
        (hash & 0xffff_ffff) << 32 | u64::from(number + 1)
    }
}
