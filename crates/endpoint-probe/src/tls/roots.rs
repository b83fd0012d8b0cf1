//! Whom an inspection trusts.

use std::fmt;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, TrustAnchor};

/// Certificates of the authorities that are trusted.
///
/// Either the platform's, or a set of your own; never both and never none, because nothing would be valid then.
#[derive(Clone)]
pub struct Roots {
    certificates: Vec<CertificateDer<'static>>,
    anchors: Vec<TrustAnchor<'static>>,
    /// The subject of each certificate in DER, so that a chain's issuers are found without parsing every root.
    subjects: Vec<Vec<u8>>,
}

/// Why there are no roots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RootsError {
    /// The text is no PEM.
    #[error("not a PEM file of certificates")]
    NotPem,
    /// There is no certificate in it, or on this machine.
    #[error("no root certificate")]
    Empty,
    /// A certificate that cannot be read.
    #[error("root certificate {0} cannot be read")]
    Malformed(
        /// Its place, counted from 0.
        usize,
    ),
}

impl Roots {
    /// The roots that this machine trusts: its certificate store, or the files that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    /// What cannot be read is left out, as every other program on the machine does.
    ///
    /// Reads files: call it once, outside of a hot path, and clone the result's owner.
    ///
    /// # Errors
    /// [`RootsError::Empty`] when there is none.
    pub fn platform() -> Result<Self, RootsError> {
        let found = rustls_native_certs::load_native_certs().certs;
        let mut roots = Self::none();
        for certificate in found {
            // Stores hold certificates that nobody can read; a missing root is told when it is needed.
            let _ = roots.add(certificate);
        }
        roots.checked()
    }

    /// Your own roots, from the text of a PEM file. Other sections, keys for one, are passed over.
    ///
    /// # Errors
    /// When the text is no PEM, has no certificate, or one that cannot be read.
    pub fn from_pem(pem: &[u8]) -> Result<Self, RootsError> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem)
            .map(|found| found.map(|der| der.to_vec()))
            .collect();
        Self::from_der(certificates.map_err(|_| RootsError::NotPem)?)
    }

    /// Your own roots, each in DER.
    ///
    /// # Errors
    /// When there is none, or one that cannot be read.
    pub fn from_der<T: Into<Vec<u8>>>(
        certificates: impl IntoIterator<Item = T>,
    ) -> Result<Self, RootsError> {
        let mut roots = Self::none();
        for (place, certificate) in certificates.into_iter().enumerate() {
            let certificate = CertificateDer::from(certificate.into());
            roots
                .add(certificate)
                .map_err(|_| RootsError::Malformed(place))?;
        }
        roots.checked()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.certificates.len()
    }

    /// Never true.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    pub(super) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    /// The roots with this subject, in DER.
    pub(super) fn named<'a>(&'a self, subject: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        (0..)
            .zip(&self.subjects)
            .filter(move |(_, own)| own.as_slice() == subject)
            .map(|(place, _)| place)
    }

    pub(super) fn anchors(&self) -> &[TrustAnchor<'static>] {
        &self.anchors
    }

    fn none() -> Self {
        Self {
            certificates: Vec::new(),
            anchors: Vec::new(),
            subjects: Vec::new(),
        }
    }

    fn add(&mut self, certificate: CertificateDer<'static>) -> Result<(), webpki::Error> {
        let anchor = webpki::anchor_from_trusted_cert(&certificate)?.to_owned();
        let subject = match x509_parser::parse_x509_certificate(&certificate) {
            Ok((_, parsed)) => parsed.subject().as_raw().to_vec(),
            Err(_) => return Err(webpki::Error::BadDer),
        };
        self.subjects.push(subject);
        self.anchors.push(anchor);
        self.certificates.push(certificate);
        Ok(())
    }

    fn checked(self) -> Result<Self, RootsError> {
        if self.certificates.is_empty() {
            return Err(RootsError::Empty);
        }
        Ok(self)
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roots").field("len", &self.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_roots_and_broken_roots_are_errors() {
        assert_eq!(Roots::from_pem(b"").unwrap_err(), RootsError::Empty);
        let cut = b"-----BEGIN CERTIFICATE-----\nAAAA";
        assert_eq!(Roots::from_pem(cut).unwrap_err(), RootsError::NotPem);
        let junk = [vec![0x30, 0x00]];
        assert_eq!(Roots::from_der(junk).unwrap_err(), RootsError::Malformed(0));
    }
}
