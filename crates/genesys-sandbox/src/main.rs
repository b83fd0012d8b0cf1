//! `genesys-sandbox`: the embedded cloud as a program.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use genesys_sandbox::{
    CLIENT_ID, CLIENT_SECRET, Profile, RESOURCE_TOKEN, Sandbox, SandboxError, SandboxErrorKind,
};

/// An embedded Genesys Cloud to develop and test against: in memory, on this machine, the same for the same seed.
///
/// Prints its hosts and the environment variables that point a client at it, then serves until it is interrupted and
/// lets requests under way finish. Faults, ledger and state are at /_sandbox/ on the API host.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address of the API host, loopback only; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Address of the login host, loopback only.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    login_listen: SocketAddr,
    /// Address of the external system that nodes can call, loopback only.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    resource_listen: SocketAddr,
    /// Seed of ids, tokens and of faults with a probability.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// API requests that a token may make in a window.
    #[arg(long, value_name = "REQUESTS", default_value_t = 300)]
    quota: u64,
    /// Length of that window in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    quota_window: u64,
    /// Life of a token in seconds, at most 172800.
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    token_life: u64,
    /// Generates an organisation of so many queues, with a few faults, from the seed.
    #[cfg(feature = "generators")]
    #[arg(long, value_name = "QUEUES")]
    organisation: Option<usize>,
    /// Whose shapes lists return.
    #[arg(long, value_enum, default_value_t = Shapes::Guide)]
    profile: Shapes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shapes {
    /// The source documents'.
    Guide,
    /// The published API contract's.
    Platform,
}

impl From<Shapes> for Profile {
    fn from(shapes: Shapes) -> Self {
        match shapes {
            Shapes::Guide => Self::Guide,
            Shapes::Platform => Self::Platform,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match serve(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "genesys-sandbox: {error}");
            // 2 is for settings, as on the command line; 1 for everything else.
            match error.kind() {
                SandboxErrorKind::Settings => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// An organisation with something of everything.
#[cfg(feature = "generators")]
fn organisation(seed: u64, queues: usize) -> genesys_sandbox::Organisation {
    genesys_sandbox::generate::Plan::new(seed)
        .with_queues(queues)
        .with_cycles([2, 4])
        .with_flow_cycles(1)
        .with_self_references(1)
        .with_diamonds(2)
        .with_dangling(4)
        .with_single_points(2)
        .with_orphans(3)
        .build()
        .organisation
}

async fn serve(arguments: &Arguments) -> Result<(), SandboxError> {
    let builder = Sandbox::builder();
    #[cfg(feature = "generators")]
    let builder = match arguments.organisation {
        Some(queues) => builder.with_organisation(organisation(arguments.seed, queues)),
        None => builder,
    };
    let sandbox = builder
        .with_listen(arguments.listen)
        .with_login_listen(arguments.login_listen)
        .with_resource_listen(arguments.resource_listen)
        .with_seed(arguments.seed)
        .with_quota(arguments.quota, Duration::from_secs(arguments.quota_window))
        .with_token_life(Duration::from_secs(arguments.token_life))
        .with_profile(arguments.profile.into())
        .start()
        .await?;
    let (api, login) = (sandbox.api_url(), sandbox.login_url());
    let resources = sandbox.resources().url();
    let _ = writeln!(
        std::io::stdout(),
        "API host    {api}\n\
         login host  {login}\n\
         resources   {resources}/v1/resources/\n\
         client      {CLIENT_ID} / {CLIENT_SECRET}\n\
         \n\
         export GENESYS_BASE_URL={api}\n\
         export GENESYS_LOGIN_URL={login}\n\
         export GENESYS_CLIENT_ID={CLIENT_ID}\n\
         export GENESYS_CLIENT_SECRET={CLIENT_SECRET}\n\
         export NODE_AUTH_TOKEN={RESOURCE_TOKEN}"
    );
    #[cfg(feature = "platform")]
    for flow in sandbox.flows().list() {
        let state = if flow.published {
            ""
        } else {
            ", not published"
        };
        let _ = writeln!(
            std::io::stdout(),
            "# flow {} {} ({}{state})",
            flow.id,
            flow.name,
            flow.kind
        );
    }
    // A failure to listen for the signal leaves the default action, which ends the program as well.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    sandbox.shutdown().await;
    Ok(())
}
