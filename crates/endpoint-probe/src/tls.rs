//! TLS, looked at: who answers, how long that holds, and what exactly is wrong.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use resilience::{Clock, SystemClock, timeout_at};
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{IpAddr as PkiAddress, ServerName};
use rustls::{AlertDescription, ClientConfig};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use url::Host;

use crate::connect::Stream;
use crate::serial;

mod certificate;
mod hello;
mod judge;
mod path;
mod recorder;
mod report;
mod roots;
mod verifier;

pub use report::{CertificateFacts, ExpiryLevel, ExpiryLevels, TlsFinding, TlsReport, TlsVerdict};
pub use roots::{Roots, RootsError};

use hello::Opening;
use recorder::Recorder;
use verifier::Verifier;

/// Looks at a peer's TLS and says everything that is wrong with it.
///
/// The handshake is a real one, with TLS 1.2 or 1.3 and full verification: **there is no mode that accepts what is not
/// valid**. A connection that fails ends with an alert, and what was seen until then is in the report. A connection that
/// passes is handed back and can be used.
///
/// # How the verdict comes about
/// `webpki` decides, with the roots and the clock given here. It stops at the first fault, so that the path is walked once
/// more for the report, fault by fault. What it accepts is refused here too when the server's own key is too short or its key
/// usage leaves handshakes out.
///
/// The verdict is that of OpenSSL, with these differences, each by a rule:
///
/// | case | here | rule |
/// | --- | --- | --- |
/// | a name in the common name only | [`WrongName`](TlsVerdict::WrongName) | RFC 9525, 2 and 6.3: subject alternative names alone |
/// | a wildcard as part of a label (`w*.example.com`) | [`WrongName`](TlsVerdict::WrongName) | RFC 9525, 6.3: the whole left-most label |
/// | a root that expired, or limits the path below it | no finding; the root's dates are told | RFC 5280, 6.1.1 (d): a root is a name and a key |
/// | an authority's certificate presented as the server's own | [`AuthorityAsLeaf`](TlsVerdict::AuthorityAsLeaf) | `webpki`; CA/Browser Forum 7.1.2.7: a server's certificate is no authority's |
/// | a version 1 certificate | [`Malformed`](TlsVerdict::Malformed) | RFC 5280, 4.1.2.1: extensions need version 3 |
///
/// An authority that is not known and one that was left out look the same from here. The convention: the server's certificate
/// alone is an [`IncompleteChain`](TlsVerdict::IncompleteChain); a chain that goes on and ends is an
/// [`UnknownAuthority`](TlsVerdict::UnknownAuthority).
///
/// # Limits
/// 10 s for the handshake; 16 certificates of 64 KiB together; 256 KiB of bytes before the handshake is over. All but the
/// last can be set.
#[derive(Clone)]
pub struct TlsInspector {
    roots: Arc<Roots>,
    clock: Arc<dyn Clock>,
    provider: Arc<CryptoProvider>,
    alpn: Vec<Vec<u8>>,
    levels: ExpiryLevels,
    limits: Limits,
    timeout: Duration,
}

/// What a peer may send.
#[derive(Debug, Clone, Copy)]
struct Limits {
    certificates: usize,
    chain_bytes: usize,
}

/// Four times the largest message that the TLS library takes.
const HANDSHAKE_BYTES: usize = 256 * 1024;

/// What came of an inspection.
pub struct Inspection {
    /// What was found.
    pub report: TlsReport,
    /// The connection, which may be used as it is; only with [`TlsVerdict::Valid`].
    pub stream: Option<Box<dyn Stream>>,
}

impl fmt::Debug for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspection")
            .field("report", &self.report)
            .field("connected", &self.stream.is_some())
            .finish()
    }
}

impl TlsInspector {
    /// An inspector that trusts `roots`.
    pub fn new(roots: impl Into<Arc<Roots>>) -> Self {
        Self {
            roots: roots.into(),
            clock: Arc::new(SystemClock),
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            alpn: vec![b"http/1.1".to_vec()],
            levels: ExpiryLevels::default(),
            limits: Limits {
                certificates: 16,
                chain_bytes: 64 * 1024,
            },
            timeout: Duration::from_secs(10),
        }
    }

