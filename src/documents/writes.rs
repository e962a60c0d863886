//! Writing a collection: each method takes the transaction first.

use arbour_core::KvWrite;
use arbour_core::documents::{
    DocCollection as _, DocId, DocResult, DocWrite as _, Document, Precondition, Written,
};
use serde_json::Value;

use super::collection::Collection;

/// Each method writes the document and the entries of its indexes in the caller's transaction, or
/// fails and writes neither. Nothing is visible to others before the transaction commits.
///
/// Besides its own errors each method fails with [`Unfit`](super::DocError::Unfit) if the codec could
/// not read the document again, [`WrongType`](super::DocError::WrongType),
/// [`Required`](super::DocError::Required) or [`Unique`](super::DocError::Unique) if a field or a
/// unique index forbids it, and with what the store reports.
impl<D: Document> Collection<D> {
    /// Stores a document under the id in it, whether or not one is there, and returns its id and
    /// revision.
    ///
    /// # Errors
    /// Those of all writes.
    pub fn set<W: KvWrite>(&self, transaction: &mut W, document: &D) -> DocResult<Written> {
        self.writer(transaction)?.set(document)
    }

    /// Stores a new document and returns its id, made here if the collection makes ids.
    ///
    /// # Errors
    /// [`Exists`](super::DocError::Exists) if a document has the id.
    ///
    /// ```
    /// use arbour::KvStore;
    /// use arbour::documents::{Collection, Declaration};
    /// use serde_json::{Value, json};
    /// let store = arbour::MemoryStore::new();
    /// let notes = Collection::open(&store, Declaration::<Value>::new("notes"))?;
    /// store.write(|transaction| {
    ///     notes.insert(transaction, &json!({"id": "a", "text": "hello"}))?;
    ///     notes.update(transaction, "a", &json!({"read": true}))
    /// })?;
    /// assert_eq!(notes.get(&store.snapshot()?, "a")?.unwrap().body["read"], true);
    /// # Ok::<(), arbour::documents::DocError>(())
    /// ```
    pub fn insert<W: KvWrite>(&self, transaction: &mut W, document: &D) -> DocResult<Written> {
        self.writer(transaction)?.insert(document)
    }

    /// Stores a document if a precondition holds.
    ///
    /// # Errors
    /// [`Exists`](super::DocError::Exists), [`Missing`](super::DocError::Missing) or
    /// [`Revision`](super::DocError::Revision), with the current document, if it does not hold.
    pub fn put<W: KvWrite>(
        &self,
        transaction: &mut W,
        document: &D,
        precondition: Precondition,
    ) -> DocResult<Written> {
        self.writer(transaction)?.put(document, precondition)
    }

    /// Stores several documents, and returns for each its id or why it was refused. Quicker than one
    /// call for each. The caller decides whether a refusal ends the transaction.
    ///
    /// # Errors
    /// What the store reports before the first document.
    pub fn put_many<'d, W: KvWrite>(
        &self,
        transaction: &mut W,
        documents: impl IntoIterator<Item = &'d D>,
        precondition: Precondition,
    ) -> DocResult<Vec<DocResult<Written>>>
    where
        D: 'd,
    {
        Ok(self.writer(transaction)?.bulk(documents, precondition))
    }

    /// Changes a document as JSON, and keeps its id.
    ///
    /// # Errors
    /// [`Missing`](super::DocError::Missing) if there is none, the closure's own, and those of
    /// [`put`](Self::put).
    pub fn modify<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
        precondition: Precondition,
        change: impl FnOnce(Value) -> DocResult<Value>,
    ) -> DocResult<Written> {
        self.writer(transaction)?.modify(id, precondition, change)
    }

    /// Sets the top-level members of a document that are named in `changes`; `null` removes one.
    ///
    /// # Errors
    /// [`Missing`](super::DocError::Missing) if there is no such document.
    pub fn update<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
        changes: &Value,
    ) -> DocResult<Written> {
        self.writer(transaction)?.update(id, changes)
    }

    /// Applies a JSON merge patch (RFC 7396) to a document.
    ///
    /// # Errors
    /// [`Missing`](super::DocError::Missing) if there is no such document.
    pub fn patch<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
        patch: &Value,
    ) -> DocResult<Written> {
        self.writer(transaction)?.patch(id, patch)
    }

    /// Updates the document whose id is in `changes`, or inserts it.
    ///
    /// # Errors
    /// Those of all writes.
    pub fn upsert<W: KvWrite>(&self, transaction: &mut W, changes: &Value) -> DocResult<Written> {
        self.writer(transaction)?.upsert(changes)
    }

    /// Removes a document, and tells whether there was one.
    ///
    /// # Errors
    /// [`Invalid`](super::DocError::Invalid) if the collection has ids of another kind.
    pub fn remove<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
    ) -> DocResult<bool> {
        self.writer(transaction)?.remove(id)
    }

    /// Removes a document if a precondition holds, and tells whether there was one.
    ///
    /// # Errors
    /// [`Missing`](super::DocError::Missing) or [`Revision`](super::DocError::Revision) if it does not
    /// hold.
    pub fn delete<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
        precondition: Precondition,
    ) -> DocResult<bool> {
        self.writer(transaction)?.delete(id, precondition)
    }

    /// Gives a document another id, with a new revision.
    ///
    /// # Errors
    /// [`Missing`](super::DocError::Missing) if there is none, [`Exists`](super::DocError::Exists) if the
    /// new id is taken.
    pub fn change_id<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        from: impl Into<DocId<'i>>,
        to: impl Into<DocId<'i>>,
    ) -> DocResult<Written> {
        self.writer(transaction)?.change_id(from, to)
    }
}
