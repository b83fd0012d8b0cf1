//! Every verdict of an inspection, against servers on loopback.

use std::time::Duration;

use endpoint_probe::{ExpiryLevel, Roots, TlsInspector, TlsReport, TlsVerdict};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, KeyUsagePurpose, NameConstraints, PublicKeyData, SignatureAlgorithm, date_time_ymd,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::pki::{
    Authority, Leaf, NAME, acceptor, inspect, keep, names, present, say, self_signed, today,
};

async fn report(roots: Roots, chain: &[&[u8]], key: &[u8], host: &str) -> TlsReport {
    let address = present(chain, key).await;
    let inspection = inspect(&TlsInspector::new(roots), address, host).await;
    let report = inspection.report;
    assert_eq!(
        inspection.stream.is_some(),
        report.verdict == TlsVerdict::Valid,
        "a connection is handed back exactly when it is valid: {report:?}"
    );
    report
}

fn verdicts(report: &TlsReport) -> Vec<TlsVerdict> {
    let mut found: Vec<_> = report.findings.iter().map(|one| one.verdict).collect();
    found.dedup();
    found
}

#[tokio::test]
async fn a_valid_chain_is_told_in_full() {
    // errata EVR-20
    let root = Authority::root("Root", keep);
    let middle = root.below("Middle", |params| {
        params.not_after = date_time_ymd(2030, 6, 25)
    });
    let leaf = middle.leaf(|params| names(params, &[NAME, "*.example.org", "192.0.2.7"]));
    let report = report(root.roots(), &[&leaf.der, &middle.der], &leaf.key, NAME).await;
    assert_eq!(report.verdict, TlsVerdict::Valid, "{:?}", report.findings);
    assert_eq!(
        (report.trusted, report.name_matches),
        (Some(true), Some(true))
    );
    assert_eq!(report.version.as_deref(), Some("TLSv1.3"));
    assert!(report.cipher.as_deref().unwrap().starts_with("TLS13_"));
    assert_eq!(report.alpn.as_deref(), Some("http/1.1"));
    assert!(!report.ocsp_staple && report.clock_hint.is_none());
    assert_eq!(report.chain_length, 2);
    assert_eq!(report.chain_bytes, leaf.der.len() + middle.der.len());
    let own = &report.certificates[0];
    assert_eq!(own.names, [NAME, "*.example.org", "192.0.2.7"]);
    assert_eq!(
        (own.key.as_str(), own.signature.as_str()),
        ("EC 256", "ecdsa-with-SHA256")
    );
    assert_eq!((own.issuer.as_str(), own.authority), ("CN=Middle", false));
    assert_eq!((own.days_left, own.expiry), (199, ExpiryLevel::Distant));
    // The end of the whole chain is that of the intermediate certificate.
    assert_eq!(report.days_left(), Some(9));
    assert_eq!(report.expiry, Some(ExpiryLevel::Warning));
    assert_eq!(
        report.earliest_not_after,
        Some(report.certificates[1].not_after)
    );
    assert_eq!(report.anchor.as_ref().unwrap().subject, "CN=Root");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["earliestNotAfter"], "2030-06-25T00:00:00Z");
    assert_eq!(json["certificates"][0]["notBefore"], "2030-01-01T00:00:00Z");
    assert!(json["elapsedMs"].is_u64());
}

#[tokio::test]
async fn dates_are_told_apart_on_every_level_of_the_chain() {
    // errata EVR-20
    let early = |params: &mut CertificateParams| params.not_before = date_time_ymd(2030, 6, 16);
    let late = |params: &mut CertificateParams| params.not_after = date_time_ymd(2030, 6, 15);
    let root = Authority::root("Root", keep);
    let middle = root.below("Middle", keep);
    for (leaf, verdict) in [
        (middle.leaf(late), TlsVerdict::Expired),
        (middle.leaf(early), TlsVerdict::NotYetValid),
    ] {
        let report = report(root.roots(), &[&leaf.der, &middle.der], &leaf.key, NAME).await;
        assert_eq!(verdicts(&report), [verdict]);
        assert_eq!(report.findings[0].certificate, Some(0));
        assert_eq!(
            (report.trusted, report.name_matches),
            (Some(false), Some(true))
        );
        let hinted = report.clock_hint.is_some();
        assert_eq!(hinted, verdict == TlsVerdict::NotYetValid, "{report:?}");
    }
    for (middle, verdict) in [
        (root.below("Middle", late), TlsVerdict::Expired),
        (root.below("Middle", early), TlsVerdict::NotYetValid),
    ] {
        let leaf = middle.leaf(keep);
        let report = report(root.roots(), &[&leaf.der, &middle.der], &leaf.key, NAME).await;
        assert_eq!(verdicts(&report), [verdict]);
        assert_eq!(report.findings[0].certificate, Some(1));
    }
    // A root is a name and a key: its dates are told and decide nothing.
    let old = Authority::root("Old", late);
    let leaf = old.leaf(keep);
    let report = report(old.roots(), &[&leaf.der], &leaf.key, NAME).await;
    assert_eq!(report.verdict, TlsVerdict::Valid);
    assert_eq!(report.anchor.unwrap().expiry, ExpiryLevel::Expired);
}

