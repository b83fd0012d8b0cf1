//! Document 004: map what depends on what in an organisation, and find what is wrong with it.
//!
//! ```sh
//! cargo run --example dependency_mapper                    # an organisation of the embedded sandbox, with known faults
//! cargo run --example dependency_mapper -- --query 'rdeps(Overflow) & kind(queue)'
//! cargo run --example dependency_mapper -- --input target/genesys/map.json --diff OLD.json
//! cargo run --example dependency_mapper -- --serve         # POST /map-dependencies, GET /diff, GET /query, GET /
//! ```

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use genesys_cloud::core::redact::printable;
use genesys_cloud::{Error, ErrorKind};
use genesys_examples::args::{CloudArgs, Failure, exit_code, logging};
use genesys_examples::report::{Steps, table};
use genesys_examples::workflows::mapping::{self, Settings, Setup, Shown};
use genesys_services::{MapperService, Server, shutdown_signal};

/// The longest text of a cell, in characters.
const WIDTH: usize = 110;

/// Reads an organisation, builds its dependency graph and reports cycles, depth, dangling references, single points of failure.
///
/// Runs on the embedded sandbox unless GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET are set. Writes map.html, map.dot, map.mmd and
/// map.json.
#[derive(Debug, Parser)]
#[command(
    after_help = "Settings: docs/settings.md. Exit status: 0 success, 1 the mapping failed, or with --strict something that is forbidden was found, 2 usage or configuration."
)]
struct Args {
    #[command(flatten)]
    cloud: CloudArgs,

    /// Show this map.json; nothing is read from the cloud.
    #[arg(long, value_name = "FILE", conflicts_with = "serve")]
    input: Option<PathBuf>,

    /// Say what changed since this map.json.
    #[arg(long, value_name = "OLD", conflicts_with = "serve")]
    diff: Option<PathBuf>,

    /// Ask the graph: deps(x), rdeps(x), some_path(x, y), kind(k), attr(k, v), scc(x), with + - &.
    #[arg(long, value_name = "QUERY", conflicts_with = "serve")]
    query: Option<String>,

    /// An endpoint to check, beside those of FAILOVER_ENDPOINTS; the first is the primary.
    #[arg(long, value_name = "URL")]
    endpoint: Vec<String>,

    /// Exit status 1 when something is found that the policy forbids.
    #[arg(long, conflicts_with = "serve")]
    strict: bool,

    /// Stay up as a service.
    #[arg(long)]
    serve: bool,

    /// Where the service listens. Beyond loopback SERVICE_TOKEN must be set.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080",
        requires = "serve"
    )]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    logging();
    exit_code(run(Args::parse()).await)
}

async fn run(args: Args) -> Result<(), Failure> {
    let old = args.diff.as_deref().map(mapping::read).transpose()?;
    let folder = args.cloud.folder()?;
    let query = args.query.as_deref().map(mapping::question).transpose()?;
    let query = query.as_ref();
    let steps = Steps::new();
    if let Some(input) = &args.input {
        let map = mapping::read(input)?;
        steps.line(format!(
            "Dependency mapper, {}, taken with {} objects in {:.1} ms",
            input.display(),
            map.graph.node_count(),
            map.elapsed.as_secs_f64() * 1_000.0
        ));
        let shown = Shown::of(&map, folder, query, old.as_ref())?;
        return print(&args, &shown, &[]);
    }
    let settings = Settings::from_env()?.with_endpoints(args.endpoint.iter().cloned());
    let setup = Setup::begin(args.cloud.cloud(), &settings, folder).await?;
    steps.line(format!("Dependency mapper, {}", setup.cloud.describe()));
    setup.register_webhook(&steps).await?;
    if args.serve {
        serve(&args, settings, &setup, &steps).await?;
        return setup.end().await;
    }
    let outcome = setup.map(&steps).await?;
    steps.line(format!("  {}", mapping::told(&outcome)));
    for one in &outcome.notified {
        let told = match (&one.error, one.status) {
            (None, Some(status)) => format!("taken, {status}"),
            (error, _) => error.clone().unwrap_or_default(),
        };
        steps.line(format!("  told {}: {told}", one.target));
    }
    let messages = setup.messages();
    steps.line(format!("  audit trail: {}", setup.audit_log()));
    setup.end().await?;
    let shown = Shown::of(&outcome.map, folder, query, old.as_ref())?;
    print(&args, &shown, &messages)?;
    if args.strict && !outcome.map.is_valid() {
        return Err("something was found that the policy forbids".into());
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the program's result")]
fn print(args: &Args, shown: &Shown, messages: &[serde_json::Value]) -> Result<(), Failure> {
    if args.cloud.json {
        let document = serde_json::json!({"map": shown, "messages": messages});
        println!("{}", serde_json::to_string_pretty(&document)?);
        return Ok(());
    }
    let rows: Vec<Vec<String>> = shown
        .findings
        .iter()
        .map(|[severity, kind, finding]| vec![severity.clone(), kind.clone(), cut(finding)])
        .collect();
    print!("\n{}", table(&["severity", "kind", "finding"], &rows));
    if shown.more > 0 {
        println!("… and {} more", shown.more);
    }
    let summary = &shown.summary;
    println!(
        "\n{} objects, {} references; {} of {} resolved; {} single points of failure",
        summary["objects"],
        summary["references"],
        summary["references_resolved"],
        summary["references_found"],
        summary["single_points"]
    );
    if let Some(query) = &shown.query {
        println!("\n{query:#}");
    }
    if let Some(drift) = &shown.drift {
        println!("\n{:#}", serde_json::to_value(drift)?);
    }
    for file in &shown.files {
        println!("{}", file.display());
    }
    Ok(())
}

/// What fits a line; the page and the JSON have it all.
fn cut(text: &str) -> String {
    // Names are anybody's, and a terminal obeys control characters.
    let text = printable(text);
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

async fn serve(
    args: &Args,
    settings: Settings,
    setup: &Setup,
    steps: &Steps,
) -> Result<(), Failure> {
    setup.mapper.restore().await?;
    let mut server = Server::new(MapperService::new(setup.mapper.clone()).router());
    if let Some(token) = settings.service_token {
        server = server.with_token(token);
    }
    let bound = server
        .bind(args.listen)
        .await
        .map_err(|error| Error::new(ErrorKind::Config, error.to_string()).with_source(error))?;
    steps.line(format!(
        "Listening on http://{}: POST and GET /map-dependencies, GET /diff, GET /query, GET /, GET /metrics, GET /healthz. Stop with Ctrl-C.",
        bound.local_addr()
    ));
    bound.run(shutdown_signal()).await;
    Ok(())
}
