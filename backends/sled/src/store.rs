//! The store: sled with core's layers.

use std::fmt;
use std::path::Path;

use arbour_core::engine::{SnapshotLayer, TransactionLayer};
use arbour_core::{Result, StoreOptions};

use crate::SledEngine;

/// A store in a sled folder.
///
/// ```
/// use arbour_core::{KvStore, StoreOptions};
/// use arbour_sled::SledStore;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.sled");
/// let store = SledStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// store.close()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct SledStore {
    pub(crate) layers: TransactionLayer<SnapshotLayer<SledEngine>>,
}

impl SledStore {
    /// Opens the store in the folder at `path`, creating it if it is absent (or empty) and the
    /// options allow. All of its files are read once, to check that they are as they were left;
    /// after a crash sled recovers them instead, and the end of its log is compared with the
    /// recorded one.
    ///
    /// # Errors
    /// [`Locked`](arbour_core::ErrorKind::Locked) if another process or handle has it open,
    /// [`NotFound`](arbour_core::ErrorKind::NotFound) if it is absent and may not be created,
    /// [`Corrupted`](arbour_core::ErrorKind::Corrupted) if the files are damaged or something else
    /// is there, [`TooNew`](arbour_core::ErrorKind::TooNew) if a newer Arbour wrote it,
    /// [`InvalidArgument`](arbour_core::ErrorKind::InvalidArgument) if it is a sled database that
    /// Arbour did not create, [`Unsupported`](arbour_core::ErrorKind::Unsupported) if it is opened
    /// read-only, which sled cannot do, [`Io`](arbour_core::ErrorKind::Io) for errors of the
    /// system, [`DiskFull`](arbour_core::ErrorKind::DiskFull) if there is no space.
    ///
    /// ```
    /// use arbour_core::{ErrorKind, StoreOptions};
    /// use arbour_sled::SledStore;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("app.sled");
    /// let absent = SledStore::open(&path, &StoreOptions::new().create(false));
    /// assert_eq!(absent.unwrap_err().kind(), ErrorKind::NotFound);
    /// let store = SledStore::open(&path, &StoreOptions::new())?;
    /// let second = SledStore::open(&path, &StoreOptions::new());
    /// assert_eq!(second.unwrap_err().kind(), ErrorKind::Locked);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>, options: &StoreOptions) -> Result<Self> {
        let engine = SledEngine::open(path, options)?;
        let path = engine.path().to_owned();
        Ok(Self { layers: TransactionLayer::new(SnapshotLayer::new(engine), options, Some(path)) })
    }

    fn engine(&self) -> &SledEngine {
        self.layers.engine().engine()
    }
}

impl fmt::Debug for SledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SledStore").field(self.engine()).finish()
    }
}
