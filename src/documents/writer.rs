//! Writing to a collection through a transaction.

use std::collections::HashMap;
use std::sync::Arc;

use arbour_core::engine::document_layout::{HEADER_BYTES, Header};
use arbour_core::{Cause, EncodeError, Result};
use serde_json::Value;

use super::any_reader::AnyTransaction;
use super::collection::Collection;
use super::docs::DocsMut;
use super::entries::{Entries, Entry};
use super::fields::Fields as _;
use super::highest_key::HighestKey;
use super::known::Known;
use super::schema::FieldRef;
use super::trees::Notes;
use super::{Body, DocError, DocId, Field, FieldSource, from_json, made_id, path, set_at, to_json};

/// Writes documents of a [`Collection`] in a transaction. What it has read of the collection serves
/// all of its writes.
pub(super) struct Writer<'w, D> {
    pub(super) collection: &'w Collection<D>,
    pub(super) docs: DocsMut<'w>,
    pub(super) known: Arc<Known>,
    /// The position of the newest change, if it was read.
    pub(super) newest: Option<u64>,
    /// A key above which there is no document. It is read once that pays off: a caller that loads
    /// documents in the order of their ids then needs no lookup for each.
    pub(super) highest_key: HighestKey,
    /// The highest revision of a removed document, if it was read.
    pub(super) highest_removed: Option<u64>,
    /// The documents that unique indexes lack, if they were read.
    pub(super) unbuilt: Option<Unbuilt>,
    pub(super) buffers: Buffers,
}

/// The keys of the documents that had certain values in an index when they were read.
#[derive(Default)]
pub(super) struct Unbuilt {
    pub(super) holders: HashMap<(usize, Vec<u8>), Vec<Vec<u8>>>,
}

impl Unbuilt {
    pub(super) fn add(&mut self, entry: Entry<'_>, id_key: &[u8]) {
        let key = (entry.index, entry.values.to_vec());
        self.holders.entry(key).or_default().push(id_key.to_vec());
    }
}

/// Allocations reused by the next write.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) key: Vec<u8>,
    /// The stored document before the write.
    pub(super) before: Vec<u8>,
    /// The stored document after the write.
    pub(super) after: Vec<u8>,
    pub(super) old: Entries,
    pub(super) new: Entries,
}

impl<D: Body> Collection<D> {
    /// Runs a closure with a writer of documents in a transaction.
    pub(super) fn with_writer<T>(
        &self,
        transaction: &mut dyn AnyTransaction,
        run: impl FnOnce(&mut Writer<'_, D>) -> Result<T>,
    ) -> Result<T> {
        let known = self.opened.known(transaction)?;
        run(&mut Writer {
            collection: self,
            docs: DocsMut { trees: &known.trees, transaction },
            known: Arc::clone(&known),
            newest: None,
            highest_key: HighestKey::Unknown,
            highest_removed: None,
            unbuilt: None,
            buffers: Buffers::default(),
        })
    }
}

impl<D: Body> Collection<D> {
    /// Appends a document of this program's schema version, with a header that says another one if the
    /// body is to be converted to it.
    pub(super) fn encode(
        &self,
        body: &D,
        version: u32,
        revision: u64,
        stored: &mut Vec<u8>,
    ) -> Result<()> {
        let declaration = &self.definition.declaration;
        let codec = declaration.format.codec;
        stored.reserve(HEADER_BYTES);
        Header { codec: codec.number, schema: version, revision }.encode(stored);
        let encoded = (codec.encode)(body, stored);
        encoded.map_err(|cause| {
            let (collection, cause) = (declaration.name.clone(), Cause::new(cause));
            DocError::Unfit { collection, cause }.into()
        })
    }
}

impl<D: Body> Writer<'_, D> {
    pub(super) fn name(&self) -> String {
        self.collection.definition.name().to_owned()
    }

