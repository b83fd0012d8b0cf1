//! One address of an endpoint, from the connection to the end of the answer.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, DATE, HOST, USER_AGENT};
use http::{HeaderMap, Request};
use http_body_util::Empty;
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::exchange::{self, Answer, Body};
use super::report::{AddressReport, HttpReport, ReasonKind, Severity};
use super::{Deadline, Settings};
use crate::connect::Stream;
use crate::guard::{CheckedAddress, Destination, Guard};
use crate::tls::{ExpiryLevel, TlsInspector, TlsReport};

const AGENT: &str = concat!("endpoint-probe/", env!("CARGO_PKG_VERSION"));

/// More than this is no network delay any more.
const CLOCK_SKEW_SECONDS: u64 = 300;

/// See the module.
pub(super) struct Visit<'a> {
    pub(super) guard: &'a Guard,
    pub(super) inspector: &'a TlsInspector,
    pub(super) settings: &'a Settings,
    pub(super) destination: &'a Destination,
    pub(super) deadline: Deadline<'a>,
}

impl Visit<'_> {
    pub(super) async fn run(&self, address: &CheckedAddress) -> AddressReport {
        let mut report = AddressReport::new(address.address(), self.destination.lookup());
        let Some(stream) = self.connect(address, &mut report).await else {
            return report;
        };
        let stream = if self.destination.is_tls() {
            self.secure(stream, &mut report).await
        } else {
            Some(stream)
        };
        if let Some(stream) = stream
            && let Some(mut answer) = self.ask(stream, &mut report).await
        {
            self.read(&mut answer, &mut report).await;
            self.judge_latency(&mut report);
        }
        report
    }

    async fn connect(
        &self,
        address: &CheckedAddress,
        report: &mut AddressReport,
    ) -> Option<Box<dyn Stream>> {
        let connect = self.guard.connect(address);
        match self.deadline.phase(self.settings.phase, connect).await {
            Ok((Ok(stream), elapsed)) => {
                report.timings.connect = Some(elapsed);
                Some(stream)
            }
            Ok((Err(error), _)) => {
                let kind = if error.is_blocked() {
                    ReasonKind::Blocked
                } else {
                    ReasonKind::ConnectFailed
                };
                let cause = std::error::Error::source(&error)
                    .and_then(|source| source.downcast_ref::<std::io::Error>());
                let detail = match cause {
                    Some(cause) => format!("{error}: {}", cause.kind()),
                    None => error.to_string(),
                };
                report.add(Severity::Error, kind, detail);
                None
            }
            Err(_) => {
                report.add(
                    Severity::Error,
                    ReasonKind::TimedOut,
                    "no connection in time",
                );
                None
            }
        }
    }

    async fn secure(
        &self,
        stream: Box<dyn Stream>,
        report: &mut AddressReport,
    ) -> Option<Box<dyn Stream>> {
        let limit = self.deadline.left(self.settings.phase);
        let inspector = self.inspector.clone().with_timeout(limit);
        let inspection = inspector.inspect(stream, self.destination.host()).await;
        let tls = inspection.report;
        for finding in &tls.findings {
            let certificate = finding
                .certificate
                .map_or_else(String::new, |place| format!(" (certificate {place})"));
            let detail = format!(
                "{}: {}{certificate}",
                finding.verdict.as_str(),
                finding.detail
            );
            report.add(Severity::Error, ReasonKind::Tls, detail);
        }
        if tls.verdict.is_valid() {
            report.timings.tls = Some(tls.elapsed);
            expiry(&tls, report);
        }
        report.tls = Some(tls);
        inspection.stream
    }

    async fn ask(&self, stream: Box<dyn Stream>, report: &mut AddressReport) -> Option<Answer> {
        let request = match self.request() {
            Ok(request) => request,
            Err(error) => {
                report.add(Severity::Error, ReasonKind::Request, error.to_string());
                return None;
            }
        };
        let ask = exchange::ask(stream, request, self.settings.max_header);
        match self.deadline.phase(self.settings.phase, ask).await {
            Ok((Ok(answer), elapsed)) => {
                report.timings.first_byte = Some(elapsed);
                self.judge_head(&answer, report);
                Some(answer)
            }
            Ok((Err(error), _)) => {
                let (kind, detail) = failure(&error);
                report.add(Severity::Error, kind, detail);
                None
            }
            Err(_) => {
                report.add(Severity::Error, ReasonKind::TimedOut, "no answer in time");
                None
            }
        }
    }

    fn request(&self) -> Result<Request<Empty<Bytes>>, http::Error> {
        let url = self.destination.url();
        let target = match &self.settings.path {
            Some(path) => path.clone(),
            None => url.query().map_or_else(
                || url.path().to_owned(),
                |query| format!("{}?{query}", url.path()),
            ),
        };
        let target = http::uri::PathAndQuery::try_from(target)?;
        Request::builder()
            .method(self.settings.method.http())
            .uri(http::Uri::from(target))
            .header(HOST, self.destination.authority())
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, "*/*")
            .header(CONNECTION, "close")
            .body(Empty::new())
    }

    fn judge_head(&self, answer: &Answer, report: &mut AddressReport) {
        let status = answer.status.as_u16();
        let accepted = self.settings.status.matches(status);
        let mut http = HttpReport::new(self.settings.method, status, accepted);
        let skew = clock_offset(&answer.headers, self.guard.clock().wall());
        http.clock_offset_seconds = skew;
        report.http = Some(http);
        if !accepted {
            let followed = if answer.status.is_redirection() {
                "; redirects are not followed"
            } else {
                ""
            };
            let healthy = &self.settings.status;
            let detail = format!("status {status} is not in {healthy}{followed}");
            report.add(Severity::Error, ReasonKind::Status, detail);
        }
        if let Some(skew) = skew.filter(|skew| skew.unsigned_abs() > CLOCK_SKEW_SECONDS) {
            let detail = format!("this machine's clock is {skew} s from the server's");
            report.add(Severity::Notice, ReasonKind::ClockSkew, detail);
        }
    }

    async fn read(&self, answer: &mut Answer, report: &mut AddressReport) {
        let mut body = Body::default();
        let read = answer.read(self.settings.max_body, &mut body);
        let ended = self.deadline.phase(self.settings.phase, read).await;
        let complete = matches!(ended, Ok((Ok(()), _)));
        match ended {
            Ok((Ok(()), elapsed)) => report.timings.transfer = Some(elapsed),
            Ok((Err(error), _)) => {
                let (kind, detail) = failure(&error);
                report.add(Severity::Error, kind, detail);
            }
            Err(_) => {
                let detail = format!(
                    "the body did not end in time; {} bytes came",
                    body.bytes.len()
                );
                report.add(Severity::Error, ReasonKind::TimedOut, detail);
            }
        }
        let matched = match &self.settings.body {
            Some(matcher) if complete => Some(matcher.matches(&body.bytes)),
            _ => None,
        };
        if matched == Some(false) {
            let detail = format!("not in the {} bytes of the body", body.bytes.len());
            report.add(Severity::Error, ReasonKind::Body, detail);
        }
        if body.truncated {
            let detail = format!("the body goes on after {} bytes", body.bytes.len());
            report.add(Severity::Warning, ReasonKind::BodyTruncated, detail);
        }
        if let Some(http) = &mut report.http {
            http.body_bytes = body.bytes.len();
            http.body_truncated = body.truncated;
            http.body_matched = matched;
        }
    }

    fn judge_latency(&self, report: &mut AddressReport) {
        let (Some(limit), Some(latency)) = (self.settings.latency_limit, report.timings.latency())
        else {
            return;
        };
        if latency > limit {
            let detail = format!(
                "{} ms, and the limit is {} ms",
                latency.as_millis(),
                limit.as_millis()
            );
            report.add(Severity::Error, ReasonKind::Slow, detail);
        }
    }
}

