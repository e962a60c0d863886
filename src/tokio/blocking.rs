//! Running a blocking call on tokio's pool of blocking threads.
//!
//! What waits for the call is boxed, and does not know the type of what the call returns. So a program
//! compiles it once, inside arbour, and not for each of its closures.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;

use arbour_core::{Error, ErrorKind, Operation, Result};
use parking_lot::Mutex;
use tokio::task::JoinSet;

/// What a caller waits for.
pub(crate) type Pending<'p, R> = Pin<Box<dyn Future<Output = R> + Send + 'p>>;

/// Holds the result of a closure until the caller that waits for it takes it.
pub(super) type Place<R> = Arc<Mutex<Option<R>>>;

/// Takes what a closure has left.
///
/// # Errors
/// [`Closed`](ErrorKind::Closed) if it never ran.
pub(super) fn take<R>(place: &Place<R>) -> Result<R> {
    place.lock().take().ok_or_else(runtime_shut_down)
}

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
    let result = Place::default();
    let place = Arc::clone(&result);
    run_job(Box::new(move || *place.lock() = Some(run()))).await?;
    take(&result)
}

fn run_job(job: Box<dyn FnOnce() + Send>) -> Pending<'static, Result<()>> {
    Box::pin(async move {
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
    })
}

#[cold]
pub(super) fn runtime_shut_down() -> Error {
    let message = "the tokio runtime shut down before this call began";
    Error::new(ErrorKind::Closed, Operation::Begin, message)
}
