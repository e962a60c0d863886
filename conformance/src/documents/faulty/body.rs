//! Faults of what is written: the ids in documents, and the results of changes.

use arbour::Result;
use arbour::documents::{Body, Declaration, DocId, Filter, Ids, from_json, set_at, to_json};
use arbour_core::KvRead;
use serde_json::{Map, Value};

use super::declaration::at;
use super::{DocFault, FaultyReader};
use crate::documents::{Query, TestReader};

/// Gives a document a wrong id; `None` if that is not the fault.
pub(super) fn with_other_id<D: Body, R: KvRead>(
    stored: &FaultyReader<'_, D, R>,
    body: &D,
) -> Result<Option<D>> {
    let declaration = &stored.collection.declaration;
    let mut json = to_json(&declaration.name, body)?;
    let id = at(&json, &declaration.id_path);
    let id = match (stored.collection.fault, &declaration.ids, id) {
        (Some(DocFault::AbsentIdIsUndefined), Ids::Chosen, Value::Null) => "undefined".into(),
        (Some(DocFault::NumberIsTextId), Ids::Chosen, Value::Number(number)) => {
            number.to_string().into()
        }
        (Some(DocFault::UuidsUnsorted), Ids::Uuid, Value::Null) => {
            stored.collection.memory.descending_uuid().into()
        }
        (Some(DocFault::IntegerIdsReused), Ids::Integer, Value::Null) => {
            let last = Query::new(Filter::All).descending(&declaration.id_name()).limit(1);
            match stored.one(&last)?.map(|last| last.id) {
                Some(DocId::Integer(last)) => last.saturating_add(1).into(),
                _ => 1.into(),
            }
        }
        _ => return Ok(None),
    };
    set_at(&mut json, &declaration.id_path, id);
    from_json(&declaration.name, json).map(Some)
}

/// Returns the id in a document, if it is valid.
pub(super) fn id_in<D: Body>(
    declaration: &Declaration<D>,
    body: &D,
) -> Result<Option<DocId<'static>>> {
    let json = to_json(&declaration.name, body)?;
    Ok(declaration.ids.read(at(&json, &declaration.id_path)).unwrap_or_default())
}

/// Applies an update to a document, or the fault instead.
pub(super) fn updated(
    fault: Option<DocFault>,
    mut json: Value,
    changes: &Map<String, Value>,
) -> Value {
    let Value::Object(members) = &mut json else { return json };
    match fault {
        Some(DocFault::UpdateReplaces) => return changes.clone().into(),
        Some(DocFault::UpdateMergesDeep) => return patched(json, &changes.clone().into()),
        _ => {}
    }
    for (name, value) in changes {
        if value.is_null() && fault != Some(DocFault::UpdateKeepsNull) {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    json
}

/// Applies a merge patch to a document, or the fault instead.
pub(super) fn patched(json: Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let mut members = match json {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for (name, change) in changes {
        match members.remove(name) {
            _ if change.is_null() => {}
            old => {
                members.insert(name.clone(), patched(old.unwrap_or_default(), change));
            }
        }
    }
    members.into()
}
