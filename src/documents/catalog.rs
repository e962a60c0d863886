//! The catalog: how a collection was declared, and the states of its indexes.

use std::sync::Arc;

use arbour_core::engine::document_layout::{CATALOG_TREE, FORMAT};
use arbour_core::{DecodeError, EncodeError, Error, KvRead, KvWrite, Result, Tree};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::definition::Definition;
use super::{Body, DocError, Field, FieldSource, IndexState, steps};
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
    /// The indexes, in the order of their declaration.
    pub(super) indexes: Vec<IndexRecord>,
    /// Indexes that are no longer declared but still have entries.
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
    fn of<D>(field: &Field<D>) -> Self {
        Self {
            name: field.name.clone(),
            path: match &field.source {
                FieldSource::Path(path) => Some(steps::joined(path)),
                FieldSource::Computed(_) => None,
            },
            kind: format!("{:?}", field.kind),
            many: field.many,
            default: field.default.clone().unwrap_or_default(),
            required: field.required,
            false_is_null: field.false_is_null,
            revision: field.revision,
        }
    }
}

/// The stored record of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IndexRecord {
    pub(super) name: String,
    pub(super) fingerprint: String,
    pub(super) state: IndexState,
    /// The progress of its build.
    pub(super) build: Build,
}

/// The progress of building an index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Build {
    /// Whether the entries of an earlier declaration have been removed.
    pub(super) is_cleared: bool,
    /// The key of the last document whose entries were added, in hexadecimal digits; empty at the
    /// start.
    pub(super) after: String,
    /// How many documents are done.
    pub(super) done: u64,
}

/// A record with its encoded bytes, by which an unchanged record is recognized.
#[derive(Debug)]
pub(super) struct Known {
    bytes: Vec<u8>,
    pub(super) record: Record,
}

impl Known {
    pub(super) fn state(&self, index: usize) -> IndexState {
        self.record.indexes.get(index).map_or(IndexState::Disabled, |index| index.state)
    }

    /// Tells whether the entries of an index can conflict with a document. They cannot until the
    /// entries of an earlier declaration are removed.
    pub(super) fn is_checked(&self, index: usize) -> bool {
        let index = self.record.indexes.get(index);
        index.is_some_and(|index| index.state.is_complete() || index.build.is_cleared)
    }

    /// Returns the key of the last document in an index that is being built; `None` if it contains
    /// none, or may still contain entries of an earlier declaration.
    pub(super) fn built_up_to(&self, index: usize) -> Option<Vec<u8>> {
        let build = &self.record.indexes.get(index)?.build;
        (build.is_cleared && !build.after.is_empty()).then(|| bytes_of(&build.after))
    }
}

/// Returns the key of a collection's record.
pub(super) fn key(collection: &str) -> Vec<u8> {
    ("collection", collection).to_key_bytes()
}

