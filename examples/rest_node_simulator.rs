//! Document 003: register a REST node, and run it through every fault before a flow does.
//!
//! ```sh
//! cargo run --example rest_node_simulator                  # the document's node through every fault, on the embedded sandbox
//! cargo run --example rest_node_simulator -- --serve       # POST /simulate/node, GET /simulate/nodes, GET /healthz
//! cargo run --example rest_node_simulator -- --node FILE --input FILE
//! ```

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use genesys_cloud::integrations::IntegrationId;
use genesys_cloud::{Error, ErrorKind};
use genesys_examples::args::{CloudArgs, Failure, exit_code, logging};
use genesys_examples::report::{Steps, table};
use genesys_examples::workflows::nodes::{Ran, Registration, Settings, Setup};
use genesys_services::{Server, SimulatorService, shutdown_signal};

/// Registers a REST node and simulates it: injection, retries, cache, schema, and a trace of every attempt.
///
/// Runs on the embedded sandbox unless GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET are set. There the document's node runs through
/// every fault; a node of your own runs the inputs of --input.
#[derive(Debug, Parser)]
#[command(
    after_help = "Settings: docs/settings.md. Exit status: 0 success, 1 an input of --input failed, 2 usage or configuration."
)]
struct Args {
    #[command(flatten)]
    cloud: CloudArgs,

    /// A node's document; - reads standard input. See node_check.
    #[arg(long, value_name = "FILE")]
    node: Option<PathBuf>,

    /// A JSON file with an input or a list of inputs.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,

    /// On the platform, the integration that carries the data action. Default on the sandbox: one is made.
    #[arg(long, value_name = "ID", value_parser = integration_id)]
    integration: Option<IntegrationId>,

    /// Writes the external system's answers to a new cassette, without secrets.
    #[arg(
        long,
        value_name = "FILE",
        requires = "node",
        conflicts_with = "replay"
    )]
    record: Option<PathBuf>,

    /// Takes the external system's answers from a cassette; nothing is sent to it.
    #[arg(long, value_name = "FILE", requires = "node")]
    replay: Option<PathBuf>,

    /// Stay up as a service.
    #[arg(long, conflicts_with = "input")]
    serve: bool,

    /// Where the service listens. Beyond loopback SERVICE_TOKEN must be set, and callers' credentials are refused.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080",
        requires = "serve"
    )]
    listen: SocketAddr,
}

fn integration_id(text: &str) -> Result<IntegrationId, String> {
    IntegrationId::new(text).map_err(|error| error.to_string())
}

#[tokio::main]
async fn main() -> ExitCode {
    logging();
    exit_code(run(Args::parse()).await)
}

async fn run(args: Args) -> Result<(), Failure> {
    let settings = Settings {
        node: args.node.clone(),
        integration: args.integration.clone(),
        record: args.record.clone(),
        replay: args.replay.clone(),
        ..Settings::from_env()?
    };
    let steps = Steps::new();
    let setup = Setup::begin(args.cloud.cloud(), &settings, args.cloud.folder()?).await?;
    let cases = setup.cases(args.input.as_deref())?;
    steps.line(format!("REST node simulator, {}", setup.cloud.describe()));
    let registration = setup
        .register(settings.integration.as_ref(), &steps)
        .await?;
    if args.serve {
        serve(&args, settings, &setup, &steps).await?;
        return setup.end().await;
    }
    let ran = setup.run(&cases, &steps).await;
    let audit_log = setup.audit_log().to_owned();
    setup.end().await?;
    print(&args, &registration, &ran, &audit_log)?;
    let failed = ran.iter().filter(|one| !one.simulation.is_success());
    match failed.count() {
        // The batch is made of failures.
        failed if args.input.is_some() && failed > 0 => {
            Err(format!("{failed} of {} inputs failed", ran.len()).into())
        }
        _ => Ok(()),
    }
}

#[allow(clippy::print_stdout, reason = "the program's result")]
fn print(
    args: &Args,
    registration: &Registration,
    ran: &[Ran],
    audit_log: &str,
) -> Result<(), Failure> {
    if args.cloud.json {
        let document =
            serde_json::json!({"registration": registration, "cases": ran, "auditLog": audit_log});
        println!("{}", serde_json::to_string_pretty(&document)?);
        return Ok(());
    }
    if ran.is_empty() {
        println!("\nNothing was run: --input says what to send. Audit trail: {audit_log}");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = ran.iter().flat_map(Ran::trace).collect();
    let head = ["case", "attempt", "outcome", "latency", "wait after it"];
    print!("\n{}", table(&head, &rows));
    let rows: Vec<Vec<String>> = ran.iter().map(Ran::row).collect();
    let head = ["case", "status", "attempts", "retries", "cache", "result"];
    print!("\n{}\n", table(&head, &rows));
    let succeeded = ran.iter().filter(|one| one.simulation.is_success()).count();
    println!(
        "{succeeded} of {} succeeded; audit trail: {audit_log}",
        ran.len()
    );
    Ok(())
}

async fn serve(
    args: &Args,
    settings: Settings,
    setup: &Setup,
    steps: &Steps,
) -> Result<(), Failure> {
    let service = SimulatorService::new(setup.simulator.clone(), setup.node.name());
    let mut server = Server::new(service.router());
    if let Some(token) = settings.service_token {
        server = server.with_token(token);
    }
    let bound = server
        .bind(args.listen)
        .await
        .map_err(|error| Error::new(ErrorKind::Config, error.to_string()).with_source(error))?;
    steps.line(format!(
        "Listening on http://{}: POST /simulate/node, POST /simulate/nodes/{{name}}, GET /simulate/nodes, GET /healthz. Stop with Ctrl-C.",
        bound.local_addr()
    ));
    bound.run(shutdown_signal()).await;
    Ok(())
}
