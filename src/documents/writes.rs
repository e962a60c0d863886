//! Writing a collection: each method takes the transaction first.

use arbour_core::{Error, KvWrite, Result};

use super::any_reader::AnyTransaction;
use super::collection::Collection;
use super::{Body, DocError, DocId, Precondition, Stored, Written};

/// Each method writes the document and the entries of its indexes in the caller's transaction, or
/// fails and writes neither. Nothing is visible to others before the transaction commits.
///
/// Besides its own errors each method fails with [`Unfit`](DocError::Unfit) if the codec could
/// not read the document again, [`WrongType`](DocError::WrongType),
/// [`Required`](DocError::Required) or [`Unique`](DocError::Unique) if a field or a
/// unique index forbids it, and with what the store reports. A unique index that is
/// [deferred](super::Index::unique_deferred) forbids nothing before the commit.
impl<D: Body> Collection<D> {
    /// Stores a new document, and returns it with its id, if the collection makes ids, and with the
    /// defaults of its fields.
    ///
    /// # Errors
    /// [`Exists`](DocError::Exists) if a document has the id.
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// use arbour::prelude::*;
    ///
    /// #[derive(Serialize, Deserialize, Document)]
    /// #[document(collection = "notes")]
    /// struct Note {
    ///     #[document(id, made)]
    ///     number: u64,
    ///     text: String,
    /// }
    ///
    /// let store = arbour::open("memory:")?;
    /// let notes = store.collection::<Note>()?;
    /// let note = store.write(|transaction| {
    ///     notes.insert(transaction, Note { number: 0, text: "hello".to_owned() })
    /// })?;
    /// assert_eq!(note.number, 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn insert<W: KvWrite>(&self, transaction: &mut W, document: D) -> Result<D> {
        self.store(transaction, document, Precondition::Absent)
    }

    /// Stores a document under the id in it, whether or not one is there, and returns it as
    /// [`insert`](Self::insert) does.
    ///
    /// # Errors
    /// Those of all writes.
    pub fn put<W: KvWrite>(&self, transaction: &mut W, document: D) -> Result<D> {
        self.store(transaction, document, Precondition::None)
    }

    fn store(
        &self,
        transaction: &mut dyn AnyTransaction,
        document: D,
        precondition: Precondition,
    ) -> Result<D> {
        self.opened.prefetch(&*transaction, &|| vec![self.given_key(&document)])?;
        let put = self.with_writer(transaction, |writer| writer.put(&document, precondition));
        Ok(put?.1.unwrap_or(document))
    }

    /// Stores a document if a precondition holds, and returns its id and revision.
    ///
    /// # Errors
    /// [`Exists`](DocError::Exists), [`Missing`](DocError::Missing) or
    /// [`Revision`](DocError::Revision), with the current document, if it does not hold.
    ///
    /// ```
    /// use arbour::KvStore;
    /// use arbour::documents::{Collection, Declaration, Precondition};
    /// use serde_json::{Value, json};
    /// let store = arbour::MemoryStore::new();
    /// let notes = Collection::open(&store, Declaration::<Value>::new("notes"))?;
    /// let (first, second) = (json!({"id": "a"}), json!({"id": "a", "text": "hello"}));
    /// store.write(|transaction| {
    ///     let written = notes.put_if(transaction, &first, Precondition::Absent)?;
    ///     notes.put_if(transaction, &second, Precondition::Revision(written.revision))?;
    ///     let refused = notes.put_if(transaction, &first, Precondition::Revision(written.revision));
    ///     assert!(refused.is_err());
    ///     Ok(())
    /// })?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn put_if<W: KvWrite>(
        &self,
        transaction: &mut W,
        document: &D,
        precondition: Precondition,
    ) -> Result<Written> {
        self.opened.prefetch(&*transaction, &|| vec![self.given_key(document)])?;
        Ok(self.with_writer(transaction, |writer| writer.put(document, precondition))?.0)
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
    ) -> Result<Vec<Result<Written>>>
    where
        D: 'd,
    {
        let documents: Vec<&D> = documents.into_iter().collect();
        self.opened.prefetch(&*transaction, &|| {
            documents.iter().map(|document| self.given_key(document)).collect()
        })?;
        self.with_writer(transaction, |writer| {
            let put = |document| Ok(writer.put(document, precondition)?.0);
            Ok(documents.into_iter().map(put).collect())
        })
    }

    /// Changes a document, and returns it as it is stored. Its id stays.
    ///
    /// # Errors
    /// [`Missing`](DocError::Missing) if there is none, and [`Invalid`](DocError::Invalid) if the
    /// closure changes the id, which [`change_id`](Self::change_id) does.
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// # use arbour::prelude::*;
    /// # #[derive(Serialize, Deserialize, Document)]
    /// # #[document(collection = "counters")]
    /// # struct Counter {
    /// #     #[document(id)]
    /// #     name: String,
    /// #     count: u64,
    /// # }
    /// # let store = arbour::open("memory:")?;
    /// # let counters = store.collection::<Counter>()?;
    /// # let counter = || Counter { name: "visits".to_owned(), count: 3 };
    /// # store.write(|transaction| counters.insert(transaction, counter()))?;
    /// let counter = store.write(|transaction| {
    ///     counters.modify(transaction, "visits", |counter| counter.count += 1)
    /// })?;
    /// assert_eq!(counter.count, 4);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn modify<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
        change: impl FnOnce(&mut D),
    ) -> Result<D> {
        let id = id.into().into_owned();
        self.opened.prefetch(&*transaction, &|| vec![self.opened.key_of(&id).ok()])?;
        match self.get_stored(transaction, &id)? {
            Some(stored) => self.store_changed(transaction, stored, change),
            None => Err(self.missing(id)),
        }
    }

    /// Changes a document that was read in this transaction.
    pub(super) fn store_changed<W: KvWrite>(
        &self,
        transaction: &mut W,
        stored: Stored<D>,
        change: impl FnOnce(&mut D),
    ) -> Result<D> {
        let Stored { id, mut body, .. } = stored;
        change(&mut body);
        self.check_kept(&id, &body)?;
        self.store(transaction, body, Precondition::Present)
    }

    /// Refuses a change of the id.
    fn check_kept(&self, id: &DocId<'static>, body: &D) -> Result<()> {
        let changed = self.definition.id_in(body)?;
        if changed.as_ref() != Some(id) {
            let changed = changed.map_or_else(|| "none".to_owned(), |id| format!("\"{id}\""));
            let reason = format!(
                "the change of document \"{id}\" gives it the id {changed}: leave the id as it is, or \
                 call change_id"
            );
            return Err(self.definition.invalid(reason));
        }
        Ok(())
    }

    /// Inserts a document, or changes the one that has its id; returns what is stored.
    ///
    /// # Errors
    /// As [`modify`](Self::modify).
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// # use arbour::prelude::*;
    /// # #[derive(Clone, Serialize, Deserialize, Document)]
    /// # #[document(collection = "counters")]
    /// # struct Counter {
    /// #     #[document(id)]
    /// #     name: String,
    /// #     count: u64,
    /// # }
    /// # let store = arbour::open("memory:")?;
    /// # let counters = store.collection::<Counter>()?;
    /// for _ in 0..3 {
    ///     store.write(|transaction| {
    ///         let first = Counter { name: "visits".to_owned(), count: 1 };
    ///         counters.upsert(transaction, first, |counter| counter.count += 1)
    ///     })?;
    /// }
    /// assert_eq!(counters.get(&store.snapshot()?, "visits")?.unwrap().count, 3);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn upsert<W: KvWrite>(
        &self,
        transaction: &mut W,
        document: D,
        change: impl FnOnce(&mut D),
    ) -> Result<D> {
        let id = self.definition.id_in(&document)?;
        self.opened.prefetch(&*transaction, &|| vec![self.given_key(&document)])?;
        let stored = match &id {
            Some(id) => self.get_stored(transaction, id)?,
            None => None,
        };
        match stored {
            Some(stored) => self.store_changed(transaction, stored, change),
            None => self.insert(transaction, document),
        }
    }

    /// Deletes a document, and tells whether there was one.
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) if the collection has ids of another kind.
    pub fn delete<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
    ) -> Result<bool> {
        self.delete_if(transaction, id, Precondition::None)
    }

    /// Deletes a document if a precondition holds, and tells whether there was one.
    ///
    /// # Errors
    /// [`Missing`](DocError::Missing) or [`Revision`](DocError::Revision) if it does not
    /// hold.
    pub fn delete_if<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
        precondition: Precondition,
    ) -> Result<bool> {
        let id = id.into();
        // The highest id is noted before it is removed, so it is read as for one that is made.
        self.opened.prefetch(&*transaction, &|| vec![self.opened.key_of(&id).ok(), None])?;
        self.with_writer(transaction, |writer| writer.delete(id, precondition))
    }

    /// Gives a document another id, with a new revision.
    ///
    /// # Errors
    /// [`Missing`](DocError::Missing) if there is none, [`Exists`](DocError::Exists) if the
    /// new id is taken.
    pub fn change_id<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        from: impl Into<DocId<'i>>,
        to: impl Into<DocId<'i>>,
    ) -> Result<Written> {
        self.with_writer(transaction, |writer| writer.change_id(from, to))
    }

    /// Builds the error for a document to change that does not exist.
    pub(super) fn missing(&self, id: DocId<'static>) -> Error {
        DocError::Missing { collection: self.definition.name().to_owned(), id }.into()
    }
}