/// Reads the record of a collection; returns `last` if it has not changed.
pub(super) fn load<D: Body, R: KvRead>(
    definition: &Definition<D>,
    reader: &R,
    tree: &Tree,
    key: &[u8],
    last: Option<&Arc<Known>>,
) -> Result<Option<Arc<Known>>> {
    let read = reader.get_with(tree, key, |bytes| match last {
        Some(last) if last.bytes == bytes => Ok(Arc::clone(last)),
        _ => decode(bytes).map(|record| Arc::new(Known { bytes: bytes.to_vec(), record })),
    })?;
    let read = read.transpose();
    read.map_err(|cause| super::entries::undecodable(definition.name(), CATALOG_TREE, key, cause))
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

/// Stores the record of a collection.
pub(super) fn save<W: KvWrite>(
    transaction: &mut W,
    tree: &Tree,
    key: &[u8],
    record: &Record,
) -> Result<()> {
    let mut bytes = vec![FORMAT];
    serde_json::to_writer(&mut bytes, record).map_err(|cause| {
        EncodeError::new(cause.to_string()).with_source(cause).into_error(CATALOG_TREE, key)
    })?;
    transaction.put(tree, key, &bytes)
}

impl Record {
    /// Returns the record after a declaration, given the record before. A new index is readable at
    /// once if the collection is empty.
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) if the ids have another type, or bodies have a newer version;
    /// [`Dropping`](DocError::Dropping).
    pub(super) fn declared<D: Body>(
        definition: &Definition<D>,
        before: Option<&Self>,
        is_empty: bool,
    ) -> Result<Self> {
        let declaration = &definition.declaration;
        let ids = declaration.ids.expected().to_owned();
        if before.is_some_and(|before| before.is_dropping) {
            return Err(dropping(definition));
        }
        if let Some(before) = before
            && before.ids != ids
        {
            return Err(definition.invalid(format!(
                "the stored documents have {} as their id, and {ids} is declared: declare ids as before",
                before.ids
            )));
        }
        if let Some(before) = before
            && before.schema > declaration.format.schema
        {
            return Err(definition.invalid(format!(
                "the store is at schema version {}, and this program at {}: upgrade the program",
                before.schema, declaration.format.schema
            )));
        }
        let old = before.map_or(&[][..], |before| &before.indexes);
        let dropped = before.map_or(&[][..], |before| &before.dropped);
        // An index that was declared differently, or was dropped, may have left entries.
        let is_new =
            |name: &String| !dropped.contains(name) && old.iter().all(|index| index.name != *name);
        let indexes = definition.indexes.iter().map(|index| {
            let same =
                |old: &&IndexRecord| old.name == index.name && old.fingerprint == index.fingerprint;
            old.iter().find(same).cloned().unwrap_or_else(|| IndexRecord {
                name: index.name.clone(),
                fingerprint: index.fingerprint.clone(),
                state: if is_empty && is_new(&index.name) {
                    IndexState::Readable
                } else {
                    IndexState::WriteOnly
                },
                build: Build::default(),
            })
        });
        let is_gone = |name: &&String| definition.indexes.iter().all(|index| index.name != **name);
        let dropped = old.iter().map(|index| &index.name).chain(dropped).filter(is_gone).cloned();
        Ok(Self {
            ids,
            id_path: declaration.id_path.clone(),
            schema: declaration.format.schema,
            feed: declaration.feed,
            indexes: indexes.collect(),
            dropped: dropped.collect(),
            fields: declaration.fields.iter().map(FieldRecord::of).collect(),
            is_dropping: false,
        })
    }

    /// Tells whether the stored declaration equals the one here.
    fn fits<D: Body>(&self, definition: &Definition<D>) -> bool {
        self.feed == definition.declaration.feed
            && self.indexes.len() == definition.indexes.len()
            && self.indexes.iter().zip(&definition.indexes).all(|(stored, declared)| {
                stored.name == declared.name && stored.fingerprint == declared.fingerprint
            })
    }
}

/// Returns the record of a collection if it equals the declaration here.
///
/// # Errors
/// [`Redeclared`](DocError::Redeclared), [`Dropping`](DocError::Dropping).
pub(super) fn fitting<D: Body>(
    known: Option<Arc<Known>>,
    definition: &Definition<D>,
) -> Result<Arc<Known>> {
    match known {
        Some(known) if known.record.is_dropping => Err(dropping(definition)),
        Some(known) if known.record.fits(definition) => Ok(known),
        _ => Err(redeclared(definition)),
    }
}

/// Builds the error for a collection that is being dropped.
#[cold]
fn dropping<D: Body>(definition: &Definition<D>) -> Error {
    DocError::Dropping { collection: definition.name().to_owned() }.into()
}

/// Builds the error for a collection whose stored declaration differs from the one here.
fn redeclared<D: Body>(definition: &Definition<D>) -> Error {
    DocError::Redeclared { collection: definition.name().to_owned() }.into()
}

/// Formats bytes as hexadecimal digits, which keep their order.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a `String` never fails.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// Parses the output of [`hexadecimal`].
pub(super) fn bytes_of(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
