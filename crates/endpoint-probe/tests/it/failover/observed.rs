use std::sync::Arc;

use endpoint_probe::test_util::ScriptedResolver;
use endpoint_probe::{
    EgressPolicy, EndpointFacts, FailoverPolicy, Guard, HealthState, Independence, Probe,
    ProbeReport, ReadinessFinding, SharedFate, TcpConnector,
};
use rcgen::KeyPair;

use crate::pki::{Authority, calendar, keep, names, present, today};

/// Probes `host` on loopback, where a server presents this chain and says nothing more.
async fn probe(root: &Authority, host: &str, der: &[u8], key: &[u8]) -> ProbeReport {
    let address = present(&[der], key).await;
    let resolver = ScriptedResolver::new().with_answer(host, [address.ip()]);
    let policy = EgressPolicy::new()
        .allow_loopback()
        .allow_port(address.port());
    let guard =
        Guard::new(policy, Arc::new(resolver), Arc::new(TcpConnector)).with_clock(calendar());
    Probe::new(guard, root.roots())
        .probe(&format!("https://{host}:{}/in?key=secret", address.port()))
        .await
}

#[tokio::test]
async fn a_probe_tells_the_facts() {
    let root = Authority::root("Root", keep);
    let leaf = root.leaf(|params| names(params, &["a.example.com", "b.example.com"]));
    let mut found = Vec::new();
    for host in ["a.example.com", "b.example.com"] {
        found.push(EndpointFacts::from(
            &probe(&root, host, &leaf.der, &leaf.key).await,
        ));
    }
    let [primary, standby] = &found[..] else {
        panic!("two");
    };
    assert_eq!(primary.host, "a.example.com");
    assert!(primary.name().starts_with("https://a.example.com:"));
    assert!(!primary.name().contains("secret"));
    let tls = primary.tls.as_ref().unwrap();
    assert_eq!((tls.problem.as_deref(), tls.certificates.len()), (None, 1));
    assert!(tls.not_after.is_some());
    // It closes instead of answering.
    assert_eq!(primary.health, Some(HealthState::Down));

    let readiness = FailoverPolicy::new().assess(primary, standby, today());
    let Independence::Shared(fates) = &readiness.independence else {
        panic!("{readiness:?}");
    };
    let loopback = SharedFate::Address("127.0.0.1".parse().unwrap());
    let certificate = SharedFate::Certificate(tls.certificates[0].fingerprint.clone());
    assert_eq!(fates, &[loopback, certificate]);
}

#[tokio::test]
async fn a_new_certificate_over_the_old_key_is_recognised() {
    let root = Authority::root("Root", keep);
    let key = KeyPair::generate().unwrap();
    let mut found = Vec::new();
    for host in ["a.example.com", "b.example.com"] {
        let params = rcgen::CertificateParams::new([host.to_owned()]).unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        found.push(EndpointFacts::from(
            &probe(&root, host, &der, &key.serialize_der()).await,
        ));
    }
    let readiness = FailoverPolicy::new().assess(&found[0], &found[1], today());
    let Independence::Shared(fates) = &readiness.independence else {
        panic!("{readiness:?}");
    };
    assert!(
        fates.iter().any(|fate| matches!(fate, SharedFate::Key(_))),
        "{fates:?}"
    );
    let problem = "selfSigned".to_owned();
    let finding = ReadinessFinding::TlsProblem { problem };
    assert!(readiness.blocking().any(|reason| reason.finding == finding));
}

#[tokio::test]
async fn a_name_without_addresses_has_none_and_a_refused_one_was_not_looked_up() {
    let root = Authority::root("Root", keep);
    let guard = |policy| {
        let resolver = ScriptedResolver::new();
        Guard::new(policy, Arc::new(resolver), Arc::new(TcpConnector)).with_clock(calendar())
    };
    let probe = Probe::new(guard(EgressPolicy::new()), root.roots());
    let gone = EndpointFacts::from(&probe.probe("https://gone.example.com/").await);
    assert_eq!(gone.addresses, Some(Vec::new()));
    let refused = EndpointFacts::from(&probe.probe("https://localhost/").await);
    assert_eq!(refused.addresses, None);
    assert_eq!(refused.health, Some(HealthState::Down));
}
