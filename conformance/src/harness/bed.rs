//! The test bed of one case: a store in a folder of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arbour_core::{Capabilities, KvRead, KvStore, Result, StoreOptions, Tree};
use tempfile::TempDir;

use super::axis::Axis;
use super::case::{Proof, TestBed};
use super::factory::Factory;
use super::folder::new_folder;
use super::neighbours;

/// What a case works with: a store in a folder of its own, on one axis. The beds of the layers'
/// suites are made of one.
#[doc(hidden)]
pub struct Bed<F: Factory> {
    factory: F,
    axis: Axis,
    store: Arc<F::Store>,
    capabilities: Capabilities,
    /// Those that the store was opened with.
    options: StoreOptions,
    path: PathBuf,
    is_negative: bool,
    has_neighbours: bool,
    /// The last field, so that the stores are dropped before their folder is deleted.
    folder: TempDir,
}

impl<F: Factory> Bed<F> {
    /// Opens a new store in a new folder.
    ///
    /// # Errors
    /// The errors of the engine or the file system.
    pub(crate) fn new(factory: F, axis: Axis) -> Result<Self> {
        let folder = new_folder()?;
        let path = folder.path().join("store");
        let options = StoreOptions::new();
        let store = factory.open(&path, &options)?;
        let has_neighbours = axis == Axis::Namespaced;
        if has_neighbours {
            neighbours::fill(&store)?;
        }
        Ok(Self {
            factory,
            axis,
            capabilities: store.capabilities().clone(),
            store: Arc::new(store),
            options,
            path,
            is_negative: false,
            has_neighbours,
            folder,
        })
    }

    /// Returns the store.
    pub(crate) fn store(&self) -> &F::Store {
        &self.store
    }

    /// Returns the store as the layers keep it. [`reopen`](Self::reopen) replaces it.
    pub(crate) fn shared_store(&self) -> &Arc<F::Store> {
        &self.store
    }

    /// Returns the capabilities of the store.
    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Returns the factory.
    pub(crate) fn factory(&self) -> &F {
        &self.factory
    }

    /// Returns the axis.
    pub(crate) fn axis(&self) -> Axis {
        self.axis
    }

    /// Returns the options that the store was opened with.
    pub(crate) fn options(&self) -> &StoreOptions {
        &self.options
    }

    /// Returns the path of the store.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns an unused path in the case's folder.
    pub(crate) fn other_path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Resolves a tree of the store.
    ///
    /// # Errors
    /// What the engine reports.
    pub(crate) fn tree(&self, name: &str) -> Result<Tree> {
        self.store.tree(name)
    }

    /// Ends the writing part of a case. On the `reopened` axis the store is closed and opened
    /// again with the same options, and handles have to be resolved anew.
    ///
    /// # Errors
    /// What the engine reports.
    pub(crate) fn settle(&mut self) -> Result<()> {
        if self.axis == Axis::Reopened { self.reopen_with(&self.options.clone()) } else { Ok(()) }
    }

    /// Closes the store and opens it again, on every axis.
    ///
    /// # Errors
    /// What the engine reports.
    pub(crate) fn reopen(&mut self) -> Result<()> {
        self.reopen_with(&StoreOptions::new())
    }

    /// Closes the store and opens it again with other options.
    ///
    /// # Errors
    /// What the engine reports.
    pub(crate) fn reopen_with(&mut self, options: &StoreOptions) -> Result<()> {
        self.store.close()?;
        self.store = Arc::new(self.factory.open(&self.path, options)?);
        self.capabilities = self.store.capabilities().clone();
        self.options = options.clone();
        if self.axis == Axis::Namespaced && !self.capabilities.persistent {
            // They went with the store, and the new one needs neighbours too.
            self.has_neighbours = !options.is_read_only();
            if self.has_neighbours {
                neighbours::fill(&*self.store)?;
            }
        }
        Ok(())
    }

    /// Records that the engine does not have the ability that the case is about, and that the case
    /// checked the refusal instead.
    pub(crate) fn negative(&mut self) {
        self.is_negative = true;
    }

    /// Returns the names of the trees that hold an entry, without the neighbours of the
    /// `namespaced` axis.
    ///
    /// # Errors
    /// What the engine reports.
    pub(crate) fn trees_of(&self, reader: &impl KvRead) -> Result<Vec<String>> {
        let mut names = reader.trees()?;
        if self.axis == Axis::Namespaced {
            neighbours::remove_from(&mut names);
        }
        Ok(names)
    }

    /// Returns the number of entries that are not the case's own.
    pub(crate) fn neighbour_entries(&self) -> u64 {
        if self.axis == Axis::Namespaced { neighbours::entry_count() } else { 0 }
    }

    fn check_neighbours(&self) -> Result<()> {
        if !self.capabilities.persistent {
            // If the case closed the store, they cannot be read any more.
            return match self.store.snapshot() {
                Ok(snapshot) if self.has_neighbours => neighbours::check(&*self.store, &snapshot),
                _ => Ok(()),
            };
        }
        // A case may end with a closed or read-only store, so the store is opened again.
        self.store.close()?;
        let store = self.factory.open(&self.path, &StoreOptions::new())?;
        neighbours::check(&store, &store.snapshot()?)
    }
}

impl<F: Factory> TestBed for Bed<F> {
    /// Also checks that the neighbours are unchanged.
    fn finish(self) -> Result<Proof> {
        if self.axis == Axis::Namespaced {
            self.check_neighbours()?;
        }
        Ok(if self.is_negative { Proof::Refusal } else { Proof::Ability })
    }
}
