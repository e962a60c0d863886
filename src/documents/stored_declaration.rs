//! A collection as the store has it, for a program that does not have the type of its documents.
//!
//! The catalog records the fields, and for each index how programs that do not declare it maintain it.
//! Here no index is declared, so all are maintained in that way. One that only the program with the type
//! can maintain, because a closure computes a field of it, is an error.

use arbour_core::engine::TreeName;
use arbour_core::engine::document_layout::{CATALOG_TREE, Header, JSON_CODEC};
use arbour_core::{Error, KvRead, KvWrite, Result};
use serde_json::Value;

use super::catalog::{self, FieldRecord, Record};
use super::collection::Collection;
use super::definition::Definition;
use super::entries::undecodable;
use super::opened::Opened;
use super::writer::Writer;
use super::{Declaration, DocError, DocId, Field, FieldKind, Ids, Precondition, Stored};

/// The document for which a call failed, and why.
pub(crate) struct Refused {
    pub(crate) id: DocId<'static>,
    pub(crate) error: Error,
}

impl Collection<Value> {
    /// Opens a collection with the declaration that the store has of it. Returns `None` if there is
    /// no such collection. Nothing is written.
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) if the record does not tell how an index is maintained;
    /// [`Dropping`](DocError::Dropping); errors of the store.
    pub(crate) fn of_record<R: KvRead>(name: &str, reader: &R) -> Result<Option<Self>> {
        let catalog = reader.open_tree(TreeName::layer(CATALOG_TREE)?)?;
        let key = catalog::key(name);
        let record = reader.get_with(&catalog, &key, catalog::decode)?.transpose();
        let record = record.map_err(|cause| undecodable(name, CATALOG_TREE, &key, cause))?;
        let Some(record) = record else { return Ok(None) };
        let definition = Definition::of_record(name, &record)?;
        let opened = Opened::new(definition.schema(), &|name| reader.open_tree(name))?;
        // Refuses a collection that is being dropped.
        match opened.known(reader)?.opaque().next() {
            Some(index) => {
                let reason = format!(
                    "the store does not tell how the index {:?} is maintained, which may be over a \
                     field that only the type computes: change the documents in a program that has \
                     their type, let a program that declares the index open the collection once, or \
                     drop the index if no program needs it",
                    index.name
                );
                Err(DocError::Invalid { collection: name.to_owned(), reason }.into())
            }
            None => Ok(Some(Self::new(definition, opened))),
        }
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
            let (header, _) =
                Header::split(value).map_err(|cause| self.opened.undecodable(key, cause))?;
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
                     its type knows the upgrade: call finish_upgrade in a program that has the type",
                    header.schema
                )));
            }
            self.decode(key, value)
        };
        decode().map_err(|error| {
            let id =
                self.opened.id_at(key).unwrap_or_else(|_| key.escape_ascii().to_string().into());
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
        let stored = self.with_writer(transaction, |writer| {
            Ok(documents.iter().try_for_each(|Stored { id, body, .. }| {
                self.store_one(writer, id, body).map_err(|error| of(id, error))
            }))
        });
        stored.map_err(|error| of(&first.id, error))?
    }

    fn store_one(
        &self,
        writer: &mut Writer<'_, Value>,
        id: &DocId<'static>,
        body: &Value,
    ) -> Result<()> {
        if self.definition.id_in(body)?.as_ref() == Some(id) {
            return writer.put(body, Precondition::Present).map(drop);
        }
        let reason = format!("the change of \"{id}\" gives it another id: leave it as it is");
        Err(self.definition.invalid(reason))
    }
}

/// Says that something in the record of a collection is known to the program with the type only.
fn unknown(collection: &str, what: String) -> Error {
    let reason = format!(
        "{what}: change its documents in a program that has their type, or let that program open the \
         collection once"
    );
    DocError::Invalid { collection: collection.to_owned(), reason }.into()
}

impl Definition<Value> {
    fn of_record(name: &str, record: &Record) -> Result<Self> {
        let mut declaration = Declaration::<Value>::new(name);
        declaration.id_path.clone_from(&record.id_path);
        let ids = [Ids::Chosen, Ids::ChosenInteger, Ids::Uuid];
        declaration.ids = ids
            .into_iter()
            .find(|ids| ids.expected() == record.ids)
            .ok_or_else(|| unknown(name, format!("its ids are {}", record.ids)))?;
        declaration.feed = record.feed;
        declaration.format.schema = record.schema;
        for field in &record.fields {
            let field = field_of(field).ok_or_else(|| {
                unknown(name, format!("its field {:?} is a {}", field.name, field.kind))
            })?;
            declaration.fields.push(field);
        }
        Self::new(declaration)
    }
}

/// Returns a field as its record has it; `None` if its kind is unknown.
fn field_of(record: &FieldRecord) -> Option<Field<Value>> {
    let kind = FieldKind::named(&record.kind)?;
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
