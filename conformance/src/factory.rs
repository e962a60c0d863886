//! How the suite opens the stores it examines.

use std::io;
use std::path::{Path, PathBuf};

use arbour_core::{DynStore, KvStore, Result, StoreOptions};

/// Opens stores of the engine under examination.
///
/// ```
/// use arbour_conformance::Factory;
/// use arbour_core::{MemoryStore, Result, StoreOptions};
/// struct Memory;
/// impl Factory for Memory {
///     type Store = MemoryStore;
///     fn open(&self, _: &std::path::Path, options: &StoreOptions) -> Result<MemoryStore> {
///         Ok(MemoryStore::with_options(options))
///     }
/// }
/// ```
pub trait Factory: Send + Sync + 'static {
    /// The type of store under examination.
    type Store: KvStore;

    /// Opens the store at `path`, creating it there if the options allow. The engine may make a
    /// file or a folder of it; its parent is a folder that exists.
    ///
    /// # Errors
    /// What the engine reports.
    fn open(&self, path: &Path, options: &StoreOptions) -> Result<Self::Store>;

    /// Returns the file of a store at `path` that cases about damage overwrite and cut. An engine
    /// that keeps a folder names the file its entries are in.
    fn data_file(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }

    /// Marks the closed store at `path` as written by a version to come. An engine that persists
    /// has to do it; the cases about newer formats call it.
    ///
    /// # Errors
    /// What the file system reports.
    fn make_newer(&self, path: &Path) -> io::Result<()> {
        let _ = path;
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "a factory of a persistent engine must implement make_newer",
        ))
    }
}

/// Opens the same stores with their type taken away: what the `dynamic` axis examines.
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