#[tokio::test]
async fn unknown_self_signed_and_incomplete_are_told_apart() {
    // errata EVR-20
    let root = Authority::root("Root", keep);
    let middle = root.below("Middle", keep);
    let leaf = middle.leaf(keep);
    let stranger = Authority::root("Stranger", keep);
    let between = stranger.below("Between", keep);
    let foreign = between.leaf(keep);
    let direct = stranger.leaf(keep);
    let own = self_signed(keep);
    let unrelated = root.below("Unrelated", keep);
    let cases: [(&[&[u8]], &Leaf, TlsVerdict); 6] = [
        (&[&own.der], &own, TlsVerdict::SelfSigned),
        (&[&leaf.der], &leaf, TlsVerdict::IncompleteChain),
        (
            &[&leaf.der, &unrelated.der],
            &leaf,
            TlsVerdict::IncompleteChain,
        ),
        (
            &[&foreign.der, &between.der],
            &foreign,
            TlsVerdict::UnknownAuthority,
        ),
        (
            &[&foreign.der, &between.der, &stranger.der],
            &foreign,
            TlsVerdict::UnknownAuthority,
        ),
        (
            &[&direct.der, &stranger.der],
            &direct,
            TlsVerdict::UnknownAuthority,
        ),
    ];
    for (chain, leaf, verdict) in cases {
        let report = report(root.roots(), chain, &leaf.key, NAME).await;
        assert_eq!(verdicts(&report), [verdict]);
        assert_eq!(
            (report.trusted, report.name_matches),
            (Some(false), Some(true))
        );
    }
    // Wrong order and a root that is sent along hurt nobody.
    let chain: [&[u8]; 3] = [&leaf.der, &root.der, &middle.der];
    let report = report(root.roots(), &chain, &leaf.key, NAME).await;
    assert_eq!(report.verdict, TlsVerdict::Valid);
    let in_path: Vec<_> = report.certificates.iter().map(|one| one.in_path).collect();
    assert_eq!(in_path, [true, false, true]);
}

#[tokio::test]
async fn names_match_by_subject_alternative_name_alone() {
    let root = Authority::root("Root", keep);
    let cases: [(&[&str], &str, bool); 12] = [
        (&["hooks.example.com"], "hooks.example.com", true),
        (&["HOOKS.example.com"], "hooks.example.com", true),
        (&["*.example.com"], "hooks.example.com", true),
        (&["*.example.com"], "a.hooks.example.com", false),
        (&["*.example.com"], "example.com", false),
        (&["h*.example.com"], "hooks.example.com", false),
        (
            &["other.example.com", "hooks.example.com"],
            "hooks.example.com",
            true,
        ),
        (&["other.example.com"], "hooks.example.com", false),
        // The common name is hooks.example.com.
        (&[], "hooks.example.com", false),
        (&["127.0.0.1"], "127.0.0.1", true),
        (&["127.0.0.2"], "127.0.0.1", false),
        (&["::1"], "[::1]", true),
    ];
    for (named, host, matches) in cases {
        let leaf = root.leaf(|params| names(params, named));
        let report = report(root.roots(), &[&leaf.der], &leaf.key, host).await;
        assert_eq!(report.name_matches, Some(matches), "{named:?} for {host}");
        assert_eq!(report.trusted, Some(true), "{named:?} for {host}");
        let expected: &[TlsVerdict] = if matches {
            &[]
        } else {
            &[TlsVerdict::WrongName]
        };
        assert_eq!(verdicts(&report), expected, "{named:?} for {host}");
    }
}

