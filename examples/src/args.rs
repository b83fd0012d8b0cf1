//! Arguments and exit codes that every program has.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use genesys_cloud::{ErrorKind, GenesysCloud, Profile};

/// A failure of a program. [`exit_code`] tells the user's mistakes from the job's failures.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Arguments of a program that talks to the cloud.
#[derive(Debug, Clone, Args)]
pub struct CloudArgs {
    /// Wire form: guide (the tutorials' own) or platform (the published API). Default: guide on the embedded sandbox,
    /// platform with credentials.
    #[arg(long, env = "GENESYS_API_PROFILE", value_name = "PROFILE")]
    pub profile: Option<Profile>,

    /// Print the result as one JSON document on standard output; everything else goes to standard error.
    #[arg(long)]
    pub json: bool,

    /// Folder for files: audit trail, journal, reports.
    #[arg(long, value_name = "FOLDER", default_value = "target/genesys")]
    pub out: PathBuf,
}

impl CloudArgs {
    /// Starts a cloud: the real one when credentials are set, the embedded sandbox otherwise.
    pub fn cloud(&self) -> genesys_cloud::GenesysCloudBuilder {
        let mut builder = GenesysCloud::builder()
            .with_env()
            .with_user_agent(concat!("genesys-examples/", env!("CARGO_PKG_VERSION")));
        if let Some(profile) = self.profile {
            builder = builder.with_profile(profile);
        }
        builder
    }

    /// The artefact folder, made when it is missing.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub fn folder(&self) -> std::io::Result<&Path> {
        std::fs::create_dir_all(&self.out)?;
        Ok(&self.out)
    }
}

/// Ends a program: 0 success, 1 the job failed, 2 usage or configuration.
#[allow(clippy::print_stderr, reason = "the last word of a program")]
pub fn exit_code(result: Result<(), Failure>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    eprintln!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  caused by: {cause}");
        source = cause.source();
    }
    let usage = error
        .downcast_ref::<genesys_cloud::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::Config);
    ExitCode::from(if usage { 2 } else { 1 })
}

/// Log lines of the library on standard error, by `RUST_LOG`; errors only unless it is set.
pub fn logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    // A second program in the same process keeps the first one's subscriber.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
