//! A collection in a store, written and read in one call.

use std::sync::Arc;

use arbour::documents::{Body, Collection, Declaration, DocId, Filter, Query, Stored, Written};
use arbour::{DynSnapshot, DynStore, DynTransaction, KvStore as _, Result};
use serde_json::Value;

use crate::bed::Bed;

/// A collection in a store.
pub(crate) struct Things<D = Value> {
    pub(crate) store: Arc<DynStore>,
    pub(crate) collection: Collection<D>,
}

impl<D: Body> Things<D> {
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

    pub(crate) fn set(&self, body: &D) -> Result<Written> {
        self.write(|things, transaction| things.set(transaction, body))
    }

    /// Stores all of these.
    pub(crate) fn fill(&self, bodies: &[D]) {
        self.write(|things, transaction| {
            bodies.iter().try_for_each(|body| things.set(transaction, body).map(drop))
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
        self.read(|things, snapshot| Ok(things.get(snapshot, id)?.map(|stored| stored.body)))
    }

    /// Returns the ids of the results of a query, as `5 7`.
    pub(crate) fn find(&self, query: &Query<D>) -> String {
        ids(&self.read(|things, snapshot| things.search(snapshot, query)).items)
    }

    /// Does the same by a filter.
    pub(crate) fn meant(&self, filter: Filter<D>) -> String {
        self.find(&Query::new(filter))
    }
}

/// Returns the ids of documents, as `5 7`.
pub(crate) fn ids<D>(documents: &[Stored<D>]) -> String {
    documents.iter().map(|stored| stored.id.to_string()).collect::<Vec<_>>().join(" ")
}
