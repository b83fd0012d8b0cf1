//! Draws a small contact centre and checks it: `cargo run -p depgraph --example page -- FOLDER` writes `map.html`, `map.dot`, `map.mmd`,
//! `map.json` and `snapshot.json`; with `--large`, a random organisation of 20 000 objects; with `--hostile`, names made to hurt.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs;
use std::path::Path;

use depgraph::{Edge, Graph, GraphBuilder, Node, Page, Policy, Rule, State, View, Work};

fn contact_centre() -> Result<Graph, depgraph::Error> {
    let mut builder = GraphBuilder::new();
    builder.set_property("organisation", "Example Ltd");
    builder.set_property("taken", "2030-01-02T03:04:05Z");
    let nodes: [(&str, &str, &str); 24] = [
        ("flow-main", "flow", "Main menu"),
        ("flow-sales", "flow", "Sales menu"),
        ("flow-support", "flow", "Support menu"),
        ("flow-night", "flow", "Night service"),
        ("flow-survey", "flow", "Survey after the call"),
        ("flow-callback", "flow", "Callback"),
        ("queue-sales", "queue", "Sales"),
        ("queue-vip", "queue", "Sales, key accounts"),
        ("queue-support", "queue", "Support"),
        ("queue-support-2", "queue", "Support, second line"),
        ("queue-overflow", "queue", "Overflow partner"),
        ("prompt-hello", "prompt", "Welcome"),
        ("prompt-closed", "prompt", "We are closed"),
        ("prompt-hold", "prompt", "Music on hold"),
        ("schedule-week", "schedule", "Opening hours"),
        ("schedule-holidays", "schedule", "Public holidays"),
        ("skill-german", "skill", "German"),
        ("skill-contracts", "skill", "Contracts"),
        ("script-sales", "script", "Sales script"),
        ("action-customer", "action", "Look the customer up"),
        ("integration-crm", "integration", "CRM"),
        ("integration-mail", "integration", "Mail gateway"),
        ("group-agents", "group", "All agents"),
        ("trigger-old", "trigger", "Unused trigger"),
    ];
    for (id, kind, name) in nodes {
        let division = if id.contains("sales") || id.contains("vip") {
            "Sales"
        } else {
            "Home"
        };
        builder.add_node(
            Node::new(id, kind)
                .with_name(name)
                .with_attribute("division", division),
        )?;
    }
    builder.add_node(Node::new("prompt-old", "prompt").with_state(State::Deleted))?;
    builder.add_node(Node::new("queue-legal", "queue").with_state(State::NotPermitted))?;
    let edges: [(&str, &str, &str, &str, &str); 38] = [
        ("flow-main", "prompt-hello", "plays", "initialGreeting", ""),
        ("flow-main", "schedule-week", "uses", "schedules[0]", ""),
        ("flow-main", "schedule-holidays", "uses", "schedules[1]", ""),
        (
            "flow-main",
            "action-customer",
            "calls-action",
            "actions[2].action.id",
            "",
        ),
        ("flow-main", "flow-sales", "transfers-to", "menu[1]", ""),
        ("flow-main", "flow-support", "transfers-to", "menu[2]", ""),
        ("flow-main", "flow-night", "transfers-to", "closed", ""),
        (
            "flow-sales",
            "queue-sales",
            "transfers-to",
            "actions[4].queue.id",
            "sales",
        ),
        (
            "flow-sales",
            "queue-overflow",
            "transfers-to",
            "actions[5].queue.id",
            "sales",
        ),
        (
            "flow-sales",
            "queue-vip",
            "transfers-to",
            "actions[3].queue.id",
            "",
        ),
        (
            "flow-sales",
            "skill-german",
            "requires",
            "actions[4].skills[0]",
            "",
        ),
        (
            "flow-support",
            "queue-support",
            "transfers-to",
            "actions[1].queue.id",
            "support",
        ),
        (
            "flow-support",
            "queue-support-2",
            "transfers-to",
            "actions[2].queue.id",
            "support",
        ),
        (
            "flow-support",
            "action-customer",
            "calls-action",
            "actions[0].action.id",
            "",
        ),
        (
            "flow-support",
            "flow-callback",
            "transfers-to",
            "actions[6].flow.id",
            "",
        ),
        (
            "flow-callback",
            "flow-support",
            "transfers-to",
            "actions[2].flow.id",
            "",
        ),
        ("flow-callback", "flow-survey", "transfers-to", "end", ""),
        ("flow-survey", "flow-callback", "transfers-to", "retry", ""),
        (
            "flow-callback",
            "queue-support",
            "transfers-to",
            "actions[9].queue.id",
            "",
        ),
        (
            "flow-survey",
            "integration-mail",
            "sends-by",
            "actions[1].integration",
            "",
        ),
        (
            "flow-night",
            "prompt-closed",
            "plays",
            "actions[0].prompt",
            "notice",
        ),
        (
            "flow-night",
            "prompt-old",
            "plays",
            "actions[1].prompt",
            "notice",
        ),
        (
            "flow-night",
            "flow-night",
            "calls",
            "actions[3].flow.id",
            "",
        ),
        (
            "queue-sales",
            "script-sales",
            "shows",
            "defaultScripts.CALL.id",
            "",
        ),
        (
            "queue-sales",
            "group-agents",
            "is-staffed-by",
            "memberGroups[0].id",
            "",
        ),
        (
            "queue-vip",
            "script-sales",
            "shows",
            "defaultScripts.CALL.id",
            "",
        ),
        (
            "queue-vip",
            "skill-contracts",
            "requires",
            "skillGroups[0]",
            "",
        ),
        (
            "queue-vip",
            "queue-sales",
            "falls-back-to",
            "directRouting.backupQueueId",
            "",
        ),
        (
            "queue-sales",
            "queue-overflow",
            "falls-back-to",
            "directRouting.backupQueueId",
            "",
        ),
        (
            "queue-overflow",
            "queue-sales",
            "falls-back-to",
            "directRouting.backupQueueId",
            "",
        ),
        (
            "queue-support",
            "group-agents",
            "is-staffed-by",
            "memberGroups[0].id",
            "",
        ),
        (
            "queue-support",
            "queue-support-2",
            "falls-back-to",
            "directRouting.backupQueueId",
            "",
        ),
        (
            "queue-support-2",
            "group-agents",
            "is-staffed-by",
            "memberGroups[0].id",
            "",
        ),
        (
            "queue-support-2",
            "queue-legal",
            "falls-back-to",
            "directRouting.backupQueueId",
            "",
        ),
        (
            "queue-support",
            "prompt-hold",
            "plays",
            "onHoldPrompt.id",
            "",
        ),
        ("queue-sales", "prompt-hold", "plays", "onHoldPrompt.id", ""),
        (
            "script-sales",
            "action-customer",
            "calls-action",
            "pages[0].action",
            "",
        ),
        (
            "action-customer",
            "integration-crm",
            "belongs-to",
            "integrationId",
            "",
        ),
    ];
    for (source, target, kind, evidence, group) in edges {
        builder.add_edge(
            Edge::new(source, target, kind)
                .with_evidence(evidence)
                .with_alternative(group),
        )?;
    }
    builder.add_gap("recordings", "the permission recording:view is missing");
    builder.freeze()
}

