//! Authorities and certificates with planted faults, and TLS servers that present them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use endpoint_probe::{Connector as _, Inspection, Roots, TcpConnector, TlsInspector};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, date_time_ymd,
};
use resilience::{BoxFuture, Clock, SystemClock};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Host;

pub const NAME: &str = "hooks.example.com";

/// 2030-06-15 12:00 UTC, the day on which every test takes place.
pub fn today() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_907_755_200)
}

/// The machine's clock with another calendar: sockets and limits run in real time, certificates on the day of the test.
#[derive(Debug)]
pub struct Calendar(pub SystemTime);

impl Clock for Calendar {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn wall(&self) -> SystemTime {
        self.0
    }

    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        SystemClock.sleep_until(at)
    }
}

pub fn calendar() -> Arc<dyn Clock> {
    Arc::new(Calendar(today()))
}

/// An authority of 2020 to 2040, unless edited.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub der: Vec<u8>,
}

pub struct Leaf {
    pub der: Vec<u8>,
    pub key: Vec<u8>,
}

pub fn keep(_: &mut CertificateParams) {}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params
}

fn authority(name: &str, edit: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = named(name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    edit(&mut params);
    params
}

impl Authority {
    pub fn root(name: &str, edit: impl FnOnce(&mut CertificateParams)) -> Self {
        let params = authority(name, edit);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        let issuer = Issuer::new(params, key);
        Self { issuer, der }
    }

    /// An authority below this one.
    pub fn below(&self, name: &str, edit: impl FnOnce(&mut CertificateParams)) -> Self {
        let params = authority(name, edit);
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, &self.issuer).unwrap().der().to_vec();
        let issuer = Issuer::new(params, key);
        Self { issuer, der }
    }

    /// A server's certificate for [`NAME`], 2030-01-01 to 2031-01-01.
    pub fn leaf(&self, edit: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let signed = server(edit).signed_by(&key, &self.issuer).unwrap();
        Leaf {
            der: signed.der().to_vec(),
            key: key.serialize_der(),
        }
    }

    /// An authority's certificate for somebody else's key.
    pub fn certify(&self, name: &str, key: &impl PublicKeyData) -> Vec<u8> {
        let params = authority(name, keep);
        params.signed_by(key, &self.issuer).unwrap().der().to_vec()
    }

    pub fn roots(&self) -> Roots {
        Roots::from_der([self.der.clone()]).unwrap()
    }
}

pub fn self_signed(edit: impl FnOnce(&mut CertificateParams)) -> Leaf {
    let key = KeyPair::generate().unwrap();
    let signed = server(edit).self_signed(&key).unwrap();
    Leaf {
        der: signed.der().to_vec(),
        key: key.serialize_der(),
    }
}

fn server(edit: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = named(NAME);
    params.subject_alt_names = CertificateParams::new([NAME.to_owned()])
        .unwrap()
        .subject_alt_names;
    params.not_before = date_time_ymd(2030, 1, 1);
    params.not_after = date_time_ymd(2031, 1, 1);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    edit(&mut params);
    params
}

/// Names for an edit.
pub fn names(params: &mut CertificateParams, names: &[&str]) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    params.subject_alt_names = CertificateParams::new(names).unwrap().subject_alt_names;
}

pub fn acceptor(chain: &[&[u8]], key: &[u8]) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.to_vec()));
    let key = provider.key_provider.load_private_key(key).unwrap();
    let chain = chain
        .iter()
        .map(|der| CertificateDer::from(der.to_vec()))
        .collect();
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::new(
            chain, key,
        ))));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// A server that presents this chain to everybody and says goodbye properly.
pub async fn present(chain: &[&[u8]], key: &[u8]) -> SocketAddr {
    let acceptor = acceptor(chain, key);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(socket).await {
                    let _ = stream.read_u8().await;
                    let _ = stream.shutdown().await;
                }
            });
        }
    });
    address
}

/// A server that says these bytes to everybody who said something, and is silent then. `None` says nothing at all.
pub async fn say(bytes: Option<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let bytes = bytes.clone();
            tokio::spawn(async move {
                let mut heard = [0; 1024];
                let _ = socket.read(&mut heard).await;
                if let Some(bytes) = bytes {
                    let _ = socket.write_all(&bytes).await;
                }
                // Until the other side goes away.
                while socket.read(&mut heard).await.is_ok_and(|count| count > 0) {}
            });
        }
    });
    address
}

pub async fn inspect(inspector: &TlsInspector, address: SocketAddr, host: &str) -> Inspection {
    let stream = TcpConnector.connect(address).await.unwrap();
    let inspector = inspector.clone().with_clock(calendar());
    inspector.inspect(stream, &Host::parse(host).unwrap()).await
}
