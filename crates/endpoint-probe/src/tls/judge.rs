//! A chain of certificates, judged.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use rustls::pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::certificate::{Certificate, Weakness};
use super::path::{End, Link, Path};
use super::report::{ExpiryLevels, TlsFinding, TlsReport, TlsVerdict};
use super::roots::Roots;

/// What a chain is judged by.
pub(super) struct Judge<'a> {
    pub(super) roots: &'a Roots,
    pub(super) algorithms: &'a [&'static dyn SignatureVerificationAlgorithm],
    pub(super) levels: &'a ExpiryLevels,
    pub(super) now: SystemTime,
}

impl Judge<'_> {
    /// Fills the certificates and the findings of `report` in. No finding is left out because another one came first, and
    /// there is none only when [`webpki`] trusts the chain for this name.
    pub(super) fn judge(
        &self,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        report: &mut TlsReport,
    ) {
        let sent: Vec<_> = chain.iter().map(|der| Certificate::read(der)).collect();
        for (place, certificate) in sent.iter().enumerate() {
            match certificate {
                Some(certificate) => report
                    .certificates
                    .push(certificate.facts(self.now, self.levels)),
                None if place == 0 => {
                    let finding = TlsFinding::new(
                        TlsVerdict::Malformed,
                        "the server's certificate cannot be read",
                    );
                    report.findings.push(finding.at(0));
                    return;
                }
                // An unreadable certificate further up is as good as none; the places of the others must stay right.
                None => break,
            }
        }
        let readable = report.certificates.len();
        let (Some(sent), Some(chain)) = (sent.get(..readable), chain.get(..readable)) else {
            return;
        };
        let path = Path::find(sent, self.roots, self.algorithms, self.now);
        self.path(sent, &path, report);
        self.trust(chain, report);
        self.name(chain, name, report);
        if report.findings.is_empty() && chain.len() < report.chain_length {
            report.findings.push(
                TlsFinding::new(
                    TlsVerdict::Malformed,
                    "a certificate of the chain cannot be read",
                )
                .at(chain.len()),
            );
        }
        self.clock_hint(report);
    }

    /// What is wrong on the path.
    fn path(&self, sent: &[Option<Certificate<'_>>], path: &Path, report: &mut TlsReport) {
        let last = path.links.len().saturating_sub(1);
        for (step, link) in path.links.iter().enumerate() {
            match *link {
                Link::Root(root) => {
                    let der = self.roots.certificates().get(root);
                    if let Some(root) = der.and_then(|der| Certificate::read(der)) {
                        report.anchor = Some(root.facts(self.now, self.levels));
                    }
                }
                Link::Sent(place) => {
                    if let Some(certificate) = sent.get(place).and_then(Option::as_ref) {
                        let ends = step == last && path.end == End::SelfSigned;
                        self.step(certificate, place, step, ends, report);
                    }
                    if path.forged.contains(&step) {
                        let finding = TlsFinding::new(
                            TlsVerdict::BadSignature,
                            "the signature is not the issuer's",
                        );
                        report.findings.push(finding.at(place));
                    }
                }
            }
        }
        if let Some(finding) = dead_end(path) {
            report.findings.push(finding);
        }
        let steps = path.links.iter().filter_map(|link| match link {
            Link::Sent(place) => Some(*place),
            Link::Root(_) => None,
        });
        for place in steps {
            if let Some(certificate) = report.certificates.get_mut(place) {
                certificate.in_path = true;
            }
        }
        let ends = report.certificates.iter().filter(|one| one.in_path);
        report.earliest_not_after = ends.map(|one| one.not_after).min();
        report.expiry = report
            .earliest_not_after
            .map(|end| self.levels.level(end, self.now));
    }

    /// What is wrong with one certificate, `step` steps above the server's own.
    fn step(
        &self,
        certificate: &Certificate<'_>,
        place: usize,
        step: usize,
        ends: bool,
        report: &mut TlsReport,
    ) {
        let mut add = |verdict, detail: String| {
            report
                .findings
                .push(TlsFinding::new(verdict, detail).at(place));
        };
        if self.now < certificate.not_before() {
            let detail = format!("not valid before {}", text(certificate.not_before()));
            add(TlsVerdict::NotYetValid, detail);
        }
        if self.now > certificate.not_after() {
            let detail = format!("expired at {}", text(certificate.not_after()));
            add(TlsVerdict::Expired, detail);
        }
        let below = step.saturating_sub(1);
        if step > 0 && !certificate.is_authority() {
            let detail = "signed another certificate and is no authority".to_owned();
            add(TlsVerdict::NotAnAuthority, detail);
        } else if step > 0 && certificate.path_length().is_some_and(|most| below > most) {
            let most = certificate.path_length().unwrap_or_default();
            let detail = format!("{below} authorities below it, and it allows {most}");
            add(TlsVerdict::PathTooLong, detail);
        }
        if !certificate.serves_tls() {
            let detail = "extended key usage leaves TLS servers out".to_owned();
            add(TlsVerdict::WrongPurpose, detail);
        } else if step == 0 && !certificate.key_may_handshake() {
            let detail = "key usage leaves handshakes out".to_owned();
            add(TlsVerdict::WrongPurpose, detail);
        }
        for weakness in certificate.weakness() {
            match weakness {
                Weakness::Key(detail) => add(TlsVerdict::WeakKey, detail),
                // Nobody relies on what an end of the path says of itself.
                Weakness::Signature(_) if ends => {}
                Weakness::Signature(hash) => {
                    add(TlsVerdict::WeakSignature, format!("signed with {hash}"));
                }
            }
        }
    }

    /// The word of the verifier: what it refuses is never valid, whatever was found above.
    fn trust(&self, chain: &[CertificateDer<'_>], report: &mut TlsReport) {
        match self.verify(chain, self.now) {
            Ok(()) => {}
            Err(error) => {
                // Dates come first with the verifier: what else is wrong shows at a time when all dates are right.
                let dates = matches!(kind(&error), TlsVerdict::Expired | TlsVerdict::NotYetValid);
                self.add(error, report);
                let path = || report.certificates.iter().filter(|one| one.in_path);
                let start = path().map(|one| one.not_before).max();
                let end = path().map(|one| one.not_after).min();
                if let (true, Some(start), Some(end)) = (dates, start, end)
                    && start <= end
                    && let Err(error) = self.verify(chain, start)
                {
                    self.add(error, report);
                }
            }
        }
        report.trusted = Some(report.findings.is_empty());
    }

    fn verify(&self, chain: &[CertificateDer<'_>], at: SystemTime) -> Result<(), webpki::Error> {
        let (leaf, intermediates) = chain.split_first().ok_or(webpki::Error::BadDer)?;
        let leaf = EndEntityCert::try_from(leaf)?;
        let since = at
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        leaf.verify_for_usage(
            self.algorithms,
            self.roots.anchors(),
            intermediates,
            UnixTime::since_unix_epoch(since),
            KeyUsage::server_auth(),
            None,
            None,
        )?;
        Ok(())
    }

    /// Adds the verifier's word where the path did not say it already.
    fn add(&self, error: webpki::Error, report: &mut TlsReport) {
        let verdict = kind(&error);
        let told = report.findings.iter().any(|finding| {
            // These three are its last words on a path that leads nowhere, whatever the reason: an issuer by that name with
            // another key is a wrong signature to it, and so is a key that it does not take.
            let vague = matches!(
                verdict,
                TlsVerdict::UnknownAuthority | TlsVerdict::BadSignature | TlsVerdict::Other
            );
            vague || finding.verdict == verdict
        });
        if !told {
            let finding = TlsFinding::new(verdict, error.to_string());
            report.findings.push(finding);
        }
    }

    fn name(&self, chain: &[CertificateDer<'_>], name: &ServerName<'_>, report: &mut TlsReport) {
        let Some(Ok(leaf)) = chain.first().map(EndEntityCert::try_from) else {
            return;
        };
        let matches = leaf.verify_is_valid_for_subject_name(name).is_ok();
        report.name_matches = Some(matches);
        if !matches {
            let names = report.certificates.first().map(|leaf| &leaf.names);
            let detail = wrong_name(names.map_or(&[], Vec::as_slice));
            report
                .findings
                .push(TlsFinding::new(TlsVerdict::WrongName, detail).at(0));
        }
    }

    fn clock_hint(&self, report: &mut TlsReport) {
        const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);
        const BEHIND: Duration = Duration::from_secs(60 * 60);
        for certificate in report.certificates.iter().filter(|one| one.in_path) {
            let until = certificate.not_before.duration_since(self.now);
            let since = self.now.duration_since(certificate.not_after);
            report.clock_hint = match (until, since) {
                (Ok(until), _) if !until.is_zero() && until <= AHEAD => Some(format!(
                    "a certificate becomes valid in {} s: is this machine's clock slow?",
                    until.as_secs()
                )),
                (_, Ok(since)) if !since.is_zero() && since <= BEHIND => Some(format!(
                    "a certificate expired {} s ago: is this machine's clock fast?",
                    since.as_secs()
                )),
                _ => continue,
            };
            return;
        }
    }
}

/// Why a path that ends at no root ends.
fn dead_end(path: &Path) -> Option<TlsFinding> {
    let last = match path.links.last()? {
        Link::Sent(place) => *place,
        Link::Root(_) => return None,
    };
    let alone = path.links.len() == 1;
    let finding = match path.end {
        End::Anchored => return None,
        End::SelfSigned if alone => TlsFinding::new(
            TlsVerdict::SelfSigned,
            "signed with its own key, and no root",
        ),
        End::SelfSigned => TlsFinding::new(
            TlsVerdict::UnknownAuthority,
            "the chain ends at an authority of its own, which is no root",
        ),
        End::Missing if alone => TlsFinding::new(
            TlsVerdict::IncompleteChain,
            "its issuer is no root, and the server did not send it",
        ),
        End::Missing => TlsFinding::new(
            TlsVerdict::UnknownAuthority,
            "its issuer is no root and was not sent",
        ),
    };
    Some(finding.at(last))
}

fn wrong_name(names: &[String]) -> String {
    const TOLD: usize = 5;
    if names.is_empty() {
        return "it names no host: there is no subject alternative name, and the common name does not count"
            .to_owned();
    }
    let mut detail = format!(
        "valid for {}",
        names
            .get(..TOLD.min(names.len()))
            .unwrap_or(names)
            .join(", ")
    );
    if let Some(more) = names.len().checked_sub(TOLD + 1) {
        // Writing to a string does not fail.
        let _ = write!(detail, " and {} more", more + 1);
    }
    detail
}

fn text(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or_else(
        |_| "a time beyond reason".to_owned(),
        |time| time.to_string(),
    )
}

fn kind(error: &webpki::Error) -> TlsVerdict {
    use webpki::Error;
    match error {
        Error::CertExpired { .. } => TlsVerdict::Expired,
        Error::CertNotValidYet { .. } => TlsVerdict::NotYetValid,
        Error::UnknownIssuer => TlsVerdict::UnknownAuthority,
        Error::CaUsedAsEndEntity => TlsVerdict::AuthorityAsLeaf,
        Error::EndEntityUsedAsCa => TlsVerdict::NotAnAuthority,
        Error::InvalidSignatureForPublicKey => TlsVerdict::BadSignature,
        Error::NameConstraintViolation
        | Error::MalformedNameConstraint
        | Error::InvalidNetworkMaskConstraint => TlsVerdict::NameConstraint,
        Error::PathLenConstraintViolated => TlsVerdict::PathTooLong,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => TlsVerdict::WrongPurpose,
        Error::UnsupportedCriticalExtension => TlsVerdict::CriticalExtension,
        Error::BadDer
        | Error::BadDerTime
        | Error::ExtensionValueInvalid
        | Error::InvalidCertValidity
        | Error::InvalidSerialNumber
        | Error::MalformedDnsIdentifier
        | Error::MalformedExtensions
        | Error::SignatureAlgorithmMismatch
        | Error::TrailingData(_)
        | Error::UnsupportedCertVersion => TlsVerdict::Malformed,
        _ => TlsVerdict::Other,
    }
}
