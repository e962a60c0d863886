//! fjall as an engine with snapshots and atomic batches.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arbour_core::engine::keyspace::NUMBER_BYTES;
use arbour_core::engine::{StorePath, TreeCatalog, WriteLatch};
use arbour_core::{
    Capabilities, DamageDetection, Durability, Error, ErrorKind, Operation, Result, StoreOptions,
};
use parking_lot::RwLock;

use crate::database::Database;

/// fjall stores the length of a key in 16 bits. Its keys begin with the number of the tree.
pub(crate) const STORED_KEY_BYTES_MAX: usize = u16::MAX as usize;

/// fjall stores lengths in 32 bits, also those of blocks with all that surrounds the value.
const VALUE_BYTES_MAX: usize = 1 << 30;

/// fjall with snapshots and batches but without transactions, from which a
/// [`FjallStore`](crate::FjallStore) is made.
///
/// ```
/// use arbour_core::StoreOptions;
/// use arbour_core::engine::Engine;
/// use arbour_fjall::FjallEngine;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.fjall");
/// let engine = FjallEngine::open(&path, &StoreOptions::new())?;
/// assert_eq!(engine.capabilities().engine, "fjall");
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct FjallEngine {
    /// Taken by closing; open snapshots have their own references.
    database: RwLock<Option<Arc<Database>>>,
    pub(crate) catalog: TreeCatalog,
    pub(crate) capabilities: Capabilities,
    pub(crate) path: PathBuf,
    pub(crate) latch: WriteLatch,
}

impl fmt::Debug for FjallEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FjallEngine").field("path", &self.path).finish_non_exhaustive()
    }
}

impl FjallEngine {
    /// Opens the database in the folder at `path`; see [`FjallStore`](crate::FjallStore::open).
    ///
    /// # Errors
    /// As [`FjallStore::open`](crate::FjallStore::open).
    ///
    /// ```
    /// use arbour_core::{ErrorKind, StoreOptions};
    /// use arbour_fjall::FjallEngine;
    /// let folder = tempfile::tempdir().unwrap();
    /// let absent = folder.path().join("absent");
    /// let error = FjallEngine::open(&absent, &StoreOptions::new().create(false)).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::NotFound);
    /// ```
    pub fn open(path: impl AsRef<Path>, options: &StoreOptions) -> Result<Self> {
        let resolved = StorePath::resolve(path)?;
        let path = resolved.to_path_buf();
        let opened = Database::open(resolved, options)
            .and_then(|database| Ok((database.read_catalog()?, database)));
        let (catalog, database) = opened.map_err(|error| error.with_path(&path))?;
        Ok(Self {
            database: RwLock::new(Some(Arc::new(database))),
            catalog,
            capabilities: capabilities(options),
            path,
            latch: WriteLatch::default(),
        })
    }

    pub(crate) fn database(&self, operation: Operation) -> Result<Arc<Database>> {
        self.database.read().clone().ok_or_else(|| {
            Error::new(ErrorKind::Closed, operation, "the store was closed").with_path(&self.path)
        })
    }

    /// Removes empty trees from the catalog, and merges all files into new ones that contain only
    /// what can still be read. The journal shrinks only while fjall is closed, so it keeps its size
    /// while a snapshot is open. If fjall cannot be opened again, the store is closed.
    pub(crate) fn shrink(&self, empty: &[String]) -> Result<()> {
        let operation = Operation::Compact;
        self.database(operation)?.compact(empty)?;
        let mut held = self.database.write();
        match held.take().map(Arc::try_unwrap) {
            Some(Ok(alone)) => {
                let restarted = alone.restart().map_err(|error| error.with_path(&self.path));
                *held = Some(Arc::new(restarted.map_err(|e| e.with_operation(operation))?));
            }
            Some(Err(shared)) => *held = Some(shared),
            None => {}
        }
        Ok(())
    }

    /// Releases the database. Everything in the journal is first moved to sorted files, every block
    /// of which has a checksum.
    pub(crate) fn release(&self) -> Result<()> {
        let Some(database) = self.database.write().take() else { return Ok(()) };
        self.latch.check(Operation::Close).map_err(|error| database.locate(error))?;
        database.settle(Operation::Close)
    }
}

impl Drop for FjallEngine {
    /// Releases the database, like closing the store. Errors are dropped; closing the store reports
    /// them.
    fn drop(&mut self) {
        let _ = self.release();
    }
}

fn capabilities(options: &StoreOptions) -> Capabilities {
    let mut capabilities = Capabilities::new("fjall");
    capabilities.persistent = true;
    capabilities.durability = Durability::ALL.to_vec();
    let mut most = capabilities.limits;
    most.key_bytes_max = STORED_KEY_BYTES_MAX - NUMBER_BYTES;
    most.value_bytes_max = VALUE_BYTES_MAX;
    capabilities.limits = options.requested_limits().within(most);
    capabilities.hot_backup = true;
    capabilities.compaction = true;
    capabilities.damage = DamageDetection::OnRead;
    capabilities
}
