//! The stored record of an index: how it is declared, and how far it is built.
//!
//! A program keeps every index of a collection right, also those that it does not declare, so the
//! record says all that their entries depend on. An index is the same one for two programs if they
//! declare it with the same name and the same fingerprint. If they declare different indexes under
//! one name, the store has both: the record of the second is named `NAME/2`, and its entries lie in
//! a tree of that name. No declared name contains a slash.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use arbour_core::Direction;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::definition::Definition;
use super::field_schema::FieldSchema;
use super::schema::{IndexDefinition, Part, Schema};
use super::{Declaration, Field, FieldKind, FieldSource, Index, IndexPart, IndexState, steps};

/// The length of the longest key of an index if its fingerprint does not say another one. It is the
/// default limit of all engines.
const KEY_BYTES_MAX: usize = 65_535;

/// Precedes the length of the longest key in a fingerprint.
const KEYS: &str = " keys ";

/// The stored record of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IndexRecord {
    /// The name of its tree: the declared name, or that with a number.
    pub(super) name: String,
    pub(super) fingerprint: String,
    pub(super) state: IndexState,
    /// The progress of its build.
    pub(super) build: Build,
    /// How it is declared; `None` in records of earlier programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    declared: Option<DeclaredIndex>,
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

/// How an index is declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct DeclaredIndex {
    unique: bool,
    /// Whether the commit checks that and not the write.
    #[serde(default)]
    deferred: bool,
    sparse: bool,
    words: bool,
    parts: Vec<DeclaredPart>,
    /// The highest schema version in whose stored documents its paths are right, if that is not the
    /// first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<u32>,
}

/// How a part of an index is declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct DeclaredPart {
    is_descending: bool,
    /// The field; `None` for the id.
    field: Option<IndexedField>,
}

/// What the entries of an index depend on in one of its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct IndexedField {
    name: String,
    /// Its path; `None` if it is computed.
    path: Option<Vec<String>>,
    /// The name of its kind, as in a [`FieldRecord`](super::catalog::FieldRecord).
    kind: String,
    many: bool,
    default: Option<Value>,
    false_is_null: bool,
    revision: u32,
    /// Whether the program reads null where a stored document has nothing, so that the stored JSON
    /// says what it reads. A type may have a default of its own, which only its program knows.
    absent_is_null: bool,
}

/// An index that another program declared and this one can maintain, from the JSON of documents.
pub(super) struct ForeignIndex {
    /// A collection of JSON with this index alone.
    pub(super) definition: Definition<Value>,
    /// The index, with the name of its record.
    index: IndexDefinition,
    /// The paths at which nothing may be missing.
    required: Vec<Vec<String>>,
    /// The schema versions of the stored documents in which its paths are right.
    versions: RangeInclusive<u32>,
}

impl IndexRecord {
    /// Returns the record of an index that is not built, in a store at this schema version whose keys
    /// have at most so many bytes.
    pub(super) fn new(
        schema: &Schema,
        index: &IndexDefinition,
        version: u32,
        name: String,
        key_bytes_max: usize,
    ) -> Self {
        let part = |part: &Part| DeclaredPart {
            is_descending: part.direction == Direction::Reverse,
            field: schema.declared(part.field).map(IndexedField::of),
        };
        let declared = DeclaredIndex {
            unique: index.unique,
            sparse: index.sparse,
            deferred: index.deferred,
            words: index.words,
            parts: index.parts.iter().map(part).collect(),
            until: (version > index.since).then_some(version),
        };
        Self {
            name,
            fingerprint: Fingerprint::with_keys(&index.fingerprint, key_bytes_max),
            state: IndexState::WriteOnly,
            build: Build::default(),
            declared: Some(declared),
        }
    }

    /// Returns the name under which programs declare the index.
    pub(super) fn declared_name(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Tells whether this is the record of a declared index.
    pub(super) fn is_of(&self, index: &IndexDefinition) -> bool {
        self.declared_name() == index.name
            && Fingerprint::without_keys(&self.fingerprint) == index.fingerprint
    }

    /// Returns the length of its longest key. Longer entries are stored under shortened keys.
    pub(super) fn key_bytes_max(&self) -> usize {
        Fingerprint::read(&self.fingerprint).keys
    }

    /// Tells whether this is the record of a declared index of an earlier schema version, or by an
    /// earlier rule for words: one that the declared index replaces.
    pub(super) fn is_of_earlier_version(&self, index: &IndexDefinition) -> bool {
        let known = Fingerprint::read(&self.fingerprint);
        let declared = Fingerprint::read(&index.fingerprint);
        self.declared_name() == index.name
            && known.declared == declared.declared
            && known.folding <= declared.folding
            && known.since <= declared.since
    }

    /// Records the declaration anew: an earlier program left it out, or that the paths are also right in
    /// documents of this version.
    pub(super) fn declare_as(&mut self, other: Self) {
        let until = self.declared.take().and_then(|declared| declared.until);
        self.declared = other.declared;
        if let Some(declared) = &mut self.declared {
            declared.until = declared.until.max(until);
        }
    }

    /// Returns the schema versions of the stored documents in which its paths are right.
    pub(super) fn versions(&self) -> RangeInclusive<u32> {
        let since = Fingerprint::read(&self.fingerprint).since;
        let until = self.declared.as_ref().and_then(|declared| declared.until);
        since..=until.unwrap_or(since)
    }

    /// Tells whether it contains documents, so that a write must maintain it or
    /// [outdate](Self::outdate) it.
    pub(super) fn has_documents(&self) -> bool {
        self.state.is_complete()
            || self.state == IndexState::WriteOnly && self.build != Build::default()
    }

    /// Makes it one that is built anew, because it lacks a document.
    pub(super) fn outdate(&mut self) {
        (self.state, self.build) = (IndexState::WriteOnly, Build::default());
    }
}

/// What a fingerprint says.
struct Fingerprint<'f> {
    /// The options and the parts.
    declared: (&'f str, &'f str),
    /// The version of the rule for words, which follows the options.
    folding: u32,
    /// The schema version since which upgrades leave the fields as they are, which follows that.
    since: u32,
    /// The length of the longest key, which comes last: that of the store in which the index was built. The
    /// fingerprint of a declaration does not say it.
    keys: usize,
}

