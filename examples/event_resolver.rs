//! Document 002: deploy event routes whose every endpoint was verified first, at once or as a service.
//!
//! ```sh
//! cargo run --example event_resolver                       # a good route and many bad ones, on the embedded sandbox
//! cargo run --example event_resolver -- --route FILE       # a route of your own
//! cargo run --example event_resolver -- --serve            # POST /resolve, GET /metrics, GET /healthz
//! ```

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use genesys_cloud::{Error, ErrorKind};
use genesys_examples::args::{CloudArgs, Failure, exit_code, logging};
use genesys_examples::input::Input;
use genesys_examples::report::{Steps, table};
use genesys_examples::workflows::routing::{self, Settings, Setup};
use genesys_services::{ResolverService, Server, shutdown_signal};

/// Verifies the endpoints of event routes (DNS, TLS, HTTP) and deploys the routes whose endpoints hold.
///
/// Runs on the embedded sandbox unless GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET are set. There it resolves routes to
/// destinations of its own, most of them broken in one way each; on the real cloud it wants --route.
#[derive(Debug, Parser)]
#[command(
    after_help = "Settings: docs/settings.md. Exit status: 0 success, 1 a route of --route was refused, 2 usage or configuration."
)]
struct Args {
    #[command(flatten)]
    cloud: CloudArgs,

    /// A JSON file with a route or a list of routes; - reads standard input.
    #[arg(long, value_name = "FILE")]
    route: Option<PathBuf>,

    /// Probe and compare only.
    #[arg(long)]
    dry_run: bool,

    /// Stay up as a service.
    #[arg(long, conflicts_with = "route")]
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
    let settings = Settings::from_env()?;
    let routes = match &args.route {
        Some(path) => {
            let input = Input::read(path).map_err(|why| Error::new(ErrorKind::Config, why))?;
            Some(routing::read(&input.bytes)?)
        }
        None => None,
    };
    let steps = Steps::new();
    let setup = Setup::begin(args.cloud.cloud(), &settings, args.cloud.folder()?).await?;
    steps.line(format!("Event resolver, {}", setup.cloud.describe()));
    if args.serve {
        serve(&args, settings, &setup, &steps).await?;
        return setup.end().await;
    }
    let own = routes.is_some();
    let routes = routes.unwrap_or_else(|| setup.routes());
    if routes.is_empty() {
        let why = "on the real cloud --route or --serve says what to do";
        return Err(Error::new(ErrorKind::Config, why).into());
    }
    let summary = setup.resolve_all(&routes, args.dry_run, &steps).await?;
    setup.end().await?;
    print(&args, &summary)?;
    let refused = routes.len() - summary.resolved();
    if own && refused > 0 {
        return Err(format!("{refused} of {} routes were refused", routes.len()).into());
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the program's result")]
fn print(args: &Args, summary: &routing::Summary) -> Result<(), Failure> {
    if args.cloud.json {
        println!("{}", serde_json::to_string_pretty(summary)?);
        return Ok(());
    }
    print!(
        "\n{}\n",
        table(&["route", "status", "result", "time"], &summary.rows())
    );
    let metrics = &summary.metrics;
    println!(
        "{} of {} resolved; {} of {} endpoints reachable; audit trail: {}",
        metrics.successful_resolves,
        metrics.total_resolves,
        metrics.reachable_endpoints,
        metrics.probed_endpoints,
        summary.audit_log
    );
    Ok(())
}

async fn serve(
    args: &Args,
    settings: Settings,
    setup: &Setup,
    steps: &Steps,
) -> Result<(), Failure> {
    let router = ResolverService::new(setup.resolver.clone()).router();
    let mut server = Server::new(router);
    if let Some(token) = settings.token {
        server = server.with_token(token);
    }
    let bound = server
        .bind(args.listen)
        .await
        .map_err(|error| Error::new(ErrorKind::Config, error.to_string()).with_source(error))?;
    for destination in setup.destinations.iter().flatten() {
        steps.line(format!(
            "  {}: {}",
            destination.kind().label(),
            destination.url()
        ));
    }
    steps.line(format!(
        "Listening on http://{}: POST /resolve, GET /metrics, GET /healthz. Stop with Ctrl-C.",
        bound.local_addr()
    ));
    bound.run(shutdown_signal()).await;
    Ok(())
}
