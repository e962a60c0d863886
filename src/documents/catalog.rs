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
    /// The schema version in which documents are written.
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
    /// The upgrade that was begun and is not finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) upgrade: Option<Upgrade>,
}

/// How far the upgrade of a collection to a higher schema version is. As long as the record has an
/// earlier version, documents are checked; from then on they are converted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upgrade {
    /// The new version.
    pub(super) to: u32,
    /// The key of the last document that was checked or converted, in hexadecimal digits; empty at the
    /// start.
    pub(super) after: String,
    /// How many documents were checked or converted.
    pub(super) done: u64,
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
    /// once if the collection is empty. Indexes that are not declared stay. In a store at an earlier
    /// schema version, nothing changes but for indexes that this version has too. An index whose keys may
    /// be longer than those of the store is built anew.
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) if the ids have another type; [`Upgraded`](DocError::Upgraded) if
    /// the store is at a higher schema version; [`Dropping`](DocError::Dropping).
    pub(super) fn declared(
        schema: &Schema,
        before: Option<&Self>,
        is_empty: bool,
        key_bytes_max: usize,
    ) -> Result<Self> {
        let ids = schema.ids.expected().to_owned();
        if let Some(before) = before {
            before.check(schema, &ids)?;
        }
        let mut record = match before {
            Some(before) if before.schema < schema.version => {
                Self { feed: schema.feed, ..before.clone() }
            }
            _ => Self {
                ids,
                id_path: schema.id_path.clone(),
                schema: schema.version,
                feed: schema.feed,
                indexes: before.map_or_else(Vec::new, |before| before.indexes.clone()),
                dropped: before.map_or_else(Vec::new, |before| before.dropped.clone()),
                fields: schema.fields.iter().map(FieldRecord::of).collect(),
                is_dropping: false,
                upgrade: before.and_then(|before| before.upgrade.clone()),
            },
        };
        let version = record.schema;
        for index in schema.indexes.iter().filter(|index| index.since <= version) {
            record.declare(schema, index, is_empty, key_bytes_max);
        }
        Ok(record)
    }

    /// Returns the record after the switch to the schema version of a declaration. Indexes that this
    /// version does not declare and no longer has the values of are dropped: no program of an earlier
    /// version can open the collection any more.
    pub(super) fn upgraded(&self, schema: &Schema, key_bytes_max: usize) -> Result<Self> {
        let before = Self { schema: schema.version, ..self.clone() };
        let mut record = Self::declared(schema, Some(&before), false, key_bytes_max)?;
        record.upgrade = Some(Upgrade::to(schema.version));
        let is_lost = |index: &&IndexRecord| !index.versions().contains(&schema.version);
        let lost = record.indexes.iter().filter(is_lost).map(|index| index.name.clone());
        let lost: Vec<String> = lost.collect();
        for name in lost {
            record.drop_index(&name);
        }
        Ok(record)
    }

    /// Tells whether a write by a program of this schema version has to be noted, because an upgrade
    /// checks the documents and only programs of the new version know whether it can read what was
    /// written.
    pub(super) fn is_noted(&self, schema: &Schema) -> bool {
        let upgrade = self.upgrade.as_ref();
        upgrade.is_some_and(|upgrade| self.schema < upgrade.to && schema.version < upgrade.to)
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
        self.check_version(schema)
    }

    /// Refuses a program of an earlier schema version.
    fn check_version(&self, schema: &Schema) -> Result<()> {
        if self.schema <= schema.version {
            return Ok(());
        }
        let collection = schema.name().to_owned();
        Err(DocError::Upgraded { collection, stored: self.schema, known: schema.version }.into())
    }

    /// Records a declared index, unless it is recorded already.
    fn declare(
        &mut self,
        schema: &Schema,
        index: &IndexDefinition,
        is_empty: bool,
        key_bytes_max: usize,
    ) {
        let version = self.schema;
        let record = |name| IndexRecord::new(schema, index, version, name, key_bytes_max);
        if let Some(known) = self.indexes.iter_mut().find(|known| known.is_of(index)) {
            let declared = record(known.name.clone());
            if known.key_bytes_max() > declared.key_bytes_max() {
                *known = declared;
            } else {
                known.declare_as(declared);
            }
            return;
        }
        // Programs of an earlier schema version than that of the store can no longer open the collection,
        // and an earlier rule for words is that of an earlier version of Arbour.
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

    /// Refuses a program that cannot follow the stored declaration, because it would not record its
    /// changes or has an earlier schema version.
    ///
    /// # Errors
    /// [`Redeclared`](DocError::Redeclared), [`Upgraded`](DocError::Upgraded),
    /// [`Dropping`](DocError::Dropping).
    pub(super) fn check_fits(&self, schema: &Schema) -> Result<()> {
        if self.is_dropping {
            return Err(dropping(schema.name()));
        }
        self.check_version(schema)?;
        if self.feed == schema.feed { Ok(()) } else { Err(redeclared(schema)) }
    }
}

impl Upgrade {
    /// An upgrade to a version that has done nothing yet.
    pub(super) fn to(version: u32) -> Self {
        Self { to: version, after: String::new(), done: 0 }
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
