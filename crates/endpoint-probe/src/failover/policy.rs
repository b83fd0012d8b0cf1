//! From facts to a verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::facts::EndpointFacts;
use super::report::{
    FailoverReport, Independence, Readiness, ReadinessAspect, ReadinessFinding, ReadinessReason,
    SharedPair,
};
use super::shared::{FateKind, SharedFate, has_addresses};
use crate::health::HealthState;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MAX_MEMBERS: usize = 20;

/// How much an aspect counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Requirement {
    /// What speaks against the standby makes it not ready.
    #[default]
    Required,
    /// What speaks against the standby is a warning.
    Advised,
    /// The aspect is not looked at.
    Ignored,
}

/// What a standby has to be.
///
/// By default every aspect is required, a certificate lasts at least 14 days, two certificates do not end within a day of
/// each other (a warning), and every [`SharedFate`] blocks. **What nobody looked at is not ready.** Three things only warn:
/// a degraded endpoint, a region that is not known, and an answer's form of which the primary has none either.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use endpoint_probe::{EndpointFacts, FailoverPolicy, HealthState, Independence, SharedFate, TlsFacts};
///
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
/// let month = Duration::from_secs(30 * 86_400);
/// let endpoint = |host: &str, address: &str, region: &str| {
///     Ok::<_, std::net::AddrParseError>(
///         EndpointFacts::new(host)
///             .with_addresses([address.parse()?])
///             .with_tls(TlsFacts::valid(now + month))
///             .with_health(HealthState::Up)
///             .with_region(region),
///     )
/// };
/// let primary = endpoint("a.example.com", "198.51.100.10", "eu-west-1")?;
/// let standby = endpoint("b.example.com", "198.51.100.77", "eu-central-1")?;
///
/// let readiness = FailoverPolicy::new().assess(&primary, &standby, now);
/// let network = SharedFate::Network("198.51.100.0/24".into());
/// assert_eq!(readiness.independence, Independence::Shared(vec![network]));
/// assert!(!readiness.ready);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct FailoverPolicy {
    requirements: BTreeMap<ReadinessAspect, Requirement>,
    accepted: BTreeSet<FateKind>,
    min_life: Duration,
    min_gap: Duration,
}

impl Default for FailoverPolicy {
    fn default() -> Self {
        Self {
            requirements: BTreeMap::new(),
            accepted: BTreeSet::new(),
            min_life: DAY * 14,
            min_gap: DAY,
        }
    }
}

impl FailoverPolicy {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How much an aspect counts.
    pub fn with_requirement(mut self, aspect: ReadinessAspect, requirement: Requirement) -> Self {
        self.requirements.insert(aspect, requirement);
        self
    }

    /// Accepts one kind of shared fate, such as a certificate that both present: it is told, and only warned of.
    pub fn with_accepted(mut self, kind: FateKind) -> Self {
        self.accepted.insert(kind);
        self
    }

    /// How long a standby's certificate has to last from now.
    pub fn with_min_certificate_life(mut self, life: Duration) -> Self {
        self.min_life = life;
        self
    }

    /// How far apart the ends of the two certificates have to be; zero turns the warning off. Certificates that are the same are
    /// a shared fate and not told a second time here.
    pub fn with_min_expiry_gap(mut self, gap: Duration) -> Self {
        self.min_gap = gap;
        self
    }

    /// Judges a standby, as of `now`. Every reason is told, not the first alone.
    #[must_use]
    pub fn assess(
        &self,
        primary: &EndpointFacts,
        standby: &EndpointFacts,
        now: SystemTime,
    ) -> Readiness {
        let mut reasons = Reasons {
            policy: self,
            list: Vec::new(),
        };
        dns(&mut reasons, standby);
        tls(&mut reasons, standby);
        health(&mut reasons, standby);
        parity(&mut reasons, primary, standby);
        let fates = SharedFate::between(primary, standby);
        let same_certificate = fates
            .iter()
            .any(|fate| fate.kind() == FateKind::Certificate);
        let expiry_gap_seconds = self.expiry(&mut reasons, primary, standby, now, same_certificate);
        let independence = self.independence(&mut reasons, primary, standby, fates);
        let mut reasons = reasons.list;
        // By aspect, the blocking ones first.
        reasons.sort_by_key(|reason| (reason.aspect, !reason.blocking));
        Readiness {
            standby: standby.name().to_owned(),
            ready: !reasons.iter().any(|reason| reason.blocking),
            independence,
            expiry_gap_seconds,
            reasons,
        }
    }

