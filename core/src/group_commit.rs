//! Many threads' writes, one commit.
//!
//! A durable commit costs the same for one write as for a hundred: the device's flush. So while
//! one commit is under way the writes that come are queued, and the first of them then runs all
//! of them in one transaction. The technique is old (DeWitt and others, 1984); the leader that is
//! one of the callers is how RocksDB does it.
//!
//! The first of a group to wake, who may have something to write again at once, would commit it
//! without the others, who are about to. So a leader lets those of the last group wake first, for
//! no longer than that group's commit took. Alone, a writer waits for nobody.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use crate::writer_slot::thread_number;
use crate::{
    Batch, Capabilities, Durability, Error, ErrorKind, KvStore, KvWrite, Operation, Result,
    Savepoint, Stats, TreeName,
};

/// A store whose batches and grouped writes share their commits with those of other threads.
///
/// It is a [`KvStore`] like the one within: [`apply`](KvStore::apply) and the one-shots are
/// grouped, transactions begun by hand are not. A group is committed with the strongest
/// durability any of its members asked for, so nobody gets less than he asked for.
///
/// ```
/// use arbour_core::{GroupCommit, KvStore, MemoryStore};
/// let store = GroupCommit::new(MemoryStore::new());
/// let users = store.tree("users")?;
/// std::thread::scope(|scope| {
///     for name in ["ada", "bob", "cyd"] {
///         scope.spawn(|| store.put(&users, name.as_bytes(), b"").unwrap());
///     }
/// });
/// assert_eq!(store.stats()?.entries, 3);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct GroupCommit<S: KvStore> {
    store: S,
    queue: Mutex<Queue<S>>,
    /// Where whoever leads the next group waits for his turn.
    turn: Condvar,
    /// The thread that runs a group now, or zero: it would wait for itself if it queued.
    leader: AtomicU64,
}

struct Queue<S: KvStore> {
    /// The writes of the next group. The caller of the first one leads it.
    jobs: Vec<Job<S>>,
    group: Arc<Group>,
    is_committing: bool,
    /// How many who were told of a commit have not woken yet.
    waking: usize,
    /// Until when the next group waits for them.
    patience: Instant,
}

/// One caller's write.
struct Job<S: KvStore> {
    run: Box<Run<S>>,
    durability: Durability,
}

/// Runs a caller's closure in a part of the group's transaction of its own, keeps what it
/// returned for the caller, and tells whether there is something to commit.
type Run<S> = dyn for<'s> FnOnce(&mut <S as KvStore>::Transaction<'s>) -> bool + Send;

/// How a group ended, for all who wait for it; an error concerns all of it.
type Group = OnceLock<Result<()>>;

/// What became of a caller's closure.
enum Outcome<R, E> {
    Succeeded(R),
    Failed(E),
    Panicked(Box<dyn Any + Send>),
}

impl<S: KvStore> GroupCommit<S> {
    /// Lets the writes to a store share their commits.
    ///
    /// ```
    /// # use arbour_core::{GroupCommit, MemoryStore};
    /// let store = GroupCommit::new(MemoryStore::new());
    /// # let _ = store;
    /// ```
    #[must_use]
    pub fn new(store: S) -> Self {
        let queue = Queue {
            jobs: Vec::new(),
            group: Arc::default(),
            is_committing: false,
            waking: 0,
            patience: Instant::now(),
        };
        Self { store, queue: Mutex::new(queue), turn: Condvar::new(), leader: AtomicU64::new(0) }
    }

