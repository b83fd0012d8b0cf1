//! TLS: the name on the wire, and certificates that are not trusted.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use endpoint_probe::test_util::ScriptedResolver;
use endpoint_probe::{
    EgressPolicy, Error, ErrorKind, Guard, GuardedClient, GuardedClientBuilder, TcpConnector,
};
use http::{Request, Response};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::server::{Deed, request, serve};

pub const NAME: &str = "hooks.example.com";

/// A TLS server on loopback with a certificate of its own authority, and what it saw.
pub struct Secure {
    pub address: SocketAddr,
    root: Vec<u8>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

#[derive(Debug, Clone)]
struct Seen {
    sni: Option<String>,
    alpn: Option<Vec<u8>>,
    request: String,
}

impl Secure {
    /// Serves `deed` with a certificate for [`NAME`] and 127.0.0.1.
    pub async fn start(deed: Deed) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new([]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = authority.self_signed(&key).unwrap();
        let issuer = Issuer::new(authority, key);
        let own = KeyPair::generate().unwrap();
        let names = [NAME.to_owned(), "127.0.0.1".to_owned()];
        let leaf = CertificateParams::new(names).unwrap();
        let leaf = leaf.signed_by(&own, &issuer).unwrap();

        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivatePkcs8KeyDer::from(own.serialize_der()).into(),
            )
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(socket).await else {
                    continue;
                };
                let session = stream.get_ref().1;
                let sni = session.server_name().map(str::to_owned);
                let alpn = session.alpn_protocol().map(<[u8]>::to_vec);
                if let Some(request) = request(&mut stream).await {
                    record.lock().unwrap().push(Seen { sni, alpn, request });
                    serve(&mut stream, deed.clone()).await;
                }
            }
        });
        Self {
            address,
            root: root.der().to_vec(),
            seen,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://{NAME}:{}{path}", self.address.port())
    }

    /// A client that trusts the authority and finds every name here.
    pub fn client(&self, policy: EgressPolicy) -> GuardedClientBuilder {
        self.untrusting(policy)
            .with_root_certificates([self.root.clone()])
    }

    fn untrusting(&self, policy: EgressPolicy) -> GuardedClientBuilder {
        let names = ScriptedResolver::new()
            .with_answer(NAME, [self.address.ip()])
            .with_answer("other.example.com", [self.address.ip()]);
        GuardedClient::builder(Guard::new(policy, Arc::new(names), Arc::new(TcpConnector)))
    }

    fn policy(&self) -> EgressPolicy {
        EgressPolicy::new()
            .allow_loopback()
            .allow_port(self.address.port())
    }
}

async fn get(client: GuardedClientBuilder, url: &str) -> Result<Response<Bytes>, Error> {
    let request = Request::get(url).body(Bytes::new()).unwrap();
    client.build().unwrap().send(request).await
}

fn ok() -> Deed {
    Deed::Answer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".into())
}

#[tokio::test]
async fn sni_and_host_are_the_name_although_an_address_is_dialled() {
    // errata ALL-27, EVR-17
    let server = Secure::start(ok()).await;
    let url = server.url("/x").replacen(NAME, "HOOKS.example.com.", 1);
    let answer = get(server.client(server.policy()), &url).await.unwrap();
    assert_eq!(answer.body().as_ref(), b"ok");
    let seen = server.seen.lock().unwrap()[0].clone();
    assert_eq!(seen.sni.as_deref(), Some(NAME));
    assert_eq!(seen.alpn.as_deref(), Some(&b"http/1.1"[..]));
    let host = format!("host: {NAME}:{}\r\n", server.address.port());
    assert!(seen.request.contains(&host), "{}", seen.request);
}

#[tokio::test]
async fn an_address_is_verified_as_an_address_and_is_no_sni() {
    let server = Secure::start(ok()).await;
    let url = format!("https://{}/", server.address);
    assert!(get(server.client(server.policy()), &url).await.is_ok());
    assert_eq!(server.seen.lock().unwrap()[0].sni, None);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_gets_no_request() {
    // errata EVR-21
    let server = Secure::start(ok()).await;
    let stranger = Secure::start(ok()).await;
    let policy = || server.policy();
    let cases = [
        (
            server
                .untrusting(policy())
                .with_root_certificates([stranger.root.clone()]),
            server.url("/"),
        ),
        (
            server.client(policy()),
            server.url("/").replacen(NAME, "other.example.com", 1),
        ),
    ];
    for (client, url) in cases {
        let error = get(client, &url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
        assert!(!error.may_have_been_sent() && !error.is_transient());
    }
    assert!(server.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_needs_the_end_of_tls_too() {
    const BODY: &str = "HTTP/1.1 200 OK\r\n\r\nhalf of it";
    let whole = Secure::start(Deed::Answer(BODY.into())).await;
    let answer = get(whole.client(whole.policy()), &whole.url("/")).await;
    assert_eq!(answer.unwrap().body().as_ref(), b"half of it");
    // Anybody on the way can close a connection; only the server can say that it meant to.
    let cut = Secure::start(Deed::Cut(BODY)).await;
    let error = get(cut.client(cut.policy()), &cut.url("/")).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Truncated);
}
