//! Eight bytes at a time.

const ONES: u64 = u64::MAX / 255;
const HIGH: u64 = ONES << 7;
/// Eight spaces.
pub(super) const SPACES: u64 = ONES * b' ' as u64;

/// How many spaces there are: eight at a time, because indentation is mostly that.
#[inline]
pub(super) fn spaces(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let others = u64::from_le_bytes(*word) ^ SPACES;
        if others != 0 {
            return index * 8 + others.trailing_zeros() as usize / 8;
        }
    }
    words.len() * 8
        + rest
            .iter()
            .position(|byte| *byte != b' ')
            .unwrap_or(rest.len())
}

/// The high bit of the first byte that is a quote, a backslash or a control character, and perhaps of some behind it.
#[inline(always)]
pub(super) fn stops(word: u64) -> u64 {
    // With one bit turned, quotes and control characters are all that is below 0x21. A borrow reaches only bytes behind a hit.
    let quotes_and_controls = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslashes = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
    (quotes_and_controls | backslashes) & !word & HIGH
}

/// How many bytes there are before a quote, a backslash or a control character: eight at a time.
#[inline]
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let is_plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let stops = stops(u64::from_le_bytes(*word));
        if stops != 0 {
            return index * 8 + stops.trailing_zeros() as usize / 8;
        }
    }
    words.len() * 8
        + rest
            .iter()
            .position(|byte| !is_plain(*byte))
            .unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{plain_length, spaces};

    proptest! {
        #[test]
        fn eight_at_a_time_stops_where_one_at_a_time_does(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'x'), Just(0x7f), Just(0xe9), Just(0x1f), Just(0x21), Just(0x5b)], 0..40)) {
            let expected = bytes.iter().position(|byte| matches!(byte, 0..=0x1f | b'"' | b'\\')).unwrap_or(bytes.len());
            prop_assert_eq!(plain_length(&bytes), expected);
        }

        #[test]
        fn eight_at_a_time_counts_the_spaces(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b' '), Just(b' '), Just(b' '), Just(b' '), Just(b'!')], 0..40)) {
            let expected = bytes.iter().position(|byte| *byte != b' ').unwrap_or(bytes.len());
            prop_assert_eq!(spaces(&bytes), expected);
        }
    }
}