    /// Sets the clock: its calendar is what certificates are compared with, its monotonic time what limits run on. Default:
    /// the machine's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the application protocols that are offered, in order of preference; none offers nothing. Default: `http/1.1`.
    #[must_use]
    pub fn with_alpn<T: Into<Vec<u8>>>(mut self, protocols: impl IntoIterator<Item = T>) -> Self {
        self.alpn = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the distances at which an expiry is told. Default: 30, 14 and 7 days.
    #[must_use]
    pub fn with_expiry_levels(mut self, levels: ExpiryLevels) -> Self {
        self.levels = levels;
        self
    }

    /// Sets how many certificates a server may send. Default 16, at least 1.
    #[must_use]
    pub fn with_max_certificates(mut self, count: usize) -> Self {
        self.limits.certificates = count.max(1);
        self
    }

    /// Sets how many bytes a server's certificates may have together. Default 64 KiB, which is also the most that the TLS
    /// library takes.
    #[must_use]
    pub fn with_max_chain_bytes(mut self, bytes: usize) -> Self {
        self.limits.chain_bytes = bytes;
        self
    }

    /// Sets the limit of a handshake. Default 10 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Makes the handshake for `host` on a connection and looks at it. The name goes into SNI, an address does not
    /// (RFC 6066, 3).
    ///
    /// Never fails: what goes wrong is in the report. Dropping the future closes the connection.
    pub async fn inspect(&self, stream: Box<dyn Stream>, host: &Host) -> Inspection {
        let started = self.clock.now();
        let mut inspection = self.handshake(stream, host, started).await;
        inspection.report.elapsed = self.clock.now().saturating_duration_since(started);
        inspection.report.settle();
        if !inspection.report.verdict.is_valid() {
            inspection.stream = None;
        }
        inspection
    }

    async fn handshake(
        &self,
        stream: Box<dyn Stream>,
        host: &Host,
        started: Instant,
    ) -> Inspection {
        let verifier = Arc::new(Verifier::new(
            Arc::clone(&self.roots),
            &self.provider,
            self.levels,
            self.limits,
            self.clock.wall(),
        ));
        let prepared = server_name(host).zip(self.config(&verifier));
        let Some((name, config)) = prepared else {
            let mut report = TlsReport::empty();
            let detail = "no certificate can be valid for this host";
            report
                .findings
                .push(TlsFinding::new(TlsVerdict::Other, detail));
            return Inspection {
                report,
                stream: None,
            };
        };
        let (stream, head) = Recorder::new(stream, HANDSHAKE_BYTES);
        let connect = TlsConnector::from(Arc::new(config)).connect(name, stream);
        // A limit beyond the end of time is none.
        let ended = match started.checked_add(self.timeout) {
            Some(deadline) => timeout_at(&*self.clock, deadline, connect).await,
            None => Ok(connect.await),
        };
        let (bytes, overflowed) = recorder::seen(&head);
        let opening = Opening::read(&bytes);
        let mut report = verifier.report();
        if let Opening::Hello { version, cipher } = opening {
            report.version = Some(hello::version_name(version));
            report.cipher = Some(hello::cipher_name(cipher));
        }
        let stream = match ended {
            Ok(Ok(mut stream)) => {
                stream.get_mut().0.release();
                report.alpn = stream
                    .get_ref()
                    .1
                    .alpn_protocol()
                    .map(|protocol| serial::shown(&String::from_utf8_lossy(protocol)));
                Some(Box::new(Secured(stream)) as Box<dyn Stream>)
            }
            // The chain's own findings say more than the error that ended the handshake for them.
            _ if !report.findings.is_empty() => None,
            Ok(Err(error)) => {
                report.findings.push(failure(&error, &opening, overflowed));
                None
            }
            Err(_) => {
                let detail = match opening {
                    Opening::Nothing => "the peer said nothing",
                    _ => "the peer began and did not end",
                };
                report
                    .findings
                    .push(TlsFinding::new(TlsVerdict::TimedOut, detail));
                None
            }
        };
        Inspection { report, stream }
    }

    fn config(&self, verifier: &Arc<Verifier>) -> Option<ClientConfig> {
        let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&versions)
            .ok()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(verifier) as Arc<_>)
            .with_no_client_auth();
        config.alpn_protocols = self.alpn.clone();
        // A resumed session shows no certificates.
        config.resumption = Resumption::disabled();
        Some(config)
    }
}

