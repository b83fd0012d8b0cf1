//! The same job in NetworkX, in a Python process that is asked round by round.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use genesys_benches::paired::{Limit, Table, Unit};
use genesys_benches::stopwatch::Sample;

use crate::rival;
use crate::shapes::Edges;

/// Reads the pairs once, then builds and validates anew for each line that it reads, and says the seconds of its processor.
const PROGRAM: &str = r#"
import sys, time
import networkx as nx
count = int(sys.stdin.readline())
pairs = [(line[:36], line[36:72]) for line in (sys.stdin.readline() for _ in range(count))]
print(nx.__version__, flush=True)
for _ in sys.stdin:
    begun = time.process_time()
    graph = nx.DiGraph()
    graph.add_edges_from(pairs)
    try:
        depth = nx.dag_longest_path_length(graph)
    except nx.NetworkXUnfeasible:
        depth = sum(1 for members in nx.strongly_connected_components(graph) if len(members) > 1)
    print(time.process_time() - begun, flush=True)
"#;

pub(crate) fn run() {
    let edges = Edges::of("dag", 100_000);
    let spawned = Command::new("python3")
        .args(["-c", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut python) = spawned else {
        println!("\nNetworkX: not measured, there is no python3");
        return;
    };
    let mut asked = python.stdin.take().unwrap();
    let mut answers = BufReader::new(python.stdout.take().unwrap());
    let mut text = format!("{}\n", edges.len());
    for (source, target) in edges.pairs() {
        text.push_str(source);
        text.push_str(target);
        text.push('\n');
    }
    let mut version = String::new();
    // Without the module Python is gone, and the pipe with it.
    let told = asked.write_all(text.as_bytes()).is_ok()
        && answers.read_line(&mut version).is_ok_and(|read| read > 0);
    if told {
        let mut table = Table::new("Validation, dag, 100,000 nodes", Unit::Millis);
        table.row("depgraph", 1, || {
            black_box(rival::ours_validated(&edges));
        });
        table.timed("NetworkX", 1, || {
            writeln!(asked, "go").unwrap();
            let mut seconds = String::new();
            answers.read_line(&mut seconds).unwrap();
            Sample::clean(Duration::from_secs_f64(seconds.trim().parse().unwrap()))
        });
        let report = table.run();
        println!("\nNetworkX {}", version.trim());
        print!("{report}");
        report.target(
            "NetworkX over depgraph",
            report.ratio("NetworkX", "depgraph"),
            Limit::AtLeast(200.0),
        );
    } else {
        println!("\nNetworkX: not measured, python3 has no networkx");
    }
    drop(asked);
    let _ = python.wait();
}
