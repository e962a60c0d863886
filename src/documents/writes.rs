//! Writing a collection: each method takes the transaction first.

use arbour_core::{Error, KvWrite, Result};
use serde_json::{Map, Value};

use super::collection::Collection;
use super::writer::Writer;
use super::{
    Body, DocError, DocId, Precondition, Stored, Written, from_json, read_id, set_at, to_json,
};

/// Each method writes the document and the entries of its indexes in the caller's transaction, or
/// fails and writes neither. Nothing is visible to others before the transaction commits.
///
/// Besides its own errors each method fails with [`Unfit`](DocError::Unfit) if the codec could
/// not read the document again, [`WrongType`](DocError::WrongType),
/// [`Required`](DocError::Required) or [`Unique`](DocError::Unique) if a field or a
/// unique index forbids it, and with what the store reports.
impl<D: Body> Collection<D> {
    /// Stores a document under the id in it, whether or not one is there, and returns its id and
    /// revision.
    ///
    /// # Errors
    /// Those of all writes.
    pub fn set<W: KvWrite>(&self, transaction: &mut W, document: &D) -> Result<Written> {
        self.put(transaction, document, Precondition::None)
    }

    /// Stores a new document and returns its id, made here if the collection makes ids.
    ///
    /// # Errors
    /// [`Exists`](DocError::Exists) if a document has the id.
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
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn insert<W: KvWrite>(&self, transaction: &mut W, document: &D) -> Result<Written> {
        self.put(transaction, document, Precondition::Absent)
    }

    /// Stores a document if a precondition holds.
    ///
    /// # Errors
    /// [`Exists`](DocError::Exists), [`Missing`](DocError::Missing) or
    /// [`Revision`](DocError::Revision), with the current document, if it does not hold.
    pub fn put<W: KvWrite>(
        &self,
        transaction: &mut W,
        document: &D,
        precondition: Precondition,
    ) -> Result<Written> {
        Writer::new(self, &mut self.docs(transaction))?.put(document, precondition)
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
        let mut docs = self.docs(transaction);
        let mut writer = Writer::new(self, &mut docs)?;
        Ok(documents.into_iter().map(|document| writer.put(document, precondition)).collect())
    }

    /// Changes a document as JSON, and keeps its id.
    ///
    /// # Errors
    /// [`Missing`](DocError::Missing) if there is none, the closure's own, and those of
    /// [`put`](Self::put).
    pub fn modify<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
        precondition: Precondition,
        change: impl FnOnce(Value) -> Result<Value>,
    ) -> Result<Written> {
        let id = id.into().into_owned();
        let Some(stored) = self.get(transaction, &id)? else {
            return Err(self.absent(id, precondition));
        };
        let Stored { id, body, .. } = stored;
        let name = self.definition.name();
        let mut json = change(to_json(name, &body)?)?;
        set_at(&mut json, &self.declaration().id_path, id.to_json());
        let precondition = match precondition {
            Precondition::None => Precondition::Present,
            other => other,
        };
        self.put(transaction, &from_json(name, json)?, precondition)
    }

    /// Sets the top-level members of a document that are named in `changes`; `null` removes one.
    ///
    /// # Errors
    /// [`Missing`](DocError::Missing) if there is no such document.
    pub fn update<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
        changes: &Value,
    ) -> Result<Written> {
        let members = self.members(changes)?;
        self.modify(transaction, id, Precondition::Present, |json| Ok(merged(json, members)))
    }

    /// Applies a JSON merge patch (RFC 7396) to a document.
    ///
    /// # Errors
    /// [`Missing`](DocError::Missing) if there is no such document.
    pub fn patch<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
        patch: &Value,
    ) -> Result<Written> {
        self.modify(transaction, id, Precondition::Present, |mut json| {
            json_patch::merge(&mut json, patch);
            Ok(json)
        })
    }

    /// Updates the document whose id is in `changes`, or inserts it.
    ///
    /// # Errors
    /// Those of all writes.
    pub fn upsert<W: KvWrite>(&self, transaction: &mut W, changes: &Value) -> Result<Written> {
        let declaration = self.declaration();
        let at_id = declaration.id_path.iter().try_fold(changes, |value, name| value.get(name));
        let id = read_id(&declaration.ids, &declaration.name, at_id)?;
        if let Some(id) = id
            && self.get(transaction, &id)?.is_some()
        {
            return self.update(transaction, &id, changes);
        }
        let mut members = self.members(changes)?.clone();
        members.retain(|_, value| !value.is_null());
        self.insert(transaction, &from_json(&declaration.name, members.into())?)
    }

    /// Removes a document, and tells whether there was one.
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) if the collection has ids of another kind.
    pub fn remove<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
    ) -> Result<bool> {
        self.delete(transaction, id, Precondition::None)
    }

    /// Removes a document if a precondition holds, and tells whether there was one.
    ///
    /// # Errors
    /// [`Missing`](DocError::Missing) or [`Revision`](DocError::Revision) if it does not
    /// hold.
    pub fn delete<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
        precondition: Precondition,
    ) -> Result<bool> {
        Writer::new(self, &mut self.docs(transaction))?.delete(id, precondition)
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
        Writer::new(self, &mut self.docs(transaction))?.change_id(from, to)
    }

    /// Builds the error for a document to change that does not exist.
    fn absent(&self, id: DocId<'static>, precondition: Precondition) -> Error {
        let collection = self.definition.name().to_owned();
        match precondition {
            Precondition::Revision(expected) => {
                DocError::Revision { collection, id, expected, actual: 0, current: Box::default() }
                    .into()
            }
            _ => DocError::Missing { collection, id }.into(),
        }
    }

    fn members<'v>(&self, changes: &'v Value) -> Result<&'v Map<String, Value>> {
        changes.as_object().ok_or_else(|| {
            self.definition.invalid(format!("changes must be an object, not {changes}"))
        })
    }
}

/// Sets the members of a document that `changes` names; null removes one.
fn merged(mut json: Value, changes: &Map<String, Value>) -> Value {
    if let Value::Object(members) = &mut json {
        for (name, value) in changes {
            if value.is_null() {
                members.remove(name);
            } else {
                members.insert(name.clone(), value.clone());
            }
        }
    }
    json
}
