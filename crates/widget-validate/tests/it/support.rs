//! What the tests share: a clean widget, its policy and its headers.

use widget_validate::{
    Embedder, Finding, HeaderSet, Origin, Policy, Report, RuleSet, Subject, Validator,
};

/// The document of the tutorial.
pub const TUTORIAL: &str = r#"{
  "name": "Agent Dashboard Widget",
  "description": "Custom metrics display for agent desktop",
  "type": "webapp",
  "status": "inactive",
  "manifestUrl": "https://s3.amazonaws.com/my-bucket/widget-manifest.json",
  "settings": {
    "dimensions": {
      "width": 750,
      "height": 500
    },
    "refresh_interval_ms": 5000
  }
}"#;

pub fn origin(text: &str) -> Origin {
    Origin::parse(text).unwrap()
}

/// An embedder at `apps.example.org` with an API beside it.
pub fn embedder() -> Embedder {
    Embedder::genesys()
        .with_origin(origin("https://apps.example.org"))
        .with_endpoint("https://api.example.org")
}

pub fn tutorial() -> Validator {
    Validator::new(Policy::builder(RuleSet::Tutorial).build().unwrap())
}

pub fn validator(rules: RuleSet) -> Validator {
    let origins = [
        "cdn.example.com",
        "*.widgets.example.com",
        "*.widgets.example.com:8443",
    ];
    Validator::new(
        Policy::builder(rules)
            .with_origins(origins)
            .build()
            .unwrap(),
    )
    .with_embedder(embedder())
}

/// A response that the recommended rules have nothing to say about.
pub fn clean_headers() -> HeaderSet {
    [
        ("Content-Security-Policy", "default-src 'none'; script-src 'self'; object-src 'none'; base-uri 'none'; connect-src 'self' https://api.example.org; frame-ancestors https://apps.example.org"),
        ("Access-Control-Allow-Origin", "https://apps.example.org"),
        ("Vary", "Accept-Encoding, Origin"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ]
    .into_iter()
    .collect()
}

/// Code and pointer of every finding about the widget.
pub fn found(report: &Report) -> Vec<(String, String)> {
    let pair = |finding: &Finding| (finding.code.to_string(), finding.pointer.clone());
    report.findings().iter().map(pair).collect()
}

/// Code and pointer of every finding of a document under a rule set.
pub fn codes<'a>(validator: &Validator, subject: impl Into<Subject<'a>>) -> Vec<(String, String)> {
    found(&validator.validate(subject))
}

/// The same, for comparison with literals.
pub fn assert_found<'a>(
    validator: &Validator,
    subject: impl Into<Subject<'a>>,
    expected: &[(&str, &str)],
) {
    let subject = subject.into();
    let found = codes(validator, subject);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(code, pointer)| (code.as_str(), pointer.as_str()))
        .collect();
    assert_eq!(
        found,
        expected,
        "{}",
        String::from_utf8_lossy(subject.bytes())
    );
}

/// A clean document with another URL.
pub fn with_url(url: &str) -> String {
    format!(
        r#"{{"name":"W","type":"webapp","manifestUrl":{},"settings":{{"dimensions":{{"width":750,"height":500}}}}}}"#,
        serde_json::to_string(url).unwrap()
    )
}

/// A clean document with other settings beside its dimensions.
pub fn with_settings(settings: &str) -> String {
    format!(
        r#"{{"name":"W","type":"webapp","manifestUrl":"https://cdn.example.com/w.json","settings":{{"dimensions":{{"width":750,"height":500}},{settings}}}}}"#
    )
}

/// Splitmix64: the same numbers on every machine.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
