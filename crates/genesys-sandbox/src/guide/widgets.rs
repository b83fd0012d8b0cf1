//! Agent widgets: the second shape of `POST /api/v2/integrations`, with the platform rules that the documents state.

use serde_json::{Value, json};
use url::Url;

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::input::SizedJson;
use crate::members::Members;
use crate::reply::Reply;
use crate::store::{Integration, Status, Widget};
use crate::time::now;

const MEMBERS: [&str; 8] = [
    "name",
    "description",
    "type",
    "status",
    "manifestUrl",
    "settings",
    "id",
    "createdAt",
];
/// The longest payload, in bytes as they were sent.
const LARGEST: usize = 10_240;
const TALLEST: u64 = 600;
const WIDEST: u64 = 800;

#[derive(Debug)]
struct Sent {
    name: String,
    status: Option<Status>,
    members: Value,
}

fn read(body: &SizedJson) -> Result<Sent, ApiError> {
    let mut members = Members::of(&body.value, &MEMBERS)?;
    let name = members.text("name", 256);
    members.optional_text("description", 1_024);
    members.one_of("type", &["webapp", "integration"]);
    if let Some(url) = members.address("manifestUrl", false)
        && !is_allowed_origin(&url)
    {
        members.problem(
            "origin.not.allowed",
            "manifestUrl",
            "must be on s3.amazonaws.com or *.cloudfront.net",
        );
    }
    let status = members
        .optional_one_of("status", &Status::NAMES)
        .map(Status::parse);
    if let Some(settings) = members.get("settings") {
        check_settings(&mut members, settings);
    }
    if body.length > LARGEST {
        let rule = format!(
            "make the payload {} bytes long, more than {LARGEST}",
            body.length
        );
        members.problem("payload.too.large", "settings", &rule);
    }
    members.finish()?;
    let Some(name) = name else {
        return Err(ApiError::bad_request(
            "bad.request",
            "The request is not valid.",
        ));
    };
    let mut sent = body.value.clone();
    if let Some(object) = sent.as_object_mut() {
        for own in ["status", "id", "createdAt"] {
            object.remove(own);
        }
    }
    Ok(Sent {
        name: name.to_owned(),
        status,
        members: sent,
    })
}

/// `settings` is open; what is known of it is checked.
fn check_settings(members: &mut Members<'_>, settings: &Value) {
    let Some(object) = settings.as_object() else {
        return members.problem("invalid.type", "settings", "must be an object");
    };
    let Some(dimensions) = object.get("dimensions") else {
        return;
    };
    if !dimensions.is_object() {
        return members.problem("invalid.type", "settings.dimensions", "must be an object");
    }
    for (name, most) in [("width", WIDEST), ("height", TALLEST)] {
        match dimensions.get(name).map(Value::as_u64) {
            None => {}
            Some(Some(size)) if (1..=most).contains(&size) => {}
            Some(_) => {
                let field = format!("settings.dimensions.{name}");
                members.problem(
                    "invalid.value",
                    &field,
                    &format!("must be a whole number from 1 to {most}"),
                );
            }
        }
    }
}

fn is_allowed_origin(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let on_cdn = host
        .strip_suffix(".cloudfront.net")
        .is_some_and(|labels| labels.split('.').all(|label| !label.is_empty()));
    url.port().is_none() && (host == "s3.amazonaws.com" || on_cdn)
}

/// The widget as the API shows it.
pub(crate) fn view(widget: &Widget) -> Value {
    let mut view = widget.sent.clone();
    view["id"] = json!(widget.id);
    view["status"] = json!(widget.status.name());
    view["createdAt"] = json!(widget.created);
    view
}

/// `POST /api/v2/integrations` with a string as `type`. A widget without a status begins inactive.
pub(crate) fn create(cloud: &Cloud, body: &SizedJson) -> Result<Reply, ApiError> {
    let sent = read(body)?;
    let widget = Widget {
        id: cloud.ids.uuid(),
        name: sent.name,
        sent: sent.members,
        status: sent.status.unwrap_or(Status::Inactive),
        created: now(),
    };
    let (id, answer) = (widget.id.clone(), view(&widget));
    cloud
        .store()
        .integrations
        .insert(&id, Integration::Widget(widget))?;
    Ok(Reply::created(answer).with_effect(Object::Integration, Verb::Created, &id))
}

/// Replaces a widget (`PUT`).
pub(crate) fn replace(widget: &mut Widget, body: &SizedJson) -> Result<(), ApiError> {
    let sent = read(body)?;
    widget.name = sent.name;
    widget.sent = sent.members;
    if let Some(status) = sent.status {
        widget.status = status;
    }
    Ok(())
}