fn hostile() -> Result<Graph, depgraph::Error> {
    let names = [
        "</script><script>document.title='broken'</script>",
        "\"><img src=x onerror=\"document.title='broken'\">",
        "two\nlines and a\ttab",
        "\u{202e}turned round\u{2066}",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{5e2}\u{5d5}\u{5dc}\u{5dd}",
        "\u{645}\u{631}\u{62d}\u{628}\u{627} (queue 7)",
        "a name that is a good deal longer than any box that it could ever be drawn in, and then some",
        "' onmouseover='document.title=1' x='",
    ];
    let mut builder = GraphBuilder::new();
    for (at, name) in names.iter().enumerate() {
        builder.add_node(
            Node::new(name, names[(at + 3) % names.len()]).with_name(names[(at + 1) % names.len()]),
        )?;
        let edge = Edge::new(
            name,
            names[(at + 1) % names.len()],
            names[(at + 2) % names.len()],
        );
        builder.add_edge(edge.with_evidence(names[(at + 4) % names.len()]))?;
    }
    builder.freeze()
}

/// 20 000 objects and 150 000 references, most of them downwards, some alternatives, some circles.
fn organisation() -> Result<Graph, depgraph::Error> {
    let mut random = fastrand::Rng::with_seed(1);
    let kinds = [
        "flow",
        "queue",
        "user",
        "prompt",
        "skill",
        "schedule",
        "script",
        "action",
        "integration",
        "group",
    ];
    let nodes = 20_000;
    let id = |node: u64| {
        format!(
            "{:08x}-0000-4000-8000-{node:012x}",
            (node as u32).wrapping_mul(0x9e37_79b9)
        )
    };
    let mut builder = GraphBuilder::with_capacity(nodes as usize, 150_000);
    for node in 0..nodes {
        let kind = kinds[(node * 10 / nodes) as usize];
        let name = format!("{kind} {node}");
        builder.add_node(Node::new(&id(node), kind).with_name(&name))?;
    }
    for edge in 0..150_000u64 {
        let source = random.u64(..nodes - 1);
        let downwards = random.u64(source + 1..(source + 4000).min(nodes));
        let target = if edge % 5_000 == 0 {
            random.u64(..nodes)
        } else {
            downwards
        };
        let (source, target, path) = (id(source), id(target), format!("members[{}].id", edge % 40));
        let group = if edge % 4 == 0 { "either" } else { "" };
        builder.add_edge(
            Edge::new(&source, &target, "uses")
                .with_evidence(&path)
                .with_alternative(group),
        )?;
    }
    builder.freeze()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wants = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let folder = arguments
        .iter()
        .find(|argument| !argument.starts_with("--"))
        .map_or("target/graph-page", String::as_str);
    let folder = Path::new(folder);
    fs::create_dir_all(folder)?;

    let graph = match (wants("--large"), wants("--hostile")) {
        (true, _) => organisation()?,
        (_, true) => hostile()?,
        _ => contact_centre()?,
    };
    let mut work = Work::unlimited();
    let policy = Policy::default()
        .with_max_depth(5)
        .with_cycles("falls-back-to", Rule::Warn);
    let topology = graph.topology(&mut work)?;
    let report = graph.validate_with(&topology, &policy, &mut work)?;
    let points = graph.single_points(&graph.entries(), &topology, &policy, 20, &mut work)?;
    let picture = View::new(&graph)
        .with_topology(&topology)
        .with_max_nodes(80)
        .draw(&mut work)?;
    let page = Page::new("Dependencies", &picture, &report)
        .with_objects(&graph)
        .with_single_points(&graph, &points);
    fs::write(folder.join("map.html"), page.to_html())?;
    fs::write(folder.join("map.dot"), picture.to_dot())?;
    fs::write(folder.join("map.mmd"), picture.to_mermaid())?;
    fs::write(folder.join("map.json"), picture.to_json())?;
    fs::write(folder.join("snapshot.json"), graph.to_snapshot(&mut work)?)?;
    for finding in report.findings.iter().take(20) {
        println!(
            "{:8} {finding:?}",
            finding.severity,
            finding = finding.kind()
        );
    }
    println!(
        "{} errors, {} warnings; wrote {}",
        report.errors(),
        report.warnings(),
        folder.join("map.html").display()
    );
    Ok(())
}
