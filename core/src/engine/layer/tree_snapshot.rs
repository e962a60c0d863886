//! Reading the trees of an ordered map in one snapshot.

use std::ops::Range;
use std::path::PathBuf;

use super::map_engine::{MapEngine, MapSnapshot};
use crate::bound::prefix_end;
use crate::engine::keyspace::{
    CATALOG, NUMBER_BYTES, StoredKey, first_of, is_of, key_of, lower_bound, stored_key, upper_bound,
};
use crate::engine::{TreeCatalog, TreeName};
use crate::{Cursor, Direction, Error, KeyRange, KvRead, Operation, Result, Tree};

/// The range of all entries, without the catalog. The last number is never given to a tree.
const ENTRIES: Range<&[u8]> = &[0, 0, 0, 1]..&[0xff, 0xff, 0xff, 0xff];

/// The trees of a map, shared by the layer and its snapshots.
pub(super) struct Trees {
    pub(super) catalog: TreeCatalog,
    /// The longest key of a tree.
    pub(super) key_bytes_max: usize,
    /// The path of the store.
    pub(super) path: PathBuf,
}

impl Trees {
    /// Adds the path of the store to an error.
    #[cold]
    pub(super) fn locate(&self, error: Error) -> Error {
        error.with_path(&self.path)
    }

    /// Adds the store, the tree and the caller's operation to an error.
    #[cold]
    fn locate_in(&self, tree: &Tree, error: Error, operation: Operation) -> Error {
        self.locate(error.with_operation(operation)).with_tree(tree.name())
    }
}

/// A snapshot of a [`TreeLayer`](crate::engine::TreeLayer). It reads on after the layer was closed.
///
/// ```
/// use arbour_core::engine::{MapEngine, SnapshotEngine, TreeLayer, TreeSnapshot};
/// use arbour_core::{KvRead, Result};
/// fn names<M: MapEngine>(engine: &TreeLayer<M>) -> Result<Vec<String>> {
///     let snapshot: TreeSnapshot<'_, M> = engine.snapshot()?;
///     snapshot.trees()
/// }
/// ```
pub struct TreeSnapshot<'s, M: MapEngine> {
    trees: &'s Trees,
    pinned: M::Snapshot,
}

impl<'s, M: MapEngine> TreeSnapshot<'s, M> {
    pub(super) fn new(trees: &'s Trees, pinned: M::Snapshot) -> Self {
        Self { trees, pinned }
    }

    /// Counts the entries of all trees.
    pub(super) fn count(&self) -> Result<u64> {
        let counted = self.pinned.count(ENTRIES);
        counted.map_err(|error| self.trees.locate(error.with_operation(Operation::Stats)))
    }

    /// Divides the trees of the catalog into those with entries and those without; both sorted by
    /// name.
    pub(super) fn used_and_empty(
        &self,
        operation: Operation,
    ) -> Result<(Vec<String>, Vec<String>)> {
        let divided = self.divide(operation);
        divided.map_err(|error| self.trees.locate(error.with_operation(operation)))
    }

    fn divide(&self, operation: Operation) -> Result<(Vec<String>, Vec<String>)> {
        let (mut used, mut empty) = (Vec::new(), Vec::new());
        let (start, end) = (first_of(CATALOG), first_of(CATALOG + 1));
        let mut catalog = self.pinned.scan(&start..&end, Direction::Forward)?;
        let mut probe = self.pinned.scan(ENTRIES, Direction::Forward)?;
        while let Some((name, number)) = catalog.next()? {
            let (name, number) = TreeCatalog::entry(key_of(name), number, operation)?;
            probe.seek(&first_of(number))?;
            let is_used = probe.next()?.is_some_and(|(key, _)| is_of(number, key));
            if is_used { &mut used } else { &mut empty }.push(name.to_owned());
        }
        Ok((used, empty))
    }

    /// Returns the stored keys that a range of a tree may contain; `None` if it can contain none.
    fn stored_range(&self, tree: &Tree, range: &KeyRange<'_>) -> Option<Range<StoredKey>> {
        if range.is_empty() {
            return None;
        }
        let most = self.trees.key_bytes_max;
        let start = cut_bound(lower_bound(tree.number(), range.start()), most);
        let end = cut_bound(upper_bound(tree.number(), range.end()), most);
        (start < end).then_some(start..end)
    }
}