    /// Returns the store within.
    ///
    /// ```
    /// # use arbour_core::{GroupCommit, KvStore, MemoryStore};
    /// let store = GroupCommit::new(MemoryStore::new());
    /// assert_eq!(store.inner().capabilities().engine, "memory");
    /// ```
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.store
    }

    /// Returns how many writes wait for the next commit.
    ///
    /// ```
    /// # use arbour_core::{GroupCommit, MemoryStore};
    /// assert_eq!(GroupCommit::new(MemoryStore::new()).queued(), 0);
    /// ```
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue.lock().jobs.len()
    }

    /// Runs a closure in a transaction it shares with the closures of other threads.
    ///
    /// The closure may run on another caller's thread, hence the bounds. It sees the writes of
    /// those that ran before it in the group. If it fails or panics, its own writes are undone
    /// and the others go on; a panic reaches the caller whose closure it was.
    ///
    /// # Errors
    /// The closure's own error; [`Busy`](ErrorKind::Busy) from within another closure of the
    /// group; or what beginning and committing the group's transaction reports, which every
    /// caller of the group gets.
    ///
    /// ```
    /// use arbour_core::{Durability, Error, GroupCommit, KvRead, KvStore, KvWrite, MemoryStore};
    /// let store = GroupCommit::new(MemoryStore::new());
    /// let users = store.tree("users")?;
    /// let count = store.write_grouped(Durability::PowerLoss, move |transaction| {
    ///     transaction.put(&users, b"ada", b"1815")?;
    ///     transaction.prefix(&users, b"").map(|_| 1)
    /// })?;
    /// assert_eq!(count, 1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn write_grouped<R, E>(
        &self,
        durability: Durability,
        run: impl FnOnce(&mut Savepoint<'_, S::Transaction<'_>>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if self.leader.load(Ordering::Relaxed) == thread_number() {
            let message = "this thread runs a group, use the transaction it was given";
            return Err(Error::new(ErrorKind::Busy, Operation::Begin, message).into());
        }
        let outcome = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&outcome);
        let run = Box::new(move |transaction: &mut S::Transaction<'_>| {
            let outcome = run_apart::<S, R, E>(transaction, run);
            let succeeded = matches!(outcome, Outcome::Succeeded(_));
            *kept.lock() = Some(outcome);
            succeeded
        });
        let committed = self.queue_and_wait(run, durability);
        let outcome = outcome.lock().take();
        match (outcome, committed) {
            (Some(Outcome::Panicked(panic)), _) => resume_unwind(panic),
            (Some(Outcome::Failed(error)), _) => Err(error),
            (_, Err(error)) => Err(error.into()),
            (Some(Outcome::Succeeded(result)), Ok(())) => Ok(result),
            (None, Ok(())) => {
                let message = "the group ended without running this write";
                Err(Error::new(ErrorKind::Engine, Operation::Commit, message).into())
            }
        }
    }

    fn queue_and_wait(&self, run: Box<Run<S>>, durability: Durability) -> Result<()> {
        let (group, leads) = {
            let mut queue = self.queue.lock();
            queue.jobs.push(Job { run, durability });
            (Arc::clone(&queue.group), queue.jobs.len() == 1)
        };
        if leads {
            return self.lead();
        }
        let ended = group.wait().clone();
        let mut queue = self.queue.lock();
        queue.waking -= 1;
        if queue.waking == 0 {
            self.turn.notify_one();
        }
        ended
    }

    /// Runs and commits what is queued when its turn has come, and tells all whose writes these were.
    fn lead(&self) -> Result<()> {
        let (jobs, group) = self.take_turn();
        let began = Instant::now();
        let durability = jobs.iter().map(|job| job.durability).max().unwrap_or_default();
        let followers = jobs.len() - 1;
        self.leader.store(thread_number(), Ordering::Relaxed);
        let ended = catch_unwind(AssertUnwindSafe(|| self.commit_group(jobs, durability)));
        self.leader.store(0, Ordering::Relaxed);
        let result = match &ended {
            Ok(result) => result.clone(),
            Err(_) => Err(Error::new(
                ErrorKind::CommitUnknown,
                Operation::Commit,
                "the engine panicked in the thread that led the group",
            )),
        };
        {
            let mut queue = self.queue.lock();
            queue.is_committing = false;
            queue.waking += followers;
            let now = Instant::now();
            queue.patience = now + (now - began);
            self.turn.notify_one();
        }
        // Nobody else tells a group how it ended.
        let _ = group.set(result);
        ended.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Waits until no group is being committed, and those of the last one have woken, who may have
    /// something to write again. Takes what is queued then.
    fn take_turn(&self) -> (Vec<Job<S>>, Arc<Group>) {
        let mut queue = self.queue.lock();
        loop {
            if queue.is_committing {
                self.turn.wait(&mut queue);
            } else if queue.waking == 0 {
                break;
            } else {
                let patience = queue.patience;
                if self.turn.wait_until(&mut queue, patience).timed_out() {
                    break;
                }
            }
        }
        queue.is_committing = true;
        (std::mem::take(&mut queue.jobs), std::mem::take(&mut queue.group))
    }

    fn commit_group(&self, jobs: Vec<Job<S>>, durability: Durability) -> Result<()> {
        let mut transaction = self.store.begin_with(durability)?;
        let mut has_writes = false;
        for job in jobs {
            has_writes |= (job.run)(&mut transaction);
        }
        if has_writes { transaction.commit() } else { transaction.rollback() }
    }
}

/// Runs a closure so that its writes are kept only if it succeeds.
fn run_apart<S: KvStore, R, E: From<Error>>(
    transaction: &mut S::Transaction<'_>,
    run: impl FnOnce(&mut Savepoint<'_, S::Transaction<'_>>) -> Result<R, E>,
) -> Outcome<R, E> {
    match catch_unwind(AssertUnwindSafe(|| transaction.savepoint(run))) {
        Ok(Ok(result)) => Outcome::Succeeded(result),
        Ok(Err(error)) => Outcome::Failed(error),
        Err(panic) => Outcome::Panicked(panic),
    }
}

impl<S: KvStore> KvStore for GroupCommit<S> {
    type Tree = S::Tree;
    type Snapshot<'s>
        = S::Snapshot<'s>
    where
        Self: 's;
    type Transaction<'s>
        = S::Transaction<'s>
    where
        Self: 's;

    fn capabilities(&self) -> &Capabilities {
        self.store.capabilities()
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Self::Tree> {
        self.store.open_tree(name)
    }

    fn snapshot(&self) -> Result<Self::Snapshot<'_>> {
        self.store.snapshot()
    }

    fn begin_with(&self, durability: Durability) -> Result<Self::Transaction<'_>> {
        self.store.begin_with(durability)
    }

    fn apply(&self, batch: Batch<Self::Tree>, durability: Durability) -> Result<()> {
        if batch.is_empty() {
            return self.store.apply(batch, durability);
        }
        let applied = self.write_grouped(durability, move |transaction| transaction.apply(&batch));
        applied.map_err(|error| match error.operation() {
            // The caller knows of no transaction.
            Operation::Begin | Operation::Commit => error.with_operation(Operation::Apply),
            _ => error,
        })
    }

    fn sync(&self) -> Result<()> {
        self.store.sync()
    }

    fn close(&self) -> Result<()> {
        self.store.close()
    }

    fn stats(&self) -> Result<Stats> {
        self.store.stats()
    }

    fn compact(&self) -> Result<()> {
        self.store.compact()
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        self.store.backup(destination)
    }
}
