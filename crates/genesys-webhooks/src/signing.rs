//! Keys and signatures of the Standard Webhooks scheme.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use genesys_core::{Error, ErrorKind, Result};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretString};
use sha2::Sha256;

/// Block size of SHA-256: a key of at most this length enters the HMAC as it is, padded with zeros.
const BLOCK: usize = 64;
const MIN_KEY: usize = 24;
const MAX_ID: usize = 128;

/// The scheme's version in front of a signature.
pub(crate) const VERSION: &str = "v1";

/// A symmetric key of 24 to 64 bytes, for HMAC-SHA256. Clones share the memory, which is wiped after the last one; nothing
/// prints it.
///
/// Its text form is `whsec_` and the bytes in padded base64, as the
/// [Standard Webhooks](https://www.standardwebhooks.com) specification has it.
#[derive(Clone)]
pub struct SigningKey(Arc<SecretBox<[u8; BLOCK]>>);

impl SigningKey {
    /// Reads the text form. The prefix may be missing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] unless the rest is canonical base64 of 24 to 64 bytes. The message holds nothing of the text.
    pub fn parse(text: &SecretString) -> Result<Self> {
        let text = text.expose_secret().trim();
        let encoded = text.strip_prefix("whsec_").unwrap_or(text);
        // Sized for the longest key, so that no copy of it is left behind by growing.
        let mut bytes = SecretBox::new(Box::new([0; BLOCK + 2]));
        let decoded = STANDARD.decode_slice(encoded, bytes.expose_secret_mut());
        match decoded
            .ok()
            .and_then(|len| bytes.expose_secret().get(..len))
        {
            Some(key) => Self::from_bytes(key),
            None => Err(Error::new(
                ErrorKind::Config,
                "signing key: must be whsec_ and the base64 of 24 to 64 bytes",
            )),
        }
    }

    /// A key from its bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] unless there are 24 to 64 of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if !(MIN_KEY..=BLOCK).contains(&bytes.len()) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("signing key: {} bytes; it takes 24 to 64", bytes.len()),
            ));
        }
        let mut key = SecretBox::new(Box::new([0; BLOCK]));
        key.expose_secret_mut()[..bytes.len()].copy_from_slice(bytes);
        Ok(Self(Arc::new(key)))
    }

    /// The signature of one message: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, where `timestamp` is in
    /// seconds since 1970.
    pub fn sign(&self, id: &MessageId, timestamp: u64, body: &[u8]) -> String {
        let mac = self
            .mac(id.as_str(), &timestamp.to_string(), body)
            .finalize()
            .into_bytes();
        format!("{VERSION},{}", STANDARD.encode(mac))
    }

    /// True when `signature` is the MAC of the message; the comparison takes the same time wherever they differ.
    pub(crate) fn verify(&self, id: &str, timestamp: &str, body: &[u8], signature: &[u8]) -> bool {
        self.mac(id, timestamp, body)
            .verify_slice(signature)
            .is_ok()
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new(self.0.expose_secret().into());
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// Names one message: the same for every attempt to deliver it, so that a receiver can tell a repetition.
///
/// At most 128 visible ASCII characters without `.`, which separates the signed parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(String);

impl MessageId {
    /// Checks a text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] when it is empty, too long, or holds another character.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if is_message_id(&text) {
            Ok(Self(text))
        } else {
            Err(Error::new(
                ErrorKind::InvalidRequest,
                "message id: must be 1 to 128 visible ASCII characters without a dot",
            ))
        }
    }

    /// An id made of 128 random bits.
    pub(crate) fn random(random: &dyn resilience::Random) -> Self {
        Self(format!(
            "msg_{:016x}{:016x}",
            random.next_u64(),
            random.next_u64()
        ))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(crate) fn is_message_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'.')
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<SigningKey> {
        SigningKey::parse(&SecretString::from(text))
    }

    #[test]
    fn the_published_vector_of_standard_webhooks_holds() {
        // errata INT-31
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let id = MessageId::new("msg_p5jXN8AQM9LWM0D4loKWxJek").unwrap();
        let signature = key.sign(&id, 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_key_enters_the_mac_as_rfc_4231_has_it() {
        // RFC 4231, test case 4: the one whose key has a length that is accepted here.
        let key = SigningKey::from_bytes(&(1..=25).collect::<Vec<u8>>()).unwrap();
        let mut mac = Hmac::<Sha256>::new(key.0.expose_secret().into());
        mac.update(&[0xcd; 50]);
        let hex: String = mac
            .finalize()
            .into_bytes()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(
            hex,
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
        );
    }

    #[test]
    fn a_key_has_24_to_64_bytes_and_canonical_base64() {
        // errata INT-31
        for (len, ok) in [
            (0, false),
            (23, false),
            (24, true),
            (64, true),
            (65, false),
            (66, false),
            (500, false),
        ] {
            let text = format!("whsec_{}", STANDARD.encode(vec![7; len]));
            assert_eq!(key(&text).is_ok(), ok, "{len}");
            assert_eq!(SigningKey::from_bytes(&vec![7; len]).is_ok(), ok, "{len}");
        }
        for bad in [
            "",
            "whsec_",
            "whsec_***",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
            "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            assert_eq!(key(bad).unwrap_err().kind(), ErrorKind::Config, "{bad}");
        }
        assert!(key("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_ok());
    }

    #[test]
    fn nothing_prints_a_key() {
        // errata ALL-16
        let text = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0";
        assert!(!format!("{:?}", key(text).unwrap()).contains("secret"));
        let error = key("whsec_c2VjcmV0!").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("c2Vjc"));
    }

    #[test]
    fn an_id_can_neither_shift_the_signed_parts_nor_break_a_header() {
        // errata INT-31
        for bad in ["", "a.b", "a b", "a\r\nb", "é", &"x".repeat(129)] {
            assert!(MessageId::new(bad).is_err(), "{bad:?}");
        }
        assert!(MessageId::new("msg_1").is_ok());
    }
}
