//! A collection as the store has it, for a program that does not have the type of its documents.
//!
//! The catalog records the fields and, for each index, a fingerprint of all that its entries depend
//! on. A declaration that is put together from the record is right if and only if it has the same
//! fingerprints, so whatever the record does not tell, such as a field that only a closure of the
//! program computes, is an error and never a wrong entry.

use arbour_core::engine::TreeName;
use arbour_core::engine::document_layout::{CATALOG_TREE, Header, JSON_CODEC};
use arbour_core::{Direction, KvRead, KvWrite, Result, Tree};
use serde_json::Value;

use super::catalog::{self, FieldRecord, IndexRecord, Record};
use super::collection::Collection;
use super::definition::{Definition, print_of};
use super::entries::undecodable;
use super::index::IndexPart;
use super::writer::Writer;
use super::{
    Declaration, DocError, DocId, Field, FieldKind, FieldSource, Ids, Index, Precondition, Stored,
};

/// Every kind of a field.
const KINDS: [FieldKind; 10] = [
    FieldKind::Any,
    FieldKind::Bool,
    FieldKind::Integer,
    FieldKind::Number,
    FieldKind::Text,
    FieldKind::Decimal,
    FieldKind::Timestamp,
    FieldKind::DateTime,
    FieldKind::Date,
    FieldKind::Bytes,
];

/// The document for which a call failed, and why.
pub(crate) struct Refused {
    pub(crate) id: DocId<'static>,
    pub(crate) error: arbour_core::Error,
}

impl Collection<Value> {
    /// Opens a collection with the declaration that the store has of it. Returns `None` if there is
    /// no such collection. Nothing is written.
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) if the record does not tell how an index is maintained;
    /// [`Dropping`](DocError::Dropping); errors of the store.
    pub(crate) fn of_record<R: KvRead>(
        name: &str,
        reader: &R,
        open: &dyn Fn(TreeName<'_>) -> Result<Tree>,
    ) -> Result<Option<Self>> {
        let (catalog, key) = (open(TreeName::layer(CATALOG_TREE)?)?, catalog::key(name));
        let record = reader.get_with(&catalog, &key, catalog::decode)?.transpose();
        let record = record.map_err(|cause| undecodable(name, CATALOG_TREE, &key, cause))?;
        let Some(record) = record else { return Ok(None) };
        let definition = Definition::of_record(name, &record)?;
        let collection = Self::of(definition, open)?;
        // Refuses a collection that is being dropped.
        collection.known(reader)?;
        Ok(Some(collection))
    }

    /// Decodes a stored document whose type is not known.
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) for a body that only the type can read.
    pub(crate) fn decode_untyped(
        &self,
        key: &[u8],
        value: &[u8],
    ) -> Result<Stored<Value>, Box<Refused>> {
        let decode = || {
            let (header, _) = Header::split(value).map_err(|cause| self.undecodable(key, cause))?;
            let schema = self.declaration().format.schema;
            if header.codec != JSON_CODEC {
                return Err(self.definition.invalid(format!(
                    "the body of the document is not JSON but of codec {}, which only its type can \
                     read: change it in a program that has the type",
                    header.codec
                )));
            }
            if header.schema != schema {
                return Err(self.definition.invalid(format!(
                    "the document has schema version {} and the collection is at {schema}, and only \
                     its type knows the upgrade: write it once in a program that has the type",
                    header.schema
                )));
            }
            self.decode(key, value)
        };
        decode().map_err(|error| {
            let id = self.id_at(key).unwrap_or_else(|_| key.escape_ascii().to_string().into());
            Box::new(Refused { id, error })
        })
    }

    /// Stores changed documents, each under the id that it was read with.
    ///
    /// # Errors
    /// The first document that is refused: [`Invalid`](DocError::Invalid) if its id was changed, and
    /// otherwise as [`put`](Self::put).
    pub(crate) fn store_all<W: KvWrite>(
        &self,
        transaction: &mut W,
        documents: &[Stored<Value>],
    ) -> Result<(), Box<Refused>> {
        let of = |id: &DocId<'static>, error| Box::new(Refused { id: id.clone(), error });
        let Some(first) = documents.first() else { return Ok(()) };
        let mut docs = self.docs(transaction);
        let mut writer = Writer::new(self, &mut docs).map_err(|error| of(&first.id, error))?;
        for Stored { id, body, .. } in documents {
            let written = self.definition.read_id(body).and_then(|changed| {
                if changed.as_ref() == Some(id) {
                    return writer.put(body, Precondition::Present).map(drop);
                }
                let reason =
                    format!("the change of \"{id}\" gives it another id: leave it as it is");
                Err(self.definition.invalid(reason))
            });
            written.map_err(|error| of(id, error))?;
        }
        Ok(())
    }
}

