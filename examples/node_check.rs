//! Document 003, its first half: check REST nodes before anything is sent. Offline.
//!
//! ```sh
//! cargo run --example node_check -- examples/nodes/resource.json
//! cargo run --example node_check -- examples/nodes/faulty.json --format sarif
//! ```

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use genesys_cloud::integrations::executor::PreparedNode;
use genesys_cloud::integrations::nodes::{NodeReport, Severity, lint};
use genesys_cloud::resilience::{Clock, SystemClock};
use genesys_examples::args::Failure;
use genesys_examples::input::{Input, is_stdin};
use genesys_examples::report::millis;
use serde_json::{Value, json};

/// Tells where each value of a REST node goes, what is wrong with it, how near its limits are, and the data action it becomes.
/// Opens no connection.
#[derive(Debug, Parser)]
#[command(
    after_help = "Exit status: 0 nothing as bad as --fail-on, 1 findings, 2 usage or unreadable input."
)]
struct Args {
    /// Documents of nodes, at most 1 MiB each; `-` is standard input.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Form of the report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// The same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,

    /// Least severity of a finding that makes the exit status 1.
    #[arg(long, value_enum, default_value_t = Level::Error)]
    fail_on: Level,

    /// Folder that gets the report as a file too.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: findings, placeholders, limits, the data action.
    Text,
    /// For programs: one object with a report for each file.
    Json,
    /// SARIF 2.1.0, a run for each file.
    Sarif,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    Info,
    Warning,
    Error,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Info => Self::Info,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
        }
    }
}

/// A document, and everything that was found about it.
struct Checked {
    input: Input,
    report: NodeReport,
    /// A schema that is none, which shows when it is compiled.
    unusable: Option<String>,
}

impl Checked {
    fn of(input: Input) -> Self {
        let report = lint(&input.bytes);
        let unusable = report.node.as_ref().and_then(|node| {
            let error = PreparedNode::new(node).err()?;
            Some(format!("{}: {}", error.member(), error.schema()))
        });
        Self {
            input,
            report,
            unusable,
        }
    }

    fn fails(&self, level: Severity) -> bool {
        self.unusable.is_some() || self.report.findings.iter().any(|one| one.severity >= level)
    }
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            tell(&format!("error: {error}"));
            ExitCode::from(2)
        }
    }
}

/// True when nothing as bad as `--fail-on` was found.
fn run(args: &Args) -> Result<bool, Failure> {
    if args.files.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err("standard input can be read only once".into());
    }
    let inputs = Input::read_all(&args.files)?;
    let start = SystemClock.now();
    let checked: Vec<Checked> = inputs.into_iter().map(Checked::of).collect();
    let took = SystemClock.now() - start;
    let format = if args.json { Format::Json } else { args.format };
    let (page, extension) = match format {
        Format::Text => (checked.iter().map(text).collect(), "txt"),
        Format::Json => (json_page(&checked)?, "json"),
        Format::Sarif => (sarif(&checked)?, "sarif"),
    };
    if let Some(folder) = &args.out {
        let path = folder.join("node_check").with_extension(extension);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, &page))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    print(&page)?;
    let failed = checked
        .iter()
        .filter(|one| one.fails(args.fail_on.into()))
        .count();
    tell(&format!(
        "files: {}, failed: {failed}, in {}",
        checked.len(),
        millis(took)
    ));
    Ok(failed == 0)
}

fn text(checked: &Checked) -> String {
    let unusable = match &checked.unusable {
        Some(why) => format!("  error unusable schema: {why}\n"),
        None => String::new(),
    };
    format!("{}\n{}{unusable}\n", checked.input.name, checked.report)
}

fn json_page(checked: &[Checked]) -> Result<String, Failure> {
    let reports: Vec<Value> = checked
        .iter()
        .map(|one| json!({"file": one.input.name, "report": one.report, "unusableSchema": one.unusable}))
        .collect();
    Ok(serde_json::to_string_pretty(&json!({ "reports": reports }))? + "\n")
}

/// One log with the runs of every document.
fn sarif(checked: &[Checked]) -> Result<String, Failure> {
    let mut log = Value::Null;
    for one in checked {
        let text = one.report.to_sarif(&one.input.name, &one.input.bytes);
        let mut next: Value = serde_json::from_str(&text)?;
        match log["runs"].as_array_mut() {
            Some(runs) => runs.extend(
                next["runs"]
                    .as_array_mut()
                    .map(std::mem::take)
                    .into_iter()
                    .flatten(),
            ),
            None => log = next,
        }
    }
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

/// A reader that went away, such as `head`, is no failure.
fn print(page: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(page.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn tell(text: &str) {
    // Nobody is left to hear of a standard error that is closed.
    let _ = writeln!(io::stderr().lock(), "{text}");
}
