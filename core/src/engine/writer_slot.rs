//! The writer slot, which admits one writer at a time.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::{Error, ErrorKind, Operation, Result, StoreOptions};

/// The right to write to a store, held by one transaction at a time.
///
/// Waiting ends at the busy timeout, and fails at once if a thread would wait for itself. A panic
/// frees the slot, and [`close`](Self::close) takes it for good. Batches that an engine can apply
/// concurrently [`share`](Self::share) it.
///
/// ```
/// use arbour_core::engine::WriterSlot;
/// use arbour_core::{ErrorKind, Operation, StoreOptions};
/// let slot = WriterSlot::new(&StoreOptions::new(), None);
/// let writer = slot.acquire(Operation::Begin)?;
/// assert_eq!(slot.acquire(Operation::Begin).err().unwrap().kind(), ErrorKind::Busy);
/// drop(writer);
/// assert!(slot.acquire(Operation::Begin).is_ok());
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Debug)]
pub struct WriterSlot {
    lock: RwLock<()>,
    /// The number of the thread that holds the slot alone, or zero. Only that thread finds its own
    /// number here, so relaxed accesses suffice.
    owner: AtomicU64,
    closed: AtomicBool,
    read_only: bool,
    timeout: Duration,
    path: Option<PathBuf>,
}

/// Holds the slot exclusively; dropping it frees the slot. It stays on its thread.
///
/// ```
/// # use arbour_core::engine::WriterSlot;
/// # use arbour_core::{Operation, StoreOptions};
/// let slot = WriterSlot::new(&StoreOptions::new(), None);
/// let guard: arbour_core::engine::WriterGuard<'_> = slot.acquire(Operation::Begin)?;
/// drop(guard);
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Debug)]
pub struct WriterGuard<'s> {
    owner: &'s AtomicU64,
    _lock: RwLockWriteGuard<'s, ()>,
}

/// Holds the slot together with other batches; dropping it releases this share.
///
/// ```
/// # use arbour_core::engine::WriterSlot;
/// # use arbour_core::{Operation, StoreOptions};
/// let slot = WriterSlot::new(&StoreOptions::new(), None);
/// let (one, other) = (slot.share(Operation::Apply)?, slot.share(Operation::Apply)?);
/// # let _: (arbour_core::engine::SharedGuard<'_>, arbour_core::engine::SharedGuard<'_>) = (one, other);
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Debug)]
pub struct SharedGuard<'s> {
    _lock: RwLockReadGuard<'s, ()>,
}

impl WriterSlot {
    /// Creates a free slot; its errors name `path` as the store.
    ///
    /// ```
    /// # use arbour_core::engine::WriterSlot;
    /// # use arbour_core::StoreOptions;
    /// let slot = WriterSlot::new(&StoreOptions::new(), Some("app.redb".into()));
    /// # let _ = slot;
    /// ```
    #[must_use]
    pub fn new(options: &StoreOptions, path: Option<PathBuf>) -> Self {
        Self {
            lock: RwLock::new(()),
            owner: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            read_only: options.is_read_only(),
            timeout: options.writer_wait(),
            path,
        }
    }

