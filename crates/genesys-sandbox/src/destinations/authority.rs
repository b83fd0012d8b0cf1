//! The certificate authorities, and the certificate of each kind of destination.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::destinations::DestinationKind;
use crate::error::{SandboxError, SandboxErrorKind};

const DAY: Duration = Duration::from_secs(86_400);

type Signer = Issuer<'static, KeyPair>;

/// A period, counted from the start of 1970.
#[derive(Debug, Clone, Copy)]
struct Validity {
    from: Duration,
    to: Duration,
}

impl Validity {
    fn around(now: Duration, before: Duration, after: Duration) -> Self {
        Self {
            from: now.saturating_sub(before),
            to: now + after,
        }
    }
}

/// A root, an intermediate below it that signs, and a second pair that nobody trusts.
pub(super) struct Authority {
    root: Certificate,
    root_pem: String,
    trusted: Branch,
    foreign: Branch,
    now: Duration,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// An intermediate certificate and its key.
struct Branch {
    certificate: Certificate,
    signer: Signer,
}

impl Authority {
    /// Makes all keys and certificates of the authorities. `now` is the time since 1970.
    pub(super) fn new(now: Duration) -> Result<Self, SandboxError> {
        let (root, trusted) = grow("Sandbox", now).map_err(failed)?;
        let (_, foreign) = grow("Foreign", now).map_err(failed)?;
        Ok(Self {
            root_pem: root.pem(),
            root,
            trusted,
            foreign,
            now,
        })
    }

    pub(super) fn certificate_der(&self) -> &[u8] {
        self.root.der()
    }

    pub(super) fn certificate_pem(&self) -> &str {
        &self.root_pem
    }

    /// What shakes hands as this kind does.
    pub(super) fn acceptor(&self, kind: DestinationKind) -> Result<TlsAcceptor, SandboxError> {
        let (chain, key) = self.chain(kind).map_err(failed)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| {
                SandboxError::new(SandboxErrorKind::Certificates, "TLS cannot be set up")
                    .with_source(error)
            })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// The certificates that are sent, the server's own first, and its key.
    fn chain(
        &self,
        kind: DestinationKind,
    ) -> Result<(Vec<CertificateDer<'static>>, KeyPair), rcgen::Error> {
        let key = KeyPair::generate()?;
        let name = match kind {
            DestinationKind::WrongName => "other.sandbox.test".to_owned(),
            _ => kind.host(),
        };
        let validity = match kind {
            DestinationKind::Expired => Validity {
                from: self.now.saturating_sub(60 * DAY),
                to: self.now.saturating_sub(DAY),
            },
            DestinationKind::NotYetValid => Validity {
                from: self.now + DAY,
                to: self.now + 60 * DAY,
            },
            // Half a day more, so that whole days are five however long a test takes.
            DestinationKind::Expiring => Validity::around(self.now, 60 * DAY, 5 * DAY + DAY / 2),
            _ => Validity::around(self.now, DAY, 90 * DAY + DAY / 2),
        };
        let params = leaf(&name, validity)?;
        if kind == DestinationKind::SelfSigned {
            let own = params.self_signed(&key)?;
            return Ok((vec![own.der().clone()], key));
        }
        let branch = match kind {
            DestinationKind::UnknownCa => &self.foreign,
            _ => &self.trusted,
        };
        let own = params.signed_by(&key, &branch.signer)?;
        let mut chain = vec![own.der().clone()];
        if kind != DestinationKind::IncompleteChain {
            chain.push(branch.certificate.der().clone());
        }
        Ok((chain, key))
    }
}

/// A root and an intermediate below it. The root's key is used once and forgotten.
fn grow(name: &str, now: Duration) -> Result<(Certificate, Branch), rcgen::Error> {
    let validity = Validity::around(now, 365 * DAY, 3_650 * DAY);
    let params = ca(
        &format!("{name} Root CA"),
        BasicConstraints::Unconstrained,
        validity,
    )?;
    let key = KeyPair::generate()?;
    let root = params.self_signed(&key)?;
    let root_signer = Issuer::new(params, key);

    let params = ca(
        &format!("{name} Intermediate CA"),
        BasicConstraints::Constrained(0),
        validity,
    )?;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &root_signer)?;
    let signer = Issuer::new(params, key);
    Ok((
        root,
        Branch {
            certificate,
            signer,
        },
    ))
}

fn ca(
    name: &str,
    constraints: BasicConstraints,
    validity: Validity,
) -> Result<CertificateParams, rcgen::Error> {
    let mut params = named(CertificateParams::new(Vec::new())?, name, validity);
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf(host: &str, validity: Validity) -> Result<CertificateParams, rcgen::Error> {
    let params = CertificateParams::new(vec![host.to_owned()])?;
    let mut params = named(params, host, validity);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn named(mut params: CertificateParams, name: &str, validity: Validity) -> CertificateParams {
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params.not_before = date_time_ymd(1970, 1, 1) + validity.from;
    params.not_after = date_time_ymd(1970, 1, 1) + validity.to;
    params
}

fn failed(error: rcgen::Error) -> SandboxError {
    SandboxError::new(
        SandboxErrorKind::Certificates,
        "a certificate cannot be made",
    )
    .with_source(error)
}
