//! How the suite opens the stores under test.

use std::io;
use std::path::{Path, PathBuf};

use arbour_core::{DynStore, KvStore, MemoryStore, Result, StoreOptions};

/// Opens stores of the engine under test.
///
/// ```
/// use arbour_conformance::Factory;
/// use arbour_core::{MemoryStore, Result, StoreOptions};
/// struct Memory;
/// impl Factory for Memory {
///     type Store = MemoryStore;
///     fn open(&self, _: &std::path::Path, options: &StoreOptions) -> Result<MemoryStore> {
///         MemoryStore::open(options)
///     }
/// }
/// ```
pub trait Factory: Send + Sync + 'static {
    /// The type of store under test.
    type Store: KvStore;

    /// Opens the store at `path`, creating it there if the options allow. The engine may make a
    /// file or a folder there; the parent folder exists.
    ///
    /// # Errors
    /// What the engine reports.
    ///
    /// ```
    /// use arbour_conformance::{BTreeFactory, Factory};
    /// use arbour_core::{KvStore, StoreOptions};
    /// let folder = tempfile::tempdir().unwrap();
    /// let store = BTreeFactory.open(&folder.path().join("store"), &StoreOptions::new())?;
    /// assert!(store.capabilities().persistent);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn open(&self, path: &Path, options: &StoreOptions) -> Result<Self::Store>;

    /// Returns the file of a store at `path` that cases about damage overwrite and cut. An engine
    /// that keeps a folder names the file its entries are in.
    ///
    /// ```
    /// use arbour_conformance::{BTreeFactory, Factory};
    /// let path = std::path::Path::new("app.store");
    /// assert_eq!(BTreeFactory.data_file(path), path); // the store is one file
    /// ```
    fn data_file(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }

    /// Marks the closed store at `path` as written by a later version. An engine that persists has
    /// to implement this; the cases about newer formats call it.
    ///
    /// # Errors
    /// What the file system reports.
    ///
    /// ```
    /// use arbour_conformance::{BTreeFactory, Factory};
    /// use arbour_core::{ErrorKind, KvStore, StoreOptions};
    /// let folder = tempfile::tempdir().unwrap();
    /// let path = folder.path().join("store");
    /// BTreeFactory.open(&path, &StoreOptions::new())?.close()?;
    /// BTreeFactory.make_newer(&path).unwrap();
    /// let error = BTreeFactory.open(&path, &StoreOptions::new()).err().unwrap();
    /// assert_eq!(error.kind(), ErrorKind::TooNew);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn make_newer(&self, path: &Path) -> io::Result<()> {
        let _ = path;
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "a factory of a persistent engine must implement make_newer",
        ))
    }
}

/// Opens stores in memory: the engine with which every other one can be compared.
///
/// ```
/// use arbour_conformance::{Factory, MemoryFactory};
/// use arbour_core::{KvStore, StoreOptions};
/// let store = MemoryFactory.open("nowhere".as_ref(), &StoreOptions::new())?;
/// assert_eq!(store.capabilities().engine, "memory");
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryFactory;

impl Factory for MemoryFactory {
    type Store = MemoryStore;

    fn open(&self, _: &Path, options: &StoreOptions) -> Result<MemoryStore> {
        MemoryStore::open(options)
    }
}

/// Opens the same stores with their type erased, as the `dynamic` axis does.
///
/// ```
/// use arbour_conformance::{DynFactory, Factory};
/// fn behind_dyn_store(factory: impl Factory) -> impl Factory<Store = arbour_core::DynStore> {
///     DynFactory(factory)
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DynFactory<F>(pub F);

impl<F: Factory> Factory for DynFactory<F> {
    type Store = DynStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<DynStore> {
        Ok(DynStore::new(self.0.open(path, options)?))
    }

    fn data_file(&self, path: &Path) -> PathBuf {
        self.0.data_file(path)
    }

    fn make_newer(&self, path: &Path) -> io::Result<()> {
        self.0.make_newer(path)
    }
}