    /// Judges every standby, and what they share among themselves.
    #[must_use]
    pub fn assess_all(
        &self,
        primary: &EndpointFacts,
        standbys: &[EndpointFacts],
        now: SystemTime,
    ) -> FailoverReport {
        let judged: Vec<_> = standbys
            .iter()
            .map(|standby| self.assess(primary, standby, now))
            .collect();
        let mut shared_standbys = Vec::new();
        for (index, one) in standbys.iter().enumerate() {
            for other in &standbys[index + 1..] {
                let fates = SharedFate::between(one, other);
                if !fates.is_empty() {
                    shared_standbys.push(SharedPair {
                        one: one.name().to_owned(),
                        other: other.name().to_owned(),
                        fates,
                    });
                }
            }
        }
        FailoverReport {
            primary: primary.name().to_owned(),
            ready: judged.iter().filter(|readiness| readiness.ready).count(),
            standbys: judged,
            shared_standbys,
        }
    }

    fn expiry(
        &self,
        reasons: &mut Reasons<'_>,
        primary: &EndpointFacts,
        standby: &EndpointFacts,
        now: SystemTime,
        same_certificate: bool,
    ) -> Option<i64> {
        const ASPECT: ReadinessAspect = ReadinessAspect::Expiry;
        let end = |facts: &EndpointFacts| facts.tls.as_ref().and_then(|tls| tls.not_after);
        let Some(not_after) = end(standby) else {
            let what = "end of the standby's certificate";
            reasons.block(ASPECT, ReadinessFinding::NotChecked { what });
            return None;
        };
        // The last second of the life still belongs to it.
        match not_after.duration_since(now) {
            Err(_) => reasons.block(ASPECT, ReadinessFinding::Expired { not_after }),
            Ok(left) if left < self.min_life => reasons.block(
                ASPECT,
                ReadinessFinding::ExpiresSoon {
                    not_after,
                    days_left: left.as_secs() / DAY.as_secs(),
                },
            ),
            Ok(_) => {}
        }
        let other = end(primary)?;
        let (gap, later) = match not_after.duration_since(other) {
            Ok(gap) => (gap, true),
            Err(error) => (error.duration(), false),
        };
        if gap < self.min_gap && !same_certificate {
            let gap_seconds = gap.as_secs();
            reasons.warn(ASPECT, ReadinessFinding::ExpireTogether { gap_seconds });
        }
        let seconds = i64::try_from(gap.as_secs()).ok()?;
        Some(if later { seconds } else { -seconds })
    }

    fn independence(
        &self,
        reasons: &mut Reasons<'_>,
        primary: &EndpointFacts,
        standby: &EndpointFacts,
        fates: Vec<SharedFate>,
    ) -> Independence {
        const ASPECT: ReadinessAspect = ReadinessAspect::Independence;
        for fate in &fates {
            let finding = ReadinessFinding::SharedFate { fate: fate.clone() };
            reasons.add(ASPECT, !self.accepted.contains(&fate.kind()), finding);
        }
        let mut unknown = false;
        let mut compared = |what, known: fn(&EndpointFacts) -> bool| {
            if !known(primary) || !known(standby) {
                unknown = true;
                reasons.block(ASPECT, ReadinessFinding::NotChecked { what });
            }
        };
        compared("addresses of both", has_addresses);
        compared("certificates of both", |facts| facts.tls.is_some());
        if primary.region.is_none() || standby.region.is_none() {
            let what = "regions of both";
            reasons.warn(ASPECT, ReadinessFinding::NotChecked { what });
        }
        match fates {
            fates if !fates.is_empty() => Independence::Shared(fates),
            _ if unknown => Independence::Unknown,
            _ => Independence::Independent,
        }
    }
}

