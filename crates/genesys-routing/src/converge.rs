//! Making a route what it should be, once, although answers may be lost and others may write too.

use std::time::Duration;

use async_trait::async_trait;
use genesys_core::{Client, Error, ErrorKind, Result};

use crate::api::{Change, Ensured};
use crate::deployed::{DeployedRoute, RouteId};
use crate::dry_run::DryRun;
use crate::route::EventRoute;

/// How often a creation is sent, its first time included.
const SENDS: u32 = 2;
/// How often the name is looked for before its absence is believed. What was just created may not be listed yet.
const LOOKS: u32 = 4;
/// How often a stale version is read again. Each time somebody else was faster.
const STALE_VERSIONS: u32 = 5;
/// The first pause between two looks; each one is longer by half.
const PAUSE: Duration = Duration::from_millis(250);

/// The objects of one kind.
#[async_trait]
pub(crate) trait Objects: Send + Sync {
    fn client(&self) -> &Client;

    async fn find(&self, name: &str) -> Result<Option<DeployedRoute>>;

    async fn get(&self, id: &RouteId) -> Result<Option<DeployedRoute>>;

    /// Creates it. A failure that is no unknown outcome has left nothing behind.
    async fn create(&self, route: &EventRoute) -> Result<DeployedRoute>;

    /// Writes over the version that was read.
    async fn replace(&self, current: &DeployedRoute, route: &EventRoute) -> Result<DeployedRoute>;
}

pub(crate) async fn ensure(objects: &dyn Objects, route: &EventRoute) -> Result<Ensured> {
    let (mut sends, mut stale) = (0, 0);
    // What is found after a creation of ours may be what that creation made.
    let mut changed = Change::Updated;
    let mut unchanged = Change::Unchanged;
    let mut current = objects.find(route.name()).await?;
    loop {
        let Some(seen) = current else {
            sends += 1;
            let error = match objects.create(route).await {
                Ok(made) => return Ok(Ensured::new(made, Change::Created)),
                Err(error) => error,
            };
            let unknown = error.is_outcome_unknown();
            if !unknown && error.kind() != ErrorKind::Conflict {
                return Err(error);
            }
            current = match look(objects, route.name(), unknown).await {
                Ok(None) if unknown && sends < SENDS => None,
                Ok(Some(found)) => {
                    if unknown || sends > 1 {
                        (changed, unchanged) = (Change::Created, Change::Created);
                    }
                    Some(found)
                }
                // What the look-up met says less than the write it was made for.
                Ok(None) | Err(_) => return Err(error),
            };
            continue;
        };
        if seen.matches(route) {
            return Ok(Ensured::new(seen, unchanged));
        }
        match objects.replace(&seen, route).await {
            Ok(written) => return Ok(Ensured::new(written, changed)),
            Err(error) if error.kind() == ErrorKind::Conflict && stale < STALE_VERSIONS => {
                stale += 1;
                current = objects.get(&seen.id).await?;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Looks for what a creation may have made; several times, if its outcome is unknown.
async fn look(objects: &dyn Objects, name: &str, unknown: bool) -> Result<Option<DeployedRoute>> {
    let clock = objects.client().clock();
    let mut pause = PAUSE;
    let looks = if unknown { LOOKS } else { 1 };
    for index in 1..=looks {
        let found = objects.find(name).await?;
        if found.is_some() || index == looks {
            return Ok(found);
        }
        if let Some(until) = clock.now().checked_add(pause) {
            clock.sleep_until(until).await;
        }
        pause = pause.saturating_mul(3) / 2;
    }
    Ok(None)
}

pub(crate) async fn dry_run(objects: &dyn Objects, route: &EventRoute) -> Result<DryRun> {
    let current = objects.find(route.name()).await?;
    let change = match &current {
        None => Change::Created,
        Some(seen) if seen.matches(route) => Change::Unchanged,
        Some(_) => Change::Updated,
    };
    Ok(DryRun::new(change, current))
}

/// What a replacement whose outcome is unknown has done: read, and told by what is there. The write itself was repeated by
/// the client already, because it names a version.
pub(crate) async fn settle(
    objects: &dyn Objects,
    id: &RouteId,
    route: &EventRoute,
    written: Result<DeployedRoute>,
) -> Result<DeployedRoute> {
    match written {
        Err(error) if error.is_outcome_unknown() => match objects.get(id).await {
            Ok(Some(seen)) if seen.matches(route) => Ok(seen),
            _ => Err(error),
        },
        settled => settled,
    }
}

/// The only one of this name.
pub(crate) fn sole(
    mut named: Vec<DeployedRoute>,
    operation: &'static str,
) -> Result<Option<DeployedRoute>> {
    if named.len() > 1 {
        let ids: Vec<&str> = named.iter().map(|route| route.id.as_str()).collect();
        let message = format!("{} routes have this name: {}", ids.len(), ids.join(", "));
        return Err(Error::new(ErrorKind::Conflict, message).with_operation(operation));
    }
    Ok(named.pop())
}

/// The version that a change names.
pub(crate) fn version_of(current: &DeployedRoute) -> Result<u64> {
    current.version.ok_or_else(|| {
        Error::new(
            ErrorKind::Protocol,
            "the cloud told no version of this route, so it cannot be changed safely",
        )
    })
}
