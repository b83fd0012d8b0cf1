//! Document 002, its first half: endpoints verified before they are trusted. Without a URL it probes the embedded sandbox's
//! destinations, good ones and bad ones, offline.
//!
//! ```sh
//! cargo run --example endpoint_probe
//! cargo run --example endpoint_probe -- https://example.com/hooks --method head --json
//! cargo run --example endpoint_probe -- https://hooks.internal.test --resolve hooks.internal.test=127.0.0.1 --allow-loopback --roots ca.pem
//! ```

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use endpoint_probe::{
    AddressReport, BodyMatcher, EgressPolicy, Guard, Probe, ProbeMethod, ProbeReport, ProbeVerdict,
    Reason, ReasonKind, Resolution, ResolveError, Resolver, Roots, Severity, StatusMatcher,
    SystemResolver, TcpConnector, TlsVerdict,
};
use genesys_examples::args::Failure;
use genesys_examples::input::Input;
use genesys_examples::report::{millis, table};
use genesys_sandbox::{DestinationKind, Destinations};

/// Probes HTTPS endpoints at each of their addresses: name, connection, TLS, answer, each phase timed.
#[derive(Debug, Parser)]
#[command(
    after_help = "Private, loopback and metadata addresses are refused unless allowed here, redirects are not followed.\n\
                  Exit status: 0 all well, 1 findings, 2 usage or configuration."
)]
struct Args {
    /// Endpoints. Without any, the destinations of the embedded sandbox: 0 then means that each was judged as it is.
    #[arg(value_name = "URL")]
    urls: Vec<String>,

    /// Print the reports as one JSON document on standard output.
    #[arg(long)]
    json: bool,

    /// Allow loopback addresses, on every port, and plain http to them.
    #[arg(long)]
    allow_loopback: bool,

    /// Allow this port besides 443.
    #[arg(long, value_name = "PORT")]
    allow_port: Vec<u16>,

    /// Trust the certificates of this PEM file and no others. Default: whom this machine trusts.
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,

    /// Take this address for a host and ask no resolver.
    #[arg(long, value_name = "HOST=ADDRESS", value_parser = pinned)]
    resolve: Vec<(String, IpAddr)>,

    /// Seconds that an address may take, connection to end of the answer.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    timeout: Duration,

    /// Milliseconds to the first byte beyond which an address fails. Default: no limit.
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    max_latency: Option<Duration>,

    /// How endpoints are asked. A GET may have effects.
    #[arg(long, value_enum, default_value_t = Method::Get)]
    method: Method,

    /// Ask this path in place of the URL's.
    #[arg(long)]
    path: Option<String>,

    /// Statuses that are healthy; the tutorial's own is 100-499.
    #[arg(long, value_name = "LIST", default_value = "200-299")]
    status: StatusMatcher,

    /// Text that the body must hold.
    #[arg(long, value_name = "TEXT")]
    contains: Option<String>,

    /// Connections at a time.
    #[arg(long, value_name = "COUNT", default_value = "16")]
    concurrency: usize,

    /// Folder that gets the report as a file too.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Method {
    Get,
    Head,
    Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            tell(&format!("error: {error}"));
            ExitCode::from(2)
        }
    }
}

/// True when there is nothing to find.
async fn run(args: &Args) -> Result<bool, Failure> {
    let (reports, planted) = if args.urls.is_empty() {
        sandbox(args).await?
    } else {
        let roots = match &args.roots {
            Some(path) => Roots::from_pem(&Input::read(path)?.bytes)
                .map_err(|error| format!("{}: {error}", path.display()))?,
            None => Roots::platform()?,
        };
        let probe = probe(args, policy(args), &args.resolve, roots);
        let reports = probe.probe_all(&args.urls).await;
        (reports, None)
    };

    let json = serde_json::to_string_pretty(&serde_json::json!({ "endpoints": reports }))? + "\n";
    let text = text(&reports);
    let (page, extension) = if args.json {
        (json, "json")
    } else {
        (text, "txt")
    };
    if let Some(folder) = &args.out {
        let path = folder.join("endpoint_probe").with_extension(extension);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, &page))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    print(page.as_bytes())?;
    let count = |verdict| reports.iter().filter(|one| one.verdict == verdict).count();
    let healthy = count(ProbeVerdict::Healthy);
    let slowest = reports.iter().map(|one| one.elapsed).max();
    tell(&format!(
        "endpoints: {}, healthy: {healthy}, degraded: {}, unhealthy: {}, slowest {}",
        reports.len(),
        count(ProbeVerdict::Degraded),
        count(ProbeVerdict::Unhealthy),
        millis(slowest.unwrap_or_default()),
    ));
    Ok(planted.unwrap_or(healthy == reports.len()))
}

