//! A validated declaration with its names resolved.

use std::ops::Deref;
use std::sync::Arc;

use arbour_core::Result;
use serde_json::Value;

use super::consistency::check;
use super::schema::{FieldRef, Schema};
use super::{Body, Declaration, DocError, DocId, FieldSource, path};

/// A declaration with its names resolved.
pub(super) struct Definition<D> {
    pub(super) declaration: Declaration<D>,
    schema: Arc<Schema>,
}

impl<D> Deref for Definition<D> {
    type Target = Schema;

    fn deref(&self) -> &Schema {
        &self.schema
    }
}

impl<D: Body> Definition<D> {
    pub(super) fn new(declaration: Declaration<D>) -> Result<Self> {
        if !declaration.format.codec.can_read_back() {
            let reason = "bincode cannot read a serde_json::Value back: use JSON".to_owned();
            return Err(DocError::Invalid { collection: declaration.name, reason }.into());
        }
        let schema = Schema::of(&declaration);
        check(&schema, &declaration.indexes).map_err(|reason| schema.invalid(reason))?;
        Ok(Self { schema: schema.with_indexes(&declaration.indexes)?.into(), declaration })
    }

    /// Returns what is independent of the type of the documents.
    pub(super) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Returns the value of a field in a document, or its default.
    pub(super) fn value(&self, field: FieldRef, body: &D) -> Value {
        let declared = match field {
            FieldRef::Id => None,
            FieldRef::Declared(number) => self.declaration.fields.get(number),
        };
        let value = match declared.map(|field| &field.source) {
            None => path::at(body, &self.id_path),
            Some(FieldSource::Path(path)) => path::at(body, path),
            Some(FieldSource::Computed(compute)) => compute(body),
        };
        self.completed(field, value)
    }

    /// Reads the id in a document; `None` if it is null or the placeholder of an id to be made.
    ///
    /// # Errors
    /// [`WrongType`](DocError::WrongType) if it is not an id of this collection.
    pub(super) fn id_in(&self, body: &D) -> Result<Option<DocId<'static>>> {
        self.read_id(&path::at(body, &self.id_path))
    }

    /// Returns the JSON form of a field's value that an index returns too: the same for equal values.
    pub(super) fn plain(&self, field: FieldRef, body: &D) -> Value {
        self.plain_form(field, self.value(field, body))
    }
}
