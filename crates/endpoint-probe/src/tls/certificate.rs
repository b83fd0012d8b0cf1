//! One certificate, read.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rustls::pki_types::SignatureVerificationAlgorithm;
use sha2::{Digest as _, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::Oid;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;

use super::report::{CertificateFacts, ExpiryLevels};
use crate::serial::shown;

/// Names that are told; a certificate may have thousands.
const NAMES: usize = 100;

/// A certificate with the answers that a path needs.
pub(super) struct Certificate<'a> {
    pub(super) der: &'a [u8],
    x509: X509Certificate<'a>,
}

/// Whether one certificate's key made another one's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signed {
    Yes,
    No,
    /// The algorithm, or so short a key, is not supported: nobody can say.
    Unknown,
}

/// What is too weak about a certificate.
pub(super) enum Weakness {
    Key(String),
    Signature(&'static str),
}

impl<'a> Certificate<'a> {
    /// `None` when it is no X.509 certificate, or has bytes left over.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        match x509_parser::parse_x509_certificate(der) {
            Ok(([], x509)) => Some(Self { der, x509 }),
            _ => None,
        }
    }

    pub(super) fn subject(&self) -> &'a [u8] {
        self.x509.tbs_certificate.subject.as_raw()
    }

    pub(super) fn issuer(&self) -> &'a [u8] {
        self.x509.tbs_certificate.issuer.as_raw()
    }

    pub(super) fn is_self_issued(&self) -> bool {
        self.subject() == self.issuer()
    }

    /// Whether `issuer`'s name, and its key's identifier where both tell one, are those of this certificate's issuer.
    pub(super) fn names_as_issuer(&self, issuer: &Certificate<'_>) -> bool {
        let wanted = self.extensions().find_map(|extension| match extension {
            ParsedExtension::AuthorityKeyIdentifier(key) => {
                key.key_identifier.as_ref().map(|key| key.0)
            }
            _ => None,
        });
        let own = issuer.extensions().find_map(|extension| match extension {
            ParsedExtension::SubjectKeyIdentifier(key) => Some(key.0),
            _ => None,
        });
        let same_key = wanted.is_none() || own.is_none() || wanted == own;
        self.issuer() == issuer.subject() && same_key
    }

    pub(super) fn signed_by(
        &self,
        issuer: &Certificate<'_>,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> Signed {
        if issuer.weak_key().is_some() {
            return Signed::Unknown;
        }
        let key = &issuer.x509.public_key().subject_public_key.data;
        let own = self.x509.signature_algorithm.oid();
        let mut known = false;
        for algorithm in algorithms {
            if !begins_with_oid(algorithm.signature_alg_id().as_ref(), own) {
                continue;
            }
            known = true;
            let (message, signature) = (
                self.x509.tbs_certificate.as_ref(),
                &self.x509.signature_value.data,
            );
            if algorithm.verify_signature(key, message, signature).is_ok() {
                return Signed::Yes;
            }
        }
        if known { Signed::No } else { Signed::Unknown }
    }

    pub(super) fn not_before(&self) -> SystemTime {
        time(self.x509.validity().not_before)
    }

    pub(super) fn not_after(&self) -> SystemTime {
        time(self.x509.validity().not_after)
    }

    /// May sign certificates: says that it is an authority, and its key usage, if told, allows it.
    pub(super) fn is_authority(&self) -> bool {
        let constraints = self.x509.basic_constraints().ok().flatten();
        let usage = self.x509.key_usage().ok().flatten();
        constraints.is_some_and(|found| found.value.ca)
            && usage.is_none_or(|found| found.value.key_cert_sign())
    }

    pub(super) fn path_length(&self) -> Option<usize> {
        let constraints = self.x509.basic_constraints().ok().flatten()?;
        let length = constraints.value.path_len_constraint?;
        usize::try_from(length).ok()
    }

    /// Extended key usage, where told, has TLS servers in it. "Any" is not meant for them (CA/Browser Forum, 7.1.2.7.10).
    pub(super) fn serves_tls(&self) -> bool {
        let usage = self.x509.extended_key_usage().ok().flatten();
        usage.is_none_or(|found| found.value.server_auth)
    }

    /// Key usage, where told, lets the key sign or agree on something (RFC 5280, 4.2.1.3).
    pub(super) fn key_may_handshake(&self) -> bool {
        let usage = self.x509.key_usage().ok().flatten();
        usage.is_none_or(|found| {
            let usage = found.value;
            usage.digital_signature() || usage.key_encipherment() || usage.key_agreement()
        })
    }

    pub(super) fn weakness(&self) -> impl Iterator<Item = Weakness> {
        let key = self.weak_key().map(Weakness::Key);
        key.into_iter()
            .chain(self.weak_signature().map(Weakness::Signature))
    }

    fn weak_key(&self) -> Option<String> {
        let (kind, bits) = self.key();
        let least = match kind {
            "RSA" | "DSA" => 2048,
            "EC" => 224,
            _ => return None,
        };
        (bits < least).then(|| format!("{kind} key of {bits} bits; at least {least} are needed"))
    }

    fn weak_signature(&self) -> Option<&'static str> {
        match self.x509.signature_algorithm.oid().to_id_string().as_str() {
            "1.2.840.113549.1.1.2" => Some("MD2"),
            "1.2.840.113549.1.1.4" => Some("MD5"),
            "1.2.840.113549.1.1.5"
            | "1.3.14.3.2.29"
            | "1.2.840.10045.4.1"
            | "1.2.840.10040.4.3" => Some("SHA-1"),
            _ => None,
        }
    }

    /// The kind of key and its size in bits.
    fn key(&self) -> (&'static str, usize) {
        let key = self.x509.public_key();
        match key.parsed() {
            Ok(PublicKey::RSA(rsa)) => ("RSA", bits(rsa.modulus)),
            Ok(PublicKey::DSA(_)) => (
                "DSA",
                domain_bits(key.algorithm.parameters().map(|any| any.data)),
            ),
            // 521 bits are stored in 66 bytes.
            Ok(PublicKey::EC(point)) => ("EC", point.key_size().min(521)),
            _ => match key.algorithm.oid().to_id_string().as_str() {
                "1.3.101.112" => ("Ed25519", 256),
                "1.3.101.113" => ("Ed448", 456),
                _ => ("other", key.subject_public_key.data.len() * 8),
            },
        }
    }

    fn extensions(&self) -> impl Iterator<Item = &ParsedExtension<'a>> {
        self.x509
            .iter_extensions()
            .map(|one| one.parsed_extension())
    }

    /// The names and addresses that it is valid for, without end.
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.x509.subject_alternative_name().ok().flatten();
        let general = names.map(|found| &found.value.general_names);
        let general = general.into_iter().flatten().take(NAMES);
        general
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(shown(name)),
                GeneralName::IPAddress(bytes) => address(bytes).map(|one| one.to_string()),
                _ => None,
            })
            .collect()
    }

    pub(super) fn facts(&self, now: SystemTime, levels: &ExpiryLevels) -> CertificateFacts {
        let (kind, bits) = self.key();
        let not_after = self.not_after();
        CertificateFacts {
            subject: shown(&self.x509.subject().to_string()),
            issuer: shown(&self.x509.issuer().to_string()),
            serial: hex(self.x509.raw_serial().iter().take(32)),
            names: self.names(),
            not_before: self.not_before(),
            not_after,
            days_left: days_between(now, not_after),
            expiry: levels.level(not_after, now),
            key: format!("{kind} {bits}"),
            signature: signature_name(self.x509.signature_algorithm.oid()),
            authority: self.is_authority(),
            in_path: false,
            fingerprint: hex(Sha256::digest(self.der).iter()),
            key_fingerprint: hex(Sha256::digest(self.x509.public_key().raw).iter()),
        }
    }
}