fn policy(args: &Args) -> EgressPolicy {
    let mut policy = EgressPolicy::new();
    if args.allow_loopback {
        policy = policy.allow_plain_http_to_loopback().allow_any_port();
    }
    for port in &args.allow_port {
        policy = policy.allow_port(*port);
    }
    policy
}

fn probe(args: &Args, policy: EgressPolicy, pinned: &[(String, IpAddr)], roots: Roots) -> Probe {
    let names = Names(pinned.iter().cloned().collect());
    let guard = Guard::new(policy, Arc::new(names), Arc::new(TcpConnector));
    let mut probe = Probe::new(guard, roots)
        .with_timeout(args.timeout)
        .with_phase_timeout(args.timeout)
        .with_status(args.status.clone())
        .with_concurrency(args.concurrency)
        .with_method(match args.method {
            Method::Get => ProbeMethod::Get,
            Method::Head => ProbeMethod::Head,
            Method::Options => ProbeMethod::Options,
        });
    if let Some(path) = &args.path {
        probe = probe.with_path(path);
    }
    if let Some(text) = &args.contains {
        probe = probe.with_body(BodyMatcher::contains(text.as_str()));
    }
    match args.max_latency {
        Some(limit) => probe.with_latency_limit(limit),
        None => probe,
    }
}

/// Names with addresses of their own, and the system's resolver for all others.
#[derive(Debug)]
struct Names(HashMap<String, IpAddr>);

#[async_trait::async_trait]
impl Resolver for Names {
    async fn resolve(&self, host: &str) -> Result<Resolution, ResolveError> {
        match self.0.get(host) {
            Some(address) => Ok(Resolution::new([*address])),
            None => SystemResolver.resolve(host).await,
        }
    }
}

/// The destinations of the sandbox, probed; true when each was judged as it is.
async fn sandbox(args: &Args) -> Result<(Vec<ProbeReport>, Option<bool>), Failure> {
    const SLOW: Duration = Duration::from_millis(1_500);
    let destinations = Destinations::start().await?;
    tell("no URL: the destinations of the embedded sandbox, with an authority of their own");
    let roots = Roots::from_pem(destinations.ca_certificate_pem().as_bytes())?;
    let names: Vec<_> = destinations
        .iter()
        .map(|one| (one.host().to_owned(), one.address().ip()))
        .collect();
    // Names below `.test` are public to the guard; their addresses and ports are not.
    let policy = EgressPolicy::new().allow_loopback().allow_any_port();
    let probe = probe(args, policy, &names, roots);
    let probe = probe.with_latency_limit(args.max_latency.unwrap_or(SLOW));
    let urls = destinations.iter().map(|one| one.url());
    let reports = probe.probe_all(urls).await;
    let mut right = true;
    for (destination, report) in destinations.iter().zip(&reports) {
        if !is_judged_right(destination.kind(), report) {
            tell(&format!("{} is not judged as it is", destination.host()));
            right = false;
        }
    }
    Ok((reports, Some(right)))
}

