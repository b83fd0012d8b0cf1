//! Random requests against a slow and obvious model of them: the template as a tree, values put into the tree, and the trees compared
//! with what independent parsers make of the rendered text. The model never escapes anything.

use std::collections::BTreeMap;

use genesys_template::{ErrorKind, RenderedRequest, RequestTemplate, Scope, Values};
use serde_json::{Map, Value};
use url::Url;

/// What came of the cases.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) rendered: u64,
    /// By the first reason.
    pub(crate) refused: BTreeMap<String, u64>,
}

const VARIABLES: usize = 6;

/// Text that was written by hand to break things.
const NASTY: [&str; 48] = [
    "a",
    "Z9",
    "0",
    "-1",
    "true",
    "null",
    " ",
    "  ",
    ".",
    "..",
    "/",
    "\\",
    "//",
    "%",
    "%2e",
    "%2F",
    "%252e",
    "&",
    "=",
    "?",
    "#",
    "@",
    ":",
    ";",
    "+",
    ",",
    "\"",
    "\\\"",
    "\",\"admin\":true,\"z\":\"",
    "}",
    "{",
    "{{",
    "}}",
    "{{input.v0}}",
    "{{credentials.token}}",
    "\r\n",
    "\n",
    "\t",
    "\0",
    "\u{7f}",
    "\u{1f}",
    "\u{10a}",
    "\u{560d}",
    "é",
    "\u{1f600}",
    "__proto__",
    "\\u0022",
    "k1",
];

/// Text of a template: nothing in it needs an escape in a URL, and it holds no brace.
const LITERAL: [&str; 8] = ["a", "B7", "x-y", "_", "~", "k1", "1", "v.2"];

#[derive(Debug, Clone)]
enum Part {
    Literal(&'static str),
    Hole(usize),
}

type Text = Vec<Part>;

#[derive(Debug, Clone)]
enum Node {
    Plain(Value),
    Text(Text),
    Bare(usize),
    Array(Vec<Node>),
    Object(Vec<(Text, Node)>),
}

struct Request {
    segments: Vec<Text>,
    parameters: Vec<(Text, Option<Text>)>,
    header: Text,
    body: Node,
}

/// Renders every one of `templates` random requests with `each` sets of random values.
///
/// # Panics
/// When the model disagrees, with everything that is needed to see why.
pub(crate) fn agree(seed: u64, templates: u64, each: u64) -> Seen {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut seen = Seen::default();
    let mut used_again = RenderedRequest::new();
    for _ in 0..templates {
        let request = Request::draw(&mut random);
        let (url, header, body) = request.source();
        let template = RequestTemplate::builder(&*url, Scope::node())
            .with_header("x-model", &*header)
            .with_body(&*body)
            .build();
        let template =
            template.unwrap_or_else(|error| panic!("{error}: {url} | {header} | {body}"));
        for _ in 0..each {
            let values: Vec<Value> = (0..VARIABLES).map(|_| value(&mut random, 3)).collect();
            let input = values
                .iter()
                .enumerate()
                .map(|(place, value)| (format!("v{place}"), value.clone()));
            let given = Values::new().with_json("input", &Value::Object(input.collect()));
            let context = || format!("{url} | {header} | {body} | {values:?}");
            match (
                template.render_into(&given, &mut used_again),
                request.fill(&values),
            ) {
                (Ok(()), Ok(filled)) => {
                    filled.compare(&used_again, &context);
                    let again = template.render(&given).unwrap();
                    assert_eq!(
                        (again.url(), again.header("x-model"), again.body()),
                        (
                            used_again.url(),
                            used_again.header("x-model"),
                            used_again.body()
                        ),
                        "{}",
                        context()
                    );
                    spans(&again, &values, &context);
                    seen.rendered += 1;
                }
                (Err(error), Err(reason)) => {
                    assert!(error.is_value(), "{error}: {}", context());
                    let kinds: Vec<ErrorKind> =
                        error.problems().iter().map(|one| one.kind()).collect();
                    assert!(
                        kinds.contains(&reason),
                        "{reason:?} is not in {kinds:?}: {}",
                        context()
                    );
                    *seen.refused.entry(format!("{reason:?}")).or_default() += 1;
                }
                (Ok(()), Err(reason)) => {
                    panic!("{reason:?} was rendered: {used_again:?}: {}", context())
                }
                (Err(error), Ok(_)) => panic!("{error} was refused: {}", context()),
            }
        }
    }
    seen
}

/// What a request parses to.
struct Filled {
    segments: Vec<String>,
    parameters: Vec<(String, String)>,
    header: String,
    body: Value,
}

impl Filled {
    fn compare(&self, rendered: &RenderedRequest, context: &dyn Fn() -> String) {
        let url =
            Url::parse(rendered.url()).unwrap_or_else(|error| panic!("{error}: {}", context()));
        assert_eq!(
            url.as_str(),
            rendered.url(),
            "a parser changes nothing: {}",
            context()
        );
        assert_eq!(
            url.origin().ascii_serialization(),
            "https://h.example",
            "{}",
            context()
        );
        assert_eq!(
            (url.username(), url.password(), url.fragment()),
            ("", None, None)
        );
        let segments: Vec<String> = url.path_segments().unwrap().map(decode).collect();
        assert_eq!(segments, self.segments, "{}", context());
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        assert_eq!(pairs, self.parameters, "{}", context());
        assert_eq!(
            rendered.header("x-model"),
            Some(&*self.header),
            "{}",
            context()
        );
        assert_eq!(rendered.headers().count(), 1);
        let body: Value = serde_json::from_str(rendered.body().unwrap())
            .unwrap_or_else(|error| panic!("{error}: {:?}: {}", rendered.body(), context()));
        assert_eq!(body, self.body, "{}", context());
    }
}

/// The spans of the URL read back as the values that they came from.
fn spans(rendered: &RenderedRequest, values: &[Value], context: &dyn Fn() -> String) {
    for span in rendered.url_spans() {
        let name = span.variable.as_str();
        let place: usize = name["input.v".len()..].parse().unwrap();
        let text = scalar(&values[place]).unwrap();
        assert_eq!(decode(&rendered.url()[span.range]), text, "{}", context());
    }
}

impl Request {
    fn draw(random: &mut fastrand::Rng) -> Self {
        let segments = (0..random.usize(1..4)).map(|_| text(random, 1)).collect();
        let parameters = (0..random.usize(0..3))
            .map(|_| (text(random, 1), random.bool().then(|| text(random, 0))))
            .collect();
        Self {
            segments,
            parameters,
            header: text(random, 1),
            body: node(random, 3),
        }
    }

