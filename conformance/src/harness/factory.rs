//! How the suite opens the stores under test.

use std::fmt;
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

/// Opens the same stores with their type erased, as the `dynamic` axis does. It is one type whatever
/// the engine is, so that cases on that axis are compiled once.
///
/// ```
/// use arbour_conformance::{BTreeFactory, DynFactory, Factory};
/// use arbour_core::{DynStore, KvStore, StoreOptions};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("store");
/// let store: DynStore = DynFactory::new(BTreeFactory).open(&path, &StoreOptions::new())?;
/// assert_eq!(store.capabilities().engine, "btree");
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct DynFactory {
    factory: Box<dyn AnyFactory>,
}

/// A [`Factory`] of any stores, as an object.
trait AnyFactory: Send + Sync {
    fn open_any(&self, path: &Path, options: &StoreOptions) -> Result<DynStore>;
    fn any_data_file(&self, path: &Path) -> PathBuf;
    fn make_any_newer(&self, path: &Path) -> io::Result<()>;
}

impl<F: Factory> AnyFactory for F {
    fn open_any(&self, path: &Path, options: &StoreOptions) -> Result<DynStore> {
        Ok(DynStore::new(self.open(path, options)?))
    }

    fn any_data_file(&self, path: &Path) -> PathBuf {
        self.data_file(path)
    }

    fn make_any_newer(&self, path: &Path) -> io::Result<()> {
        self.make_newer(path)
    }
}

impl DynFactory {
    /// Erases the type of a factory.
    ///
    /// See [`DynFactory`] for an example.
    #[must_use]
    pub fn new(factory: impl Factory) -> Self {
        Self { factory: Box::new(factory) }
    }
}

impl fmt::Debug for DynFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynFactory").finish_non_exhaustive()
    }
}

impl Factory for DynFactory {
    type Store = DynStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<DynStore> {
        self.factory.open_any(path, options)
    }

    fn data_file(&self, path: &Path) -> PathBuf {
        self.factory.any_data_file(path)
    }

    fn make_newer(&self, path: &Path) -> io::Result<()> {
        self.factory.make_any_newer(path)
    }
}
