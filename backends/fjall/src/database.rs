//! fjall's own database: opening it, and moving everything to its sorted files.

use std::fs::OpenOptions;
use std::thread;
use std::time::Duration;

use arbour_core::engine::keyspace::{CATALOG, first_of, key_of, stored_key};
use arbour_core::engine::{StoreFolder, StorePath, TreeCatalog, catch_panic};
use arbour_core::{Error, ErrorKind, Operation, Result, StoreOptions};
use fjall::{Keyspace, KeyspaceCreateOptions, KvSeparationOptions, PersistMode};

use crate::{error, folder};

/// The one keyspace, which holds all trees.
const ENTRIES: &str = "entries";

/// Values from this size on are stored apart from the keys, in files of values. Measured with 256 MiB
/// of random values: with values of 1 KiB writing takes 1.5 times as long as without these files,
/// with 4 KiB 1.13 times, with 16 KiB 0.9 times; the folder is half to two thirds as large in each
/// case, and gets of 4 KiB take as long.
const APART_FROM_BYTES: u32 = 4096;

/// One thread of fjall's writes sorted files, one merges them. A single thread waits for itself: each
/// commit to a full buffer asks for a flush, and once a thousand are waiting, the thread that takes
/// one cannot add the next step. A load of 400 MB stopped so in one of two runs.
const THREADS: usize = 2;

/// How often the end of background work is polled.
const POLL: Duration = Duration::from_millis(1);

/// A database and the lock of its folder, shared by the store and its snapshots: the last of them
/// closes it. The lock is released last, once fjall's threads have ended.
pub(crate) struct Database {
    pub(crate) entries: Keyspace,
    pub(crate) fjall: fjall::Database,
    folder: StoreFolder,
    cache_bytes: Option<usize>,
}

impl Database {
    pub(crate) fn open(path: StorePath, options: &StoreOptions) -> Result<Self> {
        if options.is_read_only() {
            let message = "fjall cannot open a database read-only: open it for writing";
            return Err(Error::new(ErrorKind::Unsupported, Operation::Open, message));
        }
        let folder = folder::open(path, options)?;
        let mut database = Self::start(folder, options.cache_size())?;
        if options.verifies() {
            database.verify()?;
        }
        if database.folder.is_new() {
            folder::sync_names(database.folder.path()).map_err(|cause| {
                Error::from_io(cause, Operation::Open, "the names of the files cannot be synced")
            })?;
        }
        database.folder.finish()?;
        Ok(database)
    }

    fn start(folder: StoreFolder, cache_bytes: Option<usize>) -> Result<Self> {
        // fjall panics if some of what it reads back from its files is not what it wrote.
        let (entries, fjall) = catch_panic("fjall", Operation::Open, || {
            let mut builder = fjall::Database::builder(&**folder.path()).worker_threads(THREADS);
            if let Some(bytes) = cache_bytes {
                builder = builder.cache_size(bytes as u64);
            }
            let fjall = builder.open().map_err(error::open)?;
            if !folder.is_new() && !fjall.keyspace_exists(ENTRIES) {
                let message = "the keyspace of the entries is missing";
                return Err(error::corrupted(message));
            }
            let entries = fjall.keyspace(ENTRIES, create_options).map_err(error::open)?;
            Ok((entries, fjall))
        })?;
        Ok(Self { entries, fjall, folder, cache_bytes })
    }

    /// Closes fjall and opens it again, with an empty journal. The folder stays locked.
    pub(crate) fn restart(self) -> Result<Self> {
        self.settle(Operation::Compact)?;
        let Self { entries, fjall, folder, cache_bytes } = self;
        drop((entries, fjall));
        Self::start(folder, cache_bytes)
    }

