//! The queue of writes, and the blocking thread that commits them.
//!
//! Tasks push writes. If no thread commits yet, the push starts one on tokio's pool of blocking
//! threads. It takes part in a [`GroupCommit`] for all tasks: whatever is queued when the transaction
//! begins runs in it, each write in a savepoint of its own. While it commits, the next writes queue up.
//! The thread ends when the queue is empty.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::{mem, thread};

use arbour_core::{
    Durability, DynStore, DynTransaction, Error, ErrorKind, KvWrite, Operation, Result,
};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::task::spawn_blocking;

use super::blocking::runtime_shut_down;
use crate::GroupCommit;

pub(super) struct WriteQueue {
    group: GroupCommit<DynStore>,
    queue: Mutex<Queue>,
    /// Wakes streams after each commit.
    commits: watch::Sender<()>,
}

#[derive(Default)]
struct Queue {
    writes: Vec<Write>,
    /// Whether a thread commits, or was started to.
    has_writer: bool,
}

impl WriteQueue {
    pub(super) fn new(store: DynStore) -> Self {
        let commits = watch::Sender::new(());
        Self { group: GroupCommit::new(store), queue: Mutex::default(), commits }
    }

    pub(super) fn store(&self) -> &DynStore {
        self.group.inner()
    }

    #[cfg(feature = "documents")]
    pub(super) fn commits(&self) -> watch::Receiver<()> {
        self.commits.subscribe()
    }

    pub(super) fn wake_streams(&self) {
        self.commits.send_replace(());
    }

    /// Refuses a write by a closure of this queue, which would wait for itself.
    pub(super) fn check_not_writer(&self) -> Result<()> {
        self.group.check_not_leader()
    }

    /// Queues a write, and starts the thread that commits if there is none.
    pub(super) fn push(self: &Arc<Self>, write: Write) {
        let mut queue = self.queue.lock();
        queue.writes.push(write);
        let has_writer = mem::replace(&mut queue.has_writer, true);
        // Unlock before spawning: a runtime that shuts down drops the writer at once, which locks.
        drop(queue);
        if !has_writer {
            let writer = Writer { queue: Arc::clone(self), is_done: false };
            spawn_blocking(move || writer.commit_all());
        }
    }

    /// Takes the queued writes for which the durability of a transaction is sufficient.
    fn take(&self, durability: Durability) -> Vec<Write> {
        let mut queue = self.queue.lock();
        let (taken, left) = mem::take(&mut queue.writes)
            .into_iter()
            .partition(|write| write.durability <= durability);
        queue.writes = left;
        taken
    }
}

/// The thread that commits.
struct Writer {
    queue: Arc<WriteQueue>,
    is_done: bool,
}

impl Writer {
    fn commit_all(mut self) {
        while let Some((waiting, durability)) = self.next() {
            self.commit_group(waiting, durability);
        }
    }

    /// Returns how many writes wait and the durability they need; `None` if none waits, and the next
    /// push then starts another thread.
    fn next(&mut self) -> Option<(usize, Durability)> {
        let mut queue = self.queue.queue.lock();
        let durability = queue.writes.iter().map(|write| write.durability).max();
        if durability.is_none() {
            queue.has_writer = false;
            self.is_done = true;
        }
        Some((queue.writes.len(), durability?))
    }

    fn commit_group(&self, waiting: usize, durability: Durability) {
        let group = Arc::new(Mutex::new(Vec::<Write>::new()));
        let (queue, ran) = (Arc::clone(&self.queue), Arc::clone(&group));
        // The writes are taken from the queue only now that the transaction has begun, so that those
        // which came while this thread waited for the writer join the group.
        let run = Box::new(move |transaction: &mut DynTransaction<'_>| {
            let mut writes = ran.lock();
            // After a conflict the same ones run again.
            if writes.is_empty() {
                *writes = queue.take(durability);
            }
            writes.iter_mut().fold(false, |has_writes, write| write.run(transaction) | has_writes)
        });
        let committed =
            catch_unwind(AssertUnwindSafe(|| self.queue.group.run_in_group(run, durability)));
        let committed = committed.unwrap_or_else(|_| Err(engine_panicked()));
        let mut writes = mem::take(&mut *group.lock());
        if writes.is_empty() && committed.is_err() {
            // No transaction began. The writes that have waited for it since the beginning fail;
            // those that came later have their own wait before them.
            let queued = &mut self.queue.queue.lock().writes;
            writes.extend(queued.drain(..waiting.min(queued.len())));
        }
        if committed.is_ok() {
            self.queue.wake_streams();
        }
        for write in writes {
            write.end(&committed);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        // The runtime shut down before this thread began. Tasks of another runtime may wait.
        let mut queue = self.queue.queue.lock();
        queue.has_writer = false;
        let writes = mem::take(&mut queue.writes);
        drop(queue);
        for write in writes {
            write.end(&Err(runtime_shut_down()));
        }
    }
}

