//! Every workflow in a row, on one cloud, with a summary table and artefacts on disk.
//!
//! ```sh
//! cargo run --example tour
//! ```

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use genesys_cloud::Profile;
use genesys_cloud::resilience::{Clock, SystemClock};
use genesys_examples::args::{CloudArgs, Failure, exit_code, logging};
use genesys_examples::report::{Steps, table};
use genesys_examples::workflows::integration::{self, Mode, Settings};
use genesys_examples::workflows::mapping;
use genesys_examples::workflows::nodes;
use genesys_examples::workflows::routing::{self, Setup};
use genesys_examples::workflows::widget;
use serde::Serialize;

/// Runs every workflow in a row and prints a summary. On the embedded sandbox both profiles are shown.
#[derive(Debug, Parser)]
#[command(
    after_help = "Settings: docs/settings.md. Exit status: 0 success, 1 a workflow failed, 2 usage or configuration."
)]
struct Args {
    #[command(flatten)]
    cloud: CloudArgs,
}

/// One workflow of the tour.
#[derive(Debug, Serialize)]
struct Stop {
    workflow: &'static str,
    profile: String,
    result: String,
    seconds: f64,
    detail: serde_json::Value,
}

#[tokio::main]
async fn main() -> ExitCode {
    logging();
    exit_code(run(Args::parse()).await)
}

#[allow(clippy::print_stdout, reason = "the program's result")]
async fn run(args: Args) -> Result<(), Failure> {
    let settings = Settings::from_env()?;
    let routing_settings = routing::Settings::from_env()?;
    let node_settings = nodes::Settings::from_env()?;
    let mapping_settings = mapping::Settings::from_env()?;
    let folder = args.cloud.folder()?;
    let steps = Steps::new();
    // The real cloud speaks one profile; the sandbox speaks both.
    let profiles = match (
        args.cloud.profile,
        genesys_cloud::auth::Settings::from_env()?.credentials,
    ) {
        (Some(profile), _) => vec![Some(profile)],
        (None, Some(_)) => vec![None],
        (None, None) => vec![Some(Profile::Guide), Some(Profile::Platform)],
    };
    let mut stops = Vec::new();
    for profile in profiles {
        let args = CloudArgs {
            profile,
            ..args.cloud.clone()
        };
        let mut stop = |workflow, started, result, detail| {
            stops.push(Stop {
                workflow,
                profile: profile
                    .map_or_else(|| "by settings".to_owned(), |profile| profile.to_string()),
                result,
                seconds: seconds(SystemClock.now().saturating_duration_since(started)),
                detail,
            });
        };
        let told = |result: &str, change: Option<&str>| {
            format!("{result}, {}", change.unwrap_or("no change"))
        };

        let started = SystemClock.now();
        let detail =
            integration::run(args.cloud(), &settings, folder, Mode::Deploy, &steps).await?;
        let result = told(detail.result, detail.change);
        let detail = serde_json::to_value(detail)?;
        stop("000 integration definitions", started, result, detail);

        let started = SystemClock.now();
        let own = widget::Settings::default();
        let detail = widget::run(args.cloud(), &own, folder, Mode::Deploy, &steps).await?;
        let result = told(detail.result, detail.change);
        let detail = serde_json::to_value(detail)?;
        stop("001 agent widgets", started, result, detail);

        // What the tour resolves are destinations of the sandbox.
        let setup = Setup::begin(args.cloud(), &routing_settings, folder).await?;
        let routes = setup.routes();
        if !routes.is_empty() {
            let started = SystemClock.now();
            steps.line(format!("Event resolver, {}", setup.cloud.describe()));
            let detail = setup.resolve_all(&routes, false, &steps).await?;
            let result = format!("{} of {} routes held", detail.resolved(), routes.len());
            let detail = serde_json::to_value(detail)?;
            stop("002 event routing", started, result, detail);
        }
        setup.end().await?;

        // So is the system that the node calls.
        let setup = nodes::Setup::begin(args.cloud(), &node_settings, folder).await?;
        let cases = setup.cases(None)?;
        if !cases.is_empty() {
            let started = SystemClock.now();
            steps.line(format!("REST node simulator, {}", setup.cloud.describe()));
            let registration = setup.register(None, &steps).await?;
            let ran = setup.run(&cases, &steps).await;
            let succeeded = ran.iter().filter(|one| one.simulation.is_success()).count();
            let result = format!(
                "{}, {succeeded} of {} calls succeeded",
                registration.change,
                ran.len()
            );
            let detail = serde_json::json!({"registration": registration, "cases": ran});
            stop("003 REST nodes", started, result, detail);
        }
        setup.end().await?;

        let started = SystemClock.now();
        let setup = mapping::Setup::begin(args.cloud(), &mapping_settings, folder).await?;
        steps.line(format!("Dependency mapper, {}", setup.cloud.describe()));
        setup.register_webhook(&steps).await?;
        let outcome = setup.map(&steps).await?;
        steps.line(format!("  {}", mapping::told(&outcome)));
        setup.end().await?;
        let own = folder.join(profile.map_or("settings", Profile::as_str));
        std::fs::create_dir_all(&own)?;
        let shown = mapping::Shown::of(&outcome.map, &own, None, None)?;
        let map = &outcome.map;
        let result = format!(
            "{}: {} objects, {} errors, {} warnings",
            map.status(),
            map.graph.node_count(),
            map.report.errors(),
            map.report.warnings()
        );
        let detail = serde_json::to_value(shown)?;
        stop("004 dependency mapping", started, result, detail);
    }
    let report = folder.join("tour.json");
    std::fs::write(&report, serde_json::to_vec_pretty(&stops)?)?;
    if args.cloud.json {
        println!("{}", serde_json::to_string_pretty(&stops)?);
    } else {
        let rows: Vec<Vec<String>> = stops
            .iter()
            .map(|stop| {
                vec![
                    stop.workflow.to_owned(),
                    stop.profile.clone(),
                    stop.result.clone(),
                    format!("{:.2} s", stop.seconds),
                ]
            })
            .collect();
        print!(
            "\n{}",
            table(&["workflow", "profile", "result", "time"], &rows)
        );
        println!(
            "\nArtefacts: {} (audit trails, journals, reports, maps, tour.json)",
            folder.display()
        );
    }
    Ok(())
}

fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}
