//! Writes that take effect after their answer was given up.
//!
//! The sandbox drops a request whose client has gone, so it cannot do this. A gateway between client and cloud does: it says that
//! a creation timed out, and delivers it a little later. Looking for the name helps when the delivery comes before the last look,
//! and cannot when it comes after: the creation is sent again and both arrive. No client can rule that out without a key that
//! the server honours; this one must notice it afterwards. So the second object is reported here, and what is judged is that the
//! next call says conflict and that purging and ensuring leaves exactly one.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use genesys_core::ErrorKind;
use genesys_core::transport::{Transport, TransportError, TransportErrorKind};
use http::{Method, Request, Response};
use resilience::{Clock as _, SystemClock};
use tokio::task::JoinSet;

use crate::subject::{Adapters, Form, Held, How, Kind, Subject, definition};
use crate::tally::Late;
use crate::{Failed, cloud};

/// The longest delay. The looks of an `ensure` here are over after a few milliseconds.
const LONGEST: u64 = 24;

/// Delivers every first creation of a name late and says that it timed out.
struct Gateway {
    inner: Arc<dyn Transport>,
    state: Mutex<State>,
}

struct State {
    rng: fastrand::Rng,
    hold: bool,
    held: JoinSet<()>,
}

impl Gateway {
    fn new(inner: Arc<dyn Transport>, rng: fastrand::Rng) -> Self {
        let state = State {
            rng,
            hold: false,
            held: JoinSet::new(),
        };
        Self {
            inner,
            state: Mutex::new(state),
        }
    }

    /// Holds the next creation back.
    fn hold_next(&self) {
        self.with(|state| state.hold = true);
    }

    /// Waits until everything that was held back has arrived.
    async fn delivered(&self) {
        let mut held = self.with(|state| std::mem::take(&mut state.held));
        while held.join_next().await.is_some() {}
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Gateway {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let creation =
            request.method() == Method::POST && request.uri().path().starts_with("/api/");
        if !(creation && self.with(|state| std::mem::take(&mut state.hold))) {
            return self.inner.send(request).await;
        }
        let inner = Arc::clone(&self.inner);
        self.with(|state| {
            let at = SystemClock.now() + Duration::from_millis(state.rng.u64(..LONGEST));
            state.held.spawn(async move {
                SystemClock.sleep_until(at).await;
                // Nobody waits for this answer any more.
                let _ = inner.send(request).await;
            });
        });
        Err(TransportError::new(TransportErrorKind::Timeout))
    }
}

/// `writes` creations, each delivered late.
pub(crate) async fn run(mut rng: fastrand::Rng, writes: u64) -> Result<Late, Failed> {
    let sandbox = cloud::start(rng.u64(..)).await?;
    let gateway = Arc::new(Gateway::new(cloud::sockets()?, rng));
    let client = cloud::client(&sandbox, Arc::clone(&gateway) as Arc<dyn Transport>)?;
    let adapters = Adapters::new(Form::Guide, &client);
    let mut late = Late {
        writes,
        ..Late::default()
    };
    for index in 0..writes {
        let mut subject = Subject {
            kind: Kind::Definition,
            name: format!("late-{index}"),
            version: None,
            id: None,
        };
        gateway.hold_next();
        let said = adapters.write(&mut subject, 1, How::Ensure).await?;
        gateway.delivered().await;
        let held = Held::of(&sandbox, &subject);
        let found = adapters.integrations().find(&subject.name).await;
        match (held.versions.len(), found) {
            (1, Ok(Some(_))) => late.absorbed += 1,
            (2, Err(error)) if error.kind() == ErrorKind::Conflict => late.doubled += 1,
            (_, found) => late.violations.push(format!(
                "{} late: said {said:?}, held {held:?}, found {found:?}",
                subject.name
            )),
        }
        if held.versions.len() > 1 {
            adapters.integrations().purge(&subject.name).await?;
            adapters
                .integrations()
                .ensure(&definition(&subject.name, 1)?)
                .await?;
        }
        let held = Held::of(&sandbox, &subject);
        if !held.is_once(1) {
            late.violations
                .push(format!("{} late and settled: {held:?}", subject.name));
        }
        // Small lists, so that the looks stay quick.
        adapters.integrations().purge(&subject.name).await?;
    }
    sandbox.shutdown().await;
    Ok(late)
}
