//! What a request says of an action, checked.

use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::members::Members;
use crate::platform::records::ActionVersion;
use crate::schema;
use crate::store::{Integration, Store};

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
const MEMBERS: [&str; 9] = [
    "category",
    "name",
    "integrationId",
    "config",
    "contract",
    "secure",
    "id",
    "version",
    "selfUri",
];

/// How much of an action must be right: all of it when it is published, the members alone while it is a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rigour {
    Publishable,
    Draft,
}

/// What a request says of an action; absent members keep their value in a change.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) name: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) secure: Option<bool>,
    pub(crate) config: Option<Value>,
    pub(crate) contract: Option<(Value, Value)>,
}

impl Sent {
    /// Reads what an action is made of.
    pub(crate) fn read(members: &mut Members<'_>, rigour: Rigour) -> Self {
        Self {
            name: members.optional_text("name", 256).map(str::to_owned),
            category: members.optional_text("category", 256).map(str::to_owned),
            secure: members.optional_flag("secure"),
            config: read_config(members, rigour),
            contract: read_contract(members, rigour),
        }
    }

    /// Puts what was sent over what there was, as the version `version`.
    pub(crate) fn over(self, old: &ActionVersion, version: u64) -> ActionVersion {
        let (input_schema, success_schema) = self
            .contract
            .unwrap_or_else(|| (old.input_schema.clone(), old.success_schema.clone()));
        ActionVersion {
            version,
            name: self.name.unwrap_or_else(|| old.name.clone()),
            category: self.category.unwrap_or_else(|| old.category.clone()),
            secure: self.secure.unwrap_or(old.secure),
            input_schema,
            success_schema,
            config: self.config.unwrap_or_else(|| old.config.clone()),
        }
    }
}

fn read_config(members: &mut Members<'_>, rigour: Rigour) -> Option<Value> {
    let strict = rigour == Rigour::Publishable;
    members.optional_object(
        "config",
        &["timeoutSeconds", "request", "response"],
        |config| {
            config.optional_number("timeoutSeconds", 1..=60);
            if strict {
                config.required("request");
            }
            let request = [
                "requestUrlTemplate",
                "requestTemplate",
                "requestTemplateUri",
                "requestType",
                "headers",
            ];
            config.optional_object("request", &request, |request| {
                if strict {
                    request.required("requestUrlTemplate");
                    request.required("requestType");
                }
                request.optional_text("requestUrlTemplate", 10_000);
                request.optional_one_of("requestType", &METHODS);
                request.optional_text("requestTemplate", 100_000);
                request.optional_texts("headers");
            });
            let response = [
                "translationMap",
                "translationMapDefaults",
                "successTemplate",
                "successTemplateUri",
            ];
            config.optional_object("response", &response, |response| {
                response.optional_texts("translationMap");
                response.optional_texts("translationMapDefaults");
                response.optional_text("successTemplate", 100_000);
            });
        },
    )?;
    members.get("config").cloned()
}

fn read_contract(members: &mut Members<'_>, rigour: Rigour) -> Option<(Value, Value)> {
    members
        .optional_object("contract", &["input", "output"], |contract| {
            let input = contract.object("input", &["inputSchema"], |input| {
                read_schema(input, "inputSchema", rigour)
            });
            let output = contract.object("output", &["successSchema"], |output| {
                read_schema(output, "successSchema", rigour)
            });
            Some((input??, output??))
        })
        .flatten()
}

fn read_schema(members: &mut Members<'_>, name: &str, rigour: Rigour) -> Option<Value> {
    let value = members.required(name)?;
    if !value.is_object() {
        members.problem("invalid.type", name, "must be an object");
        return None;
    }
    // The contract of the API has one type here and no list of them.
    let kind = value.get("type");
    if kind.is_some_and(|kind| !kind.is_string()) {
        members.problem("invalid.schema", name, "must be of one type");
        return None;
    }
    if rigour == Rigour::Publishable
        && name == "inputSchema"
        && kind.is_some_and(|kind| kind != "object")
    {
        members.problem("invalid.schema", name, "must be of type object");
        return None;
    }
    if rigour == Rigour::Publishable
        && let Some(reason) = schema::fault(value)
    {
        let rule = format!("must be a JSON schema ({reason})");
        members.problem("invalid.schema", name, &rule);
        return None;
    }
    Some(value.clone())
}

/// Reads the body of a create: the integration's id and the first version.
pub(crate) fn read_new(
    store: &Store,
    body: &Value,
    rigour: Rigour,
) -> Result<(String, ActionVersion), ApiError> {
    let mut members = Members::of(body, &MEMBERS)?;
    for name in ["category", "name", "config", "contract"] {
        members.required(name);
    }
    let integration = members.text("integrationId", 256);
    let sent = Sent::read(&mut members, rigour);
    if let Some(id) = integration {
        match store.integrations.get(id) {
            Ok(Integration::Platform(one)) if one.kind.has_actions => {}
            Ok(_) => members.problem(
                "invalid.value",
                "integrationId",
                "names an integration that has no actions",
            ),
            Err(_) => members.problem(
                "invalid.value",
                "integrationId",
                "names an integration that does not exist",
            ),
        }
    }
    members.finish()?;
    let empty = ActionVersion {
        version: 0,
        name: String::new(),
        category: String::new(),
        secure: false,
        input_schema: json!({}),
        success_schema: json!({}),
        config: json!({}),
    };
    Ok((
        integration.unwrap_or_default().to_owned(),
        sent.over(&empty, 1),
    ))
}
