//! The store: fjall, and the slot of its writer.

use std::fmt;
use std::path::Path;

use arbour_core::engine::TransactionLayer;
use arbour_core::{Result, StoreOptions};

use crate::FjallEngine;

/// A store in a folder that belongs to fjall.
///
/// ```
/// use arbour_core::{KvStore, StoreOptions};
/// use arbour_fjall::FjallStore;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.fjall");
/// let store = FjallStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// store.close()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct FjallStore {
    pub(crate) layer: TransactionLayer<FjallEngine>,
}

impl fmt::Debug for FjallStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.layer.engine().path;
        f.debug_struct("FjallStore").field("path", path).finish_non_exhaustive()
    }
}

impl FjallStore {
    /// Opens the store in the folder at `path`, creating it if it is absent (or empty) and the
    /// options allow. After a crash fjall first replays its journal.
    ///
    /// # Errors
    /// [`Locked`](arbour_core::ErrorKind::Locked) if another process or handle has it open;
    /// [`NotFound`](arbour_core::ErrorKind::NotFound) if it is absent and may not be created;
    /// [`Corrupted`](arbour_core::ErrorKind::Corrupted) if the files are damaged or something else is
    /// there; [`InvalidArgument`](arbour_core::ErrorKind::InvalidArgument) if it is a fjall database
    /// that Arbour did not create; [`TooNew`](arbour_core::ErrorKind::TooNew) if a newer version
    /// wrote it; [`Unsupported`](arbour_core::ErrorKind::Unsupported) if it is opened read-only,
    /// which fjall cannot do; [`Io`](arbour_core::ErrorKind::Io) for errors of the system and
    /// [`DiskFull`](arbour_core::ErrorKind::DiskFull) if there is no space.
    ///
    /// ```
    /// use arbour_core::{ErrorKind, StoreOptions};
    /// use arbour_fjall::FjallStore;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("app.fjall");
    /// let absent = FjallStore::open(&path, &StoreOptions::new().create(false));
    /// assert_eq!(absent.unwrap_err().kind(), ErrorKind::NotFound);
    /// let store = FjallStore::open(&path, &StoreOptions::new())?;
    /// let second = FjallStore::open(&path, &StoreOptions::new());
    /// assert_eq!(second.unwrap_err().kind(), ErrorKind::Locked);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>, options: &StoreOptions) -> Result<Self> {
        let engine = FjallEngine::open(path, options)?;
        let path = engine.path.clone();
        Ok(Self { layer: TransactionLayer::new(engine, options, Some(path)) })
    }
}
