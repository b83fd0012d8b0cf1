//! The TLS destinations, as a client sees them that verifies.

use std::sync::Arc;
use std::time::Duration;

use genesys_sandbox::{Destination, DestinationKind, Destinations, SandboxErrorKind};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, PeerIncompatible, RootCertStore, SupportedProtocolVersion,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const WAIT: Duration = Duration::from_secs(10);

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn roots(destinations: &Destinations) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from(destinations.ca_certificate().to_vec());
    roots.add(ca).unwrap();
    Arc::new(roots)
}

fn name(destination: &Destination) -> ServerName<'static> {
    ServerName::try_from(destination.host().to_owned()).unwrap()
}

/// A handshake in these versions, with the sandbox's authority as the only trusted one.
async fn connect_in(
    destinations: &Destinations,
    kind: DestinationKind,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<TlsStream<TcpStream>, rustls::Error> {
    let destination = destinations.get(kind);
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots(destinations))
        .with_no_client_auth();
    let stream = TcpStream::connect(destination.address()).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let handshake = connector.connect(name(destination), stream).await;
    handshake.map_err(|error| {
        let inner = error.into_inner().unwrap();
        *inner.downcast::<rustls::Error>().unwrap()
    })
}

async fn connect(
    destinations: &Destinations,
    kind: DestinationKind,
) -> Result<TlsStream<TcpStream>, rustls::Error> {
    connect_in(destinations, kind, rustls::ALL_VERSIONS).await
}

/// A request on a connection of its own, and the whole answer.
async fn get(destinations: &Destinations, kind: DestinationKind) -> String {
    let mut stream = connect(destinations, kind).await.unwrap();
    ask(&mut stream).await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn ask(stream: &mut TlsStream<TcpStream>) {
    let request = b"GET /health HTTP/1.1\r\nhost: sandbox.test\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
}

#[tokio::test]
async fn each_handshake_ends_as_the_name_of_the_destination_says() {
    // errata EVR-20
    let destinations = Destinations::start().await.unwrap();
    for destination in &destinations {
        let kind = destination.kind();
        let verdict = connect(&destinations, kind).await.map(|_| ());
        let refusal = |error: CertificateError| Err(rustls::Error::InvalidCertificate(error));
        match kind {
            // The context of these verdicts holds times and names, so only the kind is compared.
            DestinationKind::Expired => assert!(
                matches!(
                    verdict,
                    Err(rustls::Error::InvalidCertificate(
                        CertificateError::ExpiredContext { .. }
                    ))
                ),
                "{verdict:?}"
            ),
            DestinationKind::NotYetValid => assert!(
                matches!(
                    verdict,
                    Err(rustls::Error::InvalidCertificate(
                        CertificateError::NotValidYetContext { .. }
                    ))
                ),
                "{verdict:?}"
            ),
            DestinationKind::WrongName => assert!(
                matches!(
                    verdict,
                    Err(rustls::Error::InvalidCertificate(
                        CertificateError::NotValidForNameContext { .. }
                    ))
                ),
                "{verdict:?}"
            ),
            DestinationKind::SelfSigned
            | DestinationKind::UnknownCa
            | DestinationKind::IncompleteChain => {
                assert_eq!(
                    verdict,
                    refusal(CertificateError::UnknownIssuer),
                    "{kind:?}"
                );
            }
            DestinationKind::Tls11 => assert_eq!(
                verdict,
                Err(rustls::Error::PeerIncompatible(
                    PeerIncompatible::ServerDoesNotSupportTls12Or13
                ))
            ),
            _ => assert_eq!(verdict, Ok(()), "{kind:?}"),
        }
    }
}

/// What a server sends when nobody verifies it.
mod unverified {
    use super::*;
    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::{DigitallySignedStruct, Error, SignatureScheme};

    #[derive(Debug)]
    struct Blind;

    impl ServerCertVerifier for Blind {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
            algorithms.supported_schemes()
        }
    }

    pub(super) async fn chain(destination: &Destination) -> Vec<CertificateDer<'static>> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Blind))
            .with_no_client_auth();
        let stream = TcpStream::connect(destination.address()).await.unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name(destination), stream).await.unwrap();
        let (_, session) = stream.get_ref();
        let chain = session.peer_certificates().unwrap();
        chain.iter().map(|one| one.clone().into_owned()).collect()
    }
}