    fn source(&self) -> (String, String, String) {
        let mut url = String::from("https://h.example");
        for segment in &self.segments {
            url.push('/');
            url.push_str(&written(segment));
        }
        for (place, (name, value)) in self.parameters.iter().enumerate() {
            url.push(if place == 0 { '?' } else { '&' });
            url.push_str(&written(name));
            if let Some(value) = value {
                url.push('=');
                url.push_str(&written(value));
            }
        }
        (url, written(&self.header), self.body.written())
    }

    fn fill(&self, values: &[Value]) -> Result<Filled, ErrorKind> {
        let mut segments = Vec::new();
        for segment in &self.segments {
            let filled = filled(segment, values)?;
            let has_hole = segment.iter().any(|part| matches!(part, Part::Hole(_)));
            if holes(segment, values)
                .any(|text| text.chars().any(|one| one < ' ' || one == '\u{7f}'))
            {
                return Err(ErrorKind::ControlCharacter);
            }
            if has_hole && filled.is_empty() {
                return Err(ErrorKind::EmptySegment);
            }
            if filled
                .split(['/', '\\'])
                .any(|part| part == "." || part == "..")
            {
                return Err(ErrorKind::DotSegment);
            }
            segments.push(filled);
        }
        let mut parameters = Vec::new();
        for (name, value) in &self.parameters {
            let name = filled(name, values)?;
            if name.is_empty() && value.is_none() {
                return Err(ErrorKind::EmptyParameter);
            }
            let value = value
                .as_ref()
                .map_or(Ok(String::new()), |value| filled(value, values))?;
            parameters.push((name, value));
        }
        let header = filled(&self.header, values)?;
        if !header
            .chars()
            .all(|one| one == '\t' || (' '..='~').contains(&one))
        {
            return Err(ErrorKind::NotHeaderText);
        }
        let body = self.body.fill(values)?;
        Ok(Filled {
            segments,
            parameters,
            header,
            body,
        })
    }
}

impl Node {
    fn written(&self) -> String {
        match self {
            Self::Plain(value) => value.to_string(),
            Self::Text(text) => format!("\"{}\"", written(text)),
            Self::Bare(place) => hole(*place),
            Self::Array(items) => {
                let items: Vec<String> = items.iter().map(Self::written).collect();
                format!("[{}]", items.join(" , "))
            }
            Self::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, node)| format!("\"{}\": {}", written(key), node.written()))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    fn fill(&self, values: &[Value]) -> Result<Value, ErrorKind> {
        Ok(match self {
            Self::Plain(value) => value.clone(),
            Self::Text(text) => Value::String(filled(text, values)?),
            Self::Bare(place) => values[*place].clone(),
            Self::Array(items) => items
                .iter()
                .map(|item| item.fill(values))
                .collect::<Result<_, _>>()?,
            Self::Object(members) => {
                let mut object = Map::new();
                for (key, node) in members {
                    let strings = key.iter().all(|part| match part {
                        Part::Literal(_) => true,
                        Part::Hole(place) => {
                            values[*place].is_string() || scalar(&values[*place]).is_err()
                        }
                    });
                    let key = filled(key, values)?;
                    if !strings {
                        return Err(ErrorKind::NotString);
                    }
                    if object.insert(key, node.fill(values)?).is_some() {
                        return Err(ErrorKind::DuplicateKey);
                    }
                }
                Value::Object(object)
            }
        })
    }
}

fn written(text: &Text) -> String {
    let parts = text.iter().map(|part| match part {
        Part::Literal(literal) => (*literal).to_owned(),
        Part::Hole(place) => hole(*place),
    });
    parts.collect()
}

fn hole(place: usize) -> String {
    if place.is_multiple_of(2) {
        format!("{{{{input.v{place}}}}}")
    } else {
        format!("{{{{ input.v{place}  }}}}")
    }
}

fn filled(text: &Text, values: &[Value]) -> Result<String, ErrorKind> {
    let parts = text.iter().map(|part| match part {
        Part::Literal(literal) => Ok((*literal).to_owned()),
        Part::Hole(place) => scalar(&values[*place]),
    });
    parts.collect()
}

fn holes<'a>(text: &'a Text, values: &'a [Value]) -> impl Iterator<Item = String> + 'a {
    text.iter().filter_map(|part| match part {
        Part::Literal(_) => None,
        Part::Hole(place) => scalar(&values[*place]).ok(),
    })
}

fn scalar(value: &Value) -> Result<String, ErrorKind> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null => Err(ErrorKind::Null),
        Value::Array(_) | Value::Object(_) => Err(ErrorKind::NotScalar),
    }
}

