//! The promise that upgrades leave a field as it is, by which programs of several schema versions share
//! an index.

use arbour_core::DecodeError;
use arbour_core::engine::document_layout::{Header, JSON_CODEC};

use super::fields::Fields;
use super::json_body::decode_members;
use super::path;
use super::schema::{FieldRef, Schema};

/// Compares the fields of a document with what its stored body has, if that is JSON of an earlier schema
/// version. Returns what is wrong, if the upgrade changes a field that is promised to stay.
///
/// # Errors
/// The stored body is no JSON.
pub(super) fn broken(
    schema: &Schema,
    stored: &[u8],
    fields: &dyn Fields,
) -> Result<Option<String>, DecodeError> {
    let (header, body) = Header::split(stored)?;
    if header.schema >= schema.version || header.codec != JSON_CODEC {
        return Ok(None);
    }
    let promised = |(number, field)| {
        let field: &super::field_schema::FieldSchema = field;
        let path = field.path.as_ref().filter(|_| field.unchanged_since <= header.schema)?;
        Some((FieldRef::Declared(number), path))
    };
    let promised: Vec<_> = schema.fields.iter().enumerate().filter_map(promised).collect();
    if promised.is_empty() {
        return Ok(None);
    }
    let members: Vec<_> = promised.iter().filter_map(|(_, path)| path.first().cloned()).collect();
    let json = decode_members(body, &members)?;
    for (field, path) in promised {
        let before = schema.completed(field, path::at(&json, path));
        let after = fields.value(field);
        if before != after {
            return Ok(Some(format!(
                "the field {:?} is declared as unchanged since a version that has {before} there and \
                 not {after}: correct the upgrade or the declaration",
                schema.field_name(field)
            )));
        }
    }
    Ok(None)
}