#[tokio::test]
async fn an_incomplete_chain_lacks_the_intermediate_alone_and_the_others_differ_in_kind() {
    let destinations = Destinations::start().await.unwrap();
    let chain = async |kind| unverified::chain(destinations.get(kind)).await;
    let healthy = chain(DestinationKind::Healthy).await;
    let incomplete = chain(DestinationKind::IncompleteChain).await;
    let own = chain(DestinationKind::SelfSigned).await;
    let foreign = chain(DestinationKind::UnknownCa).await;
    assert_eq!(
        [&healthy, &incomplete, &own, &foreign].map(Vec::len),
        [2, 1, 1, 2]
    );
    assert_ne!(healthy[1], foreign[1]);

    let verifier =
        WebPkiServerVerifier::builder_with_provider(roots(&destinations), provider()).build();
    let verifier = verifier.unwrap();
    let verify = |kind, chain: &[CertificateDer<'_>], more: &[CertificateDer<'_>]| {
        let name = name(destinations.get(kind));
        verifier.verify_server_cert(&chain[0], more, &name, &[], UnixTime::now())
    };
    // With the intermediate of another destination it is complete.
    assert!(verify(DestinationKind::IncompleteChain, &incomplete, &healthy[1..]).is_ok());
    assert!(verify(DestinationKind::IncompleteChain, &incomplete, &foreign[1..]).is_err());
    assert!(verify(DestinationKind::UnknownCa, &foreign, &healthy[1..]).is_err());
    // A client that trusts the certificate itself takes the one that signs itself.
    let mut trusting = RootCertStore::empty();
    trusting.add(own[0].clone()).unwrap();
    let trusting =
        WebPkiServerVerifier::builder_with_provider(Arc::new(trusting), provider()).build();
    let name = name(destinations.get(DestinationKind::SelfSigned));
    let verdict = trusting
        .unwrap()
        .verify_server_cert(&own[0], &[], &name, &[], UnixTime::now());
    assert!(verdict.is_ok(), "{verdict:?}");
}

#[tokio::test]
async fn both_versions_of_tls_are_spoken_and_the_authority_is_given_in_both_forms() {
    let destinations = Destinations::start().await.unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stream = connect_in(&destinations, DestinationKind::Healthy, &[version]).await;
        let (_, session) = stream.as_ref().unwrap().get_ref();
        assert_eq!(session.protocol_version(), Some(version.version));
    }
    let pem = CertificateDer::from_pem_slice(destinations.ca_certificate_pem().as_bytes());
    assert_eq!(pem.unwrap().as_ref(), destinations.ca_certificate());
}

#[tokio::test]
async fn tls_1_1_is_one_server_hello_for_a_client_hello_and_silence_for_anything_else() {
    let destinations = Destinations::start().await.unwrap();
    let destination = destinations.get(DestinationKind::Tls11);
    let talk = async |bytes: &[u8]| {
        let mut stream = TcpStream::connect(destination.address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        // A server that does not read what it was sent may reset the connection.
        let _ = tokio::time::timeout(WAIT, read).await.unwrap();
        answer
    };
    // As much of a ClientHello as the server looks at.
    let answer = talk(&[22, 3, 1, 0, 4, 1, 0, 0, 0]).await;
    assert_eq!(answer[..3], [22, 3, 2]);
    assert_eq!((answer[5], &answer[9..11]), (2, &[3, 2][..]));
    assert_eq!(answer.len(), 47);
    for other in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[22, 3, 1, 0, 1, 2],
        &[22, 3, 1, 0, 0],
        &[22, 3, 1, 0xff, 0xff, 1],
        &[22, 3],
        &[],
    ] {
        assert!(talk(other).await.is_empty(), "{other:?}");
    }
    assert_eq!(
        (
            destination.connections(),
            destination.handshakes(),
            destination.requests()
        ),
        (7, 0, 0)
    );
}

