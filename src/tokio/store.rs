//! The store for async programs.

use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;

use arbour_core::{
    Durability, DynSnapshot, DynStore, DynTransaction, Error, ErrorKind, KvStore, Operation, Result,
};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::Options;
use super::blocking::{Pending, Place, run_blocking, runtime_shut_down, take};
use super::write_queue::{Job, Write, WriteQueue};

type ReadJob = Box<dyn FnOnce(&DynSnapshot<'_>) + Send>;

/// A store for async programs: closures run on tokio's blocking threads, and concurrent writes share
/// commits.
///
/// Clones are handles of one store; give one to each task. The closures get the same snapshots and
/// transactions as those of a [`DynStore`], so code for one runs in the other. A closure has to be
/// `'static`: clone the collections it uses, which is cheap.
///
/// A future that is dropped cancels the wait and never half of a commit; the [module](super) says what
/// exactly happens, and what happens if more is asked for than the store accepts at once.
///
/// ```
/// use arbour::tokio::Store;
/// use arbour::{KvRead, KvStore, KvWrite};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> arbour::Result<()> {
/// let store = arbour::open("memory:")?; // or "redb:app.redb", ...
/// let users = store.tree("users")?;
/// let store = Store::new(store);
/// let into = users.clone();
/// store.write(move |tx| tx.put(&into, b"ada", b"1815")).await?;
/// assert_eq!(store.read(move |snapshot| snapshot.len(&users)).await?, 1);
/// store.shutdown().await
/// # }
/// ```
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Arc<WriteQueue>,
    writes: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    options: Options,
}