fn dns(reasons: &mut Reasons<'_>, standby: &EndpointFacts) {
    const ASPECT: ReadinessAspect = ReadinessAspect::Dns;
    match &standby.addresses {
        None => {
            let what = "addresses of the standby";
            reasons.block(ASPECT, ReadinessFinding::NotChecked { what });
        }
        Some(addresses) if addresses.is_empty() => {
            reasons.block(ASPECT, ReadinessFinding::NoAddress);
        }
        Some(_) => {}
    }
}

fn tls(reasons: &mut Reasons<'_>, standby: &EndpointFacts) {
    const ASPECT: ReadinessAspect = ReadinessAspect::Tls;
    match &standby.tls {
        None => {
            let what = "TLS of the standby";
            reasons.block(ASPECT, ReadinessFinding::NotChecked { what });
        }
        Some(tls) => {
            if let Some(problem) = tls.problem.clone() {
                reasons.block(ASPECT, ReadinessFinding::TlsProblem { problem });
            }
        }
    }
}

fn health(reasons: &mut Reasons<'_>, standby: &EndpointFacts) {
    const ASPECT: ReadinessAspect = ReadinessAspect::Health;
    match standby.health {
        None => {
            let what = "health of the standby";
            reasons.block(ASPECT, ReadinessFinding::NotChecked { what });
        }
        Some(HealthState::Up) => {}
        Some(state) => {
            let works = state == HealthState::Degraded;
            reasons.add(ASPECT, !works, ReadinessFinding::NotUp { state });
        }
    }
}

fn parity(reasons: &mut Reasons<'_>, primary: &EndpointFacts, standby: &EndpointFacts) {
    const ASPECT: ReadinessAspect = ReadinessAspect::Parity;
    if let (Some(expected), Some(found)) = (&primary.shape, &standby.shape) {
        if let (Some(primary), Some(standby)) = (expected.status(), found.status())
            && primary != standby
        {
            reasons.block(ASPECT, ReadinessFinding::StatusDiffers { primary, standby });
        }
        if let (Some(primary), Some(standby)) = (expected.media_type(), found.media_type())
            && primary != standby
        {
            let (primary, standby) = (primary.to_owned(), standby.to_owned());
            let finding = ReadinessFinding::MediaTypeDiffers { primary, standby };
            reasons.block(ASPECT, finding);
        }
        let mut members = expected.differences(found);
        let total = members.len();
        if total > 0 {
            members.truncate(MAX_MEMBERS);
            reasons.block(ASPECT, ReadinessFinding::BodyDiffers { members, total });
        }
    } else {
        let what = "form of both answers";
        let finding = ReadinessFinding::NotChecked { what };
        reasons.add(ASPECT, primary.shape.is_some(), finding);
    }
    let names: BTreeSet<&String> = primary
        .attributes
        .keys()
        .chain(standby.attributes.keys())
        .collect();
    for name in names {
        if primary.attributes.get(name) != standby.attributes.get(name) {
            let name = name.clone();
            reasons.block(ASPECT, ReadinessFinding::AttributeDiffers { name });
        }
    }
}

struct Reasons<'a> {
    policy: &'a FailoverPolicy,
    list: Vec<ReadinessReason>,
}

impl Reasons<'_> {
    fn block(&mut self, aspect: ReadinessAspect, finding: ReadinessFinding) {
        self.add(aspect, true, finding);
    }

    fn warn(&mut self, aspect: ReadinessAspect, finding: ReadinessFinding) {
        self.add(aspect, false, finding);
    }

    fn add(&mut self, aspect: ReadinessAspect, blocking: bool, finding: ReadinessFinding) {
        let requirement = self.policy.requirements.get(&aspect).copied();
        let blocking = match requirement.unwrap_or_default() {
            Requirement::Required => blocking,
            Requirement::Advised => false,
            Requirement::Ignored => return,
        };
        self.list.push(ReadinessReason {
            aspect,
            blocking,
            finding,
        });
    }
}