/// The algorithm identifiers of the verifiers hold the object identifier first, with its tag and length.
fn begins_with_oid(identifier: &[u8], oid: &Oid<'_>) -> bool {
    let bytes = oid.as_bytes();
    matches!(identifier, [6, length, rest @ ..]
        if usize::from(*length) == bytes.len() && rest.starts_with(bytes))
}

fn bits(number: &[u8]) -> usize {
    let digits = number.iter().position(|byte| *byte != 0);
    match digits.and_then(|start| number.get(start..)) {
        Some(digits) => {
            let leading = digits.first().map_or(0, |first| first.leading_zeros());
            digits.len() * 8 - usize::try_from(leading).unwrap_or(0)
        }
        None => 0,
    }
}

/// DSA: the size of the prime, the first number of the parameters; nobody uses it any more.
fn domain_bits(parameters: Option<&[u8]>) -> usize {
    parameters
        .and_then(|der| x509_parser::der_parser::der::parse_der_integer(der).ok())
        .and_then(|(_, number)| number.as_slice().ok().map(bits))
        .unwrap_or(0)
}

fn signature_name(oid: &Oid<'_>) -> String {
    let text = oid.to_id_string();
    let name = match text.as_str() {
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        _ => return text,
    };
    name.to_owned()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(four));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

fn hex<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// Out of the range of this machine's times is as good as its end.
fn time(time: ASN1Time) -> SystemTime {
    let seconds = time.timestamp();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Whole days from `now` until `then`, rounded down.
fn days_between(now: SystemTime, then: SystemTime) -> i64 {
    const DAY: i64 = 24 * 60 * 60;
    let seconds = |distance: Duration| i64::try_from(distance.as_secs()).unwrap_or(i64::MAX);
    match then.duration_since(now) {
        Ok(left) => seconds(left) / DAY,
        Err(over) => {
            let over = over.duration();
            let whole = seconds(over).saturating_add(i64::from(over.subsec_nanos() > 0));
            (-whole).div_euclid(DAY)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_rounded_down_on_both_sides_of_the_end() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let hour = Duration::from_secs(3_600);
        assert_eq!(days_between(now, now + hour * 47), 1);
        assert_eq!(days_between(now, now + hour), 0);
        assert_eq!(days_between(now, now - hour), -1);
        assert_eq!(days_between(now, now - hour * 25), -2);
    }

    #[test]
    fn the_size_of_a_number_does_not_count_leading_zeros() {
        assert_eq!(bits(&[0, 0x80, 0]), 16);
        assert_eq!(bits(&[0x01, 0xff]), 9);
        assert_eq!(bits(&[0, 0]), 0);
    }

    #[test]
    fn what_is_no_certificate_is_not_read() {
        assert!(Certificate::read(b"").is_none());
        assert!(Certificate::read(&[0x30, 0x82, 0xff, 0xff]).is_none());
    }
}
