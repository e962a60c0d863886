//! A field of a collection, whatever the type of the documents.

use std::any::TypeId;

use serde_json::Value;

use super::{Field, FieldKind, FieldSource};

/// A [`Field`] without the closure that may compute it.
pub(super) struct FieldSchema {
    pub(super) name: String,
    /// `None` if it is computed.
    pub(super) path: Option<Vec<String>>,
    pub(super) kind: FieldKind,
    pub(super) many: bool,
    pub(super) required: bool,
    pub(super) default: Option<Value>,
    pub(super) false_is_null: bool,
    pub(super) revision: u32,
    /// The version since which upgrades leave its value as it is.
    pub(super) unchanged_since: u32,
    /// Whether null is read where a document has nothing.
    pub(super) absent_is_null: bool,
}

impl FieldSchema {
    /// Reads a field of a collection whose documents have this schema version.
    pub(super) fn of<D: 'static>(field: &Field<D>, version: u32) -> Self {
        let path = match &field.source {
            FieldSource::Path(path) => Some(path.clone()),
            FieldSource::Computed(_) => None,
        };
        Self {
            name: field.name.clone(),
            path,
            kind: field.kind,
            many: field.many,
            required: field.required,
            default: field.default.clone(),
            false_is_null: field.false_is_null,
            revision: field.revision,
            unchanged_since: match field.unchanged_since {
                0 => version,
                since => since.min(version),
            },
            absent_is_null: field.absent_is_null || TypeId::of::<D>() == TypeId::of::<Value>(),
        }
    }
}
