//! Our verdicts in machine form, for the scripts that compare them with browsers, other tools and published test data.
//!
//!     conformance csp      < policies   each line a JSON string; answers [{code, directive, value}, …] a line
//!     conformance framing  < cases      each line {headers: [[name, value]], sandbox, widget, ancestors}; answers the verdict a line
//!     conformance urls FILE             the WHATWG test data; fails on any difference
//!     conformance sarif                 a SARIF log over documents with a fault of every kind

use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;

use serde_json::{Value, json};
use widget_validate::csp::{self, Policy as ContentPolicy};
use widget_validate::{
    Artifact, Embedder, Embedding, HeaderSet, Location, Origin, Policy, RuleSet, Subject,
    Suppression, Validator, codes, embedding, to_sarif,
};

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["csp"] => each_line(judge_policy),
        ["framing"] => each_line(judge_framing),
        ["urls", file] => compare_urls(file),
        ["sarif"] => sarif(),
        _ => Err("usage: conformance csp | framing | urls FILE | sarif".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn each_line(judge: impl Fn(&Value) -> Result<Value, Failure>) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        writeln!(out, "{}", judge(&serde_json::from_str(&line?)?)?)?;
    }
    Ok(out.flush()?)
}

fn judge_policy(line: &Value) -> Result<Value, Failure> {
    let text = line.as_str().ok_or("a policy is a string")?;
    let issues = csp::lint(&ContentPolicy::parse(text));
    let issue = |issue: &csp::Issue| json!({"code": issue.code.as_str(), "directive": issue.directive, "value": issue.value});
    Ok(Value::Array(issues.iter().map(issue).collect()))
}

fn judge_framing(case: &Value) -> Result<Value, Failure> {
    let origin = |text: &Value| text.as_str().and_then(Origin::parse).ok_or("not an origin");
    let headers = case["headers"].as_array().ok_or("headers is a list")?;
    let headers: HeaderSet = headers
        .iter()
        .filter_map(|pair| Some((pair[0].as_str()?, pair[1].as_str()?)))
        .collect();
    let ancestors = case["ancestors"].as_array().ok_or("ancestors is a list")?;
    let ancestors = ancestors
        .iter()
        .map(origin)
        .collect::<Result<Vec<_>, _>>()?;
    let verdict = embedding(
        &headers,
        case["sandbox"].as_str(),
        &origin(&case["widget"])?,
        &ancestors,
    );
    Ok(match verdict {
        Embedding::Shown {
            scripts,
            own_origin,
        } => {
            json!({"shown": true, "scripts": scripts, "own_origin": scripts.then_some(own_origin)})
        }
        _ => json!({"shown": false}),
    })
}

/// Every http and https case of the data: parsed to the same parts, or refused, as the data says.
fn compare_urls(file: &str) -> Result<(), Failure> {
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(file)?)?;
    let (mut compared, mut refused, mut differences) = (0, 0, 0);
    for case in cases.iter().filter(|case| case.is_object()) {
        let (Some(input), base) = (case["input"].as_str(), case["base"].as_str()) else {
            continue;
        };
        let fails = case["failure"].as_bool() == Some(true);
        let web = |text: &str| {
            ["http:", "https:"].iter().any(|scheme| {
                text.trim_start_matches(|letter| letter <= ' ')
                    .to_ascii_lowercase()
                    .starts_with(scheme)
            })
        };
        let concerned = match case["protocol"].as_str() {
            Some(protocol) => protocol == "http:" || protocol == "https:",
            None => web(input) || base.is_some_and(web),
        };
        if !concerned {
            continue;
        }
        compared += 1;
        refused += usize::from(fails);
        let location = match base {
            Some(base) => {
                Location::parse(base).and_then(|base| Location::parse_with_base(input, &base))
            }
            None => Location::parse(input),
        };
        let expected = |name: &str| case[name].as_str().map(str::to_owned);
        let same = match &location {
            None => fails,
            Some(location) => {
                let port = expected("port")
                    .filter(|port| !port.is_empty())
                    .and_then(|port| port.parse().ok());
                let implied = if location.scheme() == "http" { 80 } else { 443 };
                let origin = location.origin().map(|origin| origin.to_string());
                !fails
                    && expected("href").as_deref() == Some(location.href().as_ref())
                    && expected("protocol") == Some(format!("{}:", location.scheme()))
                    && expected("hostname").as_deref() == location.host()
                    && location.port() == Some(port.unwrap_or(implied))
                    && expected("origin").is_none_or(|expected| Some(expected) == origin)
                    && location.has_user_info()
                        == (expected("username") != Some(String::new())
                            || expected("password") != Some(String::new()))
            }
        };
        if !same {
            differences += 1;
            let ours = location.map(|location| location.href().into_owned());
            writeln!(std::io::stdout(), "differs: {case}\n   ours: {ours:?}")?;
        }
    }
    writeln!(
        std::io::stdout(),
        "urls: {compared} http(s) cases ({refused} of them failures), {differences} differences"
    )?;
    if differences == 0 && compared >= 300 {
        Ok(())
    } else {
        Err("the parser differs from the standard, or too few cases were found".into())
    }
}

fn sarif() -> Result<(), Failure> {
    let policy = Policy::builder(RuleSet::Strict)
        .with_origin("*.cloudfront.net")
        .with_suppression(Suppression::new(
            codes::structure::LISTING_DESCRIPTION,
            "internal widget",
        ))
        .with_suppression(Suppression::new(codes::frame::FRAME_FRACTION, "never used"))
        .build()?;
    let embedder = Embedder::genesys()
        .with_origin(Origin::parse("https://apps.example.org").ok_or("not an origin")?);
    let validator = Validator::new(policy).with_embedder(embedder);
    let long = "x".repeat(90);
    let documents = [
        ("widgets/clean widget.json", br#"{"name":"W","type":"webapp","manifestUrl":"https://a.cloudfront.net/","settings":{"dimensions":{"width":750,"height":500}}}"#.to_vec()),
        ("widgets/bad.json", format!("{{\n  \"name\": \"é\",\n  \"typo\": 1, \"type\": \"WebApp\",\n  \"description\": \"{long}\",\n  \"manifestUrl\": \"https://u@EVIL.example/{{{{gcLang}}}}\",\n  \"settings\": {{\"dimensions\": {{\"width\": \"750\", \"height\": 9000}}, \"sandbox\": \"allow-script\", \"token_secret\": \"s\"}}\n}}").into_bytes()),
        ("widgets/platform.json", br#"{"properties": {"url": "http://a.example", "sandbox": "", "groups": ["a", "a"]}}"#.to_vec()),
        ("widgets/cut.json", br#"{"name": "#.to_vec()),
        ("widgets/latin1.json", b"{\"name\": \"caf\xe9\"}".to_vec()),
        ("widgets/empty.json", Vec::new()),
    ];
    let headers = HeaderSet::new()
        .with_header(
            "Content-Security-Policy",
            "script-src *; frame-ancestors 'self'",
        )
        .with_header("X-Frame-Options", "DENY");
    let report = |bytes: &[u8]| validator.validate(Subject::new(bytes).with_headers(&headers));
    let reports: Vec<_> = documents.iter().map(|(_, bytes)| report(bytes)).collect();
    let artifacts: Vec<Artifact<'_>> = documents
        .iter()
        .zip(&reports)
        .map(|((path, bytes), report)| Artifact {
            path,
            bytes,
            report,
        })
        .collect();
    Ok(writeln!(std::io::stdout(), "{}", to_sarif(&artifacts))?)
}
