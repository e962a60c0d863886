//! Group commit: the writes of many threads in one commit.
//!
//! A durable commit costs the same for one write as for a hundred: one flush of the device. So
//! while a commit is in progress, new writes are queued, and the first caller in the queue then
//! runs all of them in one transaction. The technique is old (DeWitt and others, 1984); making one
//! of the callers the leader is how RocksDB does it.
//!
//! The first caller of a group to wake may immediately write again, and would then commit alone,
//! although the others are about to write too. Therefore a leader first lets the callers of the
//! previous group wake, for at most as long as that group's commit took. A writer that is alone
//! waits for no other.
//!
//! ```text
//! caller   queued ──────────► its write runs ─────► the others' run ─────► the engine commits
//! waits    busy timeout,      as long as it takes   busy timeout, then     as long as it takes
//!          then Busy, not run                       CommitUnknown
//! ```

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use arbour_core::engine::{Backoff, forward, thread_number, with_deadline};
use arbour_core::{
    Batch, Durability, Error, ErrorKind, KvStore, KvWrite, Operation, Result, Savepoint,
};
use parking_lot::Mutex;

/// A store whose batches and grouped writes share commits with those of other threads.
///
/// It is a [`KvStore`] like the inner one: [`apply`](KvStore::apply) and the single-key writes are
/// grouped, explicit transactions are not. A group is committed with the strongest durability that
/// any of its writes requests, so no caller gets weaker durability than requested.
///
/// ```
/// use arbour::{GroupCommit, KvStore, MemoryStore};
/// let store = GroupCommit::new(MemoryStore::new());
/// let users = store.tree("users")?;
/// std::thread::scope(|scope| {
///     for name in ["ada", "bob", "cyd"] {
///         scope.spawn(|| store.put(&users, name.as_bytes(), b"").unwrap());
///     }
/// });
/// assert_eq!(store.stats()?.entries, 3);
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct GroupCommit<S: KvStore> {
    store: S,
    /// The standard library's lock, because its condition variable wakes all waiting threads at
    /// once. The one of parking_lot wakes them one after another, each by the one before it, and a
    /// group of 64 takes several times as long to wake.
    queue: std::sync::Mutex<Queue<S>>,
    /// Where the next leader waits.
    turn: Condvar,
    /// Where the other callers wait.
    ended: Condvar,
    /// The number of the thread that runs a group now, or zero. That thread must not queue a write,
    /// because it would wait for itself.
    leader: AtomicU64,
}

struct Queue<S: KvStore> {
    /// The writes of the next group. The caller of the first one leads it.
    jobs: Vec<Arc<Job<S>>>,
    phase: Phase,
    /// How many callers of completed groups have not woken yet.
    waking: usize,
    /// Until when the next group waits for them.
    patience: Instant,
}

/// What the leader is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is no leader.
    Idle,
    /// It begins the transaction or runs closures, whose duration depends on the callers.
    Running,
    /// The engine is committing, which no caller can delay.
    Committing,
}

/// One caller's write.
struct Job<S: KvStore> {
    /// Taken by the leader that runs it, or by its caller after the deadline. It stays locked while
    /// it runs, so a caller that withdraws it waits only for its own closure.
    run: Mutex<Option<Box<Run<S>>>>,
    durability: Durability,
    /// The result of its group. Set under the queue's lock, by the leader or by a caller that stops
    /// waiting, whichever comes first.
    ended: OnceLock<Result<()>>,
}

/// Runs a caller's closure in its own savepoint of the group's transaction, stores the result for
/// the caller, and tells whether there is something to commit. Must not panic.
pub(crate) type Run<S> = dyn for<'s> FnMut(&mut <S as KvStore>::Transaction<'s>) -> bool + Send;

/// The outcome of a caller's closure.
enum Outcome<R> {
    Succeeded(R),
    Failed(Error),
    Panicked(Box<dyn Any + Send>),
}

impl<S: KvStore> GroupCommit<S> {
    /// Wraps a store so that writes to it share commits.
    ///
    /// ```
    /// # use arbour::{GroupCommit, MemoryStore};
    /// let store = GroupCommit::new(MemoryStore::new());
    /// # let _ = store;
    /// ```
    #[must_use]
    pub fn new(store: S) -> Self {
        let queue =
            Queue { jobs: Vec::new(), phase: Phase::Idle, waking: 0, patience: Instant::now() };
        Self {
            store,
            queue: std::sync::Mutex::new(queue),
            turn: Condvar::new(),
            ended: Condvar::new(),
            leader: AtomicU64::new(0),
        }
    }

