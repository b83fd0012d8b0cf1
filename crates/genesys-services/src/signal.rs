//! When to stop.

/// Ready when the process is asked to stop: by Ctrl-C, or on Unix by `SIGTERM`, which is what container runtimes send.
///
/// ```no_run
/// # async fn run(bound: genesys_services::Bound) {
/// bound.run(genesys_services::shutdown_signal()).await;
/// # }
/// ```
///
/// Where the process cannot listen for a signal, that signal ends it the way the system does.
pub async fn shutdown_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