#[tokio::test]
async fn authorities_keep_to_their_rights() {
    let root = Authority::root("Root", keep);
    let unconstrained = |params: &mut CertificateParams| params.is_ca = IsCa::ExplicitNoCa;
    let not_for_signing =
        |params: &mut CertificateParams| params.key_usages = vec![KeyUsagePurpose::CrlSign];
    let for_clients = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let elsewhere = |params: &mut CertificateParams| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("example.org".to_owned())],
            excluded_subtrees: Vec::new(),
        });
    };
    let strange = |params: &mut CertificateParams| {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    };
    for (middle, verdict) in [
        (
            root.below("Middle", unconstrained),
            TlsVerdict::NotAnAuthority,
        ),
        (
            root.below("Middle", not_for_signing),
            TlsVerdict::NotAnAuthority,
        ),
        (root.below("Middle", for_clients), TlsVerdict::WrongPurpose),
        (root.below("Middle", elsewhere), TlsVerdict::NameConstraint),
        (root.below("Middle", strange), TlsVerdict::CriticalExtension),
    ] {
        let leaf = middle.leaf(keep);
        let report = report(root.roots(), &[&leaf.der, &middle.der], &leaf.key, NAME).await;
        assert_eq!(verdicts(&report), [verdict], "{:?}", report.findings);
    }
    let narrow = root.below("Narrow", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    });
    let middle = narrow.below("Middle", keep);
    let leaf = middle.leaf(keep);
    let chain: [&[u8]; 3] = [&leaf.der, &middle.der, &narrow.der];
    let long = report(root.roots(), &chain, &leaf.key, NAME).await;
    assert_eq!(verdicts(&long), [TlsVerdict::PathTooLong]);

    let encrypts = |params: &mut CertificateParams| {
        params.key_usages = vec![KeyUsagePurpose::DataEncipherment];
    };
    let authority =
        |params: &mut CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    for (leaf, verdict) in [
        (root.leaf(for_clients), TlsVerdict::WrongPurpose),
        (root.leaf(encrypts), TlsVerdict::WrongPurpose),
        (root.leaf(strange), TlsVerdict::CriticalExtension),
        (root.leaf(authority), TlsVerdict::AuthorityAsLeaf),
    ] {
        let report = report(root.roots(), &[&leaf.der], &leaf.key, NAME).await;
        assert_eq!(verdicts(&report), [verdict], "{:?}", report.findings);
    }
}

/// An RSA key of 1024 bits; nobody has the other half.
struct Short(Vec<u8>);

impl PublicKeyData for Short {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

#[tokio::test]
async fn short_keys_old_hashes_and_wrong_signatures_are_told_apart() {
    let root = Authority::root("Root", keep);
    let leaf = root.leaf(keep);

    let mut forged = leaf.der.clone();
    *forged.last_mut().unwrap() ^= 1;
    let report_of = report(root.roots(), &[&forged], &leaf.key, NAME).await;
    assert_eq!(verdicts(&report_of), [TlsVerdict::BadSignature]);

    // The same name and another key: not the authority that it says.
    let impostor = Authority::root("Root", |params| {
        params.use_authority_key_identifier_extension = false;
    });
    let foreign = impostor.leaf(|params| params.use_authority_key_identifier_extension = false);
    let report_of = report(root.roots(), &[&foreign.der], &foreign.key, NAME).await;
    assert_eq!(verdicts(&report_of), [TlsVerdict::BadSignature]);

    // ecdsa-with-SHA256 becomes ecdsa-with-SHA224, which nobody here can check.
    let old = leaf.der.clone();
    let from = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let to = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x01];
    let unknown = replace(&old, &from, &to);
    let report_of = report(root.roots(), &[&unknown], &leaf.key, NAME).await;
    assert_eq!(
        verdicts(&report_of),
        [TlsVerdict::Other],
        "{:?}",
        report_of.findings
    );

