//! The options for opening a store.

use std::time::Duration;

use crate::Limits;

/// The options for opening a store that every engine understands.
///
/// ```
/// use arbour_core::{ErrorKind, KvStore, MemoryStore, StoreOptions};
/// use std::time::Duration;
/// let options = StoreOptions::new().busy_timeout(Duration::from_millis(50));
/// let store = MemoryStore::open(&options)?;
/// let _transaction = store.begin()?;
/// // The same thread would wait for itself, so the call fails at once.
/// assert_eq!(store.begin().err().unwrap().kind(), ErrorKind::Busy);
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct StoreOptions {
    busy_timeout: Duration,
    limits: Limits,
    read_only: bool,
    create: bool,
    cache_bytes: Option<usize>,
    verify: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(5),
            limits: Limits::default(),
            read_only: false,
            create: true,
            cache_bytes: None,
            verify: false,
        }
    }
}

impl StoreOptions {
    /// Creates the defaults: open for writing, create if absent, wait up to five seconds for
    /// another writer, use the engine's own cache size.
    ///
    /// ```
    /// assert!(!arbour_core::StoreOptions::new().is_read_only());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long a writer waits for the previous one before it fails with
    /// [`ErrorKind::Busy`](crate::ErrorKind::Busy). With zero it never waits.
    ///
    /// ```
    /// use std::time::Duration;
    /// let options = arbour_core::StoreOptions::new().busy_timeout(Duration::ZERO);
    /// assert_eq!(options.writer_wait(), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Sets the longest keys and values to accept. What the engine cannot store is still refused. The limits
    /// of a transaction are those of the engine; only the store in memory takes others, so that a program
    /// can be tested with them.
    ///
    /// ```
    /// use arbour_core::{KvStore, Limits, MemoryStore, StoreOptions};
    /// let limits = Limits { value_bytes_max: 1024, ..Limits::default() };
    /// let store = MemoryStore::open(&StoreOptions::new().limits(limits))?;
    /// assert_eq!(store.capabilities().limits.value_bytes_max, 1024);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Opens the store for reading only: every write fails with
    /// [`ErrorKind::ReadOnly`](crate::ErrorKind::ReadOnly), and an absent store is not created.
    ///
    /// ```
    /// assert!(arbour_core::StoreOptions::new().read_only(true).is_read_only());
    /// ```
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Sets whether an absent store is created. If not, opening one fails with
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound). A store in memory counts as absent.
    ///
    /// ```
    /// assert!(!arbour_core::StoreOptions::new().create(false).may_create());
    /// ```
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Sets how much memory the engine may use for caching, in bytes.
    ///
    /// ```
    /// let options = arbour_core::StoreOptions::new().cache_bytes(64 << 20);
    /// assert_eq!(options.cache_size(), Some(64 << 20));
    /// ```
    #[must_use]
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = Some(bytes);
        self
    }

    /// Sets whether the engine verifies the whole store before it is opened: structure, checksums,
    /// every page. This reads all of the store. A damaged store fails with
    /// [`ErrorKind::Corrupted`](crate::ErrorKind::Corrupted).
    /// [`Capabilities::damage`](crate::Capabilities::damage) tells what an engine detects without
    /// this check.
    ///
    /// ```
    /// assert!(arbour_core::StoreOptions::new().verify(true).verifies());
    /// ```
    #[must_use]
    pub fn verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// Returns how long a writer waits for the previous one.
    ///
    /// ```
    /// assert_eq!(arbour_core::StoreOptions::new().writer_wait().as_secs(), 5);
    /// ```
    #[must_use]
    pub fn writer_wait(&self) -> Duration {
        self.busy_timeout
    }

    /// Returns the requested limits; an engine restricts them to those [`within`](Limits::within)
    /// its own.
    ///
    /// ```
    /// use arbour_core::{Limits, StoreOptions};
    /// assert_eq!(StoreOptions::new().requested_limits(), Limits::default());
    /// ```
    #[must_use]
    pub fn requested_limits(&self) -> Limits {
        self.limits
    }

    /// Tells whether the store is opened read-only.
    ///
    /// ```
    /// assert!(!arbour_core::StoreOptions::new().is_read_only());
    /// ```
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Tells whether an absent store is created; always `false` for a read-only store.
    ///
    /// ```
    /// assert!(!arbour_core::StoreOptions::new().read_only(true).may_create());
    /// ```
    #[must_use]
    pub fn may_create(&self) -> bool {
        self.create && !self.read_only
    }

    /// Returns the requested cache size, in bytes; `None` leaves it to the engine.
    ///
    /// ```
    /// assert_eq!(arbour_core::StoreOptions::new().cache_size(), None);
    /// ```
    #[must_use]
    pub fn cache_size(&self) -> Option<usize> {
        self.cache_bytes
    }

    /// Tells whether the whole store is verified before it is opened.
    ///
    /// ```
    /// assert!(!arbour_core::StoreOptions::new().verifies());
    /// ```
    #[must_use]
    pub fn verifies(&self) -> bool {
        self.verify
    }
}
