//! The way from the server's certificate towards a root, found without asking whether it is good.
//!
//! The verdict is [`webpki`]'s; this path tells *why* there is none, which a verifier that stops at the first fault does not.

use std::time::SystemTime;

use rustls::pki_types::SignatureVerificationAlgorithm;

use super::certificate::{Certificate, Signed};
use super::roots::Roots;

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// A certificate that the server sent, by its place.
    Sent(usize),
    /// A root, by its place.
    Root(usize),
}

/// Where a path ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At a root.
    Anchored,
    /// At a certificate that is signed with its own key and is no root.
    SelfSigned,
    /// At a certificate whose issuer is neither sent nor a root.
    Missing,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Path {
    /// From the server's own certificate upwards.
    pub(super) links: Vec<Link>,
    pub(super) end: End,
    /// The links whose signature is not their issuer's.
    pub(super) forged: Vec<usize>,
}

/// Longer than any path that works.
const LONGEST: usize = 16;

impl Path {
    /// Prefers a root over a certificate that was sent, a right signature over a wrong one, and a certificate that is valid
    /// now over one that is not, as OpenSSL does.
    pub(super) fn find(
        sent: &[Option<Certificate<'_>>],
        roots: &Roots,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
        now: SystemTime,
    ) -> Self {
        let mut path = Self {
            links: vec![Link::Sent(0)],
            end: End::Missing,
            forged: Vec::new(),
        };
        let mut place = 0;
        while let Some(current) = sent.get(place).and_then(Option::as_ref) {
            if let Some((root, signed)) = root_of(current, roots, algorithms) {
                if signed == Signed::No {
                    path.forged.push(path.links.len() - 1);
                }
                // A root that the server sent along is the root, and not one more step.
                let itself = roots
                    .certificates()
                    .get(root)
                    .is_some_and(|root| root.as_ref() == current.der);
                if itself && path.links.len() > 1 {
                    path.links.pop();
                }
                path.links.push(Link::Root(root));
                path.end = End::Anchored;
                break;
            }
            if current.is_self_issued() && current.signed_by(current, algorithms) != Signed::No {
                path.end = End::SelfSigned;
                break;
            }
            let used = |place: usize| path.links.contains(&Link::Sent(place));
            let next = (0..sent.len())
                .filter(|place| !used(*place))
                .filter_map(|place| Some((place, sent.get(place)?.as_ref()?)))
                .filter(|(_, issuer)| current.names_as_issuer(issuer))
                .map(|(place, issuer)| {
                    let forged = current.signed_by(issuer, algorithms) == Signed::No;
                    let untimely = now < issuer.not_before() || now > issuer.not_after();
                    (forged, untimely, place)
                })
                .min();
            let Some((forged, _, next)) = next else { break };
            if path.links.len() >= LONGEST {
                break;
            }
            if forged {
                path.forged.push(path.links.len() - 1);
            }
            path.links.push(Link::Sent(next));
            place = next;
        }
        path
    }
}

/// The root that signed a certificate; failing that, one that has the issuer's name and another key.
fn root_of(
    current: &Certificate<'_>,
    roots: &Roots,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Option<(usize, Signed)> {
    let mut named = None;
    for place in roots.named(current.issuer()) {
        let Some(root) = roots
            .certificates()
            .get(place)
            .and_then(|der| Certificate::read(der))
        else {
            continue;
        };
        match current.signed_by(&root, algorithms) {
            Signed::No if !current.names_as_issuer(&root) || current.is_self_issued() => {}
            Signed::No => named = named.or(Some((place, Signed::No))),
            signed => return Some((place, signed)),
        }
    }
    named
}
