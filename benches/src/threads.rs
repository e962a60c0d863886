//! Work that many threads do at once.

use std::panic::resume_unwind;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use arbour_core::Result;

/// Gives each share to a thread of its own, lets all of them begin at once, and returns the time
/// until the last one was done.
pub(crate) fn at_once<T: Send>(
    shares: Vec<T>,
    work: impl Fn(T) -> Result<()> + Sync,
) -> Result<Duration> {
    let start = Barrier::new(shares.len() + 1);
    let (begun, done) = thread::scope(|scope| {
        let (start, work) = (&start, &work);
        let begin = |share| {
            scope.spawn(move || {
                start.wait();
                work(share)
            })
        };
        let threads: Vec<_> = shares.into_iter().map(begin).collect();
        // Read before the last one starts, because it may have ended before this thread runs again.
        let begun = Instant::now();
        start.wait();
        let done: Result<()> = threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        (begun, done)
    });
    done?;
    Ok(begun.elapsed())
}