    /// Returns the inner store.
    ///
    /// ```
    /// # use arbour::{GroupCommit, KvStore, MemoryStore};
    /// let store = GroupCommit::new(MemoryStore::new());
    /// assert_eq!(store.inner().capabilities().engine, "memory");
    /// ```
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.store
    }

    /// Returns how many writes are queued for the next commit.
    ///
    /// ```
    /// # use arbour::{GroupCommit, MemoryStore};
    /// assert_eq!(GroupCommit::new(MemoryStore::new()).queued(), 0);
    /// ```
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue().jobs.len()
    }

    /// Runs a closure in a transaction it shares with the closures of other threads.
    ///
    /// The closure may run on another caller's thread, hence the bounds, and again if the commit meets a
    /// [conflict](crate::Writers::Many), as that of [`write`](KvStore::write). It sees the writes of the
    /// closures that ran before it in the group. If it or a [check](KvWrite::before_commit) that it
    /// added fails or panics, its own writes are undone and the others continue; a panic is propagated
    /// to the caller whose closure it was.
    ///
    /// A closure must not wait for another thread that writes through the same group. Usually that
    /// thread fails at its deadline, and the closure continues. But if that thread is the leader
    /// that should run the group including this closure, both wait forever.
    ///
    /// # Errors
    /// - The closure's own error.
    /// - [`Busy`](ErrorKind::Busy) if the closure did not run within the store's [busy
    ///   timeout](crate::StoreOptions::busy_timeout). It fails at once if this thread would wait
    ///   for itself: within a closure of a group, or while it holds a transaction of the store. The
    ///   closure is dropped and is guaranteed not to run.
    /// - [`CommitUnknown`](ErrorKind::CommitUnknown) if the closure ran, but closures of other
    ///   callers in its group then took longer than the busy timeout. It is committed when they
    ///   end, unless that fails.
    /// - The error of committing the group's transaction, for each caller of the group.
    ///
    /// ```
    /// use arbour::{Durability, Error, GroupCommit, KvRead, KvStore, KvWrite, MemoryStore};
    /// let store = GroupCommit::new(MemoryStore::new());
    /// let users = store.tree("users")?;
    /// let count = store.write_grouped(Durability::PowerLoss, move |transaction| {
    ///     transaction.put(&users, b"ada", b"1815")?;
    ///     transaction.prefix(&users, b"").map(|_| 1)
    /// })?;
    /// assert_eq!(count, 1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn write_grouped<R: Send + 'static>(
        &self,
        durability: Durability,
        mut run: impl FnMut(&mut Savepoint<'_, S::Transaction<'_>>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.check_not_leader()?;
        let outcome = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&outcome);
        let run = Box::new(move |transaction: &mut S::Transaction<'_>| {
            // A closure that has panicked is not run again after a conflict.
            if matches!(*kept.lock(), Some(Outcome::Panicked(_))) {
                return false;
            }
            let outcome = run_apart::<S, R>(transaction, &mut run);
            let succeeded = matches!(outcome, Outcome::Succeeded(_));
            *kept.lock() = Some(outcome);
            succeeded
        });
        let committed = self.run_in_group(run, durability);
        let outcome = outcome.lock().take();
        match (outcome, committed) {
            (Some(Outcome::Panicked(panic)), _) => resume_unwind(panic),
            (Some(Outcome::Failed(error)), _) => Err(error),
            (_, Err(error)) => Err(error),
            (Some(Outcome::Succeeded(result)), Ok(())) => Ok(result),
            (None, Ok(())) => {
                let message = "the group ended without running this write";
                Err(Error::new(ErrorKind::Engine, Operation::Commit, message))
            }
        }
    }

    /// Locks the queue. No caller's code runs while it is locked, so a poisoned lock still guards a
    /// consistent queue.
    fn queue(&self) -> MutexGuard<'_, Queue<S>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a write by a closure of a group, which would wait for itself.
    pub(crate) fn check_not_leader(&self) -> Result<()> {
        if self.is_leader() {
            let message = "this thread runs a group: use the transaction it was given";
            return Err(Error::new(ErrorKind::Busy, Operation::Begin, message));
        }
        Ok(())
    }

    fn is_leader(&self) -> bool {
        self.leader.load(Ordering::Relaxed) == thread_number()
    }

    /// Queues a write, and leads its group or waits for its end. After an error `run` has run only if
    /// the commit of its group failed.
    pub(crate) fn run_in_group(&self, run: Box<Run<S>>, durability: Durability) -> Result<()> {
        let wait = self.store.writer_wait();
        let job = Arc::new(Job { run: Mutex::new(Some(run)), durability, ended: OnceLock::new() });
        let mut queue = self.queue();
        if wait.is_zero() && queue.phase != Phase::Idle {
            return Err(must_not_wait());
        }
        queue.jobs.push(Arc::clone(&job));
        let mut deadline = Instant::now().checked_add(wait);
        let mut has_run = false;
        loop {
            if let Some(ended) = job.ended.get() {
                // The next leader waits until all callers of this group are awake.
                queue.waking -= 1;
                if queue.waking == 0 {
                    self.turn.notify_one();
                }
                return ended.clone();
            }
            let now = Instant::now();
            let is_late = deadline.is_some_and(|deadline| now >= deadline);
            // A caller that must not wait leads at once. If the store is busy, only its own write
            // fails.
            let leads = queue.phase == Phase::Idle && (queue.is_first(&job) || wait.is_zero());
            if leads && (queue.waking == 0 || now >= queue.patience || is_late) {
                return self.lead(queue, &job, deadline);
            }
            if !is_late {
                let patience = leads.then_some(queue.patience);
                let until = deadline.into_iter().chain(patience).min();
                let place = if queue.is_first(&job) { &self.turn } else { &self.ended };
                queue = wait_in(place, queue, until);
                continue;
            }
            // Unlock the queue first: while the write runs, its lock is held, which may be long.
            drop(queue);
            let withdrawn = job.run.lock().take();
            queue = self.queue();
            if withdrawn.is_some() {
                queue.jobs.retain(|queued| !Arc::ptr_eq(queued, &job));
                // The caller that is first now is waiting on `ended`, where the others wait. Wake
                // them all, so that it moves to `turn`.
                self.ended.notify_all();
                return Err(not_run(wait));
            }
            if job.ended.get().is_some() {
                continue;
            }
            if queue.phase == Phase::Committing {
                // No caller can delay the engine, so wait for the result however long it takes.
                deadline = None;
            } else if !has_run {
                // This write has run. The others of the group get one more busy timeout.
                has_run = true;
                deadline = Instant::now().checked_add(wait);
            } else {
                let unknown = held_up(wait);
                let _ = job.ended.set(Err(unknown.clone()));
                return Err(unknown);
            }
        }
    }

    /// Runs and commits the queued writes, and tells their callers the result.
    fn lead(
        &self,
        mut queue: MutexGuard<'_, Queue<S>>,
        own: &Arc<Job<S>>,
        deadline: Option<Instant>,
    ) -> Result<()> {
        queue.phase = Phase::Running;
        let durability = queue.jobs.iter().map(|job| job.durability).max().unwrap_or_default();
        drop(queue);
        let mut group = Group { members: Vec::new(), began: Instant::now() };
        self.leader.store(thread_number(), Ordering::Relaxed);
        // Even after a panic of the engine the waiting callers need a result.
        let ended =
            catch_unwind(AssertUnwindSafe(|| self.commit_group(&mut group, durability, deadline)));
        self.leader.store(0, Ordering::Relaxed);
        let result = match &ended {
            Ok(result) => result.clone(),
            Err(_) => Err(Error::new(
                ErrorKind::CommitUnknown,
                Operation::Commit,
                "the engine panicked in the thread that led the group",
            )),
        };
        let mut queue = self.queue();
        queue.phase = Phase::Idle;
        // If no transaction began, only this write has failed: the next caller tries itself, until
        // its own deadline.
        queue.jobs.retain(|job| !Arc::ptr_eq(job, own));
        let has_begun = !group.members.is_empty();
        group.members.retain(|member| !Arc::ptr_eq(&member.job, own));
        for Member { job, .. } in &group.members {
            if job.ended.set(result.clone()).is_ok() {
                queue.waking += 1;
            }
        }
        let now = Instant::now();
        queue.patience = now + (now - group.began);
        let has_next = !queue.jobs.is_empty();
        drop(queue);
        // Notifying is a system call even if no thread waits, so skip it if the queue is empty.
        if has_next {
            self.turn.notify_one();
        }
        if !group.members.is_empty() || !has_begun && has_next {
            self.ended.notify_all();
        }
        ended.unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn commit_group(
        &self,
        group: &mut Group<S>,
        durability: Durability,
        deadline: Option<Instant>,
    ) -> Result<()> {
        let mut transaction = with_deadline(deadline, || self.store.begin_with(durability))?;
        group.began = Instant::now();
        // Take the jobs only now, so that writes queued while this thread waited for the writer
        // join the group. Those that request stronger durability than the transaction has stay
        // queued.
        let mut queue = self.queue();
        let jobs = queue.take(durability);
        if !queue.jobs.is_empty() {
            // The caller that is first now is waiting on `ended`, where the others wait. Wake them
            // all, so that it moves to `turn`.
            self.ended.notify_all();
        }
        drop(queue);
        let mut has_writes = false;
        for job in jobs {
            let mut queued = job.run.lock();
            if let Some(mut run) = queued.take() {
                has_writes |= run(&mut transaction);
                drop(queued);
                group.members.push(Member { job, run });
            }
        }
        let mut backoff = None;
        loop {
            if !has_writes {
                return transaction.rollback();
            }
            self.queue().phase = Phase::Committing;
            let Err(error) = transaction.commit() else { return Ok(()) };
            backoff
                .get_or_insert_with(|| Backoff::new(self.store.writer_wait()))
                .pause_after(error)?;
            self.queue().phase = Phase::Running;
            transaction = self.store.begin_with(durability)?;
            has_writes = false;
            for member in &mut group.members {
                has_writes |= (member.run)(&mut transaction);
            }
        }
    }
}

