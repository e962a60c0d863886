//! The fields of one document, whatever its type.

use std::any::Any;

use arbour_core::Result;
use serde_json::Value;

use super::Body;
use super::definition::Definition;
use super::scalar::Scalar;
use super::schema::{FieldRef, Schema};

/// A document, as filters, orders and indexes see it.
pub(super) trait Fields {
    /// Returns the value of a field, or its default; null if there is none.
    fn value(&self, field: FieldRef) -> Value;

    /// Visits the values under which a field indexes the document; null if there is none.
    ///
    /// # Errors
    /// The value that the field does not allow.
    fn scalars(
        &self,
        schema: &Schema,
        field: FieldRef,
        visit: &mut dyn FnMut(&Scalar<'_>),
    ) -> Result<(), Value> {
        schema.visit_scalars(field, self.value(field), visit)
    }

    /// Returns the document itself, for a predicate on its type.
    fn body(&self) -> &dyn Any;
}

/// Decodes stored documents, whatever their type.
pub(super) trait Decode {
    /// Decodes the document at a key, and passes it to a closure.
    fn with_fields(
        &self,
        key: &[u8],
        value: &[u8],
        run: &mut dyn FnMut(&dyn Fields) -> Result<()>,
    ) -> Result<()>;

    /// Decodes the document at a key and passes it to a closure, then returns it as this program stores it
    /// in its own schema version.
    fn converted(
        &self,
        key: &[u8],
        value: &[u8],
        run: &mut dyn FnMut(&dyn Fields) -> Result<()>,
    ) -> Result<Vec<u8>>;
}

/// The fields of a document of type `D`.
struct Document<'d, D> {
    definition: &'d Definition<D>,
    body: &'d D,
}

impl<D: Body> Fields for Document<'_, D> {
    fn value(&self, field: FieldRef) -> Value {
        self.definition.value(field, self.body)
    }

    fn body(&self) -> &dyn Any {
        self.body
    }
}

impl<D: Body> Definition<D> {
    pub(super) fn fields_of<'d>(&'d self, body: &'d D) -> impl Fields + use<'d, D> {
        Document { definition: self, body }
    }
}
