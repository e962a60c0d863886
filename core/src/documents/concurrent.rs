//! Visiting documents with several threads.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use parking_lot::Mutex;

use super::{DocError, Document, Stored};

/// How many documents are read ahead for each thread.
const AHEAD: usize = 8;

/// What the threads that visit have in common.
struct Shared<D> {
    documents: Mutex<Receiver<Stored<D>>>,
    has_ended: AtomicBool,
}

/// Ends the visits of all threads when one panics.
struct EndOnPanic<'e>(&'e AtomicBool);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

impl<D> Shared<D> {
    /// Visits what comes until nothing does, and returns with what it failed, if it did. After an end
    /// it takes what was read ahead and does nothing with it, so that the one that reads never waits in
    /// vain.
    fn visit_all<E>(&self, visit: &impl Fn(Stored<D>) -> Result<ControlFlow<()>, E>) -> Option<E> {
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

/// What the thread that reads does with each document: whether to read on.
pub(super) type Hand<'h, D> = &'h mut dyn FnMut(Stored<D>) -> ControlFlow<()>;

/// Has this thread read documents and others visit them.
pub(super) fn visit_with_threads<D: Document, E: From<DocError> + Send>(
    threads: NonZeroUsize,
    read: impl FnOnce(Hand<'_, D>) -> Result<(), E>,
    visit: impl Fn(Stored<D>) -> Result<ControlFlow<()>, E> + Sync,
) -> Result<(), E> {
    let (sender, receiver) = sync_channel(threads.get().saturating_mul(AHEAD));
    // The threads alone hold what they take from: if none is left, sending fails instead of waiting.
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