    let mut key = vec![0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00];
    key.extend([0xc1; 128]);
    key.extend([0x02, 0x03, 0x01, 0x00, 0x01]);
    let short = root.certify("Short", &Short(key));
    let below = Authority::root("Short", keep).leaf(|params| {
        params.use_authority_key_identifier_extension = false;
    });
    let report_of = report(root.roots(), &[&below.der, &short], &below.key, NAME).await;
    assert_eq!(
        report_of.verdict,
        TlsVerdict::WeakKey,
        "{:?}",
        report_of.findings
    );
    assert_eq!(report_of.certificates[1].key, "RSA 1024");
}

/// Both places of an identifier of equal length.
fn replace(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut der = der.to_vec();
    let places: Vec<_> = (0..der.len() - from.len())
        .filter(|place| der[*place..].starts_with(from))
        .collect();
    assert_eq!(
        places.len(),
        2,
        "in the certificate and beside its signature"
    );
    for place in places {
        der[place..place + to.len()].copy_from_slice(to);
    }
    der
}

#[tokio::test]
async fn no_fault_hides_another() {
    // errata EVR-20
    let root = Authority::root("Root", keep);
    let middle = root.below("Middle", |params| {
        params.not_after = date_time_ymd(2030, 6, 1);
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("example.org".to_owned())],
            excluded_subtrees: Vec::new(),
        });
    });
    let leaf = middle.leaf(|params| {
        names(params, &["other.example.net"]);
        params.not_after = date_time_ymd(2030, 5, 1);
        params.key_usages = vec![KeyUsagePurpose::DataEncipherment];
    });
    let report = report(root.roots(), &[&leaf.der, &middle.der], &leaf.key, NAME).await;
    let expected = [
        TlsVerdict::NameConstraint,
        TlsVerdict::WrongPurpose,
        TlsVerdict::WrongName,
        TlsVerdict::Expired,
    ];
    assert_eq!(verdicts(&report), expected, "{:?}", report.findings);
    let expired: Vec<_> = report
        .findings
        .iter()
        .filter(|one| one.verdict == TlsVerdict::Expired)
        .map(|one| one.certificate)
        .collect();
    assert_eq!(expired, [Some(0), Some(1)]);
}

#[tokio::test]
async fn a_certificate_bomb_is_bounded_in_number_and_in_bytes() {
    let root = Authority::root("Root", keep);
    let leaf = root.leaf(keep);
    let many: Vec<&[u8]> = std::iter::once(leaf.der.as_slice())
        .chain(std::iter::repeat_n(root.der.as_slice(), 60))
        .collect();
    let report_of = report(root.roots(), &many, &leaf.key, NAME).await;
    assert_eq!(verdicts(&report_of), [TlsVerdict::ChainTooLarge]);
    assert_eq!(
        (report_of.chain_length, report_of.certificates.len()),
        (61, 0)
    );

    let fat = |size: usize| {
        root.leaf(|params| {
            let extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![0; size]);
            params.custom_extensions.push(extension);
        })
    };
    let bomb = fat(60_000);
    let report_of = report(root.roots(), &[&bomb.der, &bomb.der], &bomb.key, NAME).await;
    assert_eq!(verdicts(&report_of), [TlsVerdict::ChainTooLarge]);

    let large = fat(9_000);
    let address = present(&[&large.der], &large.key).await;
    let inspector = TlsInspector::new(root.roots()).with_max_chain_bytes(8_000);
    let report_of = inspect(&inspector, address, NAME).await.report;
    assert_eq!(report_of.verdict, TlsVerdict::ChainTooLarge);
}

/// A hello of TLS 1.1 as a server of that age sends it.
fn hello_of_tls_1_1() -> Vec<u8> {
    let mut hello = vec![22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    hello.extend([9; 32]);
    hello.extend([0, 0xc0, 0x14, 0]);
    hello
}

#[tokio::test]
async fn what_is_no_tls_or_too_old_is_told() {
    let root = Authority::root("Root", keep);
    let inspector = TlsInspector::new(root.roots());
    let alert = |description: u8| vec![21, 3, 1, 0, 2, 2, description];
    for (bytes, verdict) in [
        (hello_of_tls_1_1(), TlsVerdict::ProtocolTooOld),
        (alert(70), TlsVerdict::ProtocolTooOld),
        (alert(40), TlsVerdict::Refused),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            TlsVerdict::NoTls,
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), TlsVerdict::NoTls),
    ] {
        let address = say(Some(bytes)).await;
        let inspection = inspect(&inspector, address, NAME).await;
        let report = inspection.report;
        assert_eq!(verdicts(&report), [verdict], "{:?}", report.findings);
        assert_eq!((report.trusted, report.name_matches), (None, None));
        assert!(inspection.stream.is_none());
        if report.version.is_some() {
            assert_eq!(report.version.as_deref(), Some("TLSv1.1"));
        }
    }
}

