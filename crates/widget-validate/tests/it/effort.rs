//! Effort grows with the size of the document, and not with its square. Counted, not timed.

use widget_validate::{Policy, RuleSet, Validator};

fn roomy() -> Validator {
    let policy = Policy::builder(RuleSet::Strict)
        .with_origin("cdn.example.com")
        .adjust_limits(|limits| {
            limits.max_bytes = usize::MAX;
            limits.max_name = usize::MAX;
            limits.max_settings = usize::MAX;
            limits.max_items = usize::MAX;
        })
        .build()
        .unwrap();
    Validator::new(policy)
}

/// Documents of about `size` bytes, each with another way to tempt a quadratic reader.
fn shapes(size: usize) -> Vec<(&'static str, String)> {
    let wrap = |settings: String| {
        format!(
            "{{\"name\":\"W\",\"type\":\"webapp\",\"manifestUrl\":\"https://cdn.example.com/\",\"settings\":{{\"dimensions\":{{\"width\":750,\"height\":500}},{settings}}}}}"
        )
    };
    let repeat = |text: &str| text.repeat(size / text.len());
    let members = |name: &dyn Fn(usize) -> String| {
        (0..size / 14)
            .map(|index| format!("\"{}\":{}", name(index), index % 10))
            .collect::<Vec<_>>()
            .join(",")
    };
    vec![
        (
            "one long text",
            wrap(format!("\"note\":\"{}\"", repeat("0123456789"))),
        ),
        (
            "one long text of escapes",
            wrap(format!("\"note\":\"{}\"", repeat("\\u00e9\\n"))),
        ),
        (
            "lone surrogates",
            wrap(format!("\"note\":\"{}\"", repeat("\\ud83d"))),
        ),
        (
            "many settings",
            wrap(members(&|index| format!("setting{index}"))),
        ),
        (
            "one name repeated",
            wrap(members(&|_| "setting".to_owned())),
        ),
        (
            "one name repeated behind escapes",
            wrap(members(&|_| "s\\u0065tting".to_owned())),
        ),
        ("a long list", wrap(format!("\"list\":[{}0]", repeat("0,")))),
        (
            "a list of mistakes",
            wrap(format!("\"list\":[{}0]", repeat("NaN,"))),
        ),
        (
            "many small objects",
            wrap(format!("\"list\":[{}{{}}]", repeat("{\"a\":1},"))),
        ),
        (
            "sandbox tokens",
            wrap(format!(
                "\"sandbox\":\"{}\"",
                repeat("allow-forms,allow-frms,")
            )),
        ),
        (
            "permissions",
            wrap(format!(
                "\"permissions\":\"{}\"",
                repeat("camera,kamera *,")
            )),
        ),
        (
            "a URL of braces",
            wrap(String::from("\"a\":1")).replace(
                "https://cdn.example.com/",
                &format!("https://cdn.example.com/?{}", repeat("{{")),
            ),
        ),
        ("comments", wrap(format!("{}\"a\":1", repeat("/**/")))),
        ("white space", wrap(format!("{}\"a\":1", repeat(" \n")))),
        (
            "top-level members",
            format!("{{{}}}", members(&|index| format!("member{index}"))),
        ),
        (
            "top-level members that are nearly a known one",
            format!(
                "{{{}}}",
                members(&|index| {
                    let letter = |at: usize| char::from_u32(0x4E00 + at as u32).unwrap();
                    let letters = [letter(index % 20_000), letter(index / 20_000)];
                    letters.iter().collect::<String>() + "ttings"
                })
            ),
        ),
        (
            "platform groups",
            format!(
                "{{\"properties\":{{\"url\":\"https://cdn.example.com/\",\"groups\":[{}\"z\"]}}}}",
                (0..size / 10)
                    .map(|index| format!("\"{index:07}\","))
                    .collect::<String>()
            ),
        ),
        ("quotes that never close", repeat("\"")),
        ("brackets that never close", repeat("[]")),
    ]
}

#[test]
fn ten_times_the_bytes_cost_about_ten_times_the_steps() {
    let validator = roomy();
    let steps = |document: &str| {
        let report = validator.validate(document);
        report.work() as f64 / document.len() as f64
    };
    // Per shape, the steps a byte at each size.
    let mut per_byte: Vec<(&str, Vec<f64>)> = Vec::new();
    for size in [1_000, 10_000, 100_000, 1_000_000] {
        for (index, (name, document)) in shapes(size).into_iter().enumerate() {
            if index == per_byte.len() {
                per_byte.push((name, Vec::new()));
            }
            per_byte[index].1.push(steps(&document));
        }
    }
    for (name, steps) in per_byte {
        // Small documents pay for fixes that are no longer offered in large ones; from 10 kB on the ratio must not grow.
        assert!(
            steps[3] <= steps[1] * 1.3 + 0.1,
            "{name}: {steps:?} steps a byte"
        );
        assert!(
            steps.iter().all(|steps| *steps < 100.0),
            "{name}: {steps:?} steps a byte"
        );
    }
}

#[test]
fn ten_megabytes_are_read_like_ten_kilobytes() {
    let validator = roomy();
    let per_byte = |size: usize| {
        let members: Vec<String> = (0..size / 16)
            .map(|index| format!("\"setting{index}\":0"))
            .collect();
        let document = format!("{{\"settings\":{{{}}}}}", members.join(","));
        validator.validate(document.as_str()).work() as f64 / document.len() as f64
    };
    let (small, large) = (per_byte(10_000), per_byte(10_000_000));
    assert!(large <= small * 1.3, "{small} and {large} steps a byte");
}

#[test]
fn the_tutorial_document_takes_few_steps() {
    let report = crate::support::tutorial().validate(crate::support::TUTORIAL);
    assert!(
        report.work() < 4 * crate::support::TUTORIAL.len() as u64,
        "{} steps",
        report.work()
    );
}
