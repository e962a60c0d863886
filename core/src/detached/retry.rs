//! Running a transaction again after a conflict.

use std::sync::Arc;
use std::time::Duration;

use super::home::Home;
use crate::engine::Backoff;
use crate::{DetachedTransaction, Durability, DynStore, Error, KvStore, KvWrite, Result};

/// Runs a transaction until it commits without a conflict, or time is up.
///
/// [`DynStore::retry`] is its short form. After each conflict it waits a random time between zero and a
/// bound that doubles, so that transactions which met once do not meet again ("full jitter": Marc
/// Brooker, "Exponential Backoff And Jitter", 2015). The time limit is the store's [busy
/// timeout](crate::StoreOptions::busy_timeout) unless [`limit`](Self::limit) sets another one; the
/// transaction is run at least once.
///
/// ```
/// use arbour_core::{Durability, DynStore, KvRead, KvStore, KvWrite, MemoryStore, Retry};
/// use std::time::Duration;
/// let store = DynStore::new(MemoryStore::new());
/// let users = store.tree("users")?;
/// let count = Retry::new(&store)
///     .durability(Durability::ProcessCrash)
///     .limit(Duration::from_secs(30))
///     .run(|transaction| {
///         transaction.put(&users, b"ada", b"1815")?;
///         transaction.len(&users)
///     })?;
/// assert_eq!(count, 1);
/// # Ok::<(), arbour_core::Error>(())
/// ```
///
/// # In asynchronous code
/// An asynchronous closure has to take its transaction by value: a future that borrows it from its
/// caller is not [`Send`] in a way that the compiler can see. When the future ends, it drops the
/// transaction, and that brings it back to be committed. So an asynchronous `retry` is made of
/// [`begin`](Self::begin), [`take_back`](Self::take_back) and [`wait_after`](Self::wait_after).
/// `begin` and `commit` call the engine, and belong on a thread that may block.
///
/// ```
/// use arbour_core::{DetachedTransaction, DynStore, Error, KvWrite, Result, Retry};
/// use std::time::Duration;
///
/// async fn retry<R, E: From<Error>, F: Future<Output = Result<R, E>>>(
///     store: &DynStore,
///     mut run: impl FnMut(DetachedTransaction) -> F,
///     sleep: impl AsyncFn(Duration),
/// ) -> Result<R, E> {
///     let mut retry = Retry::new(store);
///     loop {
///         let result = run(retry.begin()?).await?;
///         let Some(transaction) = retry.take_back()? else { return Ok(result) };
///         match transaction.commit() {
///             Ok(()) => return Ok(result),
///             Err(error) => sleep(retry.wait_after(error)?).await,
///         }
///     }
/// }
/// ```
pub struct Retry {
    store: DynStore,
    durability: Durability,
    backoff: Backoff,
    /// Where the transaction of this try comes back to.
    home: Arc<Home>,
}

impl Retry {
    /// Prepares to run a transaction of a store. Its time begins now.
    ///
    /// ```
    /// # use arbour_core::{DynStore, MemoryStore, Retry};
    /// let retry = Retry::new(&DynStore::new(MemoryStore::new()));
    /// # let _ = retry;
    /// ```
    #[must_use]
    pub fn new(store: &DynStore) -> Self {
        Self {
            backoff: Backoff::new(store.writer_wait()),
            store: store.clone(),
            durability: Durability::default(),
            home: Arc::default(),
        }
    }