#[tokio::test]
async fn answers_are_as_the_name_says_and_each_request_counts() {
    let destinations = Destinations::start().await.unwrap();
    let healthy = get(&destinations, DestinationKind::Healthy).await;
    assert!(healthy.starts_with("HTTP/1.1 200 OK\r\n"), "{healthy}");
    assert!(healthy.ends_with(r#"{"status":"up"}"#), "{healthy}");

    let unavailable = get(&destinations, DestinationKind::Unavailable).await;
    assert!(unavailable.starts_with("HTTP/1.1 503"), "{unavailable}");
    assert!(unavailable.contains("retry-after: 30\r\n"), "{unavailable}");

    let redirecting = destinations.get(DestinationKind::Redirecting);
    let home = destinations.get(DestinationKind::Healthy).url();
    let moved = get(&destinations, DestinationKind::Redirecting).await;
    assert!(moved.starts_with("HTTP/1.1 302"), "{moved}");
    assert!(moved.contains(&format!("location: {home}\r\n")), "{moved}");
    redirecting
        .set_location("http://169.254.169.254/latest/")
        .unwrap();
    let moved = get(&destinations, DestinationKind::Redirecting).await;
    assert!(moved.contains("location: http://169.254.169.254/latest/\r\n"));
    let refused = redirecting.set_location("a\r\nb").unwrap_err();
    assert_eq!(refused.kind(), SandboxErrorKind::Script);

    assert_eq!(
        (
            redirecting.connections(),
            redirecting.handshakes(),
            redirecting.requests()
        ),
        (2, 2, 2)
    );
    assert_eq!(destinations.get(DestinationKind::Flapping).requests(), 0);
}

#[tokio::test]
async fn a_script_of_statuses_is_answered_in_turn_and_from_the_start_again() {
    let destinations = Destinations::start().await.unwrap();
    let kind = DestinationKind::Flapping;
    let statuses = async |count: usize| {
        let mut seen = Vec::new();
        for _ in 0..count {
            let answer = get(&destinations, kind).await;
            seen.push(answer[9..12].parse::<u16>().unwrap());
        }
        seen
    };
    assert_eq!(statuses(3).await, [200, 503, 200]);
    let flapping = destinations.get(kind);
    flapping.set_statuses([500, 500, 204]).unwrap();
    assert_eq!(statuses(4).await, [500, 500, 204, 500]);
    for bad in [&[][..], &[200, 199], &[600]] {
        let refused = flapping.set_statuses(bad.iter().copied()).unwrap_err();
        assert_eq!(refused.kind(), SandboxErrorKind::Script);
    }
    // A refused script leaves the old one in force.
    assert_eq!(statuses(2).await, [500, 204]);
}

#[tokio::test]
async fn a_slow_destination_takes_the_request_and_lets_its_answer_wait() {
    let destinations = Destinations::start().await.unwrap();
    let slow = destinations.get(DestinationKind::Slow);
    slow.set_delay(Duration::from_secs(86_400));
    let mut stream = connect(&destinations, DestinationKind::Slow).await.unwrap();
    ask(&mut stream).await;
    let mut byte = [0];
    let read = tokio::time::timeout(Duration::from_millis(50), stream.read(&mut byte)).await;
    assert!(read.is_err());
    slow.set_delay(Duration::from_millis(1));
    let answer = get(&destinations, DestinationKind::Slow).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(slow.requests(), 2);
}

#[tokio::test]
async fn names_resolve_to_where_they_listen_and_nothing_listens_after_the_end() {
    let destinations = Destinations::start().await.unwrap();
    let resolve = destinations.resolver();
    let addresses = destinations.addresses();
    assert_eq!(addresses.len(), DestinationKind::ALL.len());
    for destination in destinations.iter() {
        let address = destination.address();
        assert!(address.ip().is_loopback());
        assert_eq!(addresses[destination.host()], address);
        assert_eq!(resolve(destination.host()), Some(address.ip()));
        assert_eq!(
            destination.url(),
            format!("https://{}:{}/", destination.host(), address.port())
        );
    }
    assert_eq!(
        resolve("WRONG-NAME.sandbox.test."),
        resolve("wrong-name.sandbox.test")
    );
    for unknown in [
        "other.sandbox.test",
        "sandbox.test",
        "",
        "healthy.sandbox.test..",
    ] {
        assert_eq!(resolve(unknown), None, "{unknown}");
    }
    drop(destinations);
    for address in addresses.values() {
        let closed = async { while TcpStream::connect(address).await.is_ok() {} };
        tokio::time::timeout(WAIT, closed).await.unwrap();
    }
}
