//! A store in a temporary folder of its own.

use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use arbour_core::{DynStore, Error, ErrorKind, KvStore as _, Operation, Result, StoreOptions};
use tempfile::TempDir;

use super::contents;
use super::copy_folder::copy_folder;

/// A store of any engine in a temporary folder of its own, which can be closed and opened again, and
/// crashed. It dereferences to the [`DynStore`]; its `Display` is what the store holds.
///
/// Dropping it deletes the folder. [`#[arbour::test]`](macro@crate::test) opens one for each test.
///
/// ```
/// use arbour::KvStore;
/// use arbour::testing::TestStore;
/// let store = TestStore::open("memory")?;
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// assert_eq!(store.to_string(), "the memory store holds 1 tree\nusers: 1 entry\n  \"ada\": 1815\n");
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct TestStore {
    engine: String,
    options: StoreOptions,
    store: DynStore,
    /// The number of the folder in which the store is: each crash leaves one behind.
    life: u32,
    /// The last field, so that the store is dropped before its folder is deleted.
    folder: TempDir,
}

impl TestStore {
    /// Opens a new store of an engine, given by its URL scheme, in a new folder.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if the engine is not built in: the error names the
    /// Cargo feature. [`InvalidArgument`](ErrorKind::InvalidArgument) if there is no such engine;
    /// errors of the engine and the file system.
    ///
    /// ```
    /// # use arbour::testing::TestStore;
    /// assert!(TestStore::open("paper").is_err());
    /// ```
    pub fn open(engine: &str) -> Result<Self> {
        Self::open_with(engine, &StoreOptions::new())
    }

    /// Does the same with options, which also hold for [`reopen`](Self::reopen) and
    /// [`crash`](Self::crash).
    ///
    /// # Errors
    /// As [`open`](Self::open).
    ///
    /// ```
    /// # use arbour::{StoreOptions, testing::TestStore};
    /// # use std::time::Duration;
    /// let options = StoreOptions::new().busy_timeout(Duration::from_millis(1));
    /// let store = TestStore::open_with("memory", &options)?;
    /// # let _ = store;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn open_with(engine: &str, options: &StoreOptions) -> Result<Self> {
        let folder = TempDir::new().map_err(|error| file_error("create a folder", &error))?;
        let (engine, options) = (engine.to_owned(), options.clone());
        let store = open_in(&engine, &life_folder(&folder, 1), &options)?;
        Ok(Self { engine, options, store, life: 1, folder })
    }

    /// Returns the folder that holds the store's files and nothing else. After a
    /// [crash](Self::crash) it is another one. A store in memory has no files in it.
    ///
    /// ```
    /// # use arbour::testing::TestStore;
    /// assert!(TestStore::open("memory")?.folder().is_dir());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        life_folder(&self.folder, self.life)
    }

    /// Closes the store and opens it again, as a program does that ends and starts anew.
    ///
    /// Everything that was committed is still there, whatever its durability; a store in memory is
    /// empty. Handles of trees, collections and events belong to the store that was open before:
    /// open them anew.
    ///
    /// # Errors
    /// [`Busy`](ErrorKind::Busy) if a transaction is open. [`Locked`](ErrorKind::Locked) if a
    /// snapshot is open, which keeps the files in use. Errors of the engine; the store is then
    /// closed.
    ///
    /// ```
    /// use arbour::KvStore;
    /// use arbour::testing::TestStore;
    /// let mut store = TestStore::open("memory")?;
    /// let users = store.tree("users")?;
    /// store.reopen()?;
    /// assert!(store.get(&users, b"ada").is_err(), "the handle is of the store before");
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn reopen(&mut self) -> Result<()> {
        self.store.close()?;
        self.store = open_in(&self.engine, &self.folder(), &self.options)?;
        Ok(())
    }

    /// Continues with what the store would hold if the process had been killed at this moment: opens
    /// a copy of the files as they are now, without closing the store before. The engine recovers
    /// from them as it does after a kill.
    ///
    /// What was committed with [`ProcessCrash`](crate::Durability::ProcessCrash) or more is there.
    /// What was committed with less may be lost, and open transactions are. A store in memory is
    /// empty. The earlier store and its handles refuse every call.
    ///
    /// This does not simulate a loss of power, in which the system loses what it has not yet written
    /// to the device, nor a kill in the middle of a write: no thread may write meanwhile. The
    /// repository's crate `faults` does both.
    ///
    /// # Errors
    /// [`Busy`](ErrorKind::Busy) if another thread keeps writing while the files are copied; errors
    /// of the engine and the file system. After an error the store is as it was, unless the copy
    /// cannot be opened.
    ///
    /// ```
    /// # use arbour::{KvStore, testing::TestStore};
    /// let mut store = TestStore::open("memory")?;
    /// let earlier = store.clone();
    /// store.crash()?;
    /// assert!(earlier.snapshot().is_err() && store.snapshot().is_ok());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn crash(&mut self) -> Result<()> {
        let copy = life_folder(&self.folder, self.life + 1);
        let is_copied = copy_folder(&self.folder(), &copy)
            .map_err(|error| file_error("copy the files of the store", &error))?;
        if !is_copied {
            let message = "the files of the store change while they are copied: let the threads that \
                           write to it end before `crash`";
            return Err(Error::new(ErrorKind::Busy, Operation::Open, message));
        }
        // The earlier store has to stop its threads. It cannot reach the copy any more, so it does
        // not matter what it still writes, or whether a transaction keeps it from closing.
        let _ = self.store.close();
        self.life += 1;
        self.store = open_in(&self.engine, &copy, &self.options)?;
        Ok(())
    }
}

fn life_folder(folder: &TempDir, life: u32) -> PathBuf {
    folder.path().join(life.to_string())
}

fn open_in(engine: &str, folder: &Path, options: &StoreOptions) -> Result<DynStore> {
    std::fs::create_dir_all(folder).map_err(|error| file_error("create a folder", &error))?;
    let url = match engine {
        "memory" => "memory:".to_owned(),
        _ => format!("{engine}:{}", folder.join("store").display()),
    };
    crate::open_with(&url, options)
}

/// Returns the error of an operation on the folder of a test.
fn file_error(what: &str, error: &std::io::Error) -> Error {
    let message = format!("cannot {what} for a test: {error}");
    Error::new(ErrorKind::Io, Operation::Open, message)
}

impl Deref for TestStore {
    type Target = DynStore;

    fn deref(&self) -> &DynStore {
        &self.store
    }
}

impl fmt::Display for TestStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        contents::show(&self.store, f)
    }
}
