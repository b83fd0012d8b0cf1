//! Looks at the TLS of servers and prints a report a line, for the script that compares the verdicts with OpenSSL's.
//!
//!     inspect < servers    each line {"address": "127.0.0.1:4433", "host": "hooks.example.com", "roots": "roots.pem"}

use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;

use endpoint_probe::{Connector as _, Roots, TcpConnector, TlsInspector, TlsReport};
use serde_json::Value;
use url::Host;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    for line in std::io::stdin().lock().lines() {
        let report = inspect(&serde_json::from_str(&line?)?).await?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
        out.flush()?;
    }
    Ok(())
}

async fn inspect(server: &Value) -> Result<TlsReport, Failure> {
    let text = |member: &str| server[member].as_str().ok_or("a member is missing");
    let roots = Roots::from_pem(&std::fs::read(text("roots")?)?)?;
    let stream = TcpConnector.connect(text("address")?.parse()?).await?;
    let host = Host::parse(text("host")?)?;
    Ok(TlsInspector::new(roots).inspect(stream, &host).await.report)
}
