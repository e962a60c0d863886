//! Whether a declaration contradicts itself.

use std::collections::HashSet;

use arbour_core::engine::TreeName;
use arbour_core::engine::document_layout::NAME_BYTES_MAX;
use serde_json::Value;

use super::field_schema::FieldSchema;
use super::schema::Schema;
use super::{Ids, Index, steps};

/// Returns what is wrong with a declaration, apart from the fields of its indexes.
pub(super) fn check(schema: &Schema, indexes: &[Index]) -> Result<(), String> {
    let id_name = &schema.id_name;
    check_name("collection", &schema.name)?;
    if schema.id_path.iter().any(String::is_empty) {
        return Err(format!("the path {id_name:?} to the id has an empty name in it"));
    }
    if schema.id_path.iter().any(|name| name.ends_with(steps::EACH)) {
        return Err(format!(
            "the path {id_name:?} leads to many values, and a document has one id"
        ));
    }
    if let (Some(placeholder), false) = (&schema.placeholder, schema.ids.are_made()) {
        return Err(format!(
            "{placeholder} stands for an id to be made, but the program chooses the ids: remove the \
             placeholder, or declare ids that are made"
        ));
    }
    let mut names = HashSet::new();
    for field in &schema.fields {
        if !names.insert(&field.name) {
            return Err(format!("two fields are named {:?}: rename one", field.name));
        }
        if let Some(path) = &field.path
            && path.iter().any(String::is_empty)
        {
            return Err(format!("the field {:?} has an empty name in its path", field.name));
        }
        check_arrays(field)?;
        if let Some(default) = &field.default {
            let values = match default {
                Value::Array(values) if field.many => values.as_slice(),
                value => std::slice::from_ref(value),
            };
            if !values.iter().all(|value| field.kind.admits(value)) {
                let expected = field.kind.expected();
                return Err(format!(
                    "the default of {:?} must be {expected}, not {default}",
                    field.name
                ));
            }
        }
    }
    if let Ids::Slug { field } = &schema.ids
        && !names.contains(field)
    {
        return Err(format!(
            "ids are slugs of {field:?}, which is not declared: declare that field"
        ));
    }
    let mut names = HashSet::new();
    for index in indexes {
        check_name("index", &index.name)?;
        if !names.insert(&index.name) {
            return Err(format!("two indexes are named {:?}: rename one", index.name));
        }
    }
    Ok(())
}

/// Checks a field whose path leads to each element of an array.
fn check_arrays(field: &FieldSchema) -> Result<(), String> {
    let (name, Some(path)) = (&field.name, &field.path) else { return Ok(()) };
    if path.iter().any(|step| step.ends_with(']') && step != steps::EACH) {
        return Err(format!(
            "the path {:?} of the field {name:?} leads to one element of an array: `[]` leads to each, \
             and a computed field to one",
            steps::joined(path)
        ));
    }
    if steps::leads_to_many(path) && field.default.is_some() {
        return Err(format!(
            "the field {name:?} has a value for each element of an array, and no place for a \
             default: remove the default"
        ));
    }
    if steps::leads_to_many(path) && !field.many {
        return Err(format!(
            "the field {name:?} leads to each element of an array: keep it `many`"
        ));
    }
    Ok(())
}

/// Checks a name that becomes part of the name of a tree.
fn check_name(what: &str, name: &str) -> Result<(), String> {
    let refused = |reason: &str| Err(format!("the name {name:?} of a {what} {reason}"));
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return refused(&format!("must have 1 to {NAME_BYTES_MAX} bytes"));
    }
    if name.contains('/') || TreeName::stored(name).is_err() {
        return refused("must have no slash and no NUL in it");
    }
    Ok(())
}
