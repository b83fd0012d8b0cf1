//! `PATCH {"status": …}` on the guide profile's objects, and the event that it causes.

use serde_json::Value;

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::guide::{definitions, widgets};
use crate::members::Members;
use crate::reply::Reply;
use crate::store::{Integration, Status, Store};

/// Sets the status. Setting the one it already has changes nothing and causes no event.
pub(crate) fn patch(
    cloud: &Cloud,
    store: &mut Store,
    id: &str,
    body: &Value,
) -> Result<Reply, ApiError> {
    let mut members = Members::of(body, &["status"])?;
    let status = members.one_of("status", &Status::NAMES).map(Status::parse);
    members.finish()?;
    let row = store.integrations.get_mut(id)?;
    let (current, answer): (&mut Status, fn(&Integration) -> Value) = match row {
        Integration::Definition(definition) => (&mut definition.status, view),
        Integration::Widget(widget) => (&mut widget.status, view),
        #[cfg(feature = "platform")]
        Integration::Platform(_) => {
            return Err(ApiError::bad_request(
                "bad.request",
                "The request is not valid.",
            ));
        }
    };
    let old = *current;
    let new = status.unwrap_or(old);
    *current = new;
    let reply = Reply::ok(answer(row));
    if old == new {
        return Ok(reply);
    }
    cloud
        .deliveries
        .status_changed(store, id, old.name(), new.name());
    Ok(reply.with_effect(Object::Integration, Verb::Updated, id))
}

fn view(row: &Integration) -> Value {
    match row {
        Integration::Definition(definition) => definitions::view(definition),
        Integration::Widget(widget) => widgets::view(widget),
        #[cfg(feature = "platform")]
        Integration::Platform(_) => Value::Null,
    }
}
