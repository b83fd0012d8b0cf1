//! Every example is compiled and run: `cargo test` builds them beside this test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod lint;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(env!("CARGO_MANIFEST_DIR"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// `target/debug/deps/programs-…` → `target/debug/examples/NAME`.
fn program(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.join("examples")
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION)
}

/// What a program must be told on any machine.
fn operands(name: &str) -> &'static [&'static str] {
    match name {
        "widget_lint" => &[concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/widgets/dashboard.json"
        )],
        "node_check" => &[concat!(env!("CARGO_MANIFEST_DIR"), "/nodes/resource.json")],
        _ => &[],
    }
}

/// How the names of settings begin.
const SETTINGS: [&str; 7] = [
    "GENESYS",
    "CRM_",
    "FAILOVER_",
    "IAC_",
    "MESH_",
    "NODE_",
    "SERVICE_",
];

fn run(name: &str, arguments: &[&str], folder: &Path, settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program(name));
    for (name, _) in
        std::env::vars().filter(|(name, _)| SETTINGS.iter().any(|one| name.starts_with(one)))
    {
        command.env_remove(name);
    }
    command
        .args(operands(name))
        .args(arguments)
        .arg("--out")
        .arg(folder)
        .envs(settings.iter().copied())
        .output()
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_example_runs_on_a_machine_without_settings() {
    // errata ALL-30, WID-40, EVR-45
    let names = names();
    assert!(names.len() >= 2, "{names:?}");
    for name in names {
        let folder = tempfile::tempdir().unwrap();
        let output = run(&name, &["--json"], folder.path(), &[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{name}: {told}");
        // Standard output is one JSON document and nothing else.
        let _: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(told.contains(" ms"), "latencies carry their unit: {told}"); // errata INT-35
    }
}

#[test]
fn the_pipeline_shows_what_document_000_shows() {
    for profile in ["guide", "platform"] {
        let folder = tempfile::tempdir().unwrap();
        let output = run(
            "integration_pipeline",
            &["--profile", profile],
            folder.path(),
            &[],
        );
        let shown = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        for part in [
            "integrations.test attempt 1: status 200",
            "integration id",
            "test result",
            "status news",
            "Integration pipeline complete.",
        ] {
            assert!(shown.contains(part), "{profile}: {part} is not in\n{shown}");
        }
        let trail = std::fs::read_to_string(folder.path().join("integration_audit.log")).unwrap();
        for action in ["CREATE", "TEST", "WEBHOOK", "ENABLE"] {
            let of_action = format!("\"action\":\"{action}\"");
            assert_eq!(
                trail.matches(&of_action).count(),
                2,
                "{profile}: intent and outcome of {action}"
            );
        }
    }
}

#[test]
fn the_deployment_shows_what_document_001_shows() {
    for profile in ["guide", "platform"] {
        let folder = tempfile::tempdir().unwrap();
        let output = run("widget_deploy", &["--profile", profile], folder.path(), &[]);
        let shown = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        for part in [
            "Validation passed.",
            "Deploying widget",
            "Widget ID: ",
            "Latency: ",
            "Success: true",
            "Audit report:",
            "Widget deployment complete.",
        ] {
            assert!(shown.contains(part), "{profile}: {part} is not in\n{shown}");
        }
        let file = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        let report: serde_json::Value =
            serde_json::from_str(&file("widget_audit_report.json")).unwrap();
        assert_eq!(report["entries"][0]["status"], "success", "{profile}");
        assert_eq!(report["summary"]["success_rate"], 1.0, "{profile}");
        for action in ["DEPLOY", "VALIDATE", "CREATE", "ENABLE"] {
            let of_action = format!("\"action\":\"{action}\"");
            let lines = file("widget_audit.log").matches(&of_action).count();
            assert_eq!(lines, 2, "{profile}: intent and outcome of {action}");
        }
    }
}

#[test]
fn a_widget_that_the_rules_refuse_ends_with_status_1_and_every_finding() {
    let folder = tempfile::tempdir().unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/widgets/faulty.json");
    let output = run("widget_deploy", &["--definition", file], folder.path(), &[]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    for code in ["W004", "W010", "W102", "W302", "W306"] {
        assert!(told.contains(code), "{code} is not in {told}");
    }
    assert!(!told.contains("widgets.create"), "{told}");
    // A policy with a bad entry is a matter of configuration.
    let policy = folder.path().join("policy.json");
    std::fs::write(&policy, r#"{"origins": ["*.co.uk"]}"#).unwrap();
    let arguments = ["--policy", policy.to_str().unwrap()];
    let output = run("widget_deploy", &arguments, folder.path(), &[]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("*.co.uk"), "{told}");
}

#[test]
fn an_external_collector_gets_every_operation_of_a_deployment() {
    // errata WID-41
    let agent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = agent.local_addr().unwrap().to_string();
    let read = std::thread::spawn(move || {
        let (stream, _) = agent.accept().unwrap();
        std::io::read_to_string(stream).unwrap()
    });
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--collector", address.as_str(), "--json"];
    let output = run("widget_deploy", &arguments, folder.path(), &[]);
    assert!(output.status.success(), "{output:?}");
    let pushed = read.join().unwrap();
    let events: Vec<serde_json::Value> = pushed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let operations: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "operation")
        .map(|event| event["name"].as_str().unwrap())
        .collect();
    assert_eq!(operations, ["VALIDATE", "CREATE", "ENABLE", "DEPLOY"]);
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["telemetry"]["pushed"], events.len());
    assert_eq!(summary["telemetry"]["dropped"], 0);
}

#[test]
fn wrong_settings_end_with_status_2_and_every_problem() {
    // errata ALL-28
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("GENESYS_CLIENT_ID", "an-id"),
        ("GENESYS_REGION", "mars"),
        ("CRM_PASSWORD", "hunter2"),
        ("MONITORING_WEBHOOK_URL", "ftp://x"),
    ];
    let output = run("integration_pipeline", &[], folder.path(), &settings);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    for part in [
        "GENESYS_CLIENT_SECRET",
        "unknown region",
        "CRM_USERNAME",
        "MONITORING_WEBHOOK_URL",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert!(!told.contains("hunter2"), "{told}");
    for settings in [
        [("GENESYS_CLIENT_ID", "")],
        [("GENESYS_API_PROFILE", "other")],
    ] {
        assert_eq!(
            run("tour", &[], folder.path(), &settings).status.code(),
            Some(2),
            "{settings:?}"
        );
    }
}

#[test]
fn a_cloud_that_cannot_be_reached_ends_with_status_1() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let base = format!("http://127.0.0.1:{port}");
    let settings = [
        ("GENESYS_CLIENT_ID", "id"),
        ("GENESYS_CLIENT_SECRET", "s3cr3t"),
        ("GENESYS_BASE_URL", base.as_str()),
        ("CRM_USERNAME", "user"),
        ("CRM_PASSWORD", "hunter2"),
    ];
    let output = run("integration_pipeline", &[], folder.path(), &settings);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("no connection"), "{told}");
    assert!(
        !told.contains("hunter2") && !told.contains("s3cr3t"),
        "{told}"
    );
}

