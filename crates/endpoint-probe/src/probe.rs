//! An endpoint, probed: name, connection, TLS, answer, each phase timed, at each of its addresses.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, FuturesUnordered, StreamExt as _};
use resilience::{Clock, timeout_at};
use tokio::sync::Semaphore;

use crate::error::ErrorKind;
use crate::guard::{CheckedAddress, Destination, Guard};
use crate::tls::{ExpiryLevels, Roots, TlsInspector};

mod address;
mod exchange;
mod matcher;
mod report;
mod series;

pub use matcher::{BodyMatcher, StatusMatcher, StatusMatcherError};
pub use report::{
    AddressReport, DnsReport, HttpReport, PhaseTimings, ProbeReport, ProbeVerdict, Reason,
    ReasonKind, Severity,
};
pub use series::{Percentiles, ProbeSeries};

/// How an endpoint is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProbeMethod {
    /// `GET`, the default. A delivery endpoint may take it for a delivery: give it a path for health, or use another method.
    Get,
    /// `HEAD`: no body.
    Head,
    /// `OPTIONS`.
    Options,
}

impl ProbeMethod {
    fn http(self) -> http::Method {
        match self {
            Self::Get => http::Method::GET,
            Self::Head => http::Method::HEAD,
            Self::Options => http::Method::OPTIONS,
        }
    }
}

/// Which addresses of a name are probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressMode {
    /// Every one, up to the limit, at the same time: a load balancer whose members differ is found out. The default.
    Each,
    /// One after the other until one takes a connection, as a client does.
    FirstReachable,
}

/// Probes endpoints.
///
/// A probe goes through a [`Guard`]: one look-up, and no connection to an address that the guard did not check. TLS is looked
/// at by a [`TlsInspector`] and nothing is asked over a connection that is not valid. Redirects are not followed; a 3xx status
/// is judged as any other. The answer is HTTP/1.1.
///
/// | limit | default |
/// | --- | --- |
/// | each phase: connection, TLS, first byte, transfer | 5 s |
/// | the four of them together, an address | 10 s |
/// | look-up | the guard's (5 s) |
/// | addresses of a name | 16 |
/// | connections at a time, over all calls and clones | 16 |
/// | header of an answer | 16 KiB |
/// | body of an answer | 1 MiB, the rest is not read |
///
/// A body that drips ends with its limits, because they are for the whole of a phase and not for each byte.
///
/// Cloning is cheap and shares the places for connections.
///
/// ```
/// use std::sync::Arc;
/// use endpoint_probe::test_util::{ScriptedConnector, ScriptedResolver};
/// use endpoint_probe::{EgressPolicy, Guard, Probe, ProbeVerdict, ReasonKind, Roots};
/// # fn own_roots() -> Roots {
/// #     let key = rcgen::KeyPair::generate().unwrap();
/// #     let root = rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap();
/// #     Roots::from_der([root.der().to_vec()]).unwrap()
/// # }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let names = ScriptedResolver::new().with_answer("hooks.example.com", ["10.0.0.5".parse()?]);
/// let guard = Guard::new(EgressPolicy::new(), Arc::new(names), Arc::new(ScriptedConnector::accepting()));
///
/// // `Roots::platform()?` trusts whom this machine trusts.
/// let probe = Probe::new(guard, own_roots());
/// let report = probe.probe("https://hooks.example.com/in?key=secret").await;
/// assert_eq!(report.verdict, ProbeVerdict::Unhealthy);
/// assert_eq!(report.reasons[0].kind, ReasonKind::Blocked);
/// assert_eq!(report.endpoint, "https://hooks.example.com");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Probe {
    guard: Guard,
    inspector: TlsInspector,
    settings: Settings,
    places: Arc<Semaphore>,
    concurrency: usize,
}

/// What a probe of one address needs to know.
#[derive(Debug, Clone)]
struct Settings {
    method: ProbeMethod,
    path: Option<String>,
    status: StatusMatcher,
    body: Option<BodyMatcher>,
    latency_limit: Option<Duration>,
    phase: Duration,
    total: Duration,
    max_addresses: usize,
    mode: AddressMode,
    max_header: usize,
    max_body: usize,
}

const CONCURRENCY: usize = 16;

