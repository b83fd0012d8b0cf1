//! TLS with an explicit provider.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use crate::connect::Stream;
use crate::error::{Error, ErrorKind, Result};

/// TLS 1.2 and 1.3 for one set of roots.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

impl Tls {
    /// Trusts the given roots, in DER, or else the platform's.
    pub(super) fn new(roots: Option<Vec<Vec<u8>>>) -> Result<Self> {
        let fail = |detail, error| Error::new(ErrorKind::Config, detail).with_source(error);
        // Explicit, so that neither a missing nor a foreign process-wide provider matters.
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| fail("TLS", error))?;
        let builder = match roots {
            None => builder
                .with_platform_verifier()
                .map_err(|error| fail("the platform's root certificates", error))?,
            Some(roots) => {
                let mut store = RootCertStore::empty();
                for root in roots {
                    store
                        .add(CertificateDer::from(root))
                        .map_err(|error| fail("a root certificate", error))?;
                }
                if store.is_empty() {
                    return Err(Error::new(ErrorKind::Config, "no root certificate"));
                }
                builder.with_root_certificates(store)
            }
        };
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Verifies that `host` is at the other end. A name is also sent as SNI; an address never is.
    pub(super) async fn handshake(
        &self,
        host: &Host,
        stream: Box<dyn Stream>,
    ) -> Result<Box<dyn Stream>> {
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.clone())
                .map_err(|_| Error::new(ErrorKind::Tls, "no certificate can hold the name"))?,
            Host::Ipv4(ip) => ServerName::from(std::net::IpAddr::from(*ip)),
            Host::Ipv6(ip) => ServerName::from(std::net::IpAddr::from(*ip)),
        };
        match self.0.connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => {
                // What TLS itself found wrong, or a connection that broke meanwhile.
                let inner = error.get_ref();
                let kind = if inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
                    ErrorKind::Tls
                } else {
                    ErrorKind::Connect
                };
                Err(Error::new(kind, "TLS handshake").with_source(error))
            }
        }
    }
}

impl Stream for TlsStream<Box<dyn Stream>> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.get_ref().0.peer_addr()
    }
}
