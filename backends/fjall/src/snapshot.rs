//! Reading all trees in one snapshot.

use std::sync::Arc;

use arbour_core::engine::keyspace::{CATALOG, first_of, stored_key};
use arbour_core::engine::{TreeCatalog, TreeName};
use arbour_core::{Cursor as _, Direction, KeyRange, KvRead, Operation, Result, Tree};
use fjall::Readable as _;

use crate::database::Database;
use crate::engine::STORED_KEY_BYTES_MAX;
use crate::{FjallCursor, FjallEngine, FjallValue};

/// A snapshot of a [`FjallStore`](crate::FjallStore). It keeps the database open for its lifetime,
/// even if the store is closed meanwhile.
///
/// ```
/// use arbour_core::{KvRead, KvStore, StoreOptions};
/// use arbour_fjall::{FjallSnapshot, FjallStore};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.fjall");
/// let store = FjallStore::open(&path, &StoreOptions::new())?;
/// let snapshot: FjallSnapshot<'_> = store.snapshot()?;
/// assert!(snapshot.trees()?.is_empty());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct FjallSnapshot<'s> {
    catalog: &'s TreeCatalog,
    pinned: fjall::Snapshot,
    database: Arc<Database>,
}

impl<'s> FjallSnapshot<'s> {
    /// Pins the current state, as part of an operation.
    pub(crate) fn new(engine: &'s FjallEngine, operation: Operation) -> Result<Self> {
        let database = engine.database(operation)?;
        Ok(Self { catalog: &engine.catalog, pinned: database.fjall.snapshot(), database })
    }

    /// Counts the entries of all trees, by reading their keys.
    pub(crate) fn count(&self, operation: Operation) -> Result<u64> {
        let mut count = 0;
        for entry in self.pinned.range(&self.database.entries, first_of(CATALOG + 1)..) {
            entry.key().map_err(|cause| self.database.fail(cause, operation))?;
            count += 1;
        }
        Ok(count)
    }

    /// Divides the known trees into those with entries and those without; both sorted by name.
    pub(crate) fn used_and_empty(&self) -> Result<(Vec<String>, Vec<String>)> {
        let (mut used, mut empty) = (Vec::new(), Vec::new());
        for name in self.catalog.names() {
            let tree = self.catalog.resolve(TreeName::stored(&name)?)?;
            let mut entries = self.scan(&tree, KeyRange::all(), Direction::Forward)?;
            if entries.next()?.is_some() { used.push(name) } else { empty.push(name) }
        }
        Ok((used, empty))
    }
}

impl KvRead for FjallSnapshot<'_> {
    type Value<'t>
        = FjallValue
    where
        Self: 't;
    type Cursor<'t>
        = FjallCursor<'t>
    where
        Self: 't;

    #[inline]
    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<FjallValue>> {
        self.catalog.check(tree, Operation::Get)?;
        let stored = stored_key(tree.number(), key);
        // fjall panics at a key that it cannot store.
        if stored.as_ref().len() > STORED_KEY_BYTES_MAX {
            return Ok(None);
        }
        match self.pinned.get(&self.database.entries, stored) {
            Ok(found) => Ok(found.map(FjallValue::new)),
            Err(cause) => {
                let error = self.database.fail(cause, Operation::Get);
                Err(error.with_tree(tree.name()).with_key(key))
            }
        }
    }

    #[inline]
    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<FjallCursor<'_>> {
        self.catalog.check(tree, Operation::Scan)?;
        Ok(FjallCursor::new(&self.pinned, &self.database, tree, range, direction))
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.catalog.resolve(name)
    }

    fn trees(&self) -> Result<Vec<String>> {
        let listed = self.used_and_empty().map_err(|error| error.with_operation(Operation::Trees));
        Ok(listed?.0)
    }
}
