//! The engine and the store as the contracts of core have them.

use std::path::Path;

use arbour_core::engine::{Engine, LiveEngine, TreeName, backup_by_copy, forward};
use arbour_core::{
    Batch, Capabilities, Direction, Durability, KeyRange, KvStore, Operation, Result, Stats, Tree,
};

use crate::catch_panic::catch_panic;
use crate::changes::Changes;
use crate::database::Database;
use crate::{SledEngine, SledLiveCursor, SledSnapshot, SledStore, SledTransaction, error, key};

impl Engine for SledEngine {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        Ok(self.registry.resolve(name))
    }

    fn owns(&self, tree: &Tree) -> bool {
        self.registry.owns(tree)
    }

    fn apply(&self, batch: &Batch, durability: Durability) -> Result<()> {
        let operation = Operation::Apply;
        if durability != Durability::None || has_large_value(batch) {
            self.with(operation, |database| database.check_place(operation))?;
        }
        self.make_trees(batch)?;
        let changes = Changes::new(batch);
        self.with(operation, |database| {
            let changed = database.change(changes);
            changed
                .and_then(|()| database.flush(durability, operation))
                .map_err(|cause| error::unknown_commit(cause, database.is_stuck()))
        })
    }

    fn sync(&self) -> Result<()> {
        let operation = Operation::Sync;
        self.with(operation, |database| {
            database.check_place(operation)?;
            database.flush(Durability::PowerLoss, operation)
        })
    }

    /// The database stays open for open snapshots.
    fn close(&self) -> Result<()> {
        let operation = Operation::Close;
        if self.database.read().is_none() {
            return Ok(());
        }
        self.with(operation, |database| {
            let flushed = database
                .check_place(operation)
                .and_then(|()| database.flush(Durability::PowerLoss, operation));
            // This includes a folder that was moved: it is not sealed.
            flushed.inspect_err(|cause| database.stop(cause))
        })
    }

    fn stats(&self) -> Result<Stats> {
        let (sled, trees) = self.with(Operation::Stats, |database| {
            // Counting takes time, and a writer may have to create a tree meanwhile.
            Ok((database.sled().clone(), database.trees()))
        })?;
        Database::stats(sled, trees).map_err(|error| self.locate(error))
    }
}

impl LiveEngine for SledEngine {
    type Value = sled::IVec;
    type Cursor<'e> = SledLiveCursor<'e>;

    #[inline]
    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<sled::IVec>> {
        self.check(tree, Operation::Get)?;
        self.with(Operation::Get, |database| {
            let Some(tree) = database.tree(tree) else { return Ok(None) };
            catch_panic(Operation::Get, || {
                tree.get(key::encode(key)).map_err(|cause| error::engine(cause, Operation::Get))
            })
        })
        .map_err(|error| error.with_tree(tree.name()).with_key(key))
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<SledLiveCursor<'_>> {
        self.check(tree, Operation::Scan)?;
        SledLiveCursor::new(self, tree, range, direction)
    }

    fn trees(&self) -> Result<Vec<String>> {
        let operation = Operation::Trees;
        let trees = self.with(operation, |database| Ok(database.trees()))?;
        // Drop the handles within `catch_panic` too: they are the last ones if the store is closed
        // meanwhile.
        let listed = catch_panic(operation, move || {
            let mut failure = None;
            let names = self.registry.names(|number| {
                let Some(Some(tree)) = trees.get(number as usize) else { return false };
                let first = tree.first().map_err(|cause| failure = Some(cause));
                first.is_ok_and(|entry| entry.is_some())
            });
            failure.map_or(Ok(names), |cause| Err(error::engine(cause, operation)))
        });
        listed.map_err(|error| self.locate(error))
    }

    /// Releases the files, and seals them.
    fn release(&self) -> Result<()> {
        let database = self.database.write().take();
        database.map_or(Ok(()), |database| database.close().map_err(|error| self.locate(error)))
    }
}

impl Drop for SledEngine {
    /// A store that was not closed loses nothing either; only the errors are lost.
    fn drop(&mut self) {
        let _ = self.close();
        let _ = self.release();
    }
}

impl KvStore for SledStore {
    type Snapshot<'s> = SledSnapshot<'s>;
    type Transaction<'s> = SledTransaction<'s>;

    forward!(self => self.layers; capabilities, open_tree, snapshot, send_snapshot, begin_with);
    forward!(self => self.layers; writer_wait, apply, sync, close, stats, compact);

    /// sled has no backup of its own, and its files change under a reader.
    fn backup(&self, destination: &Path) -> Result<()> {
        backup_by_copy(self, destination, |path, options| Self::open(path, options))
    }
}

/// Tells whether sled may put part of a batch into a file of its own.
fn has_large_value(batch: &Batch) -> bool {
    const LARGE_BYTES: usize = 32 << 10;

    batch.iter().any(|write| write.value.is_some_and(|value| value.len() > LARGE_BYTES))
}
