//! The catalog: how a collection was declared, and the states of its indexes.

use arbour_core::engine::document_layout::{CATALOG_TREE, FORMAT};
use arbour_core::{DecodeError, EncodeError, Error, Result, Tree};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::any_reader::AnyTransaction;
use super::field_schema::FieldSchema;
use super::index_record::IndexRecord;
use super::schema::{IndexDefinition, Schema};
use super::{DocError, IndexState, steps};
use crate::key::Key as _;

/// The stored record of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The type of the ids, as error messages name it.
    pub(super) ids: String,
    /// The path of the id in a document.
    pub(super) id_path: Vec<String>,
    /// The schema version of bodies.
    pub(super) schema: u32,
    /// Whether changes are recorded.
    pub(super) feed: bool,
    /// The indexes of all programs, in the order in which they were first declared.
    pub(super) indexes: Vec<IndexRecord>,
    /// Indexes that were dropped but may still have entries.
    pub(super) dropped: Vec<String>,
    /// The declared fields, for [lists](super::StoredCollection) and for programs without the type.
    /// Earlier records have none.
    #[serde(default)]
    pub(super) fields: Vec<FieldRecord>,
    /// Whether the collection is being dropped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_dropping: bool,
}

/// The stored record of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FieldRecord {
    pub(super) name: String,
    /// Its path; `None` if it is computed.
    pub(super) path: Option<String>,
    /// The name of its kind. Text, because a program must be able to read the kinds of a later one.
    pub(super) kind: String,
    pub(super) many: bool,
    /// Its default; null if there is none. Earlier records lack this and what follows.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(super) default: Value,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) required: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) false_is_null: bool,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) revision: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl FieldRecord {
    fn of(field: &FieldSchema) -> Self {
        Self {
            name: field.name.clone(),
            path: field.path.as_deref().map(steps::joined),
            kind: format!("{:?}", field.kind),
            many: field.many,
            default: field.default.clone().unwrap_or_default(),
            required: field.required,
            false_is_null: field.false_is_null,
            revision: field.revision,
        }
    }
}

/// Returns the key of a collection's record.
pub(super) fn key(collection: &str) -> Vec<u8> {
    ("collection", collection).to_key_bytes()
}

/// Decodes the record of a collection.
pub(super) fn decode(bytes: &[u8]) -> Result<Record, DecodeError> {
    match bytes.split_first() {
        Some((&FORMAT, json)) => serde_json::from_slice(json).map_err(|cause| {
            DecodeError::new("the record of a collection", cause.to_string()).with_source(cause)
        }),
        Some((format, _)) => Err(DecodeError::new("format 1", format!("format {format}"))),
        None => Err(DecodeError::new("the record of a collection", "no bytes")),
    }
}

/// Encodes the record of a collection.
pub(super) fn encode(record: &Record, key: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = vec![FORMAT];
    serde_json::to_writer(&mut bytes, record).map_err(|cause| {
        EncodeError::new(cause.to_string()).with_source(cause).into_error(CATALOG_TREE, key)
    })?;
    Ok(bytes)
}

/// Stores the record of a collection.
pub(super) fn save(
    transaction: &mut dyn AnyTransaction,
    tree: &Tree,
    key: &[u8],
    record: &Record,
) -> Result<()> {
    transaction.put(tree, key, &encode(record, key)?)
}