#[tokio::test]
async fn a_silent_server_costs_the_limit_and_no_more() {
    // errata EVR-18
    let root = Authority::root("Root", keep);
    let inspector = TlsInspector::new(root.roots()).with_timeout(Duration::from_millis(50));
    // Nothing at all; and a hello that never goes on.
    let mut begun = vec![22, 3, 3, 0, 200];
    begun.extend([2, 0, 0, 196]);
    for (bytes, detail) in [(None, "said nothing"), (Some(begun), "did not end")] {
        let report = inspect(&inspector, say(bytes).await, NAME).await.report;
        assert_eq!(report.verdict, TlsVerdict::TimedOut);
        assert!(report.findings[0].detail.contains(detail), "{report:?}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_and_bytes_without_end_are_told() {
    let root = Authority::root("Root", keep);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut heard = [0; 4096];
        let _ = socket.read(&mut heard).await;
        drop(socket);
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut heard).await;
        // A certificate message that is announced as the largest and goes on in fragments.
        let fragment = [&[22, 3, 3, 0x40, 0][..], &[0; 0x4000]].concat();
        while socket.write_all(&fragment).await.is_ok() {}
    });
    let inspector = TlsInspector::new(root.roots());
    let closed = inspect(&inspector, address, NAME).await.report;
    assert_eq!(closed.verdict, TlsVerdict::Closed, "{closed:?}");
    let endless = inspect(&inspector, address, NAME).await.report;
    assert!(!endless.verdict.is_valid(), "{endless:?}");
}

#[tokio::test]
async fn the_server_must_hold_the_key_of_its_certificate() {
    let root = Authority::root("Root", keep);
    let (leaf, other) = (root.leaf(keep), root.leaf(keep));
    let report = report(root.roots(), &[&leaf.der], &other.key, NAME).await;
    assert_eq!(verdicts(&report), [TlsVerdict::BadSignature]);
    // The chain itself is in order, and that is told.
    assert_eq!(
        (report.trusted, report.name_matches),
        (Some(true), Some(true))
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_malformed() {
    let root = Authority::root("Root", keep);
    let leaf = root.leaf(keep);
    let junk: &[u8] = &[0x30, 0x03, 0x02, 0x01, 0x01];
    let own = report(root.roots(), &[junk], &leaf.key, NAME).await;
    assert_eq!(own.verdict, TlsVerdict::Malformed);
    let beside = report(root.roots(), &[&leaf.der, junk], &leaf.key, NAME).await;
    assert_eq!(verdicts(&beside), [TlsVerdict::Malformed]);
    assert_eq!(beside.findings[0].certificate, Some(1));
}

#[tokio::test]
async fn a_peer_cannot_write_on_the_terminal_of_the_reader() {
    let root = Authority::root("Root", keep);
    let leaf = root.leaf(|params| {
        params
            .distinguished_name
            .push(rcgen::DnType::OrganizationName, "a\x1b[2Jb\u{202e}c");
    });
    let report = report(root.roots(), &[&leaf.der], &leaf.key, NAME).await;
    let subject = &report.certificates[0].subject;
    assert!(!subject.contains(['\x1b', '\u{202e}']), "{subject:?}");
}

#[tokio::test]
async fn a_valid_connection_can_be_used() {
    let root = Authority::root("Root", keep);
    let leaf = root.leaf(keep);
    let acceptor = acceptor(&[&leaf.der], &leaf.key);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(socket).await.unwrap();
        // More than the handshake may have: its limit ends with it.
        stream.write_all(&vec![7; 400_000]).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let inspection = inspect(&TlsInspector::new(root.roots()), address, NAME).await;
    let mut stream = inspection.stream.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), address);
    let mut read = Vec::new();
    stream.read_to_end(&mut read).await.unwrap();
    assert_eq!(read.len(), 400_000);
    assert!(inspection.report.certificates[0].not_before < today());
}
