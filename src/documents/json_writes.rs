//! Changing documents as JSON, whatever their type.

use arbour_core::{Error, KvWrite, Result};
use serde_json::{Map, Value};

use super::collection::Collection;
use super::{
    Body, DocError, DocId, Precondition, Stored, Written, from_json, read_id, set_at, to_json,
};

/// Changes that are given as JSON: by a request, a script, or a program that does not know the type.
impl<D: Body> Collection<D> {
    /// Changes a document as JSON, if a precondition holds, and keeps its id.
    ///
    /// # Errors
    /// [`Missing`](DocError::Missing) if there is none, the closure's own, and those of
    /// [`put_if`](Self::put_if).
    pub fn modify_json<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
        precondition: Precondition,
        change: impl FnOnce(Value) -> Result<Value>,
    ) -> Result<Written> {
        let id = id.into().into_owned();
        let Some(stored) = self.get_stored(transaction, &id)? else {
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
        self.put_if(transaction, &from_json(name, json)?, precondition)
    }

    /// Sets the top-level members of a document that are named in `changes`; `null` removes one.
    ///
    /// # Errors
    /// [`Missing`](DocError::Missing) if there is no such document.
    pub fn update_json<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
        changes: &Value,
    ) -> Result<Written> {
        let members = self.members(changes)?;
        self.modify_json(transaction, id, Precondition::Present, |json| Ok(merged(json, members)))
    }

    /// Applies a JSON merge patch (RFC 7396) to a document.
    ///
    /// # Errors
    /// [`Missing`](DocError::Missing) if there is no such document.
    pub fn patch_json<'i, W: KvWrite>(
        &self,
        transaction: &mut W,
        id: impl Into<DocId<'i>>,
        patch: &Value,
    ) -> Result<Written> {
        self.modify_json(transaction, id, Precondition::Present, |mut json| {
            json_patch::merge(&mut json, patch);
            Ok(json)
        })
    }

    /// Updates the document whose id is in `changes` as [`update_json`](Self::update_json) does, or
    /// inserts it.
    ///
    /// # Errors
    /// Those of all writes.
    pub fn upsert_json<W: KvWrite>(&self, transaction: &mut W, changes: &Value) -> Result<Written> {
        let declaration = self.declaration();
        let at_id = declaration.id_path.iter().try_fold(changes, |value, name| value.get(name));
        let id = read_id(&declaration.ids, &declaration.name, at_id)?;
        if let Some(id) = id
            && self.get_stored(transaction, &id)?.is_some()
        {
            return self.update_json(transaction, &id, changes);
        }
        let mut members = self.members(changes)?.clone();
        members.retain(|_, value| !value.is_null());
        let document = from_json(&declaration.name, members.into())?;
        self.put_if(transaction, &document, Precondition::Absent)
    }

    /// Builds the error for a document to change that does not exist.
    fn absent(&self, id: DocId<'static>, precondition: Precondition) -> Error {
        let Precondition::Revision(expected) = precondition else { return self.missing(id) };
        let collection = self.definition.name().to_owned();
        DocError::Revision { collection, id, expected, actual: 0, current: Box::default() }.into()
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
