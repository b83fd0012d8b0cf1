//! Probes: every reason, every bound, against servers on loopback.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use endpoint_probe::test_util::{Dialled, ScriptedConnector, ScriptedResolver};
use endpoint_probe::{
    AddressMode, BodyMatcher, EgressPolicy, ExpiryLevel, Guard, Probe, ProbeMethod, ProbeReport,
    ProbeVerdict, ReasonKind, ResolveError, Severity, StatusMatcher, TcpConnector, TlsVerdict,
};
use rcgen::date_time_ymd;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::pki::{Authority, NAME, acceptor, calendar, keep, say};
use crate::server::{Deed, Server, request, serve};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nhealthy";

fn plain(server: &Server) -> Probe {
    let root = Authority::root("Nobody", keep);
    Probe::new(Guard::system(server.policy()), root.roots())
}

fn kinds(report: &ProbeReport) -> Vec<ReasonKind> {
    report.reasons.iter().map(|reason| reason.kind).collect()
}

async fn probe_plain(answer: impl Into<String>, edit: impl FnOnce(Probe) -> Probe) -> ProbeReport {
    let server = Server::answering(answer).await;
    edit(plain(&server))
        .probe(&server.url("/in?key=secret"))
        .await
}

/// A TLS server for [`NAME`] that plays `deed` to everybody.
async fn secure(root: &Authority, deed: Deed) -> SocketAddr {
    let leaf = root.leaf(keep);
    let acceptor = acceptor(&[&leaf.der], &leaf.key);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, deed) = (acceptor.clone(), deed.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(socket).await else {
                    return;
                };
                if request(&mut stream).await.is_some() {
                    serve(&mut stream, deed).await;
                }
            });
        }
    });
    address
}

/// Finds [`NAME`] at these addresses.
fn guard(port: u16, addresses: impl IntoIterator<Item = IpAddr>) -> Guard {
    let names = ScriptedResolver::new().with_answer(NAME, addresses);
    let policy = EgressPolicy::new().allow_loopback().allow_port(port);
    Guard::new(policy, Arc::new(names), Arc::new(TcpConnector)).with_clock(calendar())
}

#[tokio::test]
async fn five_phases_are_timed_and_the_whole_is_told() {
    // errata DEP-28, EVR-21, EVR-35
    let root = Authority::root("Root", keep);
    let address = secure(&root, Deed::Answer(OK.into())).await;
    let probe = Probe::new(guard(address.port(), [address.ip()]), root.roots())
        .with_body(BodyMatcher::exact("healthy"))
        .with_latency_limit(Duration::from_secs(60));
    let url = format!("https://{NAME}:{}/in?key=secret", address.port());
    let report = probe.probe(&url).await;
    assert_eq!(report.verdict, ProbeVerdict::Healthy, "{report:?}");
    assert!(report.reasons.is_empty() && report.latency().is_some());
    assert_eq!(
        report.endpoint,
        format!("https://{NAME}:{}", address.port())
    );
    let one = &report.addresses[0];
    assert_eq!((one.address, one.healthy), (address, true));
    let timings = one.timings;
    for phase in [
        timings.dns,
        timings.connect,
        timings.tls,
        timings.first_byte,
        timings.transfer,
    ] {
        assert!(phase.is_some(), "{timings:?}");
    }
    assert_eq!(one.tls.as_ref().unwrap().verdict, TlsVerdict::Valid);
    let http = one.http.as_ref().unwrap();
    assert_eq!(
        (http.method, http.status, http.status_accepted),
        ("GET", 200, true)
    );
    assert_eq!((http.body_bytes, http.body_matched), (7, Some(true)));

    let json = serde_json::to_value(&report).unwrap();
    for member in ["dnsMs", "connectMs", "tlsMs", "firstByteMs", "transferMs"] {
        assert!(json["addresses"][0]["timings"][member].is_u64(), "{json:#}");
    }
    assert_eq!(json["verdict"], "healthy");
    assert_eq!(json["dns"]["addresses"][0], "127.0.0.1");
    // errata EVR-37
    assert!(!json.to_string().contains("secret"), "{json:#}");
}