impl Record {
    /// Returns the record after a declaration, given the record before. A new index is readable at
    /// once if the collection is empty. Indexes that are not declared stay.
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) if the ids have another type, or bodies have a newer version;
    /// [`Dropping`](DocError::Dropping).
    pub(super) fn declared(schema: &Schema, before: Option<&Self>, is_empty: bool) -> Result<Self> {
        let ids = schema.ids.expected().to_owned();
        if let Some(before) = before {
            before.check(schema, &ids)?;
        }
        let mut record = Self {
            ids,
            id_path: schema.id_path.clone(),
            schema: schema.version,
            feed: schema.feed,
            indexes: before.map_or_else(Vec::new, |before| before.indexes.clone()),
            dropped: before.map_or_else(Vec::new, |before| before.dropped.clone()),
            fields: schema.fields.iter().map(FieldRecord::of).collect(),
            is_dropping: false,
        };
        for index in &schema.indexes {
            record.declare(schema, index, is_empty);
        }
        Ok(record)
    }

    /// Refuses a declaration that cannot follow the stored one.
    fn check(&self, schema: &Schema, ids: &str) -> Result<()> {
        if self.is_dropping {
            return Err(dropping(schema.name()));
        }
        if self.ids != ids {
            return Err(schema.invalid(format!(
                "the stored documents have {} as their id, and {ids} is declared: declare ids as before",
                self.ids
            )));
        }
        let version = schema.version;
        if self.schema > version {
            return Err(schema.invalid(format!(
                "the store is at schema version {}, and this program at {version}: upgrade the program",
                self.schema
            )));
        }
        Ok(())
    }

    /// Records a declared index, unless it is recorded already.
    fn declare(&mut self, schema: &Schema, index: &IndexDefinition, is_empty: bool) {
        let record = |name: String| IndexRecord::new(schema, index, name);
        if let Some(known) = self.indexes.iter_mut().find(|known| known.is_of(index)) {
            return known.declare_as(record(known.name.clone()));
        }
        // Programs of an earlier schema version can no longer open the collection, and an earlier rule
        // for words is that of an earlier version of Arbour.
        let is_replaced = |known: &&mut IndexRecord| known.is_of_earlier_version(index);
        if let Some(known) = self.indexes.iter_mut().find(is_replaced) {
            *known = record(known.name.clone());
            return;
        }
        let name = self.free_name(&index.name);
        let mut record = record(name.clone());
        // A dropped index may have left entries, and so may a numbered one: an earlier version of
        // Arbour does not maintain what its program does not declare.
        if is_empty && name == index.name && !self.dropped.contains(&name) {
            record.state = IndexState::Readable;
        }
        self.dropped.retain(|dropped| *dropped != name);
        self.indexes.push(record);
    }

    /// Returns the name for the record of an index that is declared under a name.
    fn free_name(&self, declared: &str) -> String {
        let is_free = |name: &String| self.indexes.iter().all(|index| index.name != *name);
        let numbered = (2_usize..).map(|number| format!("{declared}/{number}"));
        std::iter::once(declared.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
    }

    /// Returns the place of a declared index in the record; `None` if it was dropped.
    pub(super) fn place_of(&self, index: &IndexDefinition) -> Option<usize> {
        self.indexes.iter().position(|known| known.is_of(index))
    }

    /// Removes an index from the record, and notes that its entries are to be removed. Returns
    /// whether there are any.
    pub(super) fn drop_index(&mut self, name: &str) -> bool {
        let is_dropped = self.dropped.iter().any(|dropped| dropped == name);
        let Some(place) = self.indexes.iter().position(|index| index.name == name) else {
            return is_dropped;
        };
        self.indexes.remove(place);
        if !is_dropped {
            self.dropped.push(name.to_owned());
        }
        true
    }

    /// Refuses a program that cannot write to the collection, because it would not record its changes or
    /// stores bodies of an earlier schema version.
    ///
    /// # Errors
    /// [`Redeclared`](DocError::Redeclared), [`Dropping`](DocError::Dropping).
    pub(super) fn check_fits(&self, schema: &Schema) -> Result<()> {
        if self.is_dropping {
            return Err(dropping(schema.name()));
        }
        let is_known = self.schema <= schema.version || schema.indexes.is_empty();
        if self.feed == schema.feed && is_known { Ok(()) } else { Err(redeclared(schema)) }
    }
}

/// Builds the error for a collection that is being dropped.
#[cold]
pub(super) fn dropping(collection: &str) -> Error {
    DocError::Dropping { collection: collection.to_owned() }.into()
}

/// Builds the error for a collection whose stored declaration this program cannot follow.
#[cold]
pub(super) fn redeclared(schema: &Schema) -> Error {
    DocError::Redeclared { collection: schema.name().to_owned() }.into()
}