/// Percent-decoding, as a server does it to a path segment.
pub(crate) fn decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut left = text.as_bytes();
    while let [first, rest @ ..] = left {
        let escaped = match left {
            [b'%', high, low, ..] => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                out.push(high * 16 + low);
                left = &left[3..];
            }
            None => {
                out.push(*first);
                left = rest;
            }
        }
    }
    String::from_utf8(out).expect("UTF-8")
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

fn text(random: &mut fastrand::Rng, least: usize) -> Text {
    (0..random.usize(least..4))
        .map(|_| {
            if random.u8(0..5) < 2 {
                Part::Hole(random.usize(0..VARIABLES))
            } else {
                Part::Literal(LITERAL[random.usize(0..LITERAL.len())])
            }
        })
        .collect()
}

fn node(random: &mut fastrand::Rng, depth: usize) -> Node {
    match random.u8(0..if depth == 0 { 4 } else { 8 }) {
        0 => Node::Plain(plain(random)),
        1 | 2 => Node::Text(text(random, 0)),
        3 => Node::Bare(random.usize(0..VARIABLES)),
        4 => Node::Array(
            (0..random.usize(0..3))
                .map(|_| node(random, depth - 1))
                .collect(),
        ),
        _ => {
            let mut members: Vec<(Text, Node)> = Vec::new();
            for _ in 0..random.usize(0..4) {
                let key = text(random, 1);
                let fixed = key.iter().all(|part| matches!(part, Part::Literal(_)));
                // Keys without holes differ, or the template would not compile.
                if !(fixed
                    && members
                        .iter()
                        .any(|(other, _)| written(other) == written(&key)))
                {
                    members.push((key, node(random, depth - 1)));
                }
            }
            Node::Object(members)
        }
    }
}

/// A value that is part of the template, and so holds no placeholder.
fn plain(random: &mut fastrand::Rng) -> Value {
    loop {
        let value = value(random, 1);
        if !value.to_string().contains("{{") {
            return value;
        }
    }
}

fn value(random: &mut fastrand::Rng, depth: usize) -> Value {
    match random.u8(0..if depth == 0 { 40 } else { 42 }) {
        0 => Value::Null,
        1 => random.bool().into(),
        2 => random.i64(..).into(),
        3 => random.u64(..).into(),
        4 => (f64::from(random.i32(..)) / 8.0).into(),
        40 => (0..random.usize(0..3))
            .map(|_| value(random, depth - 1))
            .collect(),
        41 => {
            let members =
                (0..random.usize(0..3)).map(|_| (string(random), value(random, depth - 1)));
            Value::Object(members.collect())
        }
        _ => string(random).into(),
    }
}

fn string(random: &mut fastrand::Rng) -> String {
    (0..random.usize(0..4))
        .map(|_| NASTY[random.usize(0..NASTY.len())])
        .collect()
}