/// The writes that a leader ran in one transaction, and when the transaction began.
struct Group<S: KvStore> {
    members: Vec<Member<S>>,
    began: Instant,
}

/// A write of a group. It is run again if the commit of the group meets a conflict.
struct Member<S: KvStore> {
    job: Arc<Job<S>>,
    run: Box<Run<S>>,
}

impl<S: KvStore> Queue<S> {
    fn is_first(&self, job: &Arc<Job<S>>) -> bool {
        self.jobs.first().is_some_and(|first| Arc::ptr_eq(first, job))
    }

    /// Takes the jobs for which this durability is sufficient.
    fn take(&mut self, durability: Durability) -> Vec<Arc<Job<S>>> {
        let jobs = std::mem::take(&mut self.jobs);
        let (taken, left) = jobs.into_iter().partition(|job| job.durability <= durability);
        self.jobs = left;
        taken
    }
}

/// Waits for a notification or until a time. It may also wake spuriously.
fn wait_in<'q, T>(
    place: &Condvar,
    queue: MutexGuard<'q, T>,
    until: Option<Instant>,
) -> MutexGuard<'q, T> {
    match until {
        Some(until) => {
            let wait = until.saturating_duration_since(Instant::now());
            place.wait_timeout(queue, wait).unwrap_or_else(PoisonError::into_inner).0
        }
        None => place.wait(queue).unwrap_or_else(PoisonError::into_inner),
    }
}

