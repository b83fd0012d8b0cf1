//! The tutorial's validator, ported line by line: the structure, the size of its compact form, the URL, the host's labels, the
//! numbers. It stops at the first fault, and what is wrong with it stays wrong; only a host of one label, which crashes the
//! original, is refused.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

/// What the tutorial sends.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct WidgetPayload {
    name: String,
    description: String,
    r#type: String,
    status: String,
    manifest_url: String,
    settings: Map<String, Value>,
}

/// What it is held to.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) max_payload_size: usize,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) max_widget_height: u32,
    pub(crate) max_widget_width: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_payload_size: 10_240,
            allowed_origins: vec!["s3.amazonaws.com".to_owned(), "*.cloudfront.net".to_owned()],
            max_widget_height: 600,
            max_widget_width: 800,
        }
    }
}

/// The first fault, if there is one.
pub(crate) fn validate(bytes: &[u8], config: &Config) -> Result<(), String> {
    let payload: WidgetPayload =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if payload.name.is_empty() || payload.manifest_url.is_empty() || payload.r#type.is_empty() {
        return Err("missing required fields: name, manifestUrl, or type".to_owned());
    }
    if payload.r#type != "webapp" && payload.r#type != "integration" {
        return Err(format!("unsupported widget type: {}", payload.r#type));
    }
    let size = serde_json::to_vec(&payload)
        .map_err(|error| error.to_string())?
        .len();
    if size > config.max_payload_size {
        return Err(format!(
            "payload size {size} exceeds {} bytes",
            config.max_payload_size
        ));
    }
    let url = Url::parse(&payload.manifest_url).map_err(|error| error.to_string())?;
    let host = url.host_str().unwrap_or_default();
    if !is_allowed_origin(host, &config.allowed_origins) {
        return Err(format!(
            "manifest origin {host} is not in allowed origins list"
        ));
    }
    if let Some(Value::Object(dimensions)) = payload.settings.get("dimensions") {
        let limits = [
            ("height", config.max_widget_height),
            ("width", config.max_widget_width),
        ];
        for (side, limit) in limits {
            if let Some(value) = dimensions.get(side).and_then(Value::as_f64)
                && value > f64::from(limit)
            {
                return Err(format!(
                    "widget {side} {value:.0} exceeds maximum render frame limit {limit}"
                ));
            }
        }
    }
    Ok(())
}

fn is_allowed_origin(host: &str, allowed: &[String]) -> bool {
    for origin in allowed {
        if origin == host {
            return true;
        }
        // The host is split anew for each label and each entry, as it is in the original.
        let last = |back: usize| {
            let labels: Vec<&str> = host.split('.').collect();
            labels.len().checked_sub(back).map(|at| labels[at])
        };
        let (Some(second), Some(first)) = (last(2), last(1)) else {
            return false;
        };
        if *origin == "*.".to_owned() + second + "." + first {
            return true;
        }
    }
    false
}
