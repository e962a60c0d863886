//! The document store under test.
//!
//! The cases are written against these traits, so that they run over Arbour's own collections and
//! over the [faulty](crate::documents::faulty) ones around them. Each method promises what the
//! method of the same name of [`Collection`](arbour::documents::Collection) or
//! [`Selection`](arbour::documents::Selection) does. The writes are those that return revisions;
//! the ones that return documents have `whole` in their names.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use arbour::documents::{
    Body, Change, Declaration, DocId, DocumentStore as _, Duplicate, Explain, Filter, IndexStatus,
    Page, Precondition, Query, ScrubReport, Stored, StoredCollection, Written,
};
use arbour::{Error, Progress, Result};
use arbour_core::{KvRead, KvStore, KvWrite};
use serde_json::Value;

/// Opens collections in a store.
///
/// ```
/// use arbour_conformance::documents::{
///     DocFactory, SoundDocuments, TestCollection, TestDocuments, TestReader, TestWriter,
/// };
/// use arbour::documents::{Declaration, DocError};
/// use arbour_core::{KvStore, MemoryStore};
/// use serde_json::json;
/// let store = MemoryStore::new();
/// let notes = SoundDocuments.documents(&store).collection(Declaration::new("notes"))?;
/// store.write(|transaction| notes.writer(transaction)?.insert(&json!({"id": "a"})))?;
/// assert!(notes.reader(&store.snapshot()?).get("a")?.is_some());
/// # Ok::<(), arbour::Error>(())
/// ```
#[allow(missing_docs, reason = "the methods are those of Collection")]
pub trait TestDocuments {
    type Store: KvStore;
    type Collection<D: Body>: TestCollection<D>;

    fn store(&self) -> &Self::Store;

    fn declare<D: Body>(&self, declaration: Declaration<D>) -> Result<Self::Collection<D>>;

    fn collection<D: Body>(&self, declaration: Declaration<D>) -> Result<Self::Collection<D>> {
        let collection = self.declare(declaration)?;
        collection.build(self.store(), &mut |_| ControlFlow::Continue(()))?;
        Ok(collection)
    }

    fn collections(&self) -> Result<Vec<StoredCollection>> {
        self.store().collections()
    }