/// The closure of a write. It leaves what it returned in a place, and tells whether its changes are to be
/// kept.
pub(super) type Job = Box<dyn FnMut(&mut DynTransaction<'_>) -> bool + Send>;

/// How a write ended: whether its closure's result counts, why it was not committed, or the panic of its
/// closure.
type Ended = thread::Result<Result<()>>;

/// The write of one caller. Its methods do not panic, whatever the program's code does.
pub(super) struct Write {
    job: Option<Job>,
    durability: Durability,
    /// How the closure ended, if it ran, and whether its changes were kept.
    ran: Option<thread::Result<Result<bool>>>,
    /// Keeps what the closure returned until the write has ended.
    result: Arc<dyn Send + Sync>,
    caller: oneshot::Sender<Ended>,
    /// Counts the write as accepted until it has ended.
    permit: OwnedSemaphorePermit,
}

impl Write {
    /// Returns a write, and what its caller waits for.
    pub(super) fn new(
        job: Job,
        result: Arc<dyn Send + Sync>,
        durability: Durability,
        permit: OwnedSemaphorePermit,
    ) -> (Self, oneshot::Receiver<Ended>) {
        let (caller, ended) = oneshot::channel();
        (Self { job: Some(job), durability, ran: None, result, caller, permit }, ended)
    }

    /// Runs the closure in a savepoint, unless its caller no longer waits. Tells whether there is
    /// something to commit.
    fn run(&mut self, transaction: &mut DynTransaction<'_>) -> bool {
        // A closure that has panicked is not run again after a conflict.
        if matches!(self.ran, Some(Err(_))) {
            return false;
        }
        if self.caller.is_closed() {
            self.ran = None;
            drop_quietly(self.job.take());
        }
        let Some(job) = &mut self.job else { return false };
        let ran = catch_unwind(AssertUnwindSafe(|| run_apart(transaction, job)));
        matches!(self.ran.insert(ran), Ok(Ok(true)))
    }

    /// Tells the caller how it ended.
    fn end(self, committed: &Result<()>) {
        let Self { job, ran, result, caller, permit, .. } = self;
        let ended = match (ran, committed) {
            (Some(Err(panic)), _) => Some(Err(panic)),
            (Some(Ok(Err(error))), _) => Some(Ok(Err(error))),
            (Some(Ok(Ok(false))), _) => Some(Ok(Ok(()))),
            (Some(Ok(Ok(true))), committed) => Some(Ok(committed.clone())),
            (None, Err(error)) => Some(Ok(Err(error.clone()))),
            (None, Ok(())) => None,
        };
        if let Some(ended) = ended {
            drop_quietly(caller.send(ended));
        }
        drop_quietly((job, result));
        drop(permit);
    }
}

/// Drops what belongs to the program, and survives if that panics.
fn drop_quietly<T>(value: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}

/// Runs a closure in a savepoint, so that its writes are kept only if it and its checks succeed. Tells
/// whether they were.
fn run_apart(transaction: &mut DynTransaction<'_>, job: &mut Job) -> Result<bool> {
    let mut part = DynTransaction::within(transaction);
    if !job(&mut part) {
        return Ok(false);
    }
    part.run_checks()?;
    part.commit()?;
    Ok(true)
}

#[cold]
fn engine_panicked() -> Error {
    let message = "the engine panicked in the thread that committed the group";
    Error::new(ErrorKind::CommitUnknown, Operation::Commit, message)
}
