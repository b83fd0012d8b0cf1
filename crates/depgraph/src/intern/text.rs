//! Texts by number, in one arena.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::slots::Slots;

/// Different texts, numbered in the order in which they came.
#[derive(Debug, Clone)]
pub(crate) struct Texts {
    arena: String,
    ends: Vec<u32>,
    slots: Slots,
    random: RandomState,
}

impl Texts {
    pub(crate) fn new() -> Self {
        Self {
            arena: String::new(),
            ends: Vec::new(),
            slots: Slots::with_capacity(0),
            random: RandomState::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all texts.
    pub(crate) fn bytes(&self) -> usize {
        self.arena.len()
    }

    pub(crate) fn get(&self, number: u32) -> &str {
        part(&self.arena, &self.ends, number)
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        self.slots
            .find(self.random.hash_one(text), |number| {
                self.get(number) == text
            })
            .is_ok()
    }

    /// Enters a text. None when the arena would pass 4 GiB or the numbers 2³¹.
    pub(crate) fn enter(&mut self, text: &str) -> Option<u32> {
        let h = self.random.hash_one(text);
        let Self {
            arena,
            ends,
            slots,
            random,
        } = self;
        slots.reserve(1, |earlier| random.hash_one(part(arena, ends, earlier)));
        let free = match slots.find(h, |number| part(arena, ends, number) == text) {
            Ok(number) => return Some(number),
            Err(free) => free,
        };
        let end = u32::try_from(arena.len() + text.len()).ok()?;
        let number = u32::try_from(ends.len())
            .ok()
            .filter(|number| *number < 1 << 31)?;
        arena.push_str(text);
        ends.push(end);
        slots.fill(free, h, number);
        Some(number)
    }

    /// The numbers in the order of the texts' bytes.
    pub(crate) fn sorted(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        order.sort_unstable_by(|a, b| self.get(*a).cmp(self.get(*b)));
        order
    }
}

fn part<'a>(arena: &'a str, ends: &[u32], number: u32) -> &'a str {
    let number = number as usize;
    let start = if number == 0 {
        0
    } else {
        ends[number - 1] as usize
    };
    &arena[start..ends[number] as usize]
}