/// Two answers over plain HTTP, which a probe takes from loopback when it is told to.
fn plain_endpoint(answers: &'static [&'static str]) -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut socket, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && socket.read(&mut byte).is_ok_and(|read| read > 0)
            {
                head.extend(byte);
            }
            let _ = socket.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}/in?key=hunter2")
}

#[test]
fn the_resolver_shows_what_document_002_shows() {
    for (profile, created, refused) in [
        (
            "guide",
            &["orders-healthy", "orders-slow"][..],
            &[
                ("orders-tls11", 502),
                ("orders-wrong-name", 502),
                ("orders-broken", 422),
            ][..],
        ),
        (
            "platform",
            &["orders-workflow", "orders-eventbridge"],
            &[("orders-https", 422)],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["--profile", profile, "--json"];
        let output = run("event_resolver", &arguments, folder.path(), &[]);
        assert!(output.status.success(), "{output:?}");
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let results = summary["results"].as_array().unwrap();
        let status = |route: &str| {
            let one = results.iter().find(|one| one["route"] == route).unwrap();
            one["status"].as_u64().unwrap()
        };
        for route in created {
            assert_eq!(status(route), 201, "{profile} {route}");
        }
        for (route, expected) in refused {
            assert_eq!(status(route), *expected, "{profile} {route}");
        }
        assert_eq!(
            summary["metrics"]["total_resolves"],
            results.len(),
            "{profile}: failures count too" // errata EVR-32
        );
        let trail = std::fs::read_to_string(folder.path().join("resolver_audit.log")).unwrap();
        let records = trail.matches("\"action\":\"resolve_operation\"").count();
        assert!(records >= 2 * created.len(), "{profile}: {trail}");
    }
}

#[test]
fn a_route_of_the_callers_own_is_read_and_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("route.json");
    let path = file.to_str().unwrap();
    for (text, status, part) in [
        (r#"{"name": "x", "type": "webhook"}"#, 1, "uri"),
        (r#"{"name": "#, 2, "line 1"),
    ] {
        std::fs::write(&file, text).unwrap();
        let output = run("event_resolver", &["--route", path], folder.path(), &[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{told}");
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let settings = [("MESH_CALLBACK_URL", "https://mesh.example.com/")];
    let output = run("event_resolver", &[], folder.path(), &settings);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("MESH_CALLBACK_KEY"), "{told}");
    let listen = ["--serve", "--listen", "0.0.0.0:0"];
    let output = run("event_resolver", &listen, folder.path(), &[]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("bearer token"), "{told}");
}

#[test]
fn the_simulator_shows_what_document_003_shows() {
    // errata RST-45, RST-52
    for profile in ["guide", "platform"] {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["--profile", profile, "--json"];
        let output = run("rest_node_simulator", &arguments, folder.path(), &[]);
        assert!(output.status.success(), "{output:?}");
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(summary["registration"]["change"], "created", "{profile}");
        let cases = summary["cases"].as_array().unwrap();
        for (name, status, retries, cache) in [
            ("first call", 200, 0, "miss"),
            ("the same again", 200, 0, "hit"),
            ("429, Retry-After in seconds", 200, 1, "miss"),
            ("429, Retry-After as a date", 200, 1, "miss"),
            ("503", 200, 1, "miss"),
            ("body cut off", 200, 1, "miss"),
            ("connection reset", 200, 1, "miss"),
            ("no connection", 200, 1, "miss"),
            ("answer drips in for 2 s", 200, 1, "miss"),
            ("wrong schema", 502, 0, "miss"),
            ("404", 502, 0, "miss"),
            ("quotes, slashes, {{input.x}}", 200, 0, "miss"),
            ("a path that climbs", 422, 0, "off"),
            ("an input of the wrong type", 422, 0, "off"),
            ("down", 502, 3, "miss"),
            ("circuit breaker open", 503, 0, "miss"),
        ] {
            let case = cases.iter().find(|case| case["case"] == name).unwrap();
            let simulation = &case["simulation"];
            assert_eq!(case["httpStatus"], status, "{profile} {name}: {case}");
            assert_eq!(simulation["retries"], retries, "{profile} {name}: {case}");
            assert_eq!(
                simulation["cache"]["outcome"], cache,
                "{profile} {name}: {case}"
            );
        }
        let trail = std::fs::read_to_string(folder.path().join("node_audit.log")).unwrap();
        for (action, times) in [("node_registered", 2), ("node_executed", 2 * cases.len())] {
            let of_action = format!("\"action\":\"{action}\"");
            assert_eq!(
                trail.matches(&of_action).count(),
                times,
                "{profile} {action}"
            );
        }
        assert!(!trail.contains("sandbox-resource-token"), "{profile}");
    }
}

/// What an external system once answered, as `--record` writes it.
const CASSETTE: &str = r#"{"cassette":1}
{"request":{"method":"GET","url":"https://api.example.com/v1/cases/7","headers":[]},"answer":{"status":200,"headers":[["content-type","application/json"]],"body":"{\"state\":\"open\"}"}}
"#;

#[test]
fn a_node_of_the_callers_own_runs_from_a_cassette() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let node = write(
        "node.json",
        r#"{"name": "Find case", "type": "REST", "requestUrl": "https://api.example.com/v1/cases/{{input.id}}",
            "requestMethod": "GET", "inputSchema": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
            "responseSchema": {"type": "object", "required": ["state"]},
            "retryConfig": {"maxRetries": 0, "backoffType": "exponential", "initialDelay": 1000, "maxDelay": 10000}}"#,
    );
    let inputs = write("inputs.json", r#"[{"id": 7}, {"id": "seven"}]"#);
    let cassette = write("cassette.jsonl", CASSETTE);
    let arguments = [
        "--node", &node, "--input", &inputs, "--replay", &cassette, "--json",
    ];
    let output = run("rest_node_simulator", &arguments, folder.path(), &[]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("1 of 2 inputs failed"), "{told}");
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["cases"][0]["simulation"]["data"]["state"], "open");
    assert_eq!(summary["cases"][1]["httpStatus"], 422);
    // A node that breaks rules is a matter of configuration, with every finding.
    let faulty = concat!(env!("CARGO_MANIFEST_DIR"), "/nodes/faulty.json");
    let output = run(
        "rest_node_simulator",
        &["--node", faulty],
        folder.path(),
        &[],
    );
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    for part in ["{{name.name}}", "remote_reference", "body_not_allowed"] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

#[test]
fn the_mapper_shows_what_document_004_shows() {
    // errata DEP-25, DEP-35, DEP-37, DEP-38, DEP-48
    for (profile, references, kinds) in [
        ("guide", 300, &["depth", "dangling"][..]),
        ("platform", 500, &["cycle", "depth", "dangling", "orphan"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["--profile", profile, "--json", "--query", "kind(endpoint)"];
        let output = run("dependency_mapper", &arguments, folder.path(), &[]);
        assert!(output.status.success(), "{output:?}");
        let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let map = &shown["map"];
        assert_eq!(map["summary"]["status"], "complete", "{profile}");
        assert!(
            map["summary"]["references"].as_u64() > Some(references),
            "{profile}"
        );
        assert_eq!(map["query"]["total"], 3, "{profile}");
        let endpoints = map["summary"]["endpoints"].as_array().unwrap();
        let reachable = endpoints.iter().filter(|one| one["reachable"] == true);
        assert_eq!(reachable.count(), 2, "{profile}: {endpoints:?}");
        let findings = map["findings"].to_string();
        for kind in kinds {
            assert!(
                findings.contains(kind),
                "{profile}: {kind} is not in {findings}"
            );
        }
        // The receiver got the signed message, with the organisation's own id.
        let message = &shown["messages"][0];
        assert_eq!(
            message["event"], "architecture.dependency.mapped",
            "{profile}"
        );
        assert_eq!(
            message["orgId"], map["summary"]["organization"]["id"],
            "{profile}"
        );
        assert_eq!(message["serviceTiers"][0], "tier1", "{profile}");
        let file = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(file("map.dot").starts_with("digraph"), "{profile}");
        assert_eq!(
            file("map.html").matches("</script>").count(),
            1,
            "{profile}"
        );
        let trail = file("mapper_audit.log");
        for action in ["mapping", "validation"] {
            let of_action = format!("\"action\":\"{action}\"");
            assert_eq!(trail.matches(&of_action).count(), 2, "{profile} {action}");
        }
        // What was written can be read again, and has not changed since.
        let json = folder.path().join("map.json");
        let json = json.to_str().unwrap();
        let again = folder.path().join("again");
        let arguments = ["--input", json, "--diff", json, "--json"];
        let output = run("dependency_mapper", &arguments, &again, &[]);
        assert!(output.status.success(), "{output:?}");
        let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            shown["map"]["summary"]["references"],
            map["summary"]["references"]
        );
        assert_eq!(
            shown["map"]["drift"]["graph"]["nodes"]["added_total"], 0,
            "{shown}"
        );
    }
}

#[test]
fn a_question_or_a_file_that_is_none_is_a_matter_of_usage() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.json");
    std::fs::write(&file, "{\"format\": \"other\"}").unwrap();
    let path = file.to_str().unwrap();
    for (arguments, status, part) in [
        (&["--query", "deps("][..], 2, "--query at column 6"),
        (&["--input", path], 2, "not a map"),
        (&["--diff", path], 2, "not a map"),
        (&["--input", "absent.json"], 2, "absent.json"),
        (&["--endpoint", "ftp://x"], 2, "http"),
        (&["--strict"], 1, "forbids"),
    ] {
        let output = run("dependency_mapper", arguments, folder.path(), &[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {told}");
        assert!(
            told.contains(part),
            "{arguments:?}: {part} is not in {told}"
        );
    }
    let settings = [("IAC_CALLBACK_URL", "https://iac.example.com/")];
    let output = run("dependency_mapper", &[], folder.path(), &settings);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("IAC_CALLBACK_KEY"), "{told}");
}

#[test]
fn a_service_that_cannot_listen_says_so_and_ends() {
    // errata RST-50
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for name in ["dependency_mapper", "event_resolver", "rest_node_simulator"] {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["--serve", "--listen", &address];
        let output = run(name, &arguments, folder.path(), &[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {told}");
        assert!(told.contains(&address), "{name}: {told}");
    }
}

#[test]
fn a_nodes_document_is_checked_offline_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = concat!(env!("CARGO_MANIFEST_DIR"), "/nodes/faulty.json");
    let report = |form: &str| {
        let output = run(
            "node_check",
            &[faulty, "--format", form],
            folder.path(),
            &[],
        );
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = report("text");
    for part in [
        "${esc.uriEncode(${input.targetId})}",
        "error[secret] /requestHeaders/Authorization",
        "error[body] /requestBody at byte 22: the object has this key twice",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("eyJhbGci"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&report("json")).unwrap();
    assert_eq!(
        json["reports"][0]["report"]["dataAction"]["name"],
        "ExternalRESTNode"
    );
    let sarif: serde_json::Value = serde_json::from_str(&report("sarif")).unwrap();
    assert_eq!(sarif["runs"].as_array().unwrap().len(), 2);
    let clean = run("node_check", &[], folder.path(), &[]);
    assert_eq!(clean.status.code(), Some(0), "{clean:?}");
    let strict = run("node_check", &["--fail-on", "warning"], folder.path(), &[]);
    assert_eq!(strict.status.code(), Some(1), "{strict:?}");
}

#[test]
fn endpoints_of_the_sandbox_are_judged_as_they_are() {
    // errata EVR-15, EVR-20, EVR-22
    let folder = tempfile::tempdir().unwrap();
    let output = run("endpoint_probe", &[], folder.path(), &[]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    for part in [
        "healthy.sandbox.test",
        "expired at ",
        "not valid before ",
        "valid for other.sandbox.test",
        "signed with its own key, and no root",
        "the peer chose TLSv1.1",
        "incompleteChain",
        "unknownAuthority",
        "status 503 is not in 200-299",
        "redirects are not followed",
        "and the limit is 1500 ms",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    let file = std::fs::read_to_string(folder.path().join("endpoint_probe.txt")).unwrap();
    assert_eq!(file, shown);
}

#[test]
fn an_endpoint_is_refused_until_it_is_allowed_and_nothing_of_its_query_is_shown() {
    // errata EVR-09, EVR-37, ALL-27
    const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let folder = tempfile::tempdir().unwrap();
    let url = plain_endpoint(&[OK, OK, "HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n"]);
    for (arguments, status, part) in [
        (
            &["https://169.254.169.254/", "--allow-loopback"][..],
            1,
            "blocked",
        ),
        (&[url.as_str()][..], 1, "blocked"),
        (&[url.as_str(), "--allow-loopback"][..], 0, "healthy"),
        (
            &[url.as_str(), "--allow-loopback", "--contains", "up"][..],
            1,
            "not in the 2 bytes",
        ),
        (
            &[url.as_str(), "--allow-loopback", "--status", "404"][..],
            0,
            "404",
        ),
    ] {
        let output = run("endpoint_probe", arguments, folder.path(), &[]);
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(
            output.status.code(),
            Some(status),
            "{arguments:?}: {output:?}"
        );
        assert!(shown.contains(part), "{part} is not in\n{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    for arguments in [
        &["--roots", "/no/such/file", "https://example.com"][..],
        &[
            "--roots",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
            "https://example.com",
        ],
        &["--timeout", "0"],
        &["--status", "some"],
        &["--resolve", "example.com"],
    ] {
        let output = run("endpoint_probe", arguments, folder.path(), &[]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    }
}
