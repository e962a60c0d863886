//! Arbour's own collections under test.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use arbour::documents::{
    Body, Change, Collection, Declaration, DocId, Duplicate, Explain, Filter, IndexStatus, Page,
    Precondition, Query, ScrubReport, Stored, Written,
};
use arbour::{Error, Progress, Result};
use arbour_core::{KvRead, KvStore, KvWrite};
use serde_json::Value;

use super::tested::{TestCollection, TestReader, TestWriter};

impl<D: Body> TestCollection<D> for Collection<D> {
    type Reader<'r, R: KvRead + 'r> = CollectionReader<'r, D, R>;
    type Writer<'w, W: KvWrite + 'w> = CollectionWriter<'w, D, W>;

    fn reader<'r, R: KvRead>(&'r self, reader: &'r R) -> CollectionReader<'r, D, R> {
        CollectionReader { collection: self, reader }
    }

    fn writer<'w, W: KvWrite>(
        &'w self,
        transaction: &'w mut W,
    ) -> Result<CollectionWriter<'w, D, W>> {
        // Refuses a collection that was declared differently, as each write would.
        self.indexes(&*transaction)?;
        Ok(CollectionWriter { collection: self, transaction })
    }

    fn indexes<R: KvRead>(&self, reader: &R) -> Result<Vec<IndexStatus>> {
        self.indexes(reader)
    }

    fn undeclared_indexes<R: KvRead>(&self, reader: &R) -> Result<Vec<IndexStatus>> {
        self.undeclared_indexes(reader)
    }

    fn build<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<IndexStatus>> {
        self.build(store, progress)
    }

    fn disable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> Result<()> {
        self.disable(transaction, index)
    }

    fn enable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> Result<()> {
        self.enable(transaction, index)
    }

    fn duplicates<R: KvRead>(
        &self,
        reader: &R,
        index: &str,
        limit: usize,
    ) -> Result<Vec<Duplicate>> {
        self.duplicates(reader, index, limit)
    }

    fn scrub<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ScrubReport> {
        self.scrub(store, progress)
    }

    fn mend<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ScrubReport> {
        self.mend(store, progress)
    }

    fn check_upgrade<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<(DocId<'static>, Error)>> {
        self.check_upgrade(store, progress)
    }

    fn finish_upgrade<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<bool> {
        self.finish_upgrade(store, progress)
    }

    fn abandon_upgrade<S: KvStore>(&self, store: &S) -> Result<bool> {
        self.abandon_upgrade(store)
    }

    fn changes<R: KvRead>(&self, reader: &R, after: u64, limit: usize) -> Result<Vec<Change>> {
        self.changes(reader, after, limit)
    }

    fn newest_change<R: KvRead>(&self, reader: &R) -> Result<u64> {
        self.newest_change(reader)
    }

    fn acknowledge<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscriber: &str,
        position: Option<u64>,
    ) -> Result<()> {
        self.acknowledge(transaction, subscriber, position)
    }

    fn acknowledged<R: KvRead>(&self, reader: &R, subscriber: &str) -> Result<Option<u64>> {
        self.acknowledged(reader, subscriber)
    }

    fn trim_changes<W: KvWrite>(&self, transaction: &mut W, keep: u64) -> Result<u64> {
        self.trim_changes(transaction, keep)
    }
}

/// Hands each call to a method of the collection.
///
/// ```
/// use arbour::documents::{Collection, Declaration, DocError};
/// use arbour_conformance::documents::{TestCollection, TestReader};
/// use arbour_core::{KvStore, MemoryStore};
/// use serde_json::Value;
/// let store = MemoryStore::new();
/// let notes = Collection::open(&store, Declaration::<Value>::new("notes"))?;
/// assert_eq!(notes.reader(&store.snapshot()?).get("a")?, None);
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct CollectionReader<'r, D, R> {
    pub(super) collection: &'r Collection<D>,
    pub(super) reader: &'r R,
}

