//! Serving until a signal comes.

use std::io::{Write as _, stdout};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::interval;

use crate::app::App;
use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::notice;

/// How often changes that no client will ask for are trimmed.
const TRIM_INTERVAL: Duration = Duration::from_secs(3600);

/// Opens the store, serves until an interrupt or a termination signal, and closes the store.
pub(crate) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (stop, stopping) = watch::channel(false);
    let app = App::open(&arguments.store, stopping.clone())?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|cause| Failure::Listen { address: arguments.listen, cause })?;
    writeln!(stdout(), "listening on http://{}", listener.local_addr()?)?;

    let trimming = tokio::spawn(trim(app.clone()));
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let signals = async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
        // Streams of changes have no end of their own, and the server waits for every response.
        stop.send_replace(true);
    };
    let served = axum::serve(listener, app.clone().router()).with_graceful_shutdown(signals).await;
    trimming.abort();
    app.store.shutdown().await?;
    Ok(served?)
}

/// Trims changes from time to time.
async fn trim(app: App) {
    let mut times = interval(TRIM_INTERVAL);
    loop {
        times.tick().await;
        if let Err(error) = app.trim_changes().await {
            notice::print(format_args!("helpdesk: cannot trim changes: {}", error.in_one_line()));
        }
    }
}
