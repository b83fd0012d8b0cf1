//! From a name to a connection, against scripted names and connections in virtual time.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use endpoint_probe::test_util::{Dialled, ScriptedConnector, ScriptedResolver};
use endpoint_probe::{
    AddressClass, Blocked, EgressPolicy, ErrorKind, Guard, Resolution, ResolveError, Resolver,
    classify,
};
use proptest::prelude::*;

const NAME: &str = "hooks.example.com";
const URL: &str = "https://hooks.example.com/in?key=hush";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

struct Fixture {
    names: Arc<ScriptedResolver>,
    wire: Arc<ScriptedConnector>,
    guard: Guard,
}

fn fixture(policy: EgressPolicy, names: ScriptedResolver, wire: ScriptedConnector) -> Fixture {
    let (names, wire) = (Arc::new(names), Arc::new(wire));
    let guard = Guard::new(policy, Arc::clone(&names) as _, Arc::clone(&wire) as _);
    Fixture { names, wire, guard }
}

fn answering(addresses: &[&str]) -> Fixture {
    let names = ScriptedResolver::new().with_answer(NAME, addresses.iter().map(|text| ip(text)));
    fixture(EgressPolicy::new(), names, ScriptedConnector::accepting())
}

impl Fixture {
    /// What a caller does: check, then connect to each checked address.
    async fn reach(&self) -> endpoint_probe::Result<()> {
        let destination = self.guard.check(&URL.parse().unwrap()).await?;
        for address in destination.addresses() {
            self.guard.connect(address).await?;
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn the_checked_addresses_are_the_dialled_ones_and_looked_up_once() {
    // errata ALL-27, EVR-17, EVR-19
    let fixture = answering(&["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]);
    fixture.reach().await.unwrap();
    let dialled = fixture.wire.dialled();
    assert_eq!(dialled[0], "93.184.216.34:443".parse().unwrap());
    assert_eq!(
        dialled[1],
        "[2606:2800:220:1:248:1893:25c8:1946]:443".parse().unwrap()
    );
    assert_eq!(dialled.len(), 2);
    assert_eq!(fixture.names.lookups(NAME), 1);
}

#[tokio::test(start_paused = true)]
async fn one_bad_answer_blocks_the_name() {
    // errata ALL-27, EVR-09
    for (bad, class) in [
        ("127.0.0.1", AddressClass::Loopback),
        ("10.0.0.1", AddressClass::Private),
        ("169.254.169.254", AddressClass::Metadata),
        ("::ffff:192.168.0.1", AddressClass::Private),
        ("fd00::1", AddressClass::UniqueLocal),
    ] {
        for answers in [[bad, "93.184.216.34"], ["93.184.216.34", bad]] {
            let fixture = answering(&answers);
            let error = fixture.reach().await.unwrap_err();
            assert_eq!(
                error.blocked(),
                Some(Blocked::Address(class)),
                "{answers:?}"
            );
            assert_eq!(error.address(), Some(ip(bad)));
            assert!(error.is_blocked() && !error.is_transient() && !error.may_have_been_sent());
            assert!(fixture.wire.dialled().is_empty(), "{answers:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rebinding_name_never_reaches_a_blocked_address() {
    // errata ALL-27, EVR-09, EVR-17
    const TRIES: usize = 10_000;
    let names = ScriptedResolver::new();
    let blocked = [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "::1",
        "::ffff:10.0.0.1",
        "fe80::1",
    ];
    let mut allowed = 0;
    for index in 0..TRIES {
        // A public address whenever somebody looks, a blocked one the next time; now and then both.
        let public = IpAddr::V4(Ipv4Addr::from(0x0808_0000 + index as u32));
        let private = ip(blocked[index / 2 % blocked.len()]);
        names.push(
            NAME,
            Ok(match index % 4 {
                1 => Resolution::new([private]),
                3 if index % 3 == 0 => Resolution::new([public, private]),
                _ => {
                    allowed += 1;
                    Resolution::new([public])
                }
            }),
        );
    }
    let fixture = fixture(EgressPolicy::new(), names, ScriptedConnector::accepting());
    let mut reached = 0;
    for index in 0..TRIES {
        let before = fixture.wire.dialled_count();
        match fixture.reach().await {
            Ok(()) => {
                reached += 1;
                assert_eq!(fixture.wire.dialled_count(), before + 1);
            }
            Err(error) => {
                assert!(error.is_blocked());
                assert_eq!(fixture.wire.dialled_count(), before);
            }
        }
        assert_eq!(
            fixture.names.lookups(NAME),
            index + 1,
            "one look-up a connection"
        );
    }
    assert_eq!((reached, allowed), (fixture.wire.dialled().len(), reached));
    let bad = |address: &std::net::SocketAddr| !classify(address.ip()).is_global();
    assert_eq!(
        fixture
            .wire
            .dialled()
            .iter()
            .filter(|address| bad(address))
            .count(),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_host_with_a_thousand_addresses_is_refused_before_it_is_judged() {
    let many = |count: u32| {
        let names = ScriptedResolver::new().with_answer(
            NAME,
            (0..count).map(|n| Ipv4Addr::from(0x0808_0000 + n).into()),
        );
        fixture(EgressPolicy::new(), names, ScriptedConnector::accepting())
    };
    let error = many(1000).reach().await.unwrap_err();
    assert_eq!(error.blocked(), Some(Blocked::TooManyAddresses));
    assert_eq!(
        many(65).reach().await.unwrap_err().blocked(),
        error.blocked()
    );
    assert!(many(64).reach().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn another_peer_than_the_dialled_one_is_refused() {
    // errata ALL-27
    let public = ip("93.184.216.34");
    let names = || ScriptedResolver::new().with_answer(NAME, [public]);
    for (peer, same) in [
        ("93.184.216.34:443", true),
        ("[::ffff:93.184.216.34]:443", true),
        ("93.184.216.35:443", false),
        ("93.184.216.34:444", false),
        ("127.0.0.1:443", false),
    ] {
        let wire = ScriptedConnector::accepting().with_peer(peer.parse().unwrap());
        let result = fixture(EgressPolicy::new(), names(), wire).reach().await;
        let blocked = result.err().and_then(|error| error.blocked());
        assert_eq!(blocked, (!same).then_some(Blocked::Peer), "{peer}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_another_guard_checked_is_judged_again() {
    let lax = EgressPolicy::new().allow_loopback();
    let names = ScriptedResolver::new().with_answer(NAME, [ip("127.0.0.1")]);
    let lax = fixture(lax, names, ScriptedConnector::accepting());
    let destination = lax.guard.check(&URL.parse().unwrap()).await.unwrap();
    let strict = answering(&[]);
    let error = strict
        .guard
        .connect(&destination.addresses()[0])
        .await
        .err()
        .unwrap();
    assert_eq!(
        error.blocked(),
        Some(Blocked::Address(AddressClass::Loopback))
    );
    assert!(strict.wire.dialled().is_empty());
}

#[tokio::test(start_paused = true)]
async fn plain_http_needs_loopback_at_every_address() {
    let check = async |answers: &[&str]| {
        let policy = EgressPolicy::new()
            .allow_plain_http_to_loopback()
            .allow_port(80);
        let names = ScriptedResolver::new().with_answer(NAME, answers.iter().map(|text| ip(text)));
        let fixture = fixture(policy, names, ScriptedConnector::accepting());
        let url = "http://hooks.example.com/".parse().unwrap();
        fixture
            .guard
            .check(&url)
            .await
            .err()
            .and_then(|error| error.blocked())
    };
    assert_eq!(check(&["127.0.0.1", "::1"]).await, None);
    assert_eq!(
        check(&["127.0.0.1", "93.184.216.34"]).await,
        Some(Blocked::Scheme)
    );
    assert_eq!(check(&["93.184.216.34"]).await, Some(Blocked::Scheme));
}

#[derive(Debug)]
struct Hanging;

#[async_trait]
impl Resolver for Hanging {
    async fn resolve(&self, _host: &str) -> Result<Resolution, ResolveError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_up_ends_at_its_limit_and_fails_closed() {
    // errata EVR-16, EVR-17
    let wire = Arc::new(ScriptedConnector::accepting());
    let policy = EgressPolicy::new().with_lookup_timeout(Duration::from_secs(2));
    let guard = Guard::new(policy, Arc::new(Hanging), Arc::clone(&wire) as _);
    let started = tokio::time::Instant::now();
    let error = guard.check(&URL.parse().unwrap()).await.unwrap_err();
    assert_eq!(started.elapsed(), Duration::from_secs(2));
    assert_eq!(
        (error.kind(), error.resolve()),
        (ErrorKind::Timeout, Some(ResolveError::TimedOut))
    );
    assert!(error.is_timeout() && error.is_transient());

    for (failure, transient) in [
        (ResolveError::NotFound, false),
        (ResolveError::Failed, true),
    ] {
        let names = ScriptedResolver::new().with_failure(NAME, failure);
        let fixture = fixture(EgressPolicy::new(), names, ScriptedConnector::accepting());
        let error = fixture.reach().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.resolve()),
            (ErrorKind::Resolve, Some(failure))
        );
        assert_eq!(error.is_transient(), transient);
    }
    // A resolver of somebody else's that answers with nothing.
    assert_eq!(
        answering(&[]).reach().await.unwrap_err().resolve(),
        Some(ResolveError::NotFound)
    );
}

#[tokio::test(start_paused = true)]
async fn an_address_in_the_url_is_not_looked_up() {
    let fixture = answering(&[]);
    let destination = fixture
        .guard
        .check_text("https://[2606:4700:4700::1111]/x")
        .await
        .unwrap();
    assert_eq!(destination.addresses().len(), 1);
    assert_eq!(destination.authority(), "[2606:4700:4700::1111]");
    assert_eq!(destination.lookup(), Duration::ZERO);
    let error = fixture
        .guard
        .check_text("https://[fe80::1]/x")
        .await
        .unwrap_err();
    assert_eq!(
        error.blocked(),
        Some(Blocked::Address(AddressClass::LinkLocal))
    );
}

#[tokio::test(start_paused = true)]
async fn equal_addresses_in_two_spellings_are_dialled_once() {
    let fixture = answering(&["93.184.216.34", "::ffff:93.184.216.34"]);
    fixture.reach().await.unwrap();
    assert_eq!(fixture.wire.dialled().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_error_names_the_host_and_nothing_else_of_the_url() {
    // errata ALL-16, EVR-37
    let refused = ScriptedConnector::refusing();
    let names = ScriptedResolver::new().with_answer(NAME, [ip("93.184.216.34")]);
    let fixture = fixture(EgressPolicy::new(), names, refused);
    let error = fixture.reach().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    for text in [
        "https://user:hush@hooks.example.com/hush?hush",
        "https://10.0.0.1/hush?key=hush#hush",
        "https://missing.example.com/hush?hush",
        "https://hooks.example.com:22/hush?hush",
    ] {
        let url = text.parse().unwrap();
        let error = fixture.guard.check(&url).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hush"), "{shown}");
        assert!(
            error.to_string().contains(url.host_str().unwrap()),
            "{error}"
        );
    }
    let destination = fixture.guard.check(&URL.parse().unwrap()).await.unwrap();
    assert!(!format!("{destination:?}").contains("hush"));
}

#[tokio::test(start_paused = true)]
async fn a_text_that_a_parser_would_repair_is_refused() {
    // errata EVR-08, EVR-16
    let fixture = answering(&["93.184.216.34"]);
    let long = format!("https://hooks.example.com/{}", "x".repeat(8192));
    for text in [
        "",
        "https://",
        "hooks.example.com",
        " https://hooks.example.com/",
        "https://hooks.exa\tmple.com/",
        "https://hooks.example.com/\r\nX: 1",
        "https:\\\\hooks.example.com\\",
        "https://hooks.example.com:99999/",
        &long,
    ] {
        let error = fixture.guard.check_text(text).await.unwrap_err();
        assert_eq!(error.blocked(), Some(Blocked::Text), "{text}");
    }
    assert!(fixture.guard.check_text(URL).await.is_ok());
    assert_eq!(fixture.names.lookups(NAME), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_connector_is_no_block() {
    let wire = ScriptedConnector::accepting().with_outcome(
        ip("93.184.216.34"),
        Dialled::Refused(io::ErrorKind::HostUnreachable),
    );
    let names = ScriptedResolver::new().with_answer(NAME, [ip("93.184.216.34")]);
    let error = fixture(EgressPolicy::new(), names, wire)
        .reach()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.is_transient() && error.blocked().is_none());
    assert_eq!(error.address(), Some(ip("93.184.216.34")));
}

proptest! {
    #[test]
    fn whatever_the_text_and_the_answers_only_public_addresses_are_dialled(
        text in prop_oneof![Just(URL.to_owned()), "https://[a-z0-9.:@\\[\\]/-]{0,40}"],
        answers in proptest::collection::vec(any::<Ipv4Addr>(), 1..3),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let wire = Arc::new(ScriptedConnector::accepting());
        let names = Arc::new(Always(answers.into_iter().map(IpAddr::from).collect()));
        let guard = Guard::new(EgressPolicy::new(), names, Arc::clone(&wire) as _);
        runtime.block_on(async {
            if let Ok(destination) = guard.check_text(&text).await {
                for address in destination.addresses() {
                    guard.connect(address).await.unwrap();
                }
            }
        });
        for address in wire.dialled() {
            prop_assert!(classify(address.ip()).is_global() && address.port() == 443);
        }
    }
}

#[derive(Debug)]
struct Always(Vec<IpAddr>);

#[async_trait]
impl Resolver for Always {
    async fn resolve(&self, _host: &str) -> Result<Resolution, ResolveError> {
        Ok(Resolution::new(self.0.iter().copied()))
    }
}
