//! Rendering the tutorial's node: URL, two headers and a body, from values that are ready.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hint::black_box;

use genesys_benches::paired::{Limit, Table, Unit};
use genesys_template::{RenderedRequest, RequestTemplate, Scope, Values};
use minijinja::{AutoEscape, Environment};
use regex::{Captures, Regex};
use secrecy::SecretString;
use serde_json::{Value, json};

const OPERATIONS: u64 = 5_000;
const ROUNDS: usize = 61;

const URL: &str = "https://api.external-system.com/v1/resources/{{input.targetId}}";
const AUTHORIZATION: &str = "Bearer {{input.authToken}}";
const CONTENT_TYPE: &str = "application/json";
const BODY: &str = r#"{"resourceId":"{{input.targetId}}","data":{{input.requestPayload}}}"#;
const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZ2VudCJ9.signature";

fn payload() -> Value {
    json!({"priority": "high", "caseId": "CASE-10042", "tags": ["billing", "vip"], "amount": 1250})
}

/// The node as this workspace renders it: every value escaped for its place or refused, the token a secret.
pub(crate) struct Ours {
    template: RequestTemplate,
    values: Values,
}

impl Ours {
    pub(crate) fn new() -> Self {
        let template = RequestTemplate::builder(URL, Scope::node().with_secret("input.authToken"))
            .with_header("Authorization", AUTHORIZATION)
            .with_header("Content-Type", CONTENT_TYPE)
            .with_body(BODY)
            .build()
            .expect("a template");
        let input = json!({"targetId": "res/42", "requestPayload": payload()});
        let values = Values::new()
            .with_json("input", &input)
            .with_secret("input.authToken", SecretString::from(TOKEN));
        Self { template, values }
    }

    pub(crate) fn render(&self, operations: u64) {
        for _ in 0..operations {
            black_box(
                self.template
                    .render(black_box(&self.values))
                    .expect("a request"),
            );
        }
    }

    pub(crate) fn render_into(&self, operations: u64) {
        let mut rendered = RenderedRequest::new();
        for _ in 0..operations {
            let values = black_box(&self.values);
            self.template
                .render_into(values, &mut rendered)
                .expect("a request");
            black_box(rendered.body());
        }
    }
}

/// The tutorial's way: a regular expression, compiled once, and nothing escaped.
pub(crate) struct Replaced {
    regex: Regex,
    variables: HashMap<String, Value>,
}

impl Replaced {
    pub(crate) fn new() -> Self {
        let variables = [
            ("targetId", json!("res/42")),
            ("authToken", json!(TOKEN)),
            ("requestPayload", payload()),
        ];
        Self {
            regex: Regex::new(r"\{\{input\.(\w+)\}\}").expect("a regular expression"),
            variables: variables
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        }
    }

    fn inject<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.regex.replace_all(text, |found: &Captures<'_>| {
            match self.variables.get(&found[1]) {
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
                None => found[0].to_owned(),
            }
        })
    }

    pub(crate) fn render(&self, operations: u64) {
        for _ in 0..operations {
            for text in [URL, AUTHORIZATION, CONTENT_TYPE, BODY] {
                black_box(self.inject(black_box(text)));
            }
        }
    }
}

/// minijinja with templates and context ready, `urlencode` in the URL and its own escaping in the body.
pub(crate) struct Jinja {
    environment: Environment<'static>,
    context: minijinja::Value,
}

const PARTS: [&str; 4] = ["url", "authorization", "content-type", "body.json"];

impl Jinja {
    pub(crate) fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|name| match name {
            "body.json" => AutoEscape::Json,
            _ => AutoEscape::None,
        });
        // In a body that escapes as JSON a string comes with its quotes.
        let texts = [
            "https://api.external-system.com/v1/resources/{{ input.targetId|urlencode }}",
            AUTHORIZATION,
            CONTENT_TYPE,
            r#"{"resourceId":{{ input.targetId }},"data":{{ input.requestPayload }}}"#,
        ];
        for (name, text) in PARTS.into_iter().zip(texts) {
            environment.add_template(name, text).expect("a template");
        }
        let input = json!({"targetId": "res/42", "authToken": TOKEN, "requestPayload": payload()});
        Self {
            environment,
            context: minijinja::Value::from_serialize(json!({ "input": input })),
        }
    }

    pub(crate) fn part(&self, name: &str) -> String {
        let template = self.environment.get_template(name).expect("a template");
        template.render(black_box(&self.context)).expect("a text")
    }

    pub(crate) fn render(&self, operations: u64) {
        for _ in 0..operations {
            for name in PARTS {
                black_box(self.part(name));
            }
        }
    }
}

/// The contenders do the same work: what minijinja makes is what we make; the tutorial's is the same but for the escapes.
fn compare(ours: &Ours, replaced: &Replaced, jinja: &Jinja) {
    let rendered = ours.template.render(&ours.values).expect("a request");
    assert_eq!(
        rendered.header("authorization"),
        Some(&*jinja.part("authorization"))
    );
    assert_eq!(
        rendered.header("authorization"),
        Some(&*replaced.inject(AUTHORIZATION))
    );
    assert_eq!(
        rendered.url(),
        replaced.inject(URL).replace("s/42", "s%2F42")
    );
    let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let body = read(rendered.body().expect("a body"));
    assert_eq!(body, read(&jinja.part("body.json")));
    assert_eq!(body, read(&replaced.inject(BODY)));
}

pub(crate) fn run() {
    let (ours, replaced, jinja) = (Ours::new(), Replaced::new(), Jinja::new());
    compare(&ours, &replaced, &jinja);

    let (fresh, again) = ("RequestTemplate::render", "RequestTemplate::render_into");
    let (regex, minijinja) = ("regex replace, nothing escaped", "minijinja, escaping");
    let mut table = Table::new("The tutorial's node is rendered", Unit::Nanos).with_rounds(ROUNDS);
    table.row(again, OPERATIONS, || ours.render_into(OPERATIONS));
    table.row("RequestTemplate::render_into (A/A)", OPERATIONS, || {
        ours.render_into(OPERATIONS);
    });
    table.row(fresh, OPERATIONS, || ours.render(OPERATIONS));
    table.row(regex, OPERATIONS, || replaced.render(OPERATIONS));
    table.row(minijinja, OPERATIONS, || jinja.render(OPERATIONS));
    let report = table.run();
    print!("{report}");
    for own in [again, fresh] {
        for (peer, least) in [(regex, 7.0), (minijinja, 8.0)] {
            let what = format!("{peer}, over {own}");
            report.target(&what, report.ratio(peer, own), Limit::AtLeast(least));
        }
    }
}
