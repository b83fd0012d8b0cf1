//! Compressed sparse rows: the neighbours of all nodes in one array.

/// Neighbours by node: those of node `n` are `targets[offsets[n]..offsets[n + 1]]`, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Csr {
    pub(crate) offsets: Vec<u32>,
    pub(crate) targets: Vec<u32>,
}

impl Csr {
    #[inline]
    pub(crate) fn range(&self, node: usize) -> std::ops::Range<usize> {
        self.offsets[node] as usize..self.offsets[node + 1] as usize
    }

    #[inline]
    pub(crate) fn of(&self, node: usize) -> &[u32] {
        &self.targets[self.range(node)]
    }

    pub(crate) fn nodes(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The same edges the other way round. Sources come in order, so each row is sorted.
    pub(crate) fn transposed(&self) -> Self {
        let mut offsets = vec![0u32; self.offsets.len()];
        for target in &self.targets {
            offsets[*target as usize] += 1;
        }
        let mut sum = 0;
        for offset in &mut offsets {
            sum += *offset;
            *offset = sum - *offset;
        }
        let mut targets = vec![0u32; self.targets.len()];
        for node in 0..self.nodes() {
            for target in self.of(node) {
                let cursor = &mut offsets[*target as usize];
                targets[*cursor as usize] = node as u32;
                *cursor += 1;
            }
        }
        // Each cursor now stands where the next row begins.
        offsets.rotate_right(1);
        offsets[0] = 0;
        Self { offsets, targets }
    }

    pub(crate) fn bytes(&self) -> usize {
        4 * (self.offsets.len() + self.targets.len())
    }
}