impl fmt::Debug for TlsInspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsInspector")
            .field("roots", &self.roots)
            .field("levels", &self.levels)
            .field("limits", &self.limits)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn server_name(host: &Host) -> Option<ServerName<'static>> {
    match host {
        Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned()).ok(),
        Host::Ipv4(address) => Some(ServerName::IpAddress(PkiAddress::from(
            std::net::IpAddr::V4(*address),
        ))),
        Host::Ipv6(address) => Some(ServerName::IpAddress(PkiAddress::from(
            std::net::IpAddr::V6(*address),
        ))),
    }
}

/// Why a handshake failed before or after the chain was judged.
fn failure(error: &io::Error, opening: &Opening, overflowed: bool) -> TlsFinding {
    use rustls::{Error, PeerIncompatible};
    const OLDEST: u16 = 0x0303;
    let too_old = || {
        TlsFinding::new(
            TlsVerdict::ProtocolTooOld,
            "the peer speaks nothing newer than TLS 1.1",
        )
    };
    let cause = error
        .get_ref()
        .and_then(|source| source.downcast_ref::<Error>());
    match (opening, cause) {
        _ if overflowed => TlsFinding::new(TlsVerdict::ChainTooLarge, error.to_string()),
        (Opening::Http, _) => {
            TlsFinding::new(TlsVerdict::NoTls, "the peer answers with plain HTTP")
        }
        (Opening::Other, _) => TlsFinding::new(
            TlsVerdict::NoTls,
            "the peer answers with something that is not TLS",
        ),
        (Opening::Hello { version, .. }, _) if *version < OLDEST => {
            let mut finding = too_old();
            finding.detail = format!("the peer chose {}", hello::version_name(*version));
            finding
        }
        (_, Some(Error::AlertReceived(AlertDescription::ProtocolVersion)))
        | (
            _,
            Some(Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            )),
        ) => too_old(),
        (_, Some(Error::AlertReceived(alert))) => {
            TlsFinding::new(TlsVerdict::Refused, format!("the peer's alert: {alert:?}"))
        }
        (Opening::Alert { description }, _) => TlsFinding::new(
            TlsVerdict::Refused,
            format!(
                "the peer's alert: {:?}",
                AlertDescription::from(*description)
            ),
        ),
        (_, Some(Error::InvalidCertificate(rustls::CertificateError::BadSignature))) => {
            TlsFinding::new(
                TlsVerdict::BadSignature,
                "the handshake is not signed with the certificate's key",
            )
        }
        (_, Some(Error::InvalidMessage(rustls::InvalidMessage::HandshakePayloadTooLarge)))
        | (_, Some(Error::InvalidMessage(rustls::InvalidMessage::CertificatePayloadTooLarge))) => {
            TlsFinding::new(
                TlsVerdict::ChainTooLarge,
                "a handshake message of more than 64 KiB",
            )
        }
        (_, Some(error)) => TlsFinding::new(TlsVerdict::Other, serial::shown(&error.to_string())),
        (_, None) => TlsFinding::new(
            TlsVerdict::Closed,
            format!("the connection ended: {}", error.kind()),
        ),
    }
}

/// The connection after a handshake that passed.
struct Secured(tokio_rustls::client::TlsStream<Recorder>);

impl Stream for Secured {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
