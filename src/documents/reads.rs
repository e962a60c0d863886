//! Reading a collection: each method takes the snapshot or transaction first.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use arbour_core::{Direction, KvRead, Result};
use serde_json::Value;

#[cfg(doc)]
use super::DocError;
use super::collection::Collection;
use super::reader::Reader;
use super::{Body, DocId, Explain, Filter, Page, Query, Stored};

/// Each method reads at the moment of the snapshot, or what the transaction sees, its own writes
/// included. All fail with [`Undecodable`](DocError::Undecodable) if a document cannot be read,
/// [`TooNew`](DocError::TooNew) if a newer program wrote it, and with what the store reports.
impl<D: Body> Collection<D> {
    /// Gets a document by its id, or `None` if there is none. A body of an older schema version is
    /// upgraded.
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) if the collection has ids of another kind.
    pub fn get<'i, R: KvRead>(
        &self,
        reader: &R,
        id: impl Into<DocId<'i>>,
    ) -> Result<Option<Stored<D>>> {
        self.get_at(&self.docs(reader), &self.key_of(&id.into())?)
    }

    /// Gets several documents by their ids, in the order of the ids; `None` for each that is absent.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_many<'i, R: KvRead, I: Into<DocId<'i>>>(
        &self,
        reader: &R,
        ids: impl IntoIterator<Item = I>,
    ) -> Result<Vec<Option<Stored<D>>>> {
        ids.into_iter().map(|id| self.get(reader, id)).collect()
    }

    /// Gets the document that has a value in a unique index over one field, or `None`.
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) if no unique index is over that field alone.
    pub fn get_by<R: KvRead>(
        &self,
        reader: &R,
        field: &str,
        value: impl Into<Value>,
    ) -> Result<Option<Stored<D>>> {
        Reader::new(self, &self.docs(reader))?.get_by(field, value)
    }

    /// Runs a query and returns a page of documents. Without a limit all documents come, in one page.
    ///
    /// # Errors
    /// [`UnknownField`](DocError::UnknownField), [`KindMismatch`](DocError::KindMismatch) or
    /// [`Invalid`](DocError::Invalid) for a query that cannot be answered, [`Cursor`](DocError::Cursor)
    /// for a cursor of another query, [`FullScan`](DocError::FullScan) if the query forbids one.
    ///
    /// ```
    /// use arbour::KvStore;
    /// use arbour::documents::{Collection, Declaration, Field, Filter, Index, Query};
    /// use serde_json::{Value, json};
    /// let store = arbour::MemoryStore::new();
    /// let declaration = Declaration::<Value>::new("notes").field(Field::path("shelf"));
    /// let notes = Collection::open(&store, declaration.index(Index::on("shelf")))?;
    /// store.write(|transaction| notes.insert(transaction, &json!({"id": "a", "shelf": 3})))?;
    ///
    /// let snapshot = store.snapshot()?;
    /// let page = notes.search(&snapshot, &Query::new(Filter::eq("shelf", 3)).limit(10))?;
    /// assert_eq!(page.items.len(), 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn search<R: KvRead>(&self, reader: &R, query: &Query<D>) -> Result<Page<D>> {
        Reader::new(self, &self.docs(reader))?.search(query)
    }

    /// Returns the first document of a query, or `None`.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn one<R: KvRead>(&self, reader: &R, query: &Query<D>) -> Result<Option<Stored<D>>> {
        Reader::new(self, &self.docs(reader))?.one(query)
    }

    /// Returns all documents of a query. Its limit, offset and cursor are not used.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn all<R: KvRead>(&self, reader: &R, query: &Query<D>) -> Result<Vec<Stored<D>>> {
        let mut query = query.clone();
        (query.limit, query.offset, query.cursor) = (None, 0, None);
        Ok(self.search(reader, &query)?.items)
    }

    /// Tells whether any document matches a filter.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn exists<R: KvRead>(&self, reader: &R, filter: &Filter<D>) -> Result<bool> {
        Reader::new(self, &self.docs(reader))?.exists(filter)
    }

    /// Counts the documents that match a filter, from an index alone if one answers the whole filter.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn count<R: KvRead>(&self, reader: &R, filter: &Filter<D>) -> Result<u64> {
        Reader::new(self, &self.docs(reader))?.count(filter)
    }

    /// Visits the documents of a query one by one, until the visitor breaks or fails. Only a query
    /// that sorts without an index holds its documents in memory. Without a sort the order is that of
    /// the index or tree that is read. The cursor, the offset and the total of the query are not used.
    ///
    /// # Errors
    /// The visitor's own, and those of [`search`](Self::search).
    pub fn each<R: KvRead>(
        &self,
        reader: &R,
        query: &Query<D>,
        visit: impl FnMut(Stored<D>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        Reader::new(self, &self.docs(reader))?.each(query, visit)
    }

    /// Visits the documents of a query on several threads, in no order, while this thread reads them.
    /// After a break or a failure, documents that other threads hold are still visited.
    ///
    /// # Errors
    /// The visitor's own first, then those of [`search`](Self::search). A panic of the visitor reaches
    /// the caller.
    pub fn each_concurrent<R: KvRead>(
        &self,
        reader: &R,
        query: &Query<D>,
        threads: NonZeroUsize,
        visit: impl Fn(Stored<D>) -> Result<ControlFlow<()>> + Sync,
    ) -> Result<()> {
        Reader::new(self, &self.docs(reader))?.each_concurrent(query, threads, visit)
    }

    /// Visits the values that a field has in the documents that match a filter, in any order, without
    /// nulls. The values of a multi-valued field are visited once for each document.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn values<R: KvRead>(
        &self,
        reader: &R,
        filter: &Filter<D>,
        field: &str,
        mut visit: impl FnMut(&Value),
    ) -> Result<()> {
        Reader::new(self, &self.docs(reader))?.values(filter, field, |_, value| visit(value))
    }

    /// Returns the least value of a field, in the order of indexes, or `None` if all are null.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn min<R: KvRead>(
        &self,
        reader: &R,
        filter: &Filter<D>,
        field: &str,
    ) -> Result<Option<Value>> {
        Reader::new(self, &self.docs(reader))?.edge(filter, field, Direction::Forward)
    }

    /// Returns the greatest value of a field, in the order of indexes, or `None` if all are null.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn max<R: KvRead>(
        &self,
        reader: &R,
        filter: &Filter<D>,
        field: &str,
    ) -> Result<Option<Value>> {
        Reader::new(self, &self.docs(reader))?.edge(filter, field, Direction::Reverse)
    }

    /// Adds up the values of a field; zero if all are null. Integers are added exactly, and so are
    /// decimal numbers, whose sum is a text such as `"12.5"`.
    ///
    /// # Errors
    /// [`SumRange`](DocError::SumRange) if the sum leaves the range of its numbers,
    /// [`KindMismatch`](DocError::KindMismatch) if the field is declared to hold something else, and
    /// those of [`search`](Self::search).
    pub fn sum<R: KvRead>(&self, reader: &R, filter: &Filter<D>, field: &str) -> Result<Value> {
        Reader::new(self, &self.docs(reader))?.sum(filter, field)
    }

    /// Returns the mean of a field's values, or `None` if all are null.
    ///
    /// # Errors
    /// As [`sum`](Self::sum).
    pub fn average<R: KvRead>(
        &self,
        reader: &R,
        filter: &Filter<D>,
        field: &str,
    ) -> Result<Option<f64>> {
        Reader::new(self, &self.docs(reader))?.average(filter, field)
    }

    /// Returns the different values of a field, in the order of indexes, without null.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn distinct<R: KvRead>(
        &self,
        reader: &R,
        filter: &Filter<D>,
        field: &str,
    ) -> Result<Vec<Value>> {
        Reader::new(self, &self.docs(reader))?.distinct(filter, field)
    }

    /// Runs a query and says how it was answered: by which index, and how much was read.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn explain<R: KvRead>(&self, reader: &R, query: &Query<D>) -> Result<Explain> {
        Reader::new(self, &self.docs(reader))?.explain(query)
    }
}
