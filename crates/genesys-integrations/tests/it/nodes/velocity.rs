//! What a node renders, and what the sandbox's own Velocity makes of the same node.

use fastrand::Rng;
use genesys_core::Profile;
use genesys_integrations::Nodes;
use genesys_integrations::nodes::{Method, NodeRule, RestNode, velocity};
use genesys_template::Values;
use serde_json::{Value, json};

use super::world::World;

const CASES: usize = 300;
const ALPHABET: [&str; 30] = [
    "a",
    "Z",
    "0",
    " ",
    ".",
    "..",
    "/",
    "\\",
    "%2e",
    "%",
    "?",
    "#",
    "&",
    "=",
    "+",
    "~",
    "*",
    "\"",
    "'",
    "$",
    "{",
    "}",
    "${input.b}",
    "{{input.b}}",
    "$esc.d",
    "\n",
    "\u{0}",
    "é",
    "😀",
    "#if",
];

fn text(random: &mut Rng) -> String {
    let length = random.usize(..6);
    (0..length)
        .map(|_| ALPHABET[random.usize(..ALPHABET.len())])
        .collect()
}

fn scalar(random: &mut Rng) -> Value {
    match random.u8(..8) {
        0 => random.i64(..).into(),
        1 => json!(random.f64() * 1e9),
        2 => random.bool().into(),
        _ => text(random).into(),
    }
}

fn any(random: &mut Rng, depth: u8) -> Value {
    match random.u8(..4) {
        0 if depth > 0 => (0..random.usize(..4))
            .map(|_| any(random, depth - 1))
            .collect(),
        1 if depth > 0 => (0..random.usize(..4))
            .map(|_| (text(random), any(random, depth - 1)))
            .collect(),
        2 => Value::Null,
        _ => scalar(random),
    }
}

/// Everything in one node: each place, and literal text that Velocity would read.
fn nodes() -> Vec<RestNode> {
    let schema = json!({
        "type": "object",
        "properties": {
            "segment": {"type": ["string", "number", "boolean"]},
            "both": {"type": "string"},
            "query": {"type": ["string", "number", "boolean"]},
            "header": {"type": "string"},
            "quoted": {"type": ["string", "number", "boolean"]},
            "bare": {"type": ["object", "array"]},
            "string": {"type": "string"},
            "number": {"type": "number"},
        },
        "required": ["segment", "both", "query", "header", "quoted", "bare", "string", "number"],
    });
    let url = "https://a.example/$v/{{input.segment}}/{{input.both}}/x?q={{input.query}}&k=${input.query}";
    let body = r##"{"$a": "#\\{{input.quoted}}\\", "b": [{{input.bare}}, {{input.string}}, {{input.number}}], "c": "{{input.query}}$!{d}#if"}"##;
    let all = RestNode::builder(
        "all",
        Method::POST,
        url.replace("${input.query}", "$%7Binput.query%7D"),
    )
    .with_header("X-A", "\\{{input.header}} \\$x #{{input.both}}")
    .with_body(body)
    .with_input_schema(schema);
    let get = RestNode::builder(
        "get",
        Method::GET,
        "https://a.example/{{input.a}}.json?{{input.b}}={{input.c}}",
    );
    vec![all.build().unwrap(), get.build().unwrap()]
}

/// A value for each input; and whether all of them have their types.
fn input(node: &RestNode, random: &mut Rng) -> (Value, bool) {
    let properties = node.input_schema()["properties"].as_object().unwrap();
    let wrong = random.u8(..3) == 0;
    let value = |random: &mut Rng, name: &str| match name {
        _ if wrong && random.u8(..4) == 0 => any(random, 1),
        "bare" => json!([any(random, 2)]),
        "number" => random.i32(..).into(),
        "both" | "header" | "string" => text(random).into(),
        _ => scalar(random),
    };
    let values = properties.keys();
    let values = values.map(|name| (name.clone(), value(random, name)));
    (values.collect(), !wrong)
}

/// The same bytes whichever unreserved characters were encoded.
fn decoded(url: &str) -> Vec<u8> {
    let mut bytes = url.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
        let digits = std::str::from_utf8(&digits).unwrap();
        let value = u8::from_str_radix(digits, 16).unwrap();
        // A reserved character that is encoded is another one than itself.
        if value.is_ascii_alphanumeric() || b"-._~*".contains(&value) {
            out.push(value);
        } else {
            out.extend([b'%', value]);
        }
    }
    out
}

#[tokio::test]
async fn the_platform_renders_what_the_template_renders_and_refuses_what_it_refuses() {
    // errata RST-10, RST-11, RST-12, RST-13, RST-14, RST-19
    let world = World::new(Profile::Platform).await;
    let platform = world.platform();
    let mut random = Rng::with_seed(7);
    for node in nodes() {
        let (mut rendered, mut refused) = (0, 0);
        let unchecked = velocity::lower(&node, "c")
            .findings
            .iter()
            .any(|found| found.rule == NodeRule::Unchecked);
        let id = platform.register(&node).await.unwrap().node.id;
        for _ in 0..CASES {
            let (input, typed) = input(&node, &mut random);
            let call = world
                .client
                .post("/api/v2/integrations/actions/{actionId}/test")
                .segment("actionId", &id)
                .with_json(&input);
            let report: Value = call.json().await.unwrap();
            let steps = report["operations"].as_array().unwrap();
            let ours = node
                .template()
                .render(&Values::new().with_json("input", &input));
            let Ok(ours) = ours else {
                refused += 1;
                assert!(unchecked || steps.len() == 1, "{input}: {report}");
                continue;
            };
            if steps.len() == 1 {
                // The places would take it; the types that the author declared refuse it.
                assert!(!typed, "{input}: {report}");
                continue;
            }
            rendered += 1;
            let theirs = &steps[1]["result"];
            assert_eq!(
                decoded(theirs["url"].as_str().unwrap()),
                decoded(ours.url()),
                "{input}"
            );
            for header in ours.headers() {
                assert_eq!(theirs["headers"]["X-A"], header.value, "{input}");
            }
            let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            let body = theirs["body"].as_str().map(json);
            assert_eq!(body, ours.body().map(json), "{input}");
        }
        let name = node.name();
        assert!(
            rendered > CASES / 10 && refused > CASES / 10,
            "{name}: {rendered} {refused}"
        );
    }
}