#[tokio::test]
async fn statuses_below_500_are_healthy_only_when_asked_for() {
    // errata EVR-22
    for status in [301, 401, 404, 429, 503] {
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
        let strict = probe_plain(answer.clone(), |probe| probe).await;
        assert_eq!(kinds(&strict), [ReasonKind::Status], "{status}");
        assert_eq!(strict.verdict, ProbeVerdict::Unhealthy);
        let lenient = |probe: Probe| probe.with_status(StatusMatcher::below_500());
        let report = probe_plain(answer, lenient).await;
        assert_eq!(report.verdict.is_usable(), status < 500, "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    // errata EVR-23
    let server = Server::answering(
        "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    let report = plain(&server).probe(&server.url("/")).await;
    assert_eq!(kinds(&report), [ReasonKind::Status]);
    assert!(report.reasons[0].detail.contains("not followed"));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_method_and_a_path_for_health_are_chosen_and_told() {
    // errata EVR-24
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n";
    for (method, name) in [
        (ProbeMethod::Get, "GET"),
        (ProbeMethod::Head, "HEAD"),
        (ProbeMethod::Options, "OPTIONS"),
    ] {
        let server = Server::answering(if name == "HEAD" { head } else { OK }).await;
        let probe = plain(&server)
            .with_method(method)
            .with_path("/health?deep=1");
        let report = probe.probe(&server.url("/in")).await;
        assert_eq!(report.verdict, ProbeVerdict::Healthy, "{report:?}");
        assert_eq!(report.addresses[0].http.as_ref().unwrap().method, name);
        let request = server.requests().remove(0);
        let line = format!("{name} /health?deep=1 HTTP/1.1\r\n");
        assert!(request.starts_with(&line), "{request}");
    }
    let report = probe_plain(OK, |probe| probe.with_path("no path\r\nx: y")).await;
    assert_eq!(kinds(&report), [ReasonKind::Request]);
}

#[tokio::test]
async fn a_body_that_is_not_as_it_should_be_fails() {
    let wrong = |probe: Probe| probe.with_body(BodyMatcher::contains("ready"));
    let report = probe_plain(OK, wrong).await;
    assert_eq!(kinds(&report), [ReasonKind::Body]);
    let http = report.addresses[0].http.as_ref().unwrap();
    assert_eq!(http.body_matched, Some(false));
    assert!(!format!("{report:?}").contains("ready"));
}

#[tokio::test]
async fn an_endless_body_is_read_up_to_its_limit() {
    let server =
        Server::start([Deed::Endless("HTTP/1.1 200 OK\r\n\r\n", "xxxxxxxxxxxxxxxx")]).await;
    let report = plain(&server)
        .with_max_body_bytes(100_000)
        .probe(&server.url("/"))
        .await;
    assert_eq!(kinds(&report), [ReasonKind::BodyTruncated]);
    assert_eq!(report.verdict, ProbeVerdict::Degraded);
    let http = report.addresses[0].http.as_ref().unwrap();
    assert_eq!((http.body_bytes, http.body_truncated), (100_000, true));
}

#[tokio::test]
async fn headers_beyond_their_limit_end_the_probe() {
    let large = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(64 * 1024));
    let report = probe_plain(large, |probe| probe).await;
    assert_eq!(kinds(&report), [ReasonKind::HeaderTooLarge], "{report:?}");
    let server = Server::start([Deed::Endless("HTTP/1.1 200 OK\r\n", "x: y\r\n")]).await;
    let report = plain(&server).probe(&server.url("/")).await;
    assert_eq!(kinds(&report), [ReasonKind::HeaderTooLarge], "{report:?}");
}

#[tokio::test]
async fn what_is_no_http_and_what_ends_early_are_told() {
    let report = probe_plain("SSH-2.0-OpenSSH_9.2\r\n\r\n", |probe| probe).await;
    assert_eq!(kinds(&report), [ReasonKind::Protocol]);
    let report = probe_plain(
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        |probe| probe,
    )
    .await;
    assert_eq!(kinds(&report), [ReasonKind::Closed]);
    let server = Server::start([Deed::Reset]).await;
    let report = plain(&server).probe(&server.url("/")).await;
    assert_eq!(report.verdict, ProbeVerdict::Unhealthy);
}

#[tokio::test]
async fn silence_and_a_drip_end_with_their_limits() {
    // errata EVR-18, EVR-43
    let limit = |probe: Probe| probe.with_timeout(Duration::from_millis(100));
    for (first, phase) in [
        ("", "no answer in time"),
        ("HTTP/1.1 200 OK\r\n", "no answer in time"),
        (
            "HTTP/1.1 200 OK\r\n\r\nhalf",
            "did not end in time; 4 bytes came",
        ),
    ] {
        let server = Server::start([Deed::Stall(first)]).await;
        let report = limit(plain(&server)).probe(&server.url("/")).await;
        assert_eq!(kinds(&report), [ReasonKind::TimedOut], "{report:?}");
        assert!(report.reasons[0].detail.contains(phase), "{report:?}");
    }
    // Each byte comes in time; all of them do not.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = request(&mut socket).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        while socket.write_all(b"x").await.is_ok() {
            tick.tick().await;
        }
    });
    let policy = EgressPolicy::new()
        .allow_plain_http_to_loopback()
        .allow_port(address.port());
    let root = Authority::root("Nobody", keep);
    let probe = limit(Probe::new(Guard::system(policy), root.roots()));
    let report = probe.probe(&format!("http://{address}/")).await;
    assert_eq!(kinds(&report), [ReasonKind::TimedOut], "{report:?}");
}

