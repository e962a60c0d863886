//! Visiting documents with several threads.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use arbour_core::{Error, Result};
use parking_lot::Mutex;

use super::{Body, Stored};

/// The number of documents read ahead for each thread.
const AHEAD: usize = 8;

/// What the visiting threads share.
struct Shared<D> {
    documents: Mutex<Receiver<Stored<D>>>,
    has_ended: AtomicBool,
}

/// Stops all threads when one panics.
struct EndOnPanic<'e>(&'e AtomicBool);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

impl<D> Shared<D> {
    /// Visits documents from the queue until it is closed, and returns the first error. After a
    /// stop it still drains the queue without visiting, so that the reading thread never blocks on
    /// a full queue.
    fn visit_all(&self, visit: &impl Fn(Stored<D>) -> Result<ControlFlow<()>>) -> Option<Error> {
        let _end = EndOnPanic(&self.has_ended);
        let mut failure = None;
        loop {
            let next = self.documents.lock().recv();
            let Ok(stored) = next else { return failure };
            if self.has_ended.load(Ordering::Relaxed) {
                continue;
            }
            match visit(stored) {
                Ok(ControlFlow::Continue(())) => continue,
                Ok(ControlFlow::Break(())) => {}
                Err(error) => failure = Some(error),
            }
            self.has_ended.store(true, Ordering::Relaxed);
        }
    }
}

/// Takes each document from the reading thread, and returns whether to continue.
pub(super) type Hand<'h, D> = &'h mut dyn FnMut(Stored<D>) -> ControlFlow<()>;

/// Reads documents on this thread while other threads visit them.
pub(super) fn visit_with_threads<D: Body>(
    threads: NonZeroUsize,
    read: impl FnOnce(Hand<'_, D>) -> Result<()>,
    visit: impl Fn(Stored<D>) -> Result<ControlFlow<()>> + Sync,
) -> Result<()> {
    let (sender, receiver) = sync_channel(threads.get().saturating_mul(AHEAD));
    // Only the threads hold the receiver. If none is left, sending fails instead of blocking.
    let shared =
        Arc::new(Shared { documents: Mutex::new(receiver), has_ended: AtomicBool::new(false) });
    let weak = Arc::downgrade(&shared);
    let visit = &visit;
    thread::scope(|scope| {
        let visitors: Vec<_> = (0..threads.get())
            .map(|_| {
                let shared = Arc::clone(&shared);
                scope.spawn(move || shared.visit_all(visit))
            })
            .collect();
        drop(shared);
        let read = read(&mut |stored| {
            let is_over =
                weak.upgrade().is_none_or(|shared| shared.has_ended.load(Ordering::Relaxed));
            if is_over || sender.send(stored).is_err() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        drop(sender);
        let mut failure = None;
        for visitor in visitors {
            match visitor.join() {
                Ok(failed) => failure = failure.or(failed),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        failure.map_or(read, Err)
    })
}
