//! Document 001: validate an agent widget, create it inactive, activate it, confirm it, and account for it.
//!
//! ```sh
//! cargo run --example widget_deploy
//! cargo run --example widget_deploy -- --profile platform --json
//! cargo run --example widget_deploy -- --definition examples/widgets/dashboard.json
//! ```

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use genesys_examples::args::{CloudArgs, Failure, exit_code, logging};
use genesys_examples::report::Steps;
use genesys_examples::workflows::integration::Mode;
use genesys_examples::workflows::widget::{self, Settings};

/// Deploys the agent widget of document 001: validate, create inactive, activate, confirm; metrics and audit report.
///
/// Runs on the embedded sandbox unless GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET are set. A second run on the same cloud
/// changes nothing and says so.
#[derive(Debug, Parser)]
#[command(
    after_help = "Settings: docs/settings.md. Exit status: 0 success, 1 the widget was refused or the deployment failed, 2 usage or configuration."
)]
struct Args {
    #[command(flatten)]
    cloud: CloudArgs,

    /// Widget definition as JSON, such as `widget_lint` checks; the document's own widget unless given.
    #[arg(long, value_name = "FILE")]
    definition: Option<PathBuf>,

    /// Policy file; the document's numbers and origins unless given.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Telemetry agent on loopback that takes JSON lines over TCP; `widget_telemetry.jsonl` in the artefact folder unless
    /// given.
    #[arg(long, value_name = "ADDRESS")]
    collector: Option<SocketAddr>,

    /// Keep what was done when a step fails; the next run goes on from there.
    #[arg(long, conflicts_with = "roll_back")]
    keep: bool,

    /// Undo what the journal in the artefact folder knows of.
    #[arg(long)]
    roll_back: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    logging();
    exit_code(run(Args::parse()).await)
}

#[allow(clippy::print_stdout, reason = "the program's result")]
async fn run(args: Args) -> Result<(), Failure> {
    let settings = Settings {
        definition: args.definition,
        policy: args.policy,
        collector: args.collector,
    };
    let mode = match (args.keep, args.roll_back) {
        (_, true) => Mode::RollBack,
        (true, _) => Mode::Keep,
        _ => Mode::Deploy,
    };
    let folder = args.cloud.folder()?;
    let steps = Steps::new();
    let summary = widget::run(args.cloud.cloud(), &settings, folder, mode, &steps).await?;
    if args.cloud.json {
        println!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        print!("{}", summary.text()?);
    }
    steps.line(format!("Widget deployment {}.", summary.result));
    Ok(())
}
