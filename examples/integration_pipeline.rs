//! Document 000: define an integration, verify it, create it inactive, test it, watch it, enable it.
//!
//! ```sh
//! cargo run --example integration_pipeline
//! cargo run --example integration_pipeline -- --profile platform --json
//! ```

use std::process::ExitCode;

use clap::Parser;
use genesys_examples::args::{CloudArgs, Failure, exit_code, logging};
use genesys_examples::report::{Steps, table};
use genesys_examples::workflows::integration::{self, Mode, Settings};

/// Deploys the CRM integration of document 000: create inactive, test, watch its status, enable.
///
/// Runs on the embedded sandbox unless GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET are set. A second run on the same cloud
/// changes nothing and says so.
#[derive(Debug, Parser)]
#[command(
    after_help = "Settings: docs/settings.md. Exit status: 0 success, 1 the deployment failed, 2 usage or configuration."
)]
struct Args {
    #[command(flatten)]
    cloud: CloudArgs,

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
    let settings = Settings::from_env()?;
    let mode = match (args.keep, args.roll_back) {
        (_, true) => Mode::RollBack,
        (true, _) => Mode::Keep,
        _ => Mode::Deploy,
    };
    let steps = Steps::new();
    let summary = integration::run(
        args.cloud.cloud(),
        &settings,
        args.cloud.folder()?,
        mode,
        &steps,
    )
    .await?;
    if args.cloud.json {
        println!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        print!(
            "\n{}\n",
            table(&["step", "result", "latency"], &summary.rows())
        );
    }
    steps.line(format!("Integration pipeline {}.", summary.result));
    Ok(())
}