impl Store {
    /// Makes an async store of an opened one.
    ///
    /// ```
    /// let store = arbour::tokio::Store::new(arbour::open("memory:")?);
    /// # let _ = store;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn new(store: DynStore) -> Self {
        Self::with_options(store, &Options::default())
    }

    /// Makes an async store of an opened one, with options.
    ///
    /// ```
    /// use arbour::tokio::{Options, Store};
    /// let store = Store::with_options(arbour::open("memory:")?, &Options::new().writes_max(64));
    /// # let _ = store;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn with_options(store: DynStore, options: &Options) -> Self {
        let inner = Inner {
            queue: Arc::new(WriteQueue::new(store)),
            writes: Arc::new(Semaphore::new(options.writes_max as usize)),
            reads: Arc::new(Semaphore::new(options.reads_max as usize)),
            options: options.clone(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Returns the store whose calls block: for opening collections and trees, and for what
    /// this type does not offer, on a blocking thread.
    ///
    /// ```
    /// use arbour::KvStore;
    /// let store = arbour::tokio::Store::new(arbour::open("memory:")?);
    /// assert_eq!(store.blocking().capabilities().engine, "memory");
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn blocking(&self) -> &DynStore {
        self.inner.queue.store()
    }

    /// Runs a closure in a transaction, and commits it together with the closures of other tasks that
    /// are waiting. The commit survives a power loss. A closure with an error type of its own goes to
    /// [`try_write`](Self::try_write).
    ///
    /// The closure runs on a blocking thread, and again if the commit meets a
    /// [conflict](crate::Writers::Many), as that of [`KvStore::write`]. It sees the writes of the closures
    /// that ran before it in the group. If it fails or panics, its own writes are undone and the others
    /// continue. A panic reaches the task that awaits this call.
    ///
    /// If the future is dropped before the closure has begun, the closure never runs. Once it has begun,
    /// it is committed or rolled back as a whole, whether or not a task still waits.
    ///
    /// # Errors
    /// - The closure's own error.
    /// - [`Busy`](ErrorKind::Busy) if a transaction outside this store kept the writer for
    ///   the [busy timeout](crate::StoreOptions::busy_timeout), or if a closure of this store waits for
    ///   this call. The closure did not run.
    /// - [`Closed`](ErrorKind::Closed) after [`shutdown`](Self::shutdown). The closure did not run.
    /// - The error of the commit, for each task of the group.
    ///   [`CommitUnknown`](ErrorKind::CommitUnknown) leaves open whether it took effect.
    ///
    /// # Panics
    /// If the closure panics, and outside of a tokio runtime.
    ///
    /// ```
    /// # use arbour::{KvStore, KvWrite};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> arbour::Result<()> {
    /// # let store = arbour::open("memory:")?;
    /// let users = store.tree("users")?;
    /// let store = arbour::tokio::Store::new(store);
    /// store.write(move |tx| tx.put(&users, b"ada", b"1815")).await
    /// # }
    /// ```
    pub async fn write<R: Send + 'static>(
        &self,
        run: impl FnMut(&mut DynTransaction<'_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.try_write_with(Durability::default(), run).await
    }

    /// As [`write`](Self::write), with a commit of at least this durability. A group is committed with
    /// the strongest durability that any of its writes requests.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    ///
    /// # Panics
    /// As [`write`](Self::write).
    ///
    /// ```
    /// # use arbour::{Durability, KvStore, KvWrite};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> arbour::Result<()> {
    /// # let store = arbour::open("memory:")?;
    /// let seen = store.tree("seen")?;
    /// let store = arbour::tokio::Store::new(store);
    /// store.write_with(Durability::None, move |tx| tx.put(&seen, b"ada", b"today")).await
    /// # }
    /// ```
    pub async fn write_with<R: Send + 'static>(
        &self,
        durability: Durability,
        run: impl FnMut(&mut DynTransaction<'_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.try_write_with(durability, run).await
    }

    /// Like [`write`](Self::write), but the closure returns the program's own error type.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    ///
    /// # Panics
    /// As [`write`](Self::write).
    ///
    /// ```
    /// # use arbour::{KvRead, KvStore, KvWrite};
    /// #[derive(Debug)]
    /// enum Refusal { Taken, Store(arbour::Error) }
    /// impl From<arbour::Error> for Refusal {
    ///     fn from(error: arbour::Error) -> Self { Refusal::Store(error) }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> arbour::Result<()> {
    /// # let store = arbour::open("memory:")?;
    /// # store.put(&store.tree("users")?, b"ada", b"1815")?;
    /// let users = store.tree("users")?;
    /// let store = arbour::tokio::Store::new(store);
    /// let refused = store.try_write(move |tx| match tx.contains(&users, b"ada")? {
    ///     true => Err(Refusal::Taken),
    ///     false => Ok(tx.put(&users, b"ada", b"1816")?),
    /// });
    /// assert!(matches!(refused.await, Err(Refusal::Taken)));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn try_write<R: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        run: impl FnMut(&mut DynTransaction<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E> {
        self.try_write_with(Durability::default(), run).await
    }

    /// As [`try_write`](Self::try_write), with a commit of at least this durability.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    ///
    /// # Panics
    /// As [`write`](Self::write).
    pub async fn try_write_with<R: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        durability: Durability,
        mut run: impl FnMut(&mut DynTransaction<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E> {
        let result = Place::default();
        let place = Arc::clone(&result);
        let job: Job = Box::new(move |transaction| {
            let returned = run(transaction);
            let is_kept = returned.is_ok();
            *place.lock() = Some(returned);
            is_kept
        });
        self.run_write(job, Arc::clone(&result) as _, durability).await?;
        take(&result)?
    }

    /// Queues a write and waits until it has ended. A panic of its closure goes on here.
    fn run_write(
        &self,
        job: Job,
        result: Arc<dyn Send + Sync>,
        durability: Durability,
    ) -> Pending<'_, Result<()>> {
        Box::pin(async move {
            let queue = &self.inner.queue;
            queue.check_not_writer()?;
            let permit = self.accept_write().await?;
            let (write, ended) = Write::new(job, result, durability, permit);
            queue.push(write);
            match ended.await {
                Ok(Ok(committed)) => committed,
                Ok(Err(panic)) => resume_unwind(panic),
                // Every write that is pushed is told how it ended.
                Err(_) => Err(runtime_shut_down()),
            }
        })
    }

    /// Runs a closure with a snapshot, on a blocking thread. A closure with an error type of its own
    /// goes to [`try_read`](Self::try_read).
    ///
    /// If the future is dropped before the closure has begun, the closure never runs. If it is dropped
    /// later, the closure goes on to its end, and its result is dropped.
    ///
    /// # Errors
    /// Errors of [`KvStore::snapshot`], and the closure's own. [`Closed`](ErrorKind::Closed) after
    /// [`shutdown`](Self::shutdown).
    ///
    /// # Panics
    /// If the closure panics, and outside of a tokio runtime.
    ///
    /// ```
    /// # use arbour::{KvRead, KvStore};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> arbour::Result<()> {
    /// # let store = arbour::open("memory:")?;
    /// let users = store.tree("users")?;
    /// let store = arbour::tokio::Store::new(store);
    /// assert_eq!(store.read(move |snapshot| snapshot.len(&users)).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read<R: Send + 'static>(
        &self,
        run: impl FnOnce(&DynSnapshot<'_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.try_read(run).await
    }

    /// Like [`read`](Self::read), but the closure returns the program's own error type.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Panics
    /// As [`read`](Self::read).
    pub async fn try_read<R: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        run: impl FnOnce(&DynSnapshot<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E> {
        let result = Place::default();
        let place = Arc::clone(&result);
        self.run_read(Box::new(move |snapshot| *place.lock() = Some(run(snapshot)))).await?;
        take(&result)?
    }

    fn run_read(&self, job: ReadJob) -> Pending<'_, Result<()>> {
        Box::pin(async move {
            let reads = Arc::clone(&self.inner.reads);
            let permit = reads.acquire_owned().await.map_err(shut_down)?;
            let store = self.blocking().clone();
            run_blocking(move || {
                // Released after the snapshot, even if the caller no longer waits.
                let _permit = permit;
                store.snapshot().map(|snapshot| job(&snapshot))
            })
            .await?
        })
    }

    /// Shuts the store down: refuses new calls, completes those that were accepted or wait already, and
    /// closes the store. Everything that was committed is durable then.
    ///
    /// Later calls fail with [`Closed`](ErrorKind::Closed), on all clones; another `shutdown` does
    /// nothing. Streams of changes end. If the future is dropped while it waits, the store may accept
    /// reads only; call `shutdown` again.
    ///
    /// # Errors
    /// As [`KvStore::close`]: [`Busy`](ErrorKind::Busy) if a transaction outside this store does not end
    /// in time.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    ///
    /// ```
    /// # use arbour::ErrorKind;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> arbour::Result<()> {
    /// let store = arbour::tokio::Store::new(arbour::open("memory:")?);
    /// store.shutdown().await?;
    /// let refused = store.write(|_| Ok(())).await;
    /// assert_eq!(refused.unwrap_err().kind(), ErrorKind::Closed);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown(&self) -> Result<()> {
        self.drain_and_close().await
    }

    fn drain_and_close(&self) -> Pending<'_, Result<()>> {
        Box::pin(async move {
            let Inner { queue, writes, reads, options } = &*self.inner;
            // All permits are free only once every accepted call has ended. Tokio's semaphore is fair, so
            // the calls that wait already come first. Writes end first, because streams read.
            for (accepted, max) in [(writes, options.writes_max), (reads, options.reads_max)] {
                if accepted.acquire_many(max).await.is_ok() {
                    accepted.close();
                }
            }
            queue.wake_streams();
            let store = self.blocking().clone();
            run_blocking(move || store.close()).await?
        })
    }

    pub(super) fn queue(&self) -> &WriteQueue {
        &self.inner.queue
    }

    /// Waits until this store accepts another write.
    pub(super) async fn accept_write(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.inner.writes).acquire_owned().await.map_err(shut_down)
    }

    /// Returns a receiver that is woken after each commit of this store.
    #[cfg(feature = "documents")]
    pub(super) fn commits(&self) -> tokio::sync::watch::Receiver<()> {
        self.inner.queue.commits()
    }

    #[cfg(feature = "documents")]
    pub(super) fn options(&self) -> &Options {
        &self.inner.options
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(self.blocking()).finish()
    }
}

#[cold]
fn shut_down(_: AcquireError) -> Error {
    let message = "the store was shut down before this call was accepted";
    Error::new(ErrorKind::Closed, Operation::Begin, message)
}