    /// Takes the slot exclusively.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] after the busy timeout, or at once if this thread holds it;
    /// [`ErrorKind::Closed`]; [`ErrorKind::ReadOnly`].
    ///
    /// ```
    /// use arbour_core::engine::WriterSlot;
    /// use arbour_core::{ErrorKind, Operation, StoreOptions};
    /// let slot = WriterSlot::new(&StoreOptions::new().read_only(true), None);
    /// assert_eq!(slot.acquire(Operation::Begin).err().unwrap().kind(), ErrorKind::ReadOnly);
    /// ```
    pub fn acquire(&self, operation: Operation) -> Result<WriterGuard<'_>> {
        self.check_writable(operation)?;
        let lock = self
            .lock
            .try_write()
            .or_else(|| self.lock.try_write_for(self.wait()))
            .ok_or_else(|| self.busy(operation))?;
        self.owner.store(thread_number(), Ordering::Relaxed);
        let guard = WriterGuard { owner: &self.owner, _lock: lock };
        // The store may have been closed while this thread waited.
        self.check_open(operation)?;
        Ok(guard)
    }

    /// Takes the slot together with other batches, but not together with a transaction.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    ///
    /// ```
    /// # use arbour_core::engine::WriterSlot;
    /// # use arbour_core::{Operation, StoreOptions};
    /// let slot = WriterSlot::new(&StoreOptions::new(), None);
    /// let shared = slot.share(Operation::Apply)?;
    /// # drop(shared);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn share(&self, operation: Operation) -> Result<SharedGuard<'_>> {
        self.check_writable(operation)?;
        let lock = self
            .lock
            .try_read()
            .or_else(|| self.lock.try_read_for(self.wait()))
            .ok_or_else(|| self.busy(operation))?;
        let guard = SharedGuard { _lock: lock };
        self.check_open(operation)?;
        Ok(guard)
    }

    /// Waits for the running transaction and closes the store. Returns the slot, so that the caller
    /// can finish its work exclusively; `None` if the store was already closed.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] as for [`acquire`](Self::acquire); the store is then still open.
    ///
    /// ```
    /// use arbour_core::engine::WriterSlot;
    /// use arbour_core::{ErrorKind, Operation, StoreOptions};
    /// let slot = WriterSlot::new(&StoreOptions::new(), None);
    /// assert!(slot.close()?.is_some());
    /// assert!(slot.close()?.is_none());
    /// assert_eq!(slot.check_open(Operation::Get).unwrap_err().kind(), ErrorKind::Closed);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn close(&self) -> Result<Option<WriterGuard<'_>>> {
        if self.is_mine() {
            return Err(self.busy(Operation::Close));
        }
        let lock =
            self.lock.try_write_for(self.timeout).ok_or_else(|| self.busy(Operation::Close))?;
        self.owner.store(thread_number(), Ordering::Relaxed);
        let guard = WriterGuard { owner: &self.owner, _lock: lock };
        let was_closed = self.closed.swap(true, Ordering::SeqCst);
        Ok((!was_closed).then_some(guard))
    }

    /// Checks that the store was not closed.
    ///
    /// # Errors
    /// [`ErrorKind::Closed`] if it was.
    ///
    /// ```
    /// # use arbour_core::engine::WriterSlot;
    /// # use arbour_core::{Operation, StoreOptions};
    /// assert!(WriterSlot::new(&StoreOptions::new(), None).check_open(Operation::Get).is_ok());
    /// ```
    #[inline]
    pub fn check_open(&self, operation: Operation) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(self.error(ErrorKind::Closed, operation, "the store was closed"));
        }
        Ok(())
    }

    /// Checks that the store was neither closed nor opened read-only.
    ///
    /// # Errors
    /// [`ErrorKind::Closed`] or [`ErrorKind::ReadOnly`].
    ///
    /// ```
    /// # use arbour_core::engine::WriterSlot;
    /// # use arbour_core::{Operation, StoreOptions};
    /// assert!(WriterSlot::new(&StoreOptions::new(), None).check_writable(Operation::Sync).is_ok());
    /// ```
    pub fn check_writable(&self, operation: Operation) -> Result<()> {
        self.check_open(operation)?;
        if self.read_only {
            return Err(self.error(
                ErrorKind::ReadOnly,
                operation,
                "the store was opened read-only",
            ));
        }
        Ok(())
    }

    fn is_mine(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == thread_number()
    }

    /// Returns how long this thread would wait for the slot now: the busy timeout, or zero if it
    /// holds the slot itself.
    ///
    /// ```
    /// use arbour_core::engine::WriterSlot;
    /// use arbour_core::{Operation, StoreOptions};
    /// use std::time::Duration;
    /// let slot = WriterSlot::new(&StoreOptions::new(), None);
    /// assert_eq!(slot.wait(), StoreOptions::new().writer_wait());
    /// let _writer = slot.acquire(Operation::Begin)?;
    /// assert_eq!(slot.wait(), Duration::ZERO);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn wait(&self) -> Duration {
        if self.is_mine() {
            return Duration::ZERO;
        }
        match DEADLINE.get() {
            Some(deadline) => self.timeout.min(deadline.saturating_duration_since(Instant::now())),
            None => self.timeout,
        }
    }

    #[cold]
    fn busy(&self, operation: Operation) -> Error {
        let message = if self.is_mine() {
            "this thread already has a transaction open: use that one, or end it".to_owned()
        } else {
            format!("another transaction did not end within {:?}", self.timeout)
        };
        self.error(ErrorKind::Busy, operation, message)
    }

    #[cold]
    fn error(
        &self,
        kind: ErrorKind,
        operation: Operation,
        message: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Error {
        let error = Error::new(kind, operation, message);
        match &self.path {
            Some(path) => error.with_path(path),
            None => error,
        }
    }
}

impl Drop for WriterGuard<'_> {
    fn drop(&mut self) {
        self.owner.store(0, Ordering::Relaxed);
    }
}

thread_local! {
    /// When this thread stops waiting for a slot, if that is earlier than the end of the busy
    /// timeout.
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Runs a closure in which this thread waits for a slot only until `deadline`, so that time spent
/// waiting elsewhere counts.
///
/// ```
/// use std::time::{Duration, Instant};
/// use arbour_core::engine::with_deadline;
/// use arbour_core::{KvStore, KvWrite, MemoryStore};
/// let store = MemoryStore::new();
/// let tree = store.tree("t")?;
/// let deadline = Some(Instant::now() + Duration::from_secs(5));
/// with_deadline(deadline, || store.put(&tree, b"key", b"value"))?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn with_deadline<R>(deadline: Option<Instant>, run: impl FnOnce() -> R) -> R {
    struct Reset(Option<Instant>);
    impl Drop for Reset {
        fn drop(&mut self) {
            DEADLINE.set(self.0);
        }
    }
    let _reset = Reset(DEADLINE.replace(deadline));
    run()
}

/// Returns a number that no other thread of the process has, never zero.
///
/// ```
/// use arbour_core::engine::thread_number;
/// let other = std::thread::spawn(thread_number).join().unwrap();
/// assert_ne!(thread_number(), other);
/// ```
#[must_use]
pub fn thread_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NUMBER: Cell<u64> = const { Cell::new(0) };
    }
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}