/// What a valid chain's dates say.
fn expiry(tls: &TlsReport, report: &mut AddressReport) {
    let severity = match tls.expiry {
        Some(ExpiryLevel::Notice) => Some(Severity::Notice),
        Some(ExpiryLevel::Warning | ExpiryLevel::Critical) => Some(Severity::Warning),
        _ => None,
    };
    if let (Some(severity), Some(days)) = (severity, tls.days_left()) {
        let detail = format!("a certificate expires in {days} days");
        report.add(severity, ReasonKind::ExpiresSoon, detail);
    }
    let root_over = tls
        .anchor
        .as_ref()
        .is_some_and(|root| root.expiry == ExpiryLevel::Expired);
    if root_over {
        report.add(
            Severity::Notice,
            ReasonKind::RootExpired,
            "the root's own dates are over; some clients refuse it",
        );
    }
}

fn failure(error: &hyper::Error) -> (ReasonKind, &'static str) {
    if error.is_parse_too_large() {
        (
            ReasonKind::HeaderTooLarge,
            "the answer's header is larger than its limit",
        )
    } else if error.is_parse() {
        (ReasonKind::Protocol, "the answer is no HTTP/1.1")
    } else if error.is_user() {
        (ReasonKind::Request, "the request cannot be sent")
    } else {
        (
            ReasonKind::Closed,
            "the connection ended before the answer was complete",
        )
    }
}

/// This machine's clock less the server's.
fn clock_offset(headers: &HeaderMap, now: SystemTime) -> Option<i64> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let date = rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    let now = Timestamp::try_from(now).ok()?;
    Some(now.as_second() - date.as_second())
}