/// Hands each call to a method of the collection.
///
/// ```
/// use arbour::documents::{Collection, Declaration, DocError};
/// use arbour_conformance::documents::{TestCollection, TestWriter};
/// use arbour_core::{KvStore, MemoryStore};
/// use serde_json::{Value, json};
/// let store = MemoryStore::new();
/// let notes = Collection::open(&store, Declaration::<Value>::new("notes"))?;
/// store.write(|transaction| notes.writer(transaction)?.insert(&json!({"id": "a"})))?;
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct CollectionWriter<'w, D, W> {
    pub(super) collection: &'w Collection<D>,
    pub(super) transaction: &'w mut W,
}

/// Writes the methods of a reader; the transaction of a writer reads too.
macro_rules! reads {
    ($source:ident) => {
        fn declaration(&self) -> &Declaration<D> {
            self.collection.declaration()
        }

        fn get<'i>(&self, id: impl Into<DocId<'i>>) -> Result<Option<Stored<D>>> {
            self.collection.get_stored(&*self.$source, id)
        }

        fn get_many<'i, I: Into<DocId<'i>>>(
            &self,
            ids: impl IntoIterator<Item = I>,
        ) -> Result<Vec<Option<D>>> {
            self.collection.get_many(&*self.$source, ids)
        }

        fn get_by(&self, field: &str, value: impl Into<Value>) -> Result<Option<D>> {
            self.collection.get_by(&*self.$source, field, value)
        }

        fn search(&self, query: &Query<D>) -> Result<Page<Stored<D>>> {
            self.collection.find(query.clone()).stored(&*self.$source)
        }

        fn one(&self, query: &Query<D>) -> Result<Option<Stored<D>>> {
            let first = self.collection.find(query.clone().limit(1)).stored(&*self.$source)?;
            Ok(first.items.into_iter().next())
        }

        fn all(&self, query: &Query<D>) -> Result<Vec<Stored<D>>> {
            let mut query = query.clone();
            (query.limit, query.offset, query.cursor) = (None, 0, None);
            Ok(self.collection.find(query).stored(&*self.$source)?.items)
        }

        fn explain(&self, query: &Query<D>) -> Result<Explain> {
            self.collection.find(query.clone()).explain(&*self.$source)
        }

        fn each(
            &self,
            query: &Query<D>,
            visit: impl FnMut(Stored<D>) -> Result<ControlFlow<()>>,
        ) -> Result<()> {
            self.collection.find(query.clone()).each(&*self.$source, visit)
        }

        fn each_concurrent(
            &self,
            query: &Query<D>,
            threads: NonZeroUsize,
            visit: impl Fn(Stored<D>) -> Result<ControlFlow<()>> + Sync,
        ) -> Result<()> {
            self.collection.find(query.clone()).each_concurrent(&*self.$source, threads, visit)
        }

        fn exists(&self, filter: &Filter<D>) -> Result<bool> {
            self.collection.find(filter.clone()).exists(&*self.$source)
        }

        fn count(&self, filter: &Filter<D>) -> Result<u64> {
            self.collection.find(filter.clone()).count(&*self.$source)
        }

        fn values(&self, filter: &Filter<D>, field: &str, visit: impl FnMut(&Value)) -> Result<()> {
            self.collection.find(filter.clone()).values(&*self.$source, field, visit)
        }

        fn min(&self, filter: &Filter<D>, field: &str) -> Result<Option<Value>> {
            self.collection.find(filter.clone()).min(&*self.$source, field)
        }

        fn max(&self, filter: &Filter<D>, field: &str) -> Result<Option<Value>> {
            self.collection.find(filter.clone()).max(&*self.$source, field)
        }

        fn sum(&self, filter: &Filter<D>, field: &str) -> Result<Value> {
            self.collection.find(filter.clone()).sum(&*self.$source, field)
        }

        fn average(&self, filter: &Filter<D>, field: &str) -> Result<Option<f64>> {
            self.collection.find(filter.clone()).average(&*self.$source, field)
        }

        fn distinct(&self, filter: &Filter<D>, field: &str) -> Result<Vec<Value>> {
            self.collection.find(filter.clone()).distinct(&*self.$source, field)
        }

        fn count_by(&self, filter: &Filter<D>, group: &str) -> Result<Vec<(Value, u64)>> {
            self.collection.find(filter.clone()).count_by(&*self.$source, group)
        }

        fn sum_by(
            &self,
            filter: &Filter<D>,
            group: &str,
            summed: &str,
        ) -> Result<Vec<(Value, Value)>> {
            self.collection.find(filter.clone()).sum_by(&*self.$source, group, summed)
        }

        fn min_by(
            &self,
            filter: &Filter<D>,
            group: &str,
            field: &str,
        ) -> Result<Vec<(Value, Value)>> {
            self.collection.find(filter.clone()).min_by(&*self.$source, group, field)
        }

        fn max_by(
            &self,
            filter: &Filter<D>,
            group: &str,
            field: &str,
        ) -> Result<Vec<(Value, Value)>> {
            self.collection.find(filter.clone()).max_by(&*self.$source, group, field)
        }
    };
}

