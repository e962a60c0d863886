//! Options that only SQLite has.

/// The options of SQLite beyond [`StoreOptions`](arbour_core::StoreOptions): the sizes of its log,
/// and how it returns free pages.
///
/// The busy timeout, the cache size and opening read-only are in `StoreOptions`; `synchronous` is
/// the durability of a transaction. The cache size applies to *each* connection, one for writing
/// and one for each open snapshot, and is 16 MiB by default.
///
/// ```
/// use arbour_core::StoreOptions;
/// use arbour_sqlite::{SqliteOptions, SqliteStore};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.sqlite");
/// let sqlite = SqliteOptions::new().wal_limit_bytes(64 << 20).checkpoint_pages(10_000);
/// let store = SqliteStore::open_with(&path, &StoreOptions::new(), &sqlite)?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    pub(crate) wal_limit_bytes: u64,
    pub(crate) checkpoint_pages: u32,
    pub(crate) vacuum_pages: Option<u32>,
    pub(crate) foreign_keys: bool,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            wal_limit_bytes: 4 << 20,
            checkpoint_pages: 1000,
            vacuum_pages: None,
            foreign_keys: true,
        }
    }
}

impl SqliteOptions {
    /// Creates the defaults: a log truncated to 4 MiB and moved to the file every 1000 pages, free
    /// pages kept for new entries, foreign keys enforced.
    ///
    /// ```
    /// let options = arbour_sqlite::SqliteOptions::new();
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the size to which the log (the `-wal` file) is truncated once all of it has been moved
    /// to the database file. While in use it can be longer: as long as the largest transaction, and
    /// longer while an old snapshot is open and for some commits after it.
    ///
    /// ```
    /// let options = arbour_sqlite::SqliteOptions::new().wal_limit_bytes(1 << 20);
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn wal_limit_bytes(mut self, bytes: u64) -> Self {
        self.wal_limit_bytes = bytes;
        self
    }

    /// Sets how many pages the log may have before a commit moves them to the database file. Fewer
    /// keep the log short and reads quick, more cause rare but longer pauses. Zero leaves it to
    /// closing and to [`compact`](arbour_core::KvStore::compact).
    ///
    /// If an old snapshot blocks some pages, they are tried again once the log has grown by this
    /// number, or by a quarter of what was left if that is more.
    ///
    /// ```
    /// let options = arbour_sqlite::SqliteOptions::new().checkpoint_pages(10_000);
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn checkpoint_pages(mut self, pages: u32) -> Self {
        self.checkpoint_pages = pages;
        self
    }

    /// Returns free pages to the file system gradually: a commit that finds twenty times this many
    /// free pages returns this many. The default, or zero, keeps free pages for new entries, and
    /// [`compact`](arbour_core::KvStore::compact) returns them.
    ///
    /// For a file that was created without this option, it takes effect after the next `compact`.
    ///
    /// ```
    /// let options = arbour_sqlite::SqliteOptions::new().auto_vacuum(64);
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn auto_vacuum(mut self, pages: u32) -> Self {
        self.vacuum_pages = (pages > 0).then_some(pages);
        self
    }

    /// Sets whether the foreign keys of your own tables are enforced. Trees have none.
    ///
    /// ```
    /// let options = arbour_sqlite::SqliteOptions::new().foreign_keys(false);
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn foreign_keys(mut self, enforced: bool) -> Self {
        self.foreign_keys = enforced;
        self
    }
}