/// Replaces a bound that is longer than any stored key by the first key after all that begin as it
/// does. Nothing lies between the two but what is too long to be stored.
fn cut_bound(bound: StoredKey, key_bytes_max: usize) -> StoredKey {
    match bound.get(..NUMBER_BYTES + key_bytes_max) {
        Some(start) if bound.len() > start.len() => {
            prefix_end(start).map_or(bound, StoredKey::from_vec)
        }
        _ => bound,
    }
}

impl<M: MapEngine> KvRead for TreeSnapshot<'_, M> {
    type Value<'t>
        = <M::Snapshot as MapSnapshot>::Value<'t>
    where
        Self: 't;
    type Cursor<'t>
        = TreeCursor<'t, M>
    where
        Self: 't;

    #[inline]
    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>> {
        self.trees.catalog.check(tree, Operation::Get)?;
        if key.len() > self.trees.key_bytes_max {
            return Ok(None);
        }
        let found = self.pinned.get(&stored_key(tree.number(), key));
        found.map_err(|error| self.trees.locate_in(tree, error, Operation::Get).with_key(key))
    }

    #[inline]
    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<TreeCursor<'_, M>> {
        self.trees.catalog.check(tree, Operation::Scan)?;
        let opened = self.stored_range(tree, &range).map(|Range { start, end }| {
            let opened = self.pinned.scan(&start..&end, direction);
            opened.map_err(|error| self.trees.locate_in(tree, error, Operation::Scan))
        });
        let entries = opened.transpose()?;
        Ok(TreeCursor {
            entries,
            direction,
            has_failed: false,
            tree: tree.clone(),
            trees: self.trees,
        })
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.trees.catalog.resolve(name).map_err(|error| self.trees.locate(error))
    }

    fn trees(&self) -> Result<Vec<String>> {
        Ok(self.used_and_empty(Operation::Trees)?.0)
    }

    fn len(&self, tree: &Tree) -> Result<u64> {
        self.trees.catalog.check(tree, Operation::Scan)?;
        let (start, end) = (first_of(tree.number()), first_of(tree.number() + 1));
        let counted = self.pinned.count(&start..&end);
        counted.map_err(|error| self.trees.locate_in(tree, error, Operation::Scan))
    }
}

/// A cursor of a [`TreeLayer`](crate::engine::TreeLayer): it lends what the map's cursor lends.
///
/// ```
/// use arbour_core::engine::{MapEngine, SnapshotEngine, TreeCursor, TreeLayer};
/// use arbour_core::{Cursor, KeyRange, KvRead, Result, Tree};
/// fn is_empty<M: MapEngine>(engine: &TreeLayer<M>, tree: &Tree) -> Result<bool> {
///     let snapshot = engine.snapshot()?;
///     let mut cursor: TreeCursor<'_, M> = snapshot.scan(tree, KeyRange::all(), Default::default())?;
///     Ok(cursor.next()?.is_none())
/// }
/// ```
pub struct TreeCursor<'t, M: MapEngine> {
    /// `None` if the range can contain no key.
    entries: Option<<M::Snapshot as MapSnapshot>::Cursor<'t>>,
    direction: Direction,
    /// Whether the map's cursor has failed, so that it is not called any more.
    has_failed: bool,
    tree: Tree,
    trees: &'t Trees,
}

impl<M: MapEngine> Cursor for TreeCursor<'_, M> {
    #[inline]
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        let Some(entries) = self.entries.as_mut().filter(|_| !self.has_failed) else {
            return Ok(None);
        };
        match entries.next() {
            Ok(found) => Ok(found.map(|(key, value)| (key_of(key), value))),
            Err(error) => {
                self.has_failed = true;
                Err(self.trees.locate_in(&self.tree, error, Operation::Scan))
            }
        }
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        let Some(entries) = self.entries.as_mut().filter(|_| !self.has_failed) else {
            return Ok(());
        };
        let most = self.trees.key_bytes_max;
        let mut stored = stored_key(self.tree.number(), key);
        if key.len() > most {
            match self.direction {
                Direction::Forward => stored = cut_bound(stored, most),
                Direction::Reverse => stored.truncate(NUMBER_BYTES + most),
            }
        }
        entries.seek(&stored).map_err(|error| {
            self.has_failed = true;
            self.trees.locate_in(&self.tree, error, Operation::Scan)
        })
    }
}