impl Probe {
    /// A probe that reaches what `guard` lets through and trusts `roots`. Its clock is the guard's.
    pub fn new(guard: Guard, roots: impl Into<Arc<Roots>>) -> Self {
        let inspector = TlsInspector::new(roots).with_clock(Arc::clone(guard.clock()));
        Self {
            guard,
            inspector,
            settings: Settings {
                method: ProbeMethod::Get,
                path: None,
                status: StatusMatcher::success(),
                body: None,
                latency_limit: None,
                phase: Duration::from_secs(5),
                total: Duration::from_secs(10),
                max_addresses: 16,
                mode: AddressMode::Each,
                max_header: 16 * 1024,
                max_body: 1024 * 1024,
            },
            places: Arc::new(Semaphore::new(CONCURRENCY)),
            concurrency: CONCURRENCY,
        }
    }

    /// Sets the method. Default: `GET`.
    #[must_use]
    pub fn with_method(mut self, method: ProbeMethod) -> Self {
        self.settings.method = method;
        self
    }

    /// Asks this path, with a query if it has one, in place of the URL's: a path for health that has no effects. Default: the
    /// URL's own.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.settings.path = Some(path.into());
        self
    }

    /// Sets which statuses are healthy. Default: 200–299.
    #[must_use]
    pub fn with_status(mut self, status: StatusMatcher) -> Self {
        self.settings.status = status;
        self
    }

    /// Sets what the body must hold. Default: anything. It is looked for in what the limit lets in; a `HEAD` has no body and
    /// never matches.
    #[must_use]
    pub fn with_body(mut self, body: BodyMatcher) -> Self {
        self.settings.body = Some(body);
        self
    }

    /// Sets how long connection, TLS and first byte may take together before an address counts as failing. Default: no such
    /// limit.
    #[must_use]
    pub fn with_latency_limit(mut self, limit: Duration) -> Self {
        self.settings.latency_limit = Some(limit);
        self
    }

    /// Sets the limit of each phase. Default 5 s.
    #[must_use]
    pub fn with_phase_timeout(mut self, timeout: Duration) -> Self {
        self.settings.phase = timeout;
        self
    }

    /// Sets the limit of all phases of an address together, the look-up and the wait for a place left out. Default 10 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.settings.total = timeout;
        self
    }

    /// Sets how many addresses of a name are probed; the report tells how many were left out. Default 16, at least 1. The
    /// guard's own limit comes first: a name with more addresses than that is blocked.
    #[must_use]
    pub fn with_max_addresses(mut self, count: usize) -> Self {
        self.settings.max_addresses = count.max(1);
        self
    }

    /// Sets which addresses are probed. Default: each.
    #[must_use]
    pub fn with_address_mode(mut self, mode: AddressMode) -> Self {
        self.settings.mode = mode;
        self
    }

    /// Sets how many connections there are at a time. Default 16, at least 1. Clones made before keep their own places.
    #[must_use]
    pub fn with_concurrency(mut self, count: usize) -> Self {
        self.concurrency = count.clamp(1, Semaphore::MAX_PERMITS);
        self.places = Arc::new(Semaphore::new(self.concurrency));
        self
    }

    /// Sets how many bytes the header of an answer may have. Default 16 KiB, at least 8 KiB.
    #[must_use]
    pub fn with_max_header_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_header = bytes.max(8 * 1024);
        self
    }

    /// Sets how many bytes of a body are read. Default 1 MiB.
    #[must_use]
    pub fn with_max_body_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// Sets the distances at which an expiry is told. Default: 30, 14 and 7 days.
    #[must_use]
    pub fn with_expiry_levels(mut self, levels: ExpiryLevels) -> Self {
        self.inspector = self.inspector.with_expiry_levels(levels);
        self
    }

    /// Probes one endpoint. Never fails: what is wrong is in the report. Dropping the future closes every connection.
    pub async fn probe(&self, url: &str) -> ProbeReport {
        let clock = self.guard.clock();
        let started = clock.now();
        let mut report = match self.guard.check_text(url).await {
            Ok(destination) => self.destination(&destination).await,
            Err(error) => {
                let mut report = ProbeReport::new(endpoint(url));
                let kind = match error.kind() {
                    ErrorKind::Blocked => ReasonKind::Blocked,
                    ErrorKind::Timeout => ReasonKind::DnsTimedOut,
                    _ => ReasonKind::DnsFailed,
                };
                let reason = Reason::new(Severity::Error, kind, error.to_string());
                report.reasons.push(reason);
                report
            }
        };
        report.elapsed = clock.now().saturating_duration_since(started);
        report.settle();
        report
    }

    /// Probes many endpoints, as many at a time as there are places, and reports in the order given. An endpoint that is given
    /// twice is probed twice.
    pub async fn probe_all<T: AsRef<str>>(
        &self,
        urls: impl IntoIterator<Item = T>,
    ) -> Vec<ProbeReport> {
        let mut urls = urls.into_iter().enumerate();
        let mut running = FuturesUnordered::new();
        let mut reports = Vec::new();
        loop {
            while running.len() < self.concurrency
                && let Some((place, url)) = urls.next()
            {
                running.push(async move { (place, self.probe(url.as_ref()).await) });
            }
            // In any order while they run: a slow endpoint must not keep its finished neighbours' places.
            match running.next().await {
                Some(report) => reports.push(report),
                None => break,
            }
        }
        reports.sort_by_key(|(place, _)| *place);
        reports.into_iter().map(|(_, report)| report).collect()
    }

    async fn destination(&self, destination: &Destination) -> ProbeReport {
        let mut report = ProbeReport::new(endpoint(destination.url().as_str()));
        report.dns = Some(DnsReport::of(destination));
        let all = destination.addresses();
        let count = all.len().min(self.settings.max_addresses);
        let (probed, left_out) = all.split_at_checked(count).unwrap_or((all, &[]));
        report.skipped_addresses = left_out.len();
        match self.settings.mode {
            AddressMode::Each => {
                // Made by a loop: of a closure over references the compiler cannot tell that its future is `Send`.
                let mut probes = Vec::with_capacity(probed.len());
                for (place, address) in probed.iter().enumerate() {
                    probes.push(async move { (place, self.address(destination, address).await) });
                }
                let mut reports: Vec<_> = stream::iter(probes)
                    .buffer_unordered(self.concurrency)
                    .collect()
                    .await;
                reports.sort_by_key(|(place, _)| *place);
                report.addresses = reports.into_iter().map(|(_, report)| report).collect();
            }
            AddressMode::FirstReachable => {
                for address in probed {
                    let probed = self.address(destination, address).await;
                    let reached = probed.timings.connect.is_some();
                    report.addresses.push(probed);
                    if reached {
                        break;
                    }
                }
            }
        }
        if !left_out.is_empty() {
            let detail = format!("{} addresses were not probed", left_out.len());
            report.reasons.push(Reason::new(
                Severity::Warning,
                ReasonKind::AddressesSkipped,
                detail,
            ));
        }
        report
    }

    async fn address(&self, destination: &Destination, address: &CheckedAddress) -> AddressReport {
        // The semaphore is never closed; without a place the probe goes on all the same.
        let _place = self.places.acquire().await.ok();
        let clock = &**self.guard.clock();
        let visit = address::Visit {
            guard: &self.guard,
            inspector: &self.inspector,
            settings: &self.settings,
            destination,
            deadline: Deadline::new(clock, self.settings.total),
        };
        Box::pin(visit.run(address)).await
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("guard", &self.guard)
            .field("inspector", &self.inspector)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The end of everything that is done with one address.
#[derive(Clone, Copy)]
struct Deadline<'a> {
    clock: &'a dyn Clock,
    /// `None`: beyond the end of time.
    at: Option<Instant>,
}