fn is_judged_right(kind: DestinationKind, report: &ProbeReport) -> bool {
    let tls = report.addresses.first().and_then(|one| one.tls.as_ref());
    let tls = tls.map(|tls| tls.verdict);
    let kinds: Vec<_> = report.reasons.iter().map(|reason| reason.kind).collect();
    let fault = match kind {
        DestinationKind::Expired => TlsVerdict::Expired,
        DestinationKind::NotYetValid => TlsVerdict::NotYetValid,
        DestinationKind::WrongName => TlsVerdict::WrongName,
        DestinationKind::SelfSigned => TlsVerdict::SelfSigned,
        DestinationKind::UnknownCa => TlsVerdict::UnknownAuthority,
        DestinationKind::IncompleteChain => TlsVerdict::IncompleteChain,
        DestinationKind::Tls11 => TlsVerdict::ProtocolTooOld,
        _ => TlsVerdict::Valid,
    };
    let reasons: &[ReasonKind] = match kind {
        DestinationKind::Healthy | DestinationKind::Flapping => &[],
        DestinationKind::Expiring => &[ReasonKind::ExpiresSoon],
        DestinationKind::Slow => &[ReasonKind::Slow],
        DestinationKind::Unavailable | DestinationKind::Redirecting => &[ReasonKind::Status],
        _ => &[ReasonKind::Tls],
    };
    tls == Some(fault) && kinds == reasons
}

fn text(reports: &[ProbeReport]) -> String {
    let head = [
        "endpoint",
        "address",
        "verdict",
        "tls",
        "days",
        "status",
        "dns",
        "connect",
        "handshake",
        "first byte",
        "transfer",
    ];
    let mut rows = Vec::new();
    let mut notes = String::new();
    for report in reports {
        let verdict = report.verdict.as_str();
        if report.addresses.is_empty() {
            rows.push(vec![
                report.endpoint.clone(),
                "-".to_owned(),
                verdict.to_owned(),
            ]);
        }
        for one in &report.addresses {
            rows.push(row(report, one));
        }
        if !report.reasons.is_empty() {
            // Writing to a string does not fail.
            let _ = writeln!(notes, "\n{}", report.endpoint);
        }
        for reason in &report.reasons {
            let _ = writeln!(notes, "  {}", sentence(reason));
        }
    }
    table(&head, &rows) + &notes
}

fn row(report: &ProbeReport, one: &AddressReport) -> Vec<String> {
    let dash = || "-".to_owned();
    let time = |time: Option<Duration>| time.map_or_else(dash, millis);
    let (tls, timings) = (one.tls.as_ref(), one.timings);
    vec![
        report.endpoint.clone(),
        one.address.to_string(),
        if one.healthy {
            report.verdict.as_str()
        } else {
            "unhealthy"
        }
        .to_owned(),
        tls.map_or_else(dash, |tls| match (&tls.version, tls.verdict) {
            (Some(version), TlsVerdict::Valid) => version.clone(),
            (_, verdict) => verdict.as_str().to_owned(),
        }),
        tls.and_then(|tls| tls.days_left())
            .map_or_else(dash, |days| days.to_string()),
        one.http
            .as_ref()
            .map_or_else(dash, |http| http.status.to_string()),
        time(timings.dns),
        time(timings.connect),
        time(timings.tls),
        time(timings.first_byte),
        time(timings.transfer),
    ]
}

fn sentence(reason: &Reason) -> String {
    let severity = match reason.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        _ => "notice",
    };
    match reason.address {
        Some(address) => format!("{severity}: {} ({address})", reason.detail),
        None => format!("{severity}: {}", reason.detail),
    }
}

fn pinned(text: &str) -> Result<(String, IpAddr), String> {
    let (host, address) = text.split_once('=').ok_or("write HOST=ADDRESS")?;
    let address = address
        .parse()
        .map_err(|_| "the address is none".to_owned())?;
    Ok((host.trim_end_matches('.').to_ascii_lowercase(), address))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("a number of seconds above 0".to_owned()),
    }
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    let count = text.parse();
    count
        .map(Duration::from_millis)
        .map_err(|_| "not a whole number of milliseconds".to_owned())
}

/// A reader that went away, such as `head`, is no failure.
fn print(page: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(page).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn tell(text: &str) {
    // Nobody is left to hear of a standard error that is closed.
    let _ = writeln!(io::stderr().lock(), "{text}");
}
