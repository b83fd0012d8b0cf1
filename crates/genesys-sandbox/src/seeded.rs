//! Everything that looks random, drawn from one seed.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A stream of values that is the same for the same seed.
///
/// Each use has its own stream, so the ids of created objects depend on the order of the creates alone and not on
/// how many requests came between them.
#[derive(Debug)]
pub(crate) struct Stream(Mutex<fastrand::Rng>);

impl Stream {
    pub(crate) fn new(seed: u64, purpose: u64) -> Self {
        // Odd multiplier: distinct purposes never share a stream.
        Self(Mutex::new(fastrand::Rng::with_seed(
            seed ^ purpose.wrapping_mul(0x9E37_79B9_7F4A_7C15),
        )))
    }

    /// An id in the form of a version 4 UUID.
    pub(crate) fn uuid(&self) -> String {
        let mut bytes = self.bytes::<16>();
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = hex(&bytes);
        format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }

    /// An opaque token of 86 characters.
    pub(crate) fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<64>())
    }

    /// True with the probability `p`.
    pub(crate) fn chance(&self, p: f64) -> bool {
        self.lock().f64() < p
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.lock().fill(&mut bytes);
        bytes
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, fastrand::Rng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0f])
        .map(|nibble| char::from(HEX[usize::from(nibble)]))
        .collect()
}

const HEX: [u8; 16] = *b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_streams_and_purposes_differ() {
        let (a, b, c) = (Stream::new(7, 1), Stream::new(7, 1), Stream::new(7, 2));
        let first = a.uuid();
        assert_eq!(first, b.uuid());
        assert_ne!(first, c.uuid());
        assert_ne!(first, a.uuid());
        assert_eq!((first.len(), &first[14..15]), (36, "4"));
        assert_eq!(a.token().len(), 86);
    }
}