/// Its time is over.
struct TimedOut;

impl<'a> Deadline<'a> {
    fn new(clock: &'a dyn Clock, total: Duration) -> Self {
        let at = clock.now().checked_add(total);
        Self { clock, at }
    }

    /// What is left of the time, at most `most`.
    fn left(&self, most: Duration) -> Duration {
        let now = self.clock.now();
        let left = self.at.map(|at| at.saturating_duration_since(now));
        left.map_or(most, |left| left.min(most))
    }

    /// Runs a phase and takes its time.
    async fn phase<F: Future>(
        &self,
        most: Duration,
        future: F,
    ) -> Result<(F::Output, Duration), TimedOut> {
        let started = self.clock.now();
        let output = match started.checked_add(self.left(most)) {
            Some(at) => timeout_at(self.clock, at, future)
                .await
                .map_err(|_| TimedOut)?,
            None => future.await,
        };
        Ok((output, self.clock.now().saturating_duration_since(started)))
    }
}

/// Scheme, host and port: a path or a query may hold a secret.
fn endpoint(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(url) if url.has_host() => {
            let host = url.host_str().unwrap_or_default();
            let port = url.port().map(|port| format!(":{port}"));
            format!("{}://{host}{}", url.scheme(), port.unwrap_or_default())
        }
        _ => "no URL".to_owned(),
    }
}
