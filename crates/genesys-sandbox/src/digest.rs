//! Short digests that stand for what must not be shown.

use sha2::{Digest as _, Sha256};

use crate::seeded::hex;

/// The first `digits` hexadecimal digits of the SHA-256.
pub(crate) fn fingerprint(bytes: &[u8], digits: usize) -> String {
    let mut text = hex(&Sha256::digest(bytes));
    text.truncate(digits);
    text
}