#[tokio::test]
async fn an_answer_that_is_too_slow_fails_and_its_latency_is_told() {
    let report = probe_plain(OK, |probe| probe.with_latency_limit(Duration::ZERO)).await;
    assert_eq!(kinds(&report), [ReasonKind::Slow]);
    assert!(report.addresses[0].timings.latency().is_some());
    // errata DEP-28
    assert_eq!(report.latency(), None, "a failed probe has no latency");
}

#[tokio::test]
async fn nothing_is_asked_over_a_connection_that_is_not_valid() {
    // errata EVR-21, ALL-27
    let (root, stranger) = (
        Authority::root("Root", keep),
        Authority::root("Stranger", keep),
    );
    let address = secure(&root, Deed::Answer(OK.into())).await;
    let url = format!("https://{NAME}:{}/", address.port());
    let guard = guard(address.port(), [address.ip()]);
    let report = Probe::new(guard, stranger.roots()).probe(&url).await;
    assert_eq!(kinds(&report), [ReasonKind::Tls]);
    assert!(
        report.reasons[0].detail.starts_with("incompleteChain: "),
        "{report:?}"
    );
    let one = &report.addresses[0];
    assert_eq!((&one.http, one.timings.tls), (&None, None));
}

#[tokio::test]
async fn an_end_that_is_near_is_a_notice_and_then_a_warning() {
    // errata EVR-20
    for (month, day, level, severity, verdict) in [
        (
            7,
            10,
            ExpiryLevel::Notice,
            Severity::Notice,
            ProbeVerdict::Healthy,
        ),
        (
            6,
            25,
            ExpiryLevel::Warning,
            Severity::Warning,
            ProbeVerdict::Degraded,
        ),
        (
            6,
            20,
            ExpiryLevel::Critical,
            Severity::Warning,
            ProbeVerdict::Degraded,
        ),
    ] {
        let root = Authority::root("Root", keep);
        let leaf = root.leaf(|params| params.not_after = date_time_ymd(2030, month, day));
        let acceptor = acceptor(&[&leaf.der], &leaf.key);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(socket).await.unwrap();
            request(&mut stream).await;
            serve(&mut stream, Deed::Answer(OK.into())).await;
        });
        let guard = guard(address.port(), [address.ip()]);
        let url = format!("https://{NAME}:{}/", address.port());
        let report = Probe::new(guard, root.roots()).probe(&url).await;
        assert_eq!(kinds(&report), [ReasonKind::ExpiresSoon], "{report:?}");
        assert_eq!(report.reasons[0].severity, severity);
        assert_eq!(report.verdict, verdict);
        let tls = report.addresses[0].tls.as_ref().unwrap();
        assert_eq!(tls.expiry, Some(level));
    }
}