impl<D: Body, R: KvRead> TestReader<D> for CollectionReader<'_, D, R> {
    reads!(reader);
}

impl<D: Body, W: KvWrite> TestReader<D> for CollectionWriter<'_, D, W> {
    reads!(transaction);
}

impl<D: Body, W: KvWrite> TestWriter<D> for CollectionWriter<'_, D, W> {
    fn put(&mut self, document: &D, precondition: Precondition) -> Result<Written> {
        self.collection.put_if(self.transaction, document, precondition)
    }

    fn put_many<'d>(
        &mut self,
        documents: impl IntoIterator<Item = &'d D>,
        precondition: Precondition,
    ) -> Result<Vec<Result<Written>>>
    where
        D: 'd,
    {
        self.collection.put_many(self.transaction, documents, precondition)
    }

    fn modify<'i>(
        &mut self,
        id: impl Into<DocId<'i>>,
        precondition: Precondition,
        change: impl FnOnce(Value) -> Result<Value>,
    ) -> Result<Written> {
        self.collection.modify_json(self.transaction, id, precondition, change)
    }

    fn update<'i>(&mut self, id: impl Into<DocId<'i>>, changes: &Value) -> Result<Written> {
        self.collection.update_json(self.transaction, id, changes)
    }

    fn patch<'i>(&mut self, id: impl Into<DocId<'i>>, patch: &Value) -> Result<Written> {
        self.collection.patch_json(self.transaction, id, patch)
    }

    fn upsert(&mut self, changes: &Value) -> Result<Written> {
        self.collection.upsert_json(self.transaction, changes)
    }

    fn delete<'i>(&mut self, id: impl Into<DocId<'i>>, precondition: Precondition) -> Result<bool> {
        self.collection.delete_if(self.transaction, id, precondition)
    }

    fn remove<'i>(&mut self, id: impl Into<DocId<'i>>) -> Result<bool> {
        self.collection.delete(self.transaction, id)
    }

    fn change_id<'i>(
        &mut self,
        from: impl Into<DocId<'i>>,
        to: impl Into<DocId<'i>>,
    ) -> Result<Written> {
        self.collection.change_id(self.transaction, from, to)
    }

    fn insert_whole(&mut self, document: D) -> Result<D> {
        self.collection.insert(self.transaction, document)
    }

    fn put_whole(&mut self, document: D) -> Result<D> {
        self.collection.put(self.transaction, document)
    }

    fn modify_whole<'i>(
        &mut self,
        id: impl Into<DocId<'i>>,
        change: impl FnOnce(&mut D),
    ) -> Result<D> {
        self.collection.modify(self.transaction, id, change)
    }

    fn upsert_whole(&mut self, document: D, change: impl FnOnce(&mut D)) -> Result<D> {
        self.collection.upsert(self.transaction, document, change)
    }

    fn delete_where(&mut self, filter: Filter<D>) -> Result<u64> {
        self.collection.delete_where(self.transaction, filter)
    }

    fn update_where(&mut self, filter: Filter<D>, change: impl FnMut(&mut D)) -> Result<u64> {
        self.collection.update_where(self.transaction, filter, change)
    }
}