    /// Sets the durability of the commit.
    ///
    /// ```
    /// # use arbour_core::{Durability, DynStore, MemoryStore, Retry};
    /// let store = DynStore::new(MemoryStore::new());
    /// Retry::new(&store).durability(Durability::None).run(|_| Ok(()))?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets how long the transaction is run again after conflicts.
    ///
    /// ```
    /// # use arbour_core::{DynStore, MemoryStore, Retry};
    /// # use std::time::Duration;
    /// let store = DynStore::new(MemoryStore::new());
    /// Retry::new(&store).limit(Duration::from_secs(60)).run(|_| Ok(()))?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.backoff = self.backoff.limit(limit);
        self
    }

    /// Runs the closure in a detached transaction and commits it; again after each conflict.
    ///
    /// # Errors
    /// As [`DynStore::retry`].
    ///
    /// ```
    /// # use arbour_core::{DynStore, KvRead, KvStore, MemoryStore, Retry};
    /// let store = DynStore::new(MemoryStore::new());
    /// let names = Retry::new(&store).run(|transaction| transaction.trees())?;
    /// assert!(names.is_empty());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn run<R>(self, run: impl FnMut(&mut DetachedTransaction) -> Result<R>) -> Result<R> {
        self.try_run(run)
    }

    /// Like [`run`](Self::run), but the closure returns the program's own error type.
    ///
    /// # Errors
    /// As [`DynStore::retry`].
    ///
    /// ```
    /// # use arbour_core::{DynStore, Error, MemoryStore, Retry};
    /// let store = DynStore::new(MemoryStore::new());
    /// let failed = Retry::new(&store).try_run(|_| Err::<(), Box<dyn std::error::Error>>("no".into()));
    /// assert_eq!(failed.unwrap_err().to_string(), "no");
    /// ```
    pub fn try_run<R, E: From<Error>>(
        mut self,
        mut run: impl FnMut(&mut DetachedTransaction) -> Result<R, E>,
    ) -> Result<R, E> {
        loop {
            let mut transaction = self.begin()?;
            let result = run(&mut transaction)?;
            match transaction.commit() {
                Ok(()) => return Ok(result),
                Err(error) => self.backoff.pause_after(error)?,
            }
        }
    }

    /// Begins the transaction of the next try. If it is dropped, it comes back to be
    /// [taken](Self::take_back).
    ///
    /// # Errors
    /// As [`DynStore::begin_detached`].
    ///
    /// ```
    /// # use arbour_core::{DynStore, KvWrite, MemoryStore, Retry};
    /// let mut retry = Retry::new(&DynStore::new(MemoryStore::new()));
    /// retry.begin()?.commit()?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn begin(&mut self) -> Result<DetachedTransaction> {
        // A transaction of an earlier try that is still somewhere must not come back to this one.
        self.home = Arc::default();
        Ok(self.store.begin_detached_with(self.durability)?.with_home(&self.home))
    }

    /// Takes the transaction back that [`begin`](Self::begin) returned and that was dropped since;
    /// `None` if it was committed or rolled back instead.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if it has not been dropped yet: the code that
    /// took it has put it somewhere else.
    ///
    /// ```
    /// use arbour_core::{DynStore, ErrorKind, KvStore, KvWrite, MemoryStore, Retry};
    /// let store = DynStore::new(MemoryStore::new());
    /// let users = store.tree("users")?;
    /// let mut retry = Retry::new(&store);
    /// let mut transaction = retry.begin()?;
    /// assert_eq!(retry.take_back().err().unwrap().kind(), ErrorKind::InvalidArgument);
    ///
    /// transaction.put(&users, b"ada", b"1815")?;
    /// drop(transaction);
    /// retry.take_back()?.expect("it was not committed").commit()?;
    /// assert!(store.get(&users, b"ada")?.is_some());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn take_back(&mut self) -> Result<Option<DetachedTransaction>> {
        self.home.take().map(|work| work.map(DetachedTransaction::from_work))
    }

    /// Returns how long to wait before the next try, after a commit that failed.
    ///
    /// # Errors
    /// The given error, unless it is a [`Conflict`](crate::ErrorKind::Conflict) and there is time left. A
    /// conflict that is returned says how often the transaction was run.
    ///
    /// ```
    /// use arbour_core::{DynStore, Error, ErrorKind, MemoryStore, Operation, Retry};
    /// use std::time::Duration;
    /// let store = DynStore::new(MemoryStore::new());
    /// let conflict = || Error::new(ErrorKind::Conflict, Operation::Commit, "a changed entry");
    /// assert!(Retry::new(&store).wait_after(conflict()).is_ok());
    ///
    /// let error = Retry::new(&store).limit(Duration::ZERO).wait_after(conflict()).unwrap_err();
    /// assert_eq!(error.message(), "run once within 0ns, still in conflict: a changed entry");
    /// ```
    pub fn wait_after(&mut self, error: Error) -> Result<Duration> {
        self.backoff.wait_after(error)
    }
}

impl DynStore {
    /// Runs a closure in a [detached transaction](DetachedTransaction) and commits it, and runs it
    /// again if that fails with a conflict. Unlike the closure of [`write`](KvStore::write) it holds
    /// no lock while it runs, so it may take long; and it may run several times, so it must have no
    /// effect besides its writes that may not be repeated.
    ///
    /// A closure with an error type of its own goes to [`try_retry`](Self::try_retry). [`Retry`] has
    /// options.
    ///
    /// # Errors
    /// - The closure's own error, at once; nothing was written.
    /// - The last [`Conflict`](crate::ErrorKind::Conflict) if the transaction still conflicts when the
    ///   store's [busy timeout](crate::StoreOptions::busy_timeout) has passed. It says how often the
    ///   transaction was run; nothing was written.
    /// - Errors of [`begin_detached`](Self::begin_detached) and of the commit.
    ///
    /// ```
    /// use arbour_core::{DynStore, KvRead, KvStore, KvWrite, MemoryStore};
    /// let store = DynStore::new(MemoryStore::new());
    /// let counters = store.tree("counters")?;
    /// std::thread::scope(|scope| {
    ///     for _ in 0..4 {
    ///         scope.spawn(|| {
    ///             store.retry(|transaction| {
    ///                 let visits = transaction.get_with(&counters, b"visits", |value| value[0])?;
    ///                 transaction.put(&counters, b"visits", &[visits.unwrap_or(0) + 1])
    ///             })
    ///         });
    ///     }
    /// });
    /// assert_eq!(store.get(&counters, b"visits")?, Some(vec![4]));
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn retry<R>(&self, run: impl FnMut(&mut DetachedTransaction) -> Result<R>) -> Result<R> {
        Retry::new(self).run(run)
    }

    /// Like [`retry`](Self::retry), but the closure returns the program's own error type.
    ///
    /// # Errors
    /// As [`retry`](Self::retry).
    ///
    /// ```
    /// use arbour_core::{DynStore, Error, KvRead, KvStore, MemoryStore};
    /// #[derive(Debug)]
    /// enum Failure { SoldOut, Store(Error) }
    /// impl From<Error> for Failure {
    ///     fn from(error: Error) -> Self {
    ///         Self::Store(error)
    ///     }
    /// }
    ///
    /// let store = DynStore::new(MemoryStore::new());
    /// let stock = store.tree("stock")?;
    /// let sold = store.try_retry(|transaction| match transaction.contains(&stock, b"apples")? {
    ///     true => Ok(()),
    ///     false => Err(Failure::SoldOut),
    /// });
    /// assert!(matches!(sold, Err(Failure::SoldOut)));
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn try_retry<R, E: From<Error>>(
        &self,
        run: impl FnMut(&mut DetachedTransaction) -> Result<R, E>,
    ) -> Result<R, E> {
        Retry::new(self).try_run(run)
    }
}
