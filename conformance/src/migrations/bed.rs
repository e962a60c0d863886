//! The test bed of one case about migrations: a bed, and what the application stored in it.

use std::path::PathBuf;
use std::sync::Arc;

use arbour_core::engine::TreeName;
use arbour_core::{Capabilities, Direction, KeyRange, KvRead as _, KvStore, Result, StoreOptions};

use crate::harness::{Axis, Bed, Factory, Proof, TestBed, entries};
use crate::migration_fixture::Pinned;

pub(super) type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// What a case about migrations works with.
#[doc(hidden)]
pub struct MigrationBed<F: Factory> {
    bed: Bed<F>,
}

impl<F: Factory> MigrationBed<F> {
    pub(crate) fn new(factory: F, axis: Axis) -> Result<Self> {
        Ok(Self { bed: Bed::new(factory, axis)? })
    }

    pub(crate) fn store(&self) -> &Arc<F::Store> {
        self.bed.shared_store()
    }

    pub(crate) fn factory(&self) -> &F {
        self.bed.factory()
    }

    pub(crate) fn capabilities(&self) -> &Capabilities {
        self.bed.capabilities()
    }

    /// Returns a path in the folder of the case.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.bed.other_path(name)
    }

    /// Puts an entry, in a transaction of its own.
    pub(crate) fn put(&self, tree: &str, key: &[u8], value: &[u8]) -> Result<()> {
        self.store().put(&self.store().open_tree(TreeName::stored(tree)?)?, key, value)
    }

    pub(crate) fn get(&self, tree: &str, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.store().get(&self.store().open_tree(TreeName::stored(tree)?)?, key)
    }

    /// Returns everything that the application stored.
    pub(crate) fn contents(&self) -> Result<Pinned> {
        Pinned::of(self.bed.store())
    }

    /// Returns everything that is stored, including the trees of Arbour's own layers.
    pub(crate) fn everything(&self) -> Result<Vec<(String, Entries)>> {
        let snapshot = self.bed.store().snapshot()?;
        let read = |name: String| {
            let tree = self.bed.store().open_tree(TreeName::stored(&name)?)?;
            let cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?;
            Ok((name, entries(cursor)?))
        };
        snapshot.trees()?.into_iter().map(read).collect()
    }

    /// Records that the engine does not have the ability of the case, and that it said so.
    pub(crate) fn note_negative(&mut self) {
        self.bed.negative();
    }

    /// Closes the store and opens it again with other options, on every axis. A store that is not
    /// persistent is empty then.
    pub(crate) fn reopen_with(&mut self, options: &StoreOptions) -> Result<()> {
        self.bed.reopen_with(options)
    }

    /// Ends the writing part of a case: the store is closed and opened again, on the axis that does
    /// so.
    pub(crate) fn settle(&mut self) -> Result<()> {
        self.bed.settle()
    }
}

impl<F: Factory> TestBed for MigrationBed<F> {
    fn finish(self) -> Result<Proof> {
        self.bed.finish()
    }
}