impl Definition<Value> {
    fn of_record(name: &str, record: &Record) -> Result<Self> {
        let unknown = |what: String| -> arbour_core::Error {
            let reason = format!(
                "{what}: change its documents in a program that has their type, or let that program \
                 open the collection once"
            );
            DocError::Invalid { collection: name.to_owned(), reason }.into()
        };
        let mut declaration = Declaration::<Value>::new(name);
        declaration.id_path.clone_from(&record.id_path);
        let ids = [Ids::Chosen, Ids::ChosenInteger, Ids::Uuid];
        declaration.ids = ids
            .into_iter()
            .find(|ids| ids.expected() == record.ids)
            .ok_or_else(|| unknown(format!("its ids are {}", record.ids)))?;
        declaration.feed = record.feed;
        declaration.format.schema = record.schema;
        for field in &record.fields {
            let field = field_of(field).ok_or_else(|| {
                unknown(format!("its field {:?} is a {}", field.name, field.kind))
            })?;
            declaration.fields.push(field);
        }
        let opaque = |index: &IndexRecord| {
            unknown(format!(
                "the store does not tell how the index {:?} is maintained, which may be over a field \
                 that only the type computes",
                index.name
            ))
        };
        for index in &record.indexes {
            let read = index_of(index, &declaration).ok_or_else(|| opaque(index))?;
            declaration.indexes.push(read);
        }
        let definition = Self::new(declaration)?;
        let pairs = definition.indexes.iter().zip(&record.indexes);
        match pairs.into_iter().find(|(read, stored)| read.fingerprint != stored.fingerprint) {
            Some((_, stored)) => Err(opaque(stored)),
            None => Ok(definition),
        }
    }
}

/// Returns a field as its record has it; `None` if its kind is unknown.
fn field_of(record: &FieldRecord) -> Option<Field<Value>> {
    let kind = KINDS.into_iter().find(|kind| format!("{kind:?}") == record.kind)?;
    let mut field = match &record.path {
        Some(path) => Field::path(path),
        // Its values are not known. An index over it is refused.
        None => Field::computed(&record.name, |_| Value::Null),
    };
    field = field.named(&record.name).of(kind).revised(record.revision);
    field.many = record.many;
    field.required = record.required && record.path.is_some();
    field.false_is_null = record.false_is_null;
    field.default = (!record.default.is_null()).then(|| record.default.clone());
    Some(field)
}

/// Reads an index from its fingerprint; `None` if it is over something unknown.
fn index_of(record: &IndexRecord, declaration: &Declaration<Value>) -> Option<Index> {
    let (options, mut rest) = match record.fingerprint.split_once("; ") {
        Some((options, rest)) => (options, Some(rest)),
        None => (record.fingerprint.as_str(), None),
    };
    let mut parts = Vec::new();
    while let Some(text) = rest {
        let (direction, text) = match text.split_at_checked(1)? {
            ("+", text) => (Direction::Forward, text),
            ("-", text) => (Direction::Reverse, text),
            _ => return None,
        };
        let id = (declaration.id_name(), print_of::<Value>(None));
        let fields = declaration.fields.iter();
        let known = fields
            .filter(|field| matches!(field.source, FieldSource::Path(_)))
            .map(|field| (field.name.clone(), print_of(Some(field))));
        // A print never ends with the beginning of another part, but one may begin with another.
        let (field, print) = std::iter::once(id)
            .chain(known)
            .filter(|(_, print)| {
                text.strip_prefix(print.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with("; "))
            })
            .max_by_key(|(_, print)| print.len())?;
        parts.push(IndexPart { field, direction });
        rest = text.strip_prefix(print.as_str())?.strip_prefix("; ");
    }
    let is = |option: &str| options.contains(&format!("{option} true"));
    let (unique, sparse, words) = (is("unique"), is("sparse"), is("words"));
    Some(Index { name: record.name.clone(), parts, unique, sparse, words })
}
