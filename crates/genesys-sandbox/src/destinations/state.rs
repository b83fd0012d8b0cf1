//! What a destination answers next, and what it has been asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderValue, StatusCode};

use crate::destinations::DestinationKind;
use crate::error::{SandboxError, SandboxErrorKind};

#[derive(Debug)]
struct Script {
    statuses: Vec<StatusCode>,
    next: usize,
    delay: Duration,
    location: Option<HeaderValue>,
}

/// Shared by the handle and the connections.
#[derive(Debug)]
pub(super) struct State {
    connections: AtomicU64,
    handshakes: AtomicU64,
    requests: AtomicU64,
    script: Mutex<Script>,
}

/// One answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) delay: Duration,
    pub(super) location: Option<HeaderValue>,
}

impl State {
    pub(super) fn new(kind: DestinationKind) -> Self {
        let statuses = kind.statuses().iter();
        Self {
            connections: AtomicU64::new(0),
            handshakes: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            script: Mutex::new(Script {
                statuses: statuses
                    .filter_map(|status| StatusCode::from_u16(*status).ok())
                    .collect(),
                next: 0,
                delay: kind.delay(),
                location: None,
            }),
        }
    }

    pub(super) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn handshakes(&self) -> u64 {
        self.handshakes.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    pub(super) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn shook_hands(&self) {
        self.handshakes.fetch_add(1, Ordering::SeqCst);
    }

    /// A request came: counts it, and takes the next answer.
    pub(super) fn asked(&self) -> Answer {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let mut script = self.lock();
        let turn = script.next;
        script.next = (turn + 1) % script.statuses.len();
        Answer {
            status: script.statuses[turn],
            delay: script.delay,
            location: script.location.clone(),
        }
    }

    pub(super) fn set_statuses(&self, statuses: Vec<u16>) -> Result<(), SandboxError> {
        let valid: Vec<StatusCode> = statuses
            .iter()
            .filter(|status| (200..=599).contains(*status))
            .filter_map(|status| StatusCode::from_u16(*status).ok())
            .collect();
        if valid.is_empty() || valid.len() < statuses.len() {
            return Err(refused("statuses are one or more numbers from 200 to 599"));
        }
        let mut script = self.lock();
        script.statuses = valid;
        script.next = 0;
        Ok(())
    }

    pub(super) fn set_delay(&self, delay: Duration) {
        self.lock().delay = delay;
    }

    pub(super) fn set_location(&self, location: &str) -> Result<(), SandboxError> {
        let value = HeaderValue::try_from(location)
            .map_err(|_| refused("a location is what a header can hold"))?;
        self.lock().location = Some(value);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(rule: &str) -> SandboxError {
    SandboxError::new(SandboxErrorKind::Script, rule)
}
