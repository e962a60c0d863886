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
    writes: Vec<Box<dyn QueuedWrite>>,
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
    pub(super) fn push(self: &Arc<Self>, write: Box<dyn QueuedWrite>) {
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

    /// Runs the queued writes for which the durability of a transaction is sufficient.
    fn run_group(
        &self,
        transaction: &mut DynTransaction<'_>,
        durability: Durability,
    ) -> (bool, Vec<Box<dyn QueuedWrite>>) {
        let mut queue = self.queue.lock();
        let (mut group, left) = mem::take(&mut queue.writes)
            .into_iter()
            .partition(|write| write.durability() <= durability);
        queue.writes = left;
        drop(queue);
        let mut has_writes = false;
        for write in &mut group {
            has_writes |= write.run(transaction);
        }
        (has_writes, group)
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
        let durability = queue.writes.iter().map(|write| write.durability()).max();
        if durability.is_none() {
            queue.has_writer = false;
            self.is_done = true;
        }
        Some((queue.writes.len(), durability?))
    }

    fn commit_group(&self, waiting: usize, durability: Durability) {
        let group = Arc::new(Mutex::new(Vec::new()));
        let (queue, ran) = (Arc::clone(&self.queue), Arc::clone(&group));
        // The writes are taken from the queue only now that the transaction has begun, so that those
        // which came while this thread waited for the writer join the group.
        let run = Box::new(move |transaction: &mut DynTransaction<'_>| {
            let (has_writes, writes) = queue.run_group(transaction, durability);
            *ran.lock() = writes;
            has_writes
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

/// A write of any types. Its methods do not panic, whatever the program's code does.
pub(super) trait QueuedWrite: Send {
    fn durability(&self) -> Durability;

    /// Runs the closure in a savepoint, unless its caller no longer waits. Tells whether there is
    /// something to commit.
    fn run(&mut self, transaction: &mut DynTransaction<'_>) -> bool;

    /// Tells the caller the outcome of the closure, or why it was not committed.
    fn end(self: Box<Self>, committed: &Result<()>);
}

/// What a closure returned, or its panic.
type Ran<R, E> = thread::Result<Result<R, E>>;

/// The write of one caller.
pub(super) struct Write<R, E, F> {
    run: Option<F>,
    durability: Durability,
    ran: Option<Ran<R, E>>,
    caller: oneshot::Sender<Result<Ran<R, E>>>,
    /// Counts the write as accepted until it has ended.
    permit: OwnedSemaphorePermit,
}

impl<R, E, F> Write<R, E, F>
where
    R: Send + 'static,
    E: From<Error> + Send + 'static,
    F: FnOnce(&mut DynTransaction<'_>) -> Result<R, E> + Send + 'static,
{
    pub(super) fn boxed(
        run: F,
        durability: Durability,
        caller: oneshot::Sender<Result<Ran<R, E>>>,
        permit: OwnedSemaphorePermit,
    ) -> Box<dyn QueuedWrite> {
        Box::new(Self { run: Some(run), durability, ran: None, caller, permit })
    }
}

impl<R, E, F> QueuedWrite for Write<R, E, F>
where
    R: Send + 'static,
    E: From<Error> + Send + 'static,
    F: FnOnce(&mut DynTransaction<'_>) -> Result<R, E> + Send + 'static,
{
    fn durability(&self) -> Durability {
        self.durability
    }

    fn run(&mut self, transaction: &mut DynTransaction<'_>) -> bool {
        let Some(run) = self.run.take() else { return false };
        let ran = catch_unwind(AssertUnwindSafe(|| {
            if self.caller.is_closed() {
                drop(run);
                return None;
            }
            Some(run_apart(transaction, run))
        }));
        self.ran = ran.transpose();
        matches!(self.ran, Some(Ok(Ok(_))))
    }

    fn end(self: Box<Self>, committed: &Result<()>) {
        // Dropping what the caller no longer takes may panic too.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let Self { run, ran, caller, permit, .. } = *self;
            match (ran, committed) {
                (None, Ok(())) => {}
                (None | Some(Ok(Ok(_))), Err(error)) => drop(caller.send(Err(error.clone()))),
                (Some(ran), _) => drop(caller.send(Ok(ran))),
            }
            drop((run, permit));
        }));
    }
}

/// Runs a closure in a savepoint, so that its writes are kept only if it and its checks succeed.
fn run_apart<R, E: From<Error>>(
    transaction: &mut DynTransaction<'_>,
    run: impl FnOnce(&mut DynTransaction<'_>) -> Result<R, E>,
) -> Result<R, E> {
    let mut part = DynTransaction::within(transaction);
    let result = run(&mut part)?;
    part.run_checks()?;
    part.commit()?;
    Ok(result)
}

#[cold]
fn engine_panicked() -> Error {
    let message = "the engine panicked in the thread that committed the group";
    Error::new(ErrorKind::CommitUnknown, Operation::Commit, message)
}
