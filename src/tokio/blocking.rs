//! Running a blocking call on tokio's pool of blocking threads.

use std::panic::resume_unwind;
use std::sync::Arc;

use arbour_core::{Error, ErrorKind, Operation, Result};
use parking_lot::Mutex;
use tokio::task::JoinSet;

/// Runs a closure on a blocking thread and returns its result. A panic of the closure reaches the
/// caller.
///
/// If the future is dropped, a closure that has not begun is dropped too, and one that runs goes on
/// to its end.
///
/// # Errors
/// [`Closed`](ErrorKind::Closed) if the runtime shut down before the closure began.
pub(crate) async fn run_blocking<R: Send + 'static>(
    run: impl FnOnce() -> R + Send + 'static,
) -> Result<R> {
    let result = Arc::new(Mutex::new(None));
    let place = Arc::clone(&result);
    // Boxed, so that a program compiles tokio's tasks once and not for each of its closures.
    run_job(Box::new(move || *place.lock() = Some(run()))).await?;
    let result = result.lock().take();
    result.ok_or_else(runtime_shut_down)
}

async fn run_job(job: Box<dyn FnOnce() + Send>) -> Result<()> {
    // A set of one task: it cancels the task when it is dropped, which a `JoinHandle` does not.
    let mut task = JoinSet::new();
    task.spawn_blocking(job);
    match task.join_next().await {
        Some(Ok(())) => Ok(()),
        Some(Err(error)) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => Err(runtime_shut_down()),
        },
        None => Err(runtime_shut_down()),
    }
}

#[cold]
pub(super) fn runtime_shut_down() -> Error {
    let message = "the tokio runtime shut down before this call began";
    Error::new(ErrorKind::Closed, Operation::Begin, message)
}