#[tokio::test]
async fn every_address_is_probed_and_those_that_differ_are_named() {
    // errata EVR-15, EVR-17, EVR-19
    let root = Authority::root("Root", keep);
    let address = secure(&root, Deed::Answer(OK.into())).await;
    let dead: IpAddr = "127.0.0.2".parse().unwrap();
    let url = format!("https://{NAME}:{}/", address.port());
    let both = || guard(address.port(), [dead, address.ip()]);
    let report = Probe::new(both(), root.roots()).probe(&url).await;
    assert_eq!(report.verdict, ProbeVerdict::Degraded, "{report:?}");
    assert_eq!(kinds(&report), [ReasonKind::ConnectFailed]);
    assert_eq!(
        report.reasons[0].address,
        Some(SocketAddr::new(dead, address.port()))
    );
    let healthy: Vec<_> = report.addresses.iter().map(|one| one.healthy).collect();
    assert_eq!(healthy, [false, true], "in the resolver's order");

    let first = Probe::new(both(), root.roots()).with_address_mode(AddressMode::FirstReachable);
    assert_eq!(first.probe(&url).await.addresses.len(), 2);
    let living = guard(address.port(), [address.ip(), dead]);
    let first = Probe::new(living, root.roots()).with_address_mode(AddressMode::FirstReachable);
    let report = first.probe(&url).await;
    assert_eq!(
        (report.addresses.len(), report.verdict),
        (1, ProbeVerdict::Healthy)
    );
}

#[tokio::test]
async fn a_name_that_resolves_otherwise_the_next_time_has_no_next_time() {
    // errata ALL-27, EVR-17
    let names = Arc::new(
        ScriptedResolver::new()
            .with_answer(NAME, ["93.184.216.34".parse().unwrap()])
            .with_answer(NAME, ["169.254.169.254".parse().unwrap()]),
    );
    let wire = Arc::new(ScriptedConnector::refusing());
    let guard = Guard::new(EgressPolicy::new(), names.clone(), wire.clone());
    let root = Authority::root("Root", keep);
    let probe = Probe::new(guard, root.roots());
    let first = probe.probe("https://hooks.example.com/").await;
    assert_eq!(kinds(&first), [ReasonKind::ConnectFailed]);
    assert_eq!(names.lookups(NAME), 1);
    assert_eq!(wire.dialled(), ["93.184.216.34:443".parse().unwrap()]);
    let second = probe.probe("https://hooks.example.com/").await;
    assert_eq!(kinds(&second), [ReasonKind::Blocked]);
    assert_eq!(wire.dialled().len(), 1);
}

#[tokio::test]
async fn a_thousand_addresses_cost_no_more_than_the_limit() {
    let addresses = (0..1_000u32)
        .map(|number| IpAddr::from(0x0800_0000_u32.wrapping_add(number).to_be_bytes()));
    let names = ScriptedResolver::new().with_answer(NAME, addresses);
    let names = Arc::new(names);
    let wire = Arc::new(ScriptedConnector::refusing());
    let root = Authority::root("Root", keep);
    let strict = Guard::new(EgressPolicy::new(), names.clone(), wire.clone());
    let report = Probe::new(strict, root.roots())
        .probe("https://hooks.example.com/")
        .await;
    assert_eq!(kinds(&report), [ReasonKind::Blocked]);
    let patient = EgressPolicy::new().with_max_addresses(1_000);
    let guard = Guard::new(patient, names, wire.clone());
    let report = Probe::new(guard, root.roots())
        .probe("https://hooks.example.com/")
        .await;
    assert_eq!(
        (report.addresses.len(), report.skipped_addresses),
        (16, 984)
    );
    assert_eq!(report.dns.as_ref().unwrap().addresses.len(), 1_000);
    assert_eq!(wire.dialled().len(), 16);
    assert_eq!(
        report.reasons.last().unwrap().kind,
        ReasonKind::AddressesSkipped
    );
}

