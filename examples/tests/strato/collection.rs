//! A collection in a store, written and read in one call.

use std::sync::Arc;

use arbour::documents::{Body, Collection, Declaration, DocId, Filter, Stored};
use arbour::{DynSnapshot, DynStore, DynTransaction, KvStore as _, Result};
use serde_json::Value;

use crate::bed::Bed;

/// A collection in a store.
pub(crate) struct Things<D = Value> {
    pub(crate) store: Arc<DynStore>,
    pub(crate) collection: Collection<D>,
}

impl<D: Body + Clone> Things<D> {
    /// Opens the bed's store, and a collection in it.
    pub(crate) fn open(bed: &Bed, declaration: Declaration<D>) -> Self {
        Self::open_in(&bed.open(), declaration).unwrap()
    }

    /// Opens a collection in an open store.
    pub(crate) fn open_in(store: &Arc<DynStore>, declaration: Declaration<D>) -> Result<Self> {
        let collection = Collection::open(&**store, declaration)?;
        Ok(Self { store: Arc::clone(store), collection })
    }

    pub(crate) fn write<R>(
        &self,
        mut write: impl FnMut(&Collection<D>, &mut DynTransaction<'_>) -> Result<R>,
    ) -> Result<R> {
        self.store.write(|transaction| write(&self.collection, transaction))
    }

    pub(crate) fn put(&self, thing: D) -> Result<D> {
        self.write(|things, transaction| things.put(transaction, thing.clone()))
    }

    /// Stores all of these.
    pub(crate) fn fill(&self, things: impl IntoIterator<Item = D>) {
        let things: Vec<D> = things.into_iter().collect();
        self.write(|collection, transaction| {
            things.iter().try_for_each(|thing| collection.put(transaction, thing.clone()).map(drop))
        })
        .unwrap();
    }

    pub(crate) fn read<R>(
        &self,
        read: impl FnOnce(&Collection<D>, &DynSnapshot<'_>) -> Result<R>,
    ) -> R {
        let snapshot = self.store.snapshot().unwrap();
        read(&self.collection, &snapshot).unwrap()
    }

    pub(crate) fn get<'i>(&self, id: impl Into<DocId<'i>>) -> Option<D> {
        self.read(|things, snapshot| things.get(snapshot, id))
    }

    /// Returns the ids of the documents that match, as `5 7`.
    pub(crate) fn find(&self, filter: Filter<D>) -> String {
        ids(&self.read(|things, snapshot| things.find(filter).stored(snapshot)).items)
    }

    /// Returns the ids of the things that match, and fails if no index answers the filter.
    pub(crate) fn find_by_index(&self, filter: Filter<D>) -> String {
        let found = self.collection.find(filter).require_index();
        ids(&self.read(|_, snapshot| found.stored(snapshot)).items)
    }
}

/// Returns the ids of documents, as `5 7`.
pub(crate) fn ids<D>(documents: &[Stored<D>]) -> String {
    documents.iter().map(|stored| stored.id.to_string()).collect::<Vec<_>>().join(" ")
}