#[cold]
fn must_not_wait() -> Error {
    let message = "another thread's group is being committed, and this write must not wait for it: \
                   this thread holds a transaction of the store, or the busy timeout is zero";
    Error::new(ErrorKind::Busy, Operation::Begin, message)
}

#[cold]
fn not_run(wait: Duration) -> Error {
    let message = format!("this write was not run: those before it did not end within {wait:?}");
    Error::new(ErrorKind::Busy, Operation::Begin, message)
}

#[cold]
fn held_up(wait: Duration) -> Error {
    let message = format!(
        "this write ran, but others of its group have held up their commit for {wait:?}; it is \
         committed with them once they end"
    );
    Error::new(ErrorKind::CommitUnknown, Operation::Commit, message)
}

/// Runs a closure in a savepoint, so that its writes are kept only if it and its checks succeed.
fn run_apart<S: KvStore, R>(
    transaction: &mut S::Transaction<'_>,
    run: impl FnOnce(&mut Savepoint<'_, S::Transaction<'_>>) -> Result<R>,
) -> Outcome<R> {
    let run_checked = |savepoint: &mut Savepoint<'_, S::Transaction<'_>>| {
        let result = run(savepoint)?;
        savepoint.run_checks()?;
        Ok(result)
    };
    match catch_unwind(AssertUnwindSafe(|| transaction.savepoint(run_checked))) {
        Ok(Ok(result)) => Outcome::Succeeded(result),
        Ok(Err(error)) => Outcome::Failed(error),
        Err(panic) => Outcome::Panicked(panic),
    }
}

impl<S: KvStore> KvStore for GroupCommit<S> {
    type Snapshot<'s>
        = S::Snapshot<'s>
    where
        Self: 's;
    type Transaction<'s>
        = S::Transaction<'s>
    where
        Self: 's;

    forward!(self => self.store; capabilities, open_tree, snapshot, send_snapshot, begin_with);
    forward!(self => self.store; sync, close, stats, compact, backup);

    fn writer_wait(&self) -> Duration {
        if self.is_leader() { Duration::ZERO } else { self.store.writer_wait() }
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        if batch.is_empty() {
            return self.store.apply(batch, durability);
        }
        let applied = self.write_grouped(durability, move |transaction| transaction.apply(&batch));
        applied.map_err(|error| match error.operation() {
            // The caller did not begin a transaction itself, so report its own operation.
            Operation::Begin | Operation::Commit => error.with_operation(Operation::Apply),
            _ => error,
        })
    }
}