    fn drop_collection(
        &self,
        name: &str,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<bool> {
        self.store().drop_collection(name, progress)
    }

    fn drop_index(
        &self,
        collection: &str,
        index: &str,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<bool> {
        self.store().drop_index(collection, index, progress)
    }
}

/// An opened collection.
///
/// ```
/// use arbour::documents::{Collection, Declaration, DocError};
/// use arbour_conformance::documents::TestCollection;
/// use arbour_core::{KvStore, MemoryStore};
/// use serde_json::Value;
/// let store = MemoryStore::new();
/// let notes = Collection::open(&store, Declaration::<Value>::new("notes"))?;
/// assert!(TestCollection::indexes(&notes, &store.snapshot()?)?.is_empty());
/// # Ok::<(), arbour::Error>(())
/// ```
#[allow(missing_docs, reason = "the methods are those of Collection")]
pub trait TestCollection<D: Body>: Send + Sync {
    type Reader<'r, R: KvRead + 'r>: TestReader<D>
    where
        Self: 'r;
    type Writer<'w, W: KvWrite + 'w>: TestWriter<D>
    where
        Self: 'w;

    fn reader<'r, R: KvRead>(&'r self, reader: &'r R) -> Self::Reader<'r, R>;

    fn writer<'w, W: KvWrite>(&'w self, transaction: &'w mut W) -> Result<Self::Writer<'w, W>>;

    fn indexes<R: KvRead>(&self, reader: &R) -> Result<Vec<IndexStatus>>;

    fn undeclared_indexes<R: KvRead>(&self, reader: &R) -> Result<Vec<IndexStatus>>;

    fn build<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<IndexStatus>>;

    fn disable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> Result<()>;

    fn enable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> Result<()>;

    fn duplicates<R: KvRead>(
        &self,
        reader: &R,
        index: &str,
        limit: usize,
    ) -> Result<Vec<Duplicate>>;

    fn scrub<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ScrubReport>;

    fn mend<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ScrubReport>;

    fn check_upgrade<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<(DocId<'static>, Error)>>;

    fn finish_upgrade<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<bool>;

    fn abandon_upgrade<S: KvStore>(&self, store: &S) -> Result<bool>;

    fn changes<R: KvRead>(&self, reader: &R, after: u64, limit: usize) -> Result<Vec<Change>>;

    fn newest_change<R: KvRead>(&self, reader: &R) -> Result<u64>;

    fn acknowledge<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscriber: &str,
        position: Option<u64>,
    ) -> Result<()>;

    fn acknowledged<R: KvRead>(&self, reader: &R, subscriber: &str) -> Result<Option<u64>>;

    fn trim_changes<W: KvWrite>(&self, transaction: &mut W, keep: u64) -> Result<u64>;
}

/// Reads a collection in a snapshot or a transaction.
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
#[allow(missing_docs, reason = "the methods are those of Collection")]
pub trait TestReader<D: Body> {
    fn declaration(&self) -> &Declaration<D>;

    fn get<'i>(&self, id: impl Into<DocId<'i>>) -> Result<Option<Stored<D>>>;

    fn get_many<'i, I: Into<DocId<'i>>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Result<Vec<Option<D>>>;

    fn get_by(&self, field: &str, value: impl Into<Value>) -> Result<Option<D>>;

    fn search(&self, query: &Query<D>) -> Result<Page<Stored<D>>>;

    fn one(&self, query: &Query<D>) -> Result<Option<Stored<D>>>;

    fn all(&self, query: &Query<D>) -> Result<Vec<Stored<D>>>;

    fn explain(&self, query: &Query<D>) -> Result<Explain>;

    fn each(
        &self,
        query: &Query<D>,
        visit: impl FnMut(Stored<D>) -> Result<ControlFlow<()>>,
    ) -> Result<()>;

    fn each_concurrent(
        &self,
        query: &Query<D>,
        threads: NonZeroUsize,
        visit: impl Fn(Stored<D>) -> Result<ControlFlow<()>> + Sync,
    ) -> Result<()>;

    fn exists(&self, filter: &Filter<D>) -> Result<bool>;

    fn count(&self, filter: &Filter<D>) -> Result<u64>;

    fn values(&self, filter: &Filter<D>, field: &str, visit: impl FnMut(&Value)) -> Result<()>;

    fn min(&self, filter: &Filter<D>, field: &str) -> Result<Option<Value>>;

    fn max(&self, filter: &Filter<D>, field: &str) -> Result<Option<Value>>;

    fn sum(&self, filter: &Filter<D>, field: &str) -> Result<Value>;

    fn average(&self, filter: &Filter<D>, field: &str) -> Result<Option<f64>>;

    fn distinct(&self, filter: &Filter<D>, field: &str) -> Result<Vec<Value>>;

    fn count_by(&self, filter: &Filter<D>, group: &str) -> Result<Vec<(Value, u64)>>;

    fn sum_by(&self, filter: &Filter<D>, group: &str, summed: &str) -> Result<Vec<(Value, Value)>>;

    fn min_by(&self, filter: &Filter<D>, group: &str, field: &str) -> Result<Vec<(Value, Value)>>;

    fn max_by(&self, filter: &Filter<D>, group: &str, field: &str) -> Result<Vec<(Value, Value)>>;
}

/// Writes a collection in a transaction.
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
#[allow(missing_docs, reason = "the methods are those of Collection")]
pub trait TestWriter<D: Body>: TestReader<D> {
    fn put(&mut self, document: &D, precondition: Precondition) -> Result<Written>;

    fn put_many<'d>(
        &mut self,
        documents: impl IntoIterator<Item = &'d D>,
        precondition: Precondition,
    ) -> Result<Vec<Result<Written>>>
    where
        D: 'd;

    fn set(&mut self, document: &D) -> Result<Written> {
        self.put(document, Precondition::None)
    }

    fn insert(&mut self, document: &D) -> Result<Written> {
        self.put(document, Precondition::Absent)
    }

    fn modify<'i>(
        &mut self,
        id: impl Into<DocId<'i>>,
        precondition: Precondition,
        change: impl FnOnce(Value) -> Result<Value>,
    ) -> Result<Written>;

    fn update<'i>(&mut self, id: impl Into<DocId<'i>>, changes: &Value) -> Result<Written>;

    fn patch<'i>(&mut self, id: impl Into<DocId<'i>>, patch: &Value) -> Result<Written>;

    fn upsert(&mut self, changes: &Value) -> Result<Written>;

    fn delete<'i>(&mut self, id: impl Into<DocId<'i>>, precondition: Precondition) -> Result<bool>;

    fn remove<'i>(&mut self, id: impl Into<DocId<'i>>) -> Result<bool> {
        self.delete(id, Precondition::None)
    }

    fn change_id<'i>(
        &mut self,
        from: impl Into<DocId<'i>>,
        to: impl Into<DocId<'i>>,
    ) -> Result<Written>;

    /// `Collection::insert`.
    fn insert_whole(&mut self, document: D) -> Result<D>;

    /// `Collection::put`.
    fn put_whole(&mut self, document: D) -> Result<D>;

    /// `Collection::modify`.
    fn modify_whole<'i>(
        &mut self,
        id: impl Into<DocId<'i>>,
        change: impl FnOnce(&mut D),
    ) -> Result<D>;

    /// `Collection::upsert`.
    fn upsert_whole(&mut self, document: D, change: impl FnOnce(&mut D)) -> Result<D>;

    fn delete_where(&mut self, filter: Filter<D>) -> Result<u64>;

    fn update_where(&mut self, filter: Filter<D>, change: impl FnMut(&mut D)) -> Result<u64>;
}
