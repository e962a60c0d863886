//! The test bed of one case about migrations: a store.

use std::path::PathBuf;
use std::sync::Arc;

use arbour::migrations::{MigrationError, MigrationResult};
use arbour_core::engine::TreeName;
use arbour_core::{Capabilities, Direction, KeyRange, KvRead as _, KvStore, Result, StoreOptions};
use tempfile::TempDir;

use crate::case::TestBed;
use crate::harness::new_folder;
use crate::migration_fixture::Pinned;
use crate::{Axis, Factory, entries};

pub(super) type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// What a case about migrations works with.
pub(crate) struct MigrationBed<F: Factory> {
    factory: F,
    axis: Axis,
    store: Arc<F::Store>,
    capabilities: Capabilities,
    is_negative: bool,
    folder: TempDir,
}

impl<F: Factory> MigrationBed<F> {
    pub(crate) fn new(factory: F, axis: Axis) -> MigrationResult<Self> {
        let folder = new_folder()?;
        let store = factory.open(&folder.path().join("store"), &StoreOptions::new())?;
        let capabilities = store.capabilities().clone();
        Ok(Self { factory, axis, store: Arc::new(store), capabilities, is_negative: false, folder })
    }

    pub(crate) fn store(&self) -> &Arc<F::Store> {
        &self.store
    }

    pub(crate) fn factory(&self) -> &F {
        &self.factory
    }

    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Returns a path in the folder of the case.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts an entry, in a transaction of its own.
    pub(crate) fn put(&self, tree: &str, key: &[u8], value: &[u8]) -> Result<()> {
        self.store.put(&self.store.open_tree(TreeName::stored(tree)?)?, key, value)
    }

    pub(crate) fn get(&self, tree: &str, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.store.get(&self.store.open_tree(TreeName::stored(tree)?)?, key)
    }

    /// Returns everything that the application stored.
    pub(crate) fn contents(&self) -> Result<Pinned> {
        Pinned::of(&*self.store)
    }

    /// Returns everything that is stored, including the trees of Arbour's own layers.
    pub(crate) fn everything(&self) -> Result<Vec<(String, Entries)>> {
        let snapshot = self.store.snapshot()?;
        let read = |name: String| {
            let tree = self.store.open_tree(TreeName::stored(&name)?)?;
            let cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?;
            Ok((name, entries(cursor)?))
        };
        snapshot.trees()?.into_iter().map(read).collect()
    }

    /// Records that the engine does not have the ability of the case, and that it said so.
    pub(crate) fn note_negative(&mut self) {
        self.is_negative = true;
    }

    /// Ends the writing part of a case: the store is closed and opened again, on the axis that does
    /// so.
    pub(crate) fn settle(&mut self) -> Result<()> {
        if self.axis != Axis::Reopened || !self.capabilities.persistent {
            return Ok(());
        }
        self.store.close()?;
        let path = self.path("store");
        self.store = Arc::new(self.factory.open(&path, &StoreOptions::new())?);
        Ok(())
    }
}

impl<F: Factory> TestBed for MigrationBed<F> {
    type Error = MigrationError;

    fn finish(self) -> MigrationResult<bool> {
        Ok(self.is_negative)
    }
}
