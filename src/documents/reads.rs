//! Reading a collection: each method takes the snapshot or transaction first.

use arbour_core::{KvRead, Result};
use serde_json::Value;

#[cfg(doc)]
use super::DocError;
use super::collection::Collection;
use super::{Body, DocId, Filter, Selection, Stored};

/// Each method reads at the moment of the snapshot, or what the transaction sees, its own writes
/// included. All fail with [`Undecodable`](DocError::Undecodable) if a document cannot be read,
/// [`TooNew`](DocError::TooNew) if a newer program wrote it, and with what the store reports.
impl<D: Body> Collection<D> {
    /// Gets a document by its id, or `None` if there is none. A body of an older schema version is
    /// upgraded.
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) if the collection has ids of another kind.
    pub fn get<'i, R: KvRead>(&self, reader: &R, id: impl Into<DocId<'i>>) -> Result<Option<D>> {
        Ok(self.get_stored(reader, id)?.map(|stored| stored.body))
    }

    /// Gets a document with its revision, as [`get`](Self::get) does.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_stored<'i, R: KvRead>(
        &self,
        reader: &R,
        id: impl Into<DocId<'i>>,
    ) -> Result<Option<Stored<D>>> {
        self.get_at(self.opened.docs(reader), &self.opened.key_of(&id.into())?)
    }

    /// Gets several documents by their ids, in the order of the ids; `None` for each that is absent.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_many<'i, R: KvRead, I: Into<DocId<'i>>>(
        &self,
        reader: &R,
        ids: impl IntoIterator<Item = I>,
    ) -> Result<Vec<Option<D>>> {
        let id_keys = ids.into_iter().map(|id| self.opened.key_of(&id.into()));
        let id_keys = id_keys.collect::<Result<Vec<_>>>()?;
        let docs = self.opened.docs(reader);
        docs.prefetch(&|| id_keys.clone())?;
        let stored = id_keys.iter().map(|key| self.get_at(docs, key));
        stored.map(|stored| Ok(stored?.map(|stored| stored.body))).collect()
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
    ) -> Result<Option<D>> {
        let stored = self.with_reader(reader, |reader| reader.get_by(field, value))?;
        Ok(stored.map(|stored| stored.body))
    }

    /// Selects the documents that match a filter. Nothing is read yet: the [`Selection`] says how to
    /// go on.
    ///
    /// ```
    /// use arbour::KvStore;
    /// use arbour::documents::{Collection, Declaration, Field, Filter, Index};
    /// use serde_json::{Value, json};
    /// let store = arbour::MemoryStore::new();
    /// let declaration = Declaration::<Value>::new("notes").field(Field::path("shelf"));
    /// let notes = Collection::open(&store, declaration.index(Index::on("shelf")))?;
    /// store.write(|transaction| notes.insert(transaction, json!({"id": "a", "shelf": 3})))?;
    ///
    /// let snapshot = store.snapshot()?;
    /// let page = notes.find(Filter::eq("shelf", 3)).limit(10).page(&snapshot)?;
    /// assert_eq!(page.items, [json!({"id": "a", "shelf": 3})]);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn find(&self, filter: Filter<D>) -> Selection<D> {
        Selection::new(self, filter)
    }

    /// Selects all documents.
    #[must_use]
    pub fn all(&self) -> Selection<D> {
        self.find(Filter::All)
    }
}
