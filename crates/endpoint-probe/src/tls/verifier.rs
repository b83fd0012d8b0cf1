//! The handshake's verifier: judges the chain, keeps the judgement, and ends the handshake unless all is well.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::judge::Judge;
use super::report::{ExpiryLevels, TlsFinding, TlsReport, TlsVerdict};
use super::{Limits, Roots};

/// See the module. One a handshake.
#[derive(Debug)]
pub(super) struct Verifier {
    roots: Arc<Roots>,
    algorithms: WebPkiSupportedAlgorithms,
    levels: ExpiryLevels,
    limits: Limits,
    now: std::time::SystemTime,
    report: Mutex<TlsReport>,
}

impl Verifier {
    pub(super) fn new(
        roots: Arc<Roots>,
        provider: &CryptoProvider,
        levels: ExpiryLevels,
        limits: Limits,
        now: std::time::SystemTime,
    ) -> Self {
        Self {
            roots,
            algorithms: provider.signature_verification_algorithms,
            levels,
            limits,
            now,
            report: Mutex::new(TlsReport::empty()),
        }
    }

    /// What was found so far; also when the handshake went no further.
    pub(super) fn report(&self) -> TlsReport {
        self.report
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut report = TlsReport::empty();
        report.ocsp_staple = !ocsp_response.is_empty();
        report.chain_length = intermediates.len() + 1;
        let sizes = intermediates.iter().map(|one| one.len());
        report.chain_bytes = sizes.fold(end_entity.len(), usize::saturating_add);
        if report.chain_length > self.limits.certificates
            || report.chain_bytes > self.limits.chain_bytes
        {
            let detail = format!(
                "{} certificates of {} bytes; at most {} of {} are looked at",
                report.chain_length,
                report.chain_bytes,
                self.limits.certificates,
                self.limits.chain_bytes
            );
            report
                .findings
                .push(TlsFinding::new(TlsVerdict::ChainTooLarge, detail));
        } else {
            let chain: Vec<_> = [end_entity].into_iter().chain(intermediates).collect();
            let chain: Vec<CertificateDer<'_>> = chain
                .into_iter()
                .map(|der| CertificateDer::from(der.as_ref()))
                .collect();
            let judge = Judge {
                roots: &self.roots,
                algorithms: self.algorithms.all,
                levels: &self.levels,
                now: self.now,
            };
            judge.judge(&chain, server_name, &mut report);
        }
        report.settle();
        let verdict = report.verdict;
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = report;
        match refusal(verdict) {
            None => Ok(ServerCertVerified::assertion()),
            Some(error) => Err(error.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The error that ends the handshake: it chooses the alert that the peer gets. Only [`TlsVerdict::Valid`] has none.
fn refusal(verdict: TlsVerdict) -> Option<CertificateError> {
    Some(match verdict {
        TlsVerdict::Valid => return None,
        TlsVerdict::Expired => CertificateError::Expired,
        TlsVerdict::NotYetValid => CertificateError::NotValidYet,
        TlsVerdict::WrongName => CertificateError::NotValidForName,
        TlsVerdict::SelfSigned | TlsVerdict::IncompleteChain | TlsVerdict::UnknownAuthority => {
            CertificateError::UnknownIssuer
        }
        TlsVerdict::BadSignature => CertificateError::BadSignature,
        TlsVerdict::WrongPurpose => CertificateError::InvalidPurpose,
        TlsVerdict::Malformed => CertificateError::BadEncoding,
        _ => CertificateError::ApplicationVerificationFailure,
    })
}