impl<'f> Fingerprint<'f> {
    fn read(text: &'f str) -> Self {
        let (options, parts) = text.split_once(';').unwrap_or((text, ""));
        let (options, keys) = options.split_once(KEYS).unwrap_or((options, ""));
        let (options, since) = options.split_once(" schema ").unwrap_or((options, ""));
        let (options, folding) = options.split_once(" folding ").unwrap_or((options, ""));
        Self {
            declared: (options, parts),
            folding: folding.parse().unwrap_or(0),
            since: since.parse().unwrap_or(1),
            keys: keys.parse().unwrap_or(KEY_BYTES_MAX),
        }
    }

    /// Adds the length of the longest key, if it is less than usual.
    fn with_keys(declared: &str, key_bytes_max: usize) -> String {
        let (options, parts) = declared.split_once(';').unwrap_or((declared, ""));
        if key_bytes_max >= KEY_BYTES_MAX {
            return declared.to_owned();
        }
        format!("{options}{KEYS}{key_bytes_max};{parts}")
    }

    /// Returns the fingerprint of the declaration.
    fn without_keys(recorded: &str) -> Cow<'_, str> {
        match recorded.split_once(';') {
            Some((options, parts)) => match options.split_once(KEYS) {
                Some((options, _)) => format!("{options};{parts}").into(),
                None => recorded.into(),
            },
            None => recorded.into(),
        }
    }
}

impl IndexedField {
    fn of(field: &FieldSchema) -> Self {
        Self {
            name: field.name.clone(),
            path: field.path.clone(),
            kind: format!("{:?}", field.kind),
            many: field.many,
            default: field.default.clone(),
            false_is_null: field.false_is_null,
            revision: field.revision,
            absent_is_null: field.absent_is_null,
        }
    }

    /// Declares the field for documents of any type; `None` if only another program can read it.
    fn declare(&self) -> Option<Field<Value>> {
        let path = self.path.clone()?;
        // Whether each element of an array has a value cannot be seen in the values.
        if !self.absent_is_null && steps::leads_to_many(&path) {
            return None;
        }
        let mut field = Field::path("").named(&self.name).of(FieldKind::named(&self.kind)?);
        field.source = FieldSource::Path(path);
        field.many = self.many;
        field.default.clone_from(&self.default);
        field.false_is_null = self.false_is_null;
        field.revision = self.revision;
        Some(field)
    }
}

impl ForeignIndex {
    /// Declares a recorded index for documents of any type; `None` if this program cannot maintain
    /// it; `id_path` leads to the id in stored documents. The fingerprint decides: it differs if the index depends on anything that the record does
    /// not say, or that is different here, such as the rule for words.
    pub(super) fn read(own: &Schema, id_path: &[String], record: &IndexRecord) -> Option<Self> {
        let declared = record.declared.as_ref()?;
        let versions = record.versions();
        let mut declaration = Declaration::<Value>::new(&own.name);
        (declaration.id_path, declaration.ids) = (id_path.to_vec(), own.ids.clone());
        declaration.format.schema = *versions.start();
        let mut index = Index::on("").named(record.declared_name());
        index.parts.clear();
        (index.unique, index.sparse) = (declared.unique, declared.sparse);
        (index.words, index.deferred) = (declared.words, declared.deferred);
        let mut required = Vec::new();
        for part in &declared.parts {
            let direction =
                if part.is_descending { Direction::Reverse } else { Direction::Forward };
            let name = match &part.field {
                None => declaration.id_name(),
                Some(field) => {
                    if !field.absent_is_null {
                        required.extend(field.path.clone());
                    }
                    if declaration.fields.iter().all(|other| other.name != field.name) {
                        declaration.fields.push(field.declare()?);
                    }
                    field.name.clone()
                }
            };
            index.parts.push(IndexPart { field: name, direction });
        }
        declaration.indexes.push(index);
        let definition = Definition::new(declaration).ok()?;
        let index = definition.indexes.first()?;
        if index.fingerprint != Fingerprint::without_keys(&record.fingerprint) {
            return None;
        }
        let index = IndexDefinition { name: record.name.clone(), ..index.clone() };
        Some(Self { definition, index, required, versions })
    }

    pub(super) fn index(&self) -> &IndexDefinition {
        &self.index
    }

    /// Returns the members of documents at which its paths and that of the id begin.
    pub(super) fn members(&self) -> impl Iterator<Item = &String> {
        let declaration = &self.definition.declaration;
        let paths = declaration.fields.iter().filter_map(|field| match &field.source {
            FieldSource::Path(path) => path.first(),
            FieldSource::Computed(_) => None,
        });
        paths.chain(declaration.id_path.first())
    }

    /// Returns the names of its fields.
    pub(super) fn field_names(&self) -> Vec<String> {
        let parts = self.index.parts.iter();
        parts.map(|part| self.definition.field_name(part.field).to_owned()).collect()
    }

    /// Tells whether its paths are right in a stored document of this schema version, and the document has
    /// everything of which only the other program knows what it reads in its place.
    pub(super) fn can_read(&self, version: u32, json: &Value) -> bool {
        let is_there = |path: &Vec<String>| !super::path::at(json, path).is_null();
        self.versions.contains(&version) && self.required.iter().all(is_there)
    }
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
