//! Sorting in buckets.

/// Sorts words whose upper halves are spread over all numbers below a bound: first into buckets of a few, by those.
pub(crate) fn sort_spread(rows: &mut [u64], bound: u64) {
    if rows.len() < 64 {
        return sort_small(rows);
    }
    let bits = rows.len().ilog2().min(17);
    let shift = 32 + bound.next_power_of_two().ilog2().saturating_sub(bits);
    let bucket = |row: u64| (row >> shift) as usize;
    let mut ends = vec![0u32; 1 << bits];
    for row in &*rows {
        ends[bucket(*row)] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum - *end;
    }
    let mut sorted = vec![0; rows.len()];
    for row in &*rows {
        let at = &mut ends[bucket(*row)];
        sorted[*at as usize] = *row;
        *at += 1;
    }
    rows.copy_from_slice(&sorted);
    let mut start = 0;
    for end in ends {
        sort_small(&mut rows[start..end as usize]);
        start = end as usize;
    }
}

/// Most groups are small and in no order, so a branch on what is smaller would be guessed wrong every other time.
#[inline]
fn sort_small(group: &mut [u64]) {
    if group.len() > 16 {
        group.sort_unstable();
        return;
    }
    for at in 1..group.len() {
        let mut largest = group[at];
        for row in &mut group[..at] {
            (*row, largest) = ((*row).min(largest), (*row).max(largest));
        }
        group[at] = largest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_wherever_they_lie() {
        let mut random = fastrand::Rng::with_seed(5);
        for (len, bound) in [0, 1, 2, 15, 16, 17, 63, 64, 65, 1_000, 5_000]
            .into_iter()
            .flat_map(|len| [1, 2, 3, 64, 1_000, 1 << 31, 1 << 32].map(|bound| (len, bound)))
        {
            // All over the place, at its lower end alone, and at its upper end alone.
            for (low, high) in [(0, bound), (0, bound.min(3)), (bound - 1, bound)] {
                let mut rows: Vec<u64> = (0..len)
                    .map(|_| random.u64(low..high) << 32 | u64::from(random.u32(..9)))
                    .collect();
                let mut expected = rows.clone();
                expected.sort();
                sort_spread(&mut rows, bound);
                assert_eq!(rows, expected, "{len} below {bound}");
            }
        }
    }
}
