//! Ids: what objects are called outside, and their numbers inside.

use std::fmt;

/// A node's number in its graph: dense, from 0, in the order of the ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

/// An edge's number in its graph: dense, from 0, in the order of source, target, kind and evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeId(pub(crate) u32);

impl NodeId {
    /// The number as an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl EdgeId {
    /// The number as an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An object's id as the outside knows it.
///
/// A UUID in its 36-character form is kept as a number and written in lower case, so that two spellings of one UUID are one object. The
/// order is: UUIDs first, by value, then other ids, by bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id<'a> {
    /// A UUID.
    Uuid(u128),
    /// Any other text.
    Text(&'a str),
}

impl<'a> Id<'a> {
    /// Reads an id.
    pub fn new(text: &'a str) -> Self {
        match parse_uuid(text.as_bytes()) {
            Some(uuid) => Self::Uuid(uuid),
            None => Self::Text(text),
        }
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(uuid) => {
                let text = format_uuid(*uuid);
                // Only hexadecimal digits and hyphens stand in it.
                f.pad(std::str::from_utf8(&text).unwrap_or_default())
            }
            Self::Text(text) => f.pad(text),
        }
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn format_uuid(uuid: u128) -> [u8; 36] {
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in uuid.to_be_bytes().into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            at += 1;
        }
        text[at] = DIGITS[usize::from(byte >> 4)];
        text[at + 1] = DIGITS[usize::from(byte & 15)];
        at += 2;
    }
    text
}

/// Reads `8-4-4-4-12` hexadecimal digits of either case; anything else is none.
#[inline]
pub(crate) fn parse_uuid(text: &[u8]) -> Option<u128> {
    scan_uuid(text).map(in_order)
}

/// Like [`parse_uuid`], with the bytes of each half shuffled: what only the order of ids needs is left to [`in_order`], for the many
/// that are never put in order.
#[inline]
pub(crate) fn scan_uuid(text: &[u8]) -> Option<u128> {
    let t: &[u8; 36] = text.try_into().ok()?;
    let hyphens = (t[8] ^ b'-') | (t[13] ^ b'-') | (t[18] ^ b'-') | (t[23] ^ b'-');
    let mut words = [
        u64::from_le_bytes([t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7]]),
        u64::from_le_bytes([t[9], t[10], t[11], t[12], t[14], t[15], t[16], t[17]]),
        u64::from_le_bytes([t[19], t[20], t[21], t[22], t[24], t[25], t[26], t[27]]),
        u64::from_le_bytes([t[28], t[29], t[30], t[31], t[32], t[33], t[34], t[35]]),
    ];
    let mut bad = u64::from(hyphens);
    for word in &mut words {
        let (bytes, wrong) = hex8(*word);
        *word = bytes;
        bad |= wrong;
    }
    if bad != 0 {
        return None;
    }
    let [a, b, c, d] = words;
    Some(u128::from(a << 8 | b) << 64 | u128::from(c << 8 | d))
}

/// The UUID that [`scan_uuid`] read.
#[inline]
pub(crate) fn in_order(scanned: u128) -> u128 {
    const EVEN: u128 = 0x00ff_00ff_00ff_00ff_00ff_00ff_00ff_00ff;
    let four = |bytes: u64| {
        let twos = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
        u128::from(((twos | twos >> 16) as u32).swap_bytes())
    };
    let (first, second) = (scanned >> 8 & EVEN, scanned & EVEN);
    four((first >> 64) as u64) << 96
        | four((second >> 64) as u64) << 64
        | four(first as u64) << 32
        | four(second as u64)
}

/// Eight hexadecimal digits at once, all bytes of a word in step: the four bytes that they stand for, the first one lowest, each in two.
/// The second value is not 0 when one of them is no digit.
#[inline]
fn hex8(ascii: u64) -> (u64, u64) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // Letters have bit 6; decimal digits have not.
    let letter = (ascii >> 6) & ONES;
    let sixteen = letter << 4;
    let value = (ascii & (ONES * 15)) + letter + (letter << 3);
    // A letter in lower case, one column to the right, has bit 6 and what a digit has: bits 4 and 5.
    let upper = (ascii | letter << 5).wrapping_add(sixteen) ^ (ONES * 0x30);
    // Adding six carries from the values of letters, and of no others.
    let lower = (value + ONES * 6) ^ value ^ sixteen;
    let wrong = (upper & (ONES * 0xb0)) | (lower & (ONES * 0x10));
    let bytes = (value << 4 | value >> 8) & 0x00ff_00ff_00ff_00ff;
    (bytes, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_the_book(text: &str) -> Option<u128> {
        let groups: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        if lengths != [8, 4, 4, 4, 12] || !text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
        {
            return None;
        }
        u128::from_str_radix(&groups.concat(), 16).ok()
    }

    #[test]
    fn every_byte_in_every_place_is_read_as_the_standard_library_reads_it() {
        let base = *b"0f3a9B7c-12dE-4fa0-8bC3-9e8d7c6b5a40";
        for place in 0..36 {
            for byte in 0..=127u8 {
                let mut text = base;
                text[place] = byte;
                let text = std::str::from_utf8(&text).unwrap();
                assert_eq!(parse_uuid(text.as_bytes()), by_the_book(text), "{text:?}");
            }
            for byte in 128..=255u8 {
                let mut text = base;
                text[place] = byte;
                assert_eq!(parse_uuid(&text), None);
            }
        }
    }

    #[test]
    fn a_uuid_is_written_in_lower_case_and_read_back() {
        let text = "0f3a9b7c-12de-4fa0-8bc3-9e8d7c6b5a40";
        assert_eq!(Id::new(&text.to_uppercase()).to_string(), text);
        assert_eq!(Id::new(text), Id::new(&text.to_uppercase()));
        assert_eq!(Id::new("queue-1").to_string(), "queue-1");
    }
}