#[tokio::test]
async fn bad_urls_and_names_without_an_address_fail_closed() {
    // errata EVR-08, EVR-09, EVR-16
    let names = ScriptedResolver::new().with_failure("slow.example.com", ResolveError::TimedOut);
    let wire = Arc::new(ScriptedConnector::accepting());
    let guard = Guard::new(EgressPolicy::new(), Arc::new(names), wire.clone());
    let root = Authority::root("Root", keep);
    let probe = Probe::new(guard, root.roots());
    let urls = [
        ("", ReasonKind::Blocked),
        ("https://", ReasonKind::Blocked),
        ("http://hooks.example.com/", ReasonKind::Blocked),
        (
            "https://user:s3cr3t@hooks.example.com/",
            ReasonKind::Blocked,
        ),
        ("https://169.254.169.254/latest", ReasonKind::Blocked),
        ("https://[::1]/", ReasonKind::Blocked),
        ("https://absent.example.com/", ReasonKind::DnsFailed),
        ("https://slow.example.com/", ReasonKind::DnsTimedOut),
    ];
    let reports = probe.probe_all(urls.map(|(url, _)| url)).await;
    for (report, (url, kind)) in reports.iter().zip(urls) {
        assert_eq!(kinds(report), [kind], "{url}");
        assert_eq!(report.verdict, ProbeVerdict::Unhealthy);
        assert!(!format!("{report:?}").contains("s3cr3t"));
    }
    assert!(wire.dialled().is_empty());
}

/// Connections at the same time, and the most there ever were.
#[derive(Default)]
struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
}

#[tokio::test(start_paused = true)]
async fn many_endpoints_share_the_places_and_keep_their_order() {
    // errata DEP-31, EVR-15
    let crowd = Arc::new(Crowd::default());
    let seen = Arc::clone(&crowd);
    let wire = ScriptedConnector::accepting().with_server(move |_, mut far| {
        let crowd = Arc::clone(&seen);
        tokio::spawn(async move {
            let now = crowd.now.fetch_add(1, Ordering::SeqCst) + 1;
            crowd.most.fetch_max(now, Ordering::SeqCst);
            request(&mut far).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            crowd.now.fetch_sub(1, Ordering::SeqCst);
            serve(&mut far, Deed::Answer(OK.into())).await;
        });
    });
    let wire = wire.with_outcome("127.0.0.9".parse().unwrap(), Dialled::Stalled);
    let policy = EgressPolicy::new()
        .allow_plain_http_to_loopback()
        .allow_any_port();
    let guard = Guard::new(policy, Arc::new(ScriptedResolver::new()), Arc::new(wire));
    let root = Authority::root("Root", keep);
    let probe = Probe::new(guard, root.roots()).with_concurrency(8);
    let mut urls: Vec<String> = (1..=40)
        .map(|port| format!("http://127.0.0.1:{port}/"))
        .collect();
    urls[3] = "http://127.0.0.9:4/".to_owned();
    urls[5] = urls[6].clone();
    let started = tokio::time::Instant::now();
    let reports = probe.probe_all(&urls).await;
    for (url, report) in urls.iter().zip(&reports) {
        assert_eq!(
            url.strip_suffix('/').unwrap().trim_end_matches(":80"),
            report.endpoint
        );
    }
    // The eighth place is the stalled one's from the first moment on.
    assert_eq!(crowd.most.load(Ordering::SeqCst), 7);
    let failed: Vec<_> = reports
        .iter()
        .enumerate()
        .filter(|(_, one)| !one.verdict.is_usable())
        .collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(kinds(failed[0].1), [ReasonKind::TimedOut]);
    // The one that stalls keeps one place for 5 s and nobody else waits for it.
    assert_eq!(started.elapsed(), Duration::from_secs(5));
    assert_eq!(
        reports[39].addresses[0].timings.first_byte,
        Some(Duration::from_millis(50))
    );
}