    /// Returns the id of a document. If the id was generated or defaults were filled in, also
    /// returns the document with them, which is the one to store.
    pub(super) fn complete(&mut self, body: &D) -> Result<(DocId<'static>, Option<D>)> {
        let collection = self.collection;
        let definition = &collection.definition;
        let declaration = &definition.declaration;
        let id = definition.id_in(body)?;
        let defaults: Vec<_> = declaration
            .fields
            .iter()
            .filter_map(|field| match (&field.source, &field.default) {
                (FieldSource::Path(path), Some(default)) if path::at(body, path).is_null() => {
                    Some((path, default))
                }
                _ => None,
            })
            .collect();
        if let (Some(id), true) = (&id, defaults.is_empty()) {
            return Ok((id.clone(), None));
        }
        let mut json = to_json(definition.name(), body)?;
        for (path, default) in defaults {
            set_at(&mut json, path, default.clone());
        }
        let (id, is_made) = match id {
            Some(id) => (id, false),
            None => {
                let fields = definition.fields_of(body);
                let (docs, highest) = (self.docs.read(), &mut self.highest_key);
                (made_id::make(&collection.opened, docs, &fields, highest)?, true)
            }
        };
        if is_made {
            set_at(&mut json, &declaration.id_path, id.to_json());
        }
        let body = self.read_back(json, &id)?;
        Ok((id, Some(body)))
    }

    /// Converts JSON with this id to a document.
    pub(super) fn read_back(&self, json: Value, id: &DocId<'_>) -> Result<D> {
        let definition = &self.collection.definition;
        let body: D = from_json(definition.name(), json)?;
        if definition.id_in(&body)?.as_ref() != Some(id) {
            let cause =
                EncodeError::new(format!("it has no place for its id {:?}", definition.id_name));
            return Err(
                DocError::Unfit { collection: self.name(), cause: Cause::new(cause) }.into()
            );
        }
        Ok(body)
    }

    /// Collects the entries of a document in the maintained indexes. `stored` are its bytes. Adds to
    /// `refused` the indexes of other programs that cannot contain the document.
    pub(super) fn collect(
        &self,
        entries: &mut Entries,
        id_key: &[u8],
        body: &D,
        stored: &[u8],
        refused: &mut Vec<usize>,
    ) -> Result<()> {
        let fields = self.collection.definition.fields_of(body);
        let seen = self.known.see(stored, &fields);
        for number in 0..self.known.len() {
            if self.known.state(number).is_kept()
                && !self.known.add(entries, number, id_key, &fields, &seen)?
            {
                refused.push(number);
            }
        }
        Ok(())
    }

    /// Makes indexes of other programs that cannot contain a document ones that are built anew, before
    /// the document is written.
    pub(super) fn outdate(&mut self, refused: &[usize]) -> Result<()> {
        let key = &self.collection.opened.record_key;
        if let Some((known, bytes)) = self.known.outdated(refused, key)? {
            self.docs.set_note(Notes::Catalog, key, Some(&bytes))?;
            self.known = Arc::new(known);
        }
        Ok(())
    }

    /// Checks the types of those fields that no index reads.
    pub(super) fn check_fields(&self, body: &D) -> Result<()> {
        let definition = &self.collection.definition;
        for (number, field) in definition.declaration.fields.iter().enumerate() {
            if field.required && field.default.is_none() && is_absent(field, body) {
                return Err(DocError::Required {
                    collection: self.name(),
                    field: field.name.clone(),
                }
                .into());
            }
            if definition.checked_fields.contains(&number) {
                let field = FieldRef::Declared(number);
                definition
                    .fields_of(body)
                    .scalars(definition, field, &mut |_| {})
                    .map_err(|found| definition.wrong_type(field, found))?;
            }
        }
        Ok(())
    }

    /// Encodes a document as it is stored, in the schema version that the store is at.
    pub(super) fn encode(&mut self, body: &D, revision: u64) -> Result<Vec<u8>> {
        let mut after = std::mem::take(&mut self.buffers.after);
        after.clear();
        let version = self.known.record.schema;
        self.collection.encode(body, version, revision, &mut after)?;
        if version < self.collection.definition.version {
            self.collection.downgrade(version, &self.buffers.key, body, &mut after)?;
        }
        Ok(after)
    }

    pub(super) fn point_at(&mut self, id: &DocId<'_>) {
        self.buffers.key.clear();
        id.encode(&mut self.buffers.key);
    }
}

/// Tells whether a document has no value at the path of a field. `false` counts as a value.
fn is_absent<D: Body>(field: &Field<D>, body: &D) -> bool {
    match &field.source {
        FieldSource::Path(path) => path::at(body, path).is_null(),
        FieldSource::Computed(compute) => compute(body).is_null(),
    }
}
