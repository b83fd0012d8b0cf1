//! Waiting for the platform: for a reported state, and for something just created to be readable.

use genesys_core::{Error, ErrorKind, Result};

use crate::integration::{
    Integration, IntegrationState, IntendedState, StateChange, StateNotReached,
};
use crate::limits::Deadline;

/// Looks until `intended` is reported. `first` is the answer to the request that set it: its state may be one from before,
/// so success is taken from it and an error is not.
pub(crate) async fn for_state<F, Fut>(
    deadline: &Deadline<'_>,
    intended: IntendedState,
    first: Integration,
    mut look: F,
) -> Result<StateChange>
where
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<Option<Integration>>> + Send,
{
    let mut seen = first;
    let mut index = 0;
    loop {
        if seen.state.fulfils(intended) {
            return Ok(StateChange::new(intended, seen.state, deadline.elapsed()));
        }
        let failed = index > 0 && seen.state == IntegrationState::Error;
        if failed || !deadline.pause(index).await {
            return Err(Error::from(StateNotReached {
                intended,
                reported: seen.state,
                detail: seen.detail,
                waited: deadline.elapsed(),
            }));
        }
        index = index.saturating_add(1);
        match look().await {
            Ok(Some(integration)) => seen = integration,
            // A read right after a write may still answer 404: the last known state stands until the deadline.
            Ok(None) => {}
            // The deadline came during the look: the next pause finds that out, and what was seen is reported.
            Err(error) if error.kind() == ErrorKind::Deadline => {}
            Err(error) => return Err(error),
        }
    }
}

/// Looks until there is something. A 404 right after a creation is normal for a while, and an error after the deadline.
pub(crate) async fn for_appearance<T, F, Fut>(
    deadline: &Deadline<'_>,
    what: &'static str,
    mut look: F,
) -> Result<T>
where
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<Option<T>>> + Send,
{
    let mut index = 0;
    loop {
        match look().await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            // The deadline came during a further look: what is known is that it was not there before.
            Err(error) if index > 0 && error.kind() == ErrorKind::Deadline => {}
            Err(error) => return Err(error),
        }
        if !deadline.pause(index).await {
            let waited = deadline.elapsed().as_secs_f64();
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("{what} cannot be read {waited:.1} s after it was created"),
            ));
        }
        index = index.saturating_add(1);
    }
}