#[tokio::test]
async fn no_connection_outlives_its_probe() {
    // errata DEP-27
    let closed = Arc::new(tokio::sync::Semaphore::new(0));
    let seen = Arc::clone(&closed);
    // A server that would keep every connection.
    let wire = ScriptedConnector::accepting().with_server(move |_, mut far| {
        let closed = Arc::clone(&seen);
        tokio::spawn(async move {
            request(&mut far).await;
            let _ = far
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .await;
            let mut rest = Vec::new();
            let _ = far.read_to_end(&mut rest).await;
            closed.add_permits(1);
        });
    });
    let policy = EgressPolicy::new()
        .allow_plain_http_to_loopback()
        .allow_any_port();
    let guard = Guard::new(policy, Arc::new(ScriptedResolver::new()), Arc::new(wire));
    let probe = Probe::new(guard, Authority::root("Root", keep).roots());
    let urls: Vec<String> = (1..=20)
        .map(|port| format!("http://127.0.0.1:{port}/"))
        .collect();
    let reports = probe.probe_all(&urls).await;
    assert!(reports.iter().all(|report| report.verdict.is_usable()));
    // The probe itself is still there, and holds none of them.
    let _all = closed.acquire_many(20).await.unwrap();
    drop(probe);
}

#[tokio::test]
async fn a_dropped_probe_closes_its_connections() {
    // errata EVR-43
    let address = say(None).await;
    let policy = EgressPolicy::new()
        .allow_plain_http_to_loopback()
        .allow_port(address.port());
    let root = Authority::root("Root", keep);
    let probe = Probe::new(Guard::system(policy), root.roots()).with_concurrency(1);
    let url = format!("http://{address}/");
    let given_up = tokio::time::timeout(Duration::from_millis(20), probe.probe(&url)).await;
    assert!(given_up.is_err());
    // Its place is free again: the next one waits for nobody and runs into its own limit.
    let report = probe
        .with_timeout(Duration::from_millis(20))
        .probe(&url)
        .await;
    assert_eq!(kinds(&report), [ReasonKind::TimedOut]);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_noticed() {
    let dated =
        "HTTP/1.1 200 OK\r\ndate: Tue, 15 Nov 1994 08:12:31 GMT\r\ncontent-length: 0\r\n\r\n";
    let report = probe_plain(dated, |probe| probe).await;
    assert_eq!(kinds(&report), [ReasonKind::ClockSkew]);
    assert_eq!(report.verdict, ProbeVerdict::Healthy);
    let offset = report.addresses[0]
        .http
        .as_ref()
        .unwrap()
        .clock_offset_seconds;
    assert!(offset.unwrap() > 900_000_000, "{offset:?}");
}

#[tokio::test]
async fn probes_run_in_tasks_of_their_own() {
    let wire = Arc::new(ScriptedConnector::refusing());
    let names = ScriptedResolver::new().with_answer(NAME, ["93.184.216.34".parse().unwrap()]);
    let guard = Guard::new(EgressPolicy::new(), Arc::new(names), wire.clone());
    let probe = Probe::new(guard, Authority::root("Nobody", keep).roots());
    let urls = vec!["https://hooks.example.com/".to_owned(); 3];
    let reports = tokio::spawn(async move { probe.probe_all(&urls).await });
    assert_eq!(reports.await.unwrap().len(), 3);
    assert_eq!(wire.dialled().len(), 3);
}

#[tokio::test]
async fn a_series_tells_percentiles_of_each_phase_and_failures_apart() {
    // errata DEP-28
    let answer = |text: &str| Deed::Answer(text.to_owned());
    let refusal = answer("HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n");
    let server = Server::start([answer(OK), refusal, answer(OK)]).await;
    let series = plain(&server).series(&server.url("/"), 5).await;
    assert_eq!((series.samples, series.failures), (5, 1));
    let latency = series.latency.unwrap();
    assert_eq!(latency.count, 4, "the time of a failure is no latency");
    assert!(latency.min <= latency.p50 && latency.p50 <= latency.p99 && latency.p99 <= latency.max);
    assert_eq!(series.first_byte.unwrap().count, 4);
    assert_eq!(series.tls, None);
    assert_eq!(series.last.unwrap().verdict, ProbeVerdict::Healthy);
    let none = plain(&server).series(&server.url("/"), 0).await;
    assert_eq!((none.samples, none.latency, none.last), (0, None, None));
}
