//! Removing a collection with all its documents, or one of its indexes, in chunks.
//!
//! The first transaction notes in the catalog that the collection is being dropped, so that it can no
//! longer be opened or written. Each further one removes a chunk of entries. The last one removes the
//! record. A call that ended early is resumed by the next.
//!
//! For an index, the first transaction removes it from the record of the collection, so that no program
//! uses or maintains it any more, and notes that it has left entries. The others remove these, and the
//! last one the note. A program that opens the collection meanwhile removes them too.

use std::ops::ControlFlow;
use std::time::Instant;

use arbour_core::engine::TreeName;
use arbour_core::engine::document_layout::{
    CATALOG_TREE, documents_tree, feed_ack_tree, feed_tree, index_tree, unchecked_tree,
};
use arbour_core::{KvRead, KvStore, KvWrite, Result, Tree};

use super::catalog::{self, Record};
use super::chunk::CHUNK;
use super::clearing::Clearing;
use super::entries::undecodable;
use super::{made_id, revisions};
use crate::Progress;
use crate::chunk_size::ChunkSize;

/// A collection that is being dropped.
struct Dropping<'n> {
    name: &'n str,
    key: Vec<u8>,
    catalog: Tree,
    /// The trees of its documents, its indexes and its feed.
    trees: Vec<Tree>,
}

/// Drops a collection. Returns whether it is gone, which it is not after a break.
pub(super) fn drop_collection<S: KvStore>(
    store: &S,
    name: &str,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<bool> {
    let began = Instant::now();
    let key = catalog::key(name);
    let catalog = store.open_tree(TreeName::layer(CATALOG_TREE)?)?;
    let mut dropping = Dropping { name, key, catalog, trees: Vec::new() };
    let Some(record) = store.write(|transaction| dropping.begin(transaction))? else {
        return Ok(true);
    };
    let indexes = record.indexes.iter().map(|index| &index.name).chain(&record.dropped);
    let names = indexes.map(|index| index_tree(name, index));
    let others = [feed_tree(name), feed_ack_tree(name), unchecked_tree(name), documents_tree(name)];
    let open = |name: String| store.open_tree(TreeName::layer(&name)?);
    dropping.trees = names.chain(others).map(open).collect::<Result<_>>()?;
    let total = dropping.len(store)?;
    let (mut done, mut clearing, mut size) = (0, Clearing::default(), ChunkSize::new(CHUNK));
    while let Some(removed) =
        size.write(store, |transaction, most| dropping.advance(transaction, &mut clearing, most))?
    {
        done += removed;
        if progress(Progress::new(name, began, 0).at(done, Some(total))).is_break() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Drops an index, by its name in the record. Returns whether it is gone, which it is not after a break.
pub(super) fn drop_index<S: KvStore>(
    store: &S,
    collection: &str,
    index: &str,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<bool> {
    let began = Instant::now();
    let key = catalog::key(collection);
    let open = |name: &str| store.open_tree(TreeName::layer(name)?);
    let (catalog, tree) = (open(CATALOG_TREE)?, open(&index_tree(collection, index))?);
    let dropping = Dropping { name: collection, key, catalog, trees: vec![tree] };
    if !store.write(|transaction| dropping.begin_index(transaction, index))? {
        return Ok(true);
    }
    let total = dropping.len(store)?;
    let (mut done, mut clearing, mut size) = (0, Clearing::default(), ChunkSize::new(CHUNK));
    while let Some(removed) = size.write(store, |transaction, most| {
        dropping.advance_index(transaction, index, &mut clearing, most)
    })? {
        done += removed;
        if progress(Progress::new(index, began, 0).at(done, Some(total))).is_break() {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Dropping<'_> {
    /// Returns the number of entries that are left.
    fn len<S: KvStore>(&self, store: &S) -> Result<u64> {
        let snapshot = store.snapshot()?;
        self.trees.iter().map(|tree| snapshot.len(tree)).sum()
    }

    /// Removes an index from the record; returns whether it may have left entries.
    fn begin_index<W: KvWrite>(&self, transaction: &mut W, index: &str) -> Result<bool> {
        let Some(mut record) = self.record(transaction)? else { return Ok(false) };
        if record.is_dropping {
            return Err(catalog::dropping(self.name));
        }
        let had_entries = record.drop_index(index);
        if had_entries {
            catalog::save(transaction, &self.catalog, &self.key, &record)?;
        }
        Ok(had_entries)
    }

    /// Removes the next entries of a dropped index. Returns how many; `None` once there are none.
    fn advance_index<W: KvWrite>(
        &self,
        transaction: &mut W,
        index: &str,
        clearing: &mut Clearing,
        most: usize,
    ) -> Result<Option<u64>> {
        let Some(mut record) = self.record(transaction)? else { return Ok(None) };
        // Another caller may have completed it, and a program may have declared the index anew.
        if !record.dropped.iter().any(|dropped| dropped == index) {
            return Ok(None);
        }
        let removed = clearing.advance(transaction, &self.trees, most)?.len();
        if removed < most {
            record.dropped.retain(|dropped| dropped != index);
            catalog::save(transaction, &self.catalog, &self.key, &record)?;
        }
        Ok(Some(removed as u64))
    }

    fn record<R: KvRead>(&self, reader: &R) -> Result<Option<Record>> {
        let record = reader.get_with(&self.catalog, &self.key, catalog::decode)?.transpose();
        record.map_err(|cause| undecodable(self.name, CATALOG_TREE, &self.key, cause))
    }

    /// Notes that the collection is being dropped; returns its record, if it exists.
    fn begin<W: KvWrite>(&self, transaction: &mut W) -> Result<Option<Record>> {
        let Some(mut record) = self.record(transaction)? else { return Ok(None) };
        if !record.is_dropping {
            record.is_dropping = true;
            catalog::save(transaction, &self.catalog, &self.key, &record)?;
        }
        Ok(Some(record))
    }

    /// Removes the next entries. Returns how many; `None` once there are none, and the record is
    /// removed too.
    fn advance<W: KvWrite>(
        &self,
        transaction: &mut W,
        clearing: &mut Clearing,
        most: usize,
    ) -> Result<Option<u64>> {
        // Another caller may have completed it, and the collection may have been created anew.
        if !self.record(transaction)?.is_some_and(|record| record.is_dropping) {
            return Ok(None);
        }
        let removed = clearing.advance(transaction, &self.trees, most)?.len();
        if removed > 0 {
            return Ok(Some(removed as u64));
        }
        for key in [self.key.clone(), made_id::highest_key(self.name), revisions::key(self.name)] {
            transaction.delete(&self.catalog, &key)?;
        }
        Ok(None)
    }
}