    /// Reads every entry, and with it every block that holds one; fjall compares their checksums. The
    /// length of a value that is apart from its key is in none, but is also stored with the key.
    fn verify(&self) -> Result<()> {
        for (entry, same) in self.entries.iter().zip(self.entries.iter()) {
            let length = entry.size().map_err(error::open)?;
            let (_, value) = same.into_inner().map_err(error::open)?;
            if value.len() != length as usize {
                let message = format!("a value has {} bytes, and had {length}", value.len());
                return Err(error::corrupted(message));
            }
        }
        Ok(())
    }

    /// Reads the catalog of the trees.
    pub(crate) fn read_catalog(&self) -> Result<TreeCatalog> {
        let mut catalog = TreeCatalog::new();
        for entry in self.entries.range(first_of(CATALOG)..first_of(CATALOG + 1)) {
            let (name, number) = entry.into_inner().map_err(error::open)?;
            catalog.add(key_of(&name), &number)?;
        }
        Ok(catalog)
    }

    /// Moves everything from the journal to sorted files and empties the journal. No commit may
    /// follow.
    ///
    /// fjall does neither when it is closed. It takes a damaged journal for one that ends there, so a
    /// closed store would lose commits without an error; of sorted files it compares the checksums.
    pub(crate) fn settle(&self, operation: Operation) -> Result<()> {
        // fjall creates files by their path, and would put them into the folder that is there now.
        self.check_place(operation)?;
        self.fjall.persist(PersistMode::SyncAll).map_err(|cause| self.fail(cause, operation))?;
        self.flush(operation)?;
        // The journal must not vanish: without one, fjall starts to number its commits from zero.
        let emptied = folder::sync_names(self.folder.path()).and_then(|()| {
            let journal = folder::newest_journal(self.folder.path())?;
            let file = OpenOptions::new().write(true).open(journal)?;
            file.set_len(0)?;
            file.sync_all()
        });
        emptied.map_err(|cause| {
            let message = "the journal cannot be emptied; it is replayed when the store is opened";
            self.locate(Error::from_io(cause, operation, message))
        })
    }

    /// Removes trees from the catalog, and merges all sorted files. The caller excludes writers.
    pub(crate) fn compact(&self, empty: &[String]) -> Result<()> {
        let operation = Operation::Compact;
        let failed = |cause| self.fail(cause, operation);
        let mut writes = self.fjall.batch();
        // fjall learns which snapshots have ended only when there is something to flush. No tree has
        // an empty name.
        writes.remove(&self.entries, stored_key(CATALOG, b"").as_ref());
        for name in empty {
            writes.remove(&self.entries, stored_key(CATALOG, name.as_bytes()).as_ref());
        }
        writes.commit().map_err(failed)?;
        self.flush(operation)?;
        self.entries.major_compact().map_err(failed)
    }

    /// Moves everything from the journal to sorted files, and waits until they are on the device.
    fn flush(&self, operation: Operation) -> Result<()> {
        let failed = |cause| self.fail(cause, operation);
        self.entries.rotate_memtable().map_err(failed)?;
        while self.entries.sealed_memtable_count() > 0 {
            // Fails if fjall's threads have failed; the memory would be there forever.
            self.fjall.persist(PersistMode::Buffer).map_err(failed)?;
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Checks that the folder is still in its place, because fjall creates and deletes files by its
    /// path.
    pub(crate) fn check_place(&self, operation: Operation) -> Result<()> {
        self.folder.path().check(operation)
    }

    /// Adds the path of the store to an error.
    #[cold]
    pub(crate) fn locate(&self, error: Error) -> Error {
        error.with_path(&**self.folder.path())
    }

    #[cold]
    pub(crate) fn fail(&self, cause: fjall::Error, operation: Operation) -> Error {
        self.locate(error::engine(cause, operation))
    }
}

fn create_options() -> KeyspaceCreateOptions {
    let apart = KvSeparationOptions::default().separation_threshold(APART_FROM_BYTES);
    KeyspaceCreateOptions::default().with_kv_separation(Some(apart))
}
