//! What is known of a collection in a snapshot or a transaction: its record, and the indexes that
//! this program maintains.
//!
//! Indexes have numbers: first those that this program declares, in the order of their declaration,
//! then those of other programs that it can maintain. Searches use the former only, writes maintain
//! all. An index of another program that this one cannot maintain is built anew once a document was
//! written.

use std::borrow::Cow;
use std::sync::Arc;

use arbour_core::engine::document_layout::{CATALOG_TREE, Header, JSON_CODEC};
use arbour_core::{Error, Result};
use serde_json::Value;

use super::IndexState;
use super::any_reader::AnyReader;
use super::catalog::{self, Record};
use super::docs::Docs;
use super::entries::{Entries, undecodable};
use super::fields::Fields;
use super::index_record::{ForeignIndex, IndexRecord, bytes_of};
use super::json_body::decode_members;
use super::schema::{IndexDefinition, Schema};
use super::trees::Trees;

/// The record of a collection, and what this program makes of it.
pub(super) struct Known {
    /// The encoded record, by which an unchanged one is recognized.
    bytes: Vec<u8>,
    pub(super) record: Record,
    own: Arc<Schema>,
    foreign: Arc<[ForeignIndex]>,
    /// The members of documents that the indexes of other programs are about.
    members: Arc<[String]>,
    pub(super) trees: Arc<Trees>,
    /// The place of each index in the record; `None` if it was dropped.
    places: Arc<[Option<usize>]>,
    /// The places of the indexes that only other programs can maintain.
    opaque: Arc<[usize]>,
}

/// A document as the indexes of other programs see it.
pub(super) enum Foreign<'d> {
    /// There is no such index.
    Unused,
    /// Its stored JSON, or the members that the indexes are about, in this schema version.
    Json(u32, Cow<'d, Value>),
    /// It is not stored as JSON, so this program cannot tell its entries.
    Unreadable,
}

impl Known {
    /// Reads the record of a collection, which lies under this key; returns `last` if it has not
    /// changed.
    pub(super) fn load(
        own: &Arc<Schema>,
        trees: &Trees,
        key: &[u8],
        reader: &dyn AnyReader,
        last: Option<&Arc<Self>>,
    ) -> Result<Option<Arc<Self>>> {
        let mut changed = None;
        let is_there = reader.get(&trees.catalog, key, &mut |bytes| {
            if last.is_none_or(|last| last.bytes != bytes) {
                changed = Some(bytes.to_vec());
            }
        })?;
        let Some(bytes) = changed else { return Ok(last.filter(|_| is_there).cloned()) };
        let record = catalog::decode(&bytes)
            .map_err(|cause| undecodable(&trees.name, CATALOG_TREE, key, cause))?;
        let known = Self::resolve(Arc::clone(own), trees, reader, bytes, record)?;
        Ok(Some(Arc::new(known)))
    }

    fn resolve(
        own: Arc<Schema>,
        trees: &Trees,
        reader: &dyn AnyReader,
        bytes: Vec<u8>,
        record: Record,
    ) -> Result<Self> {
        let mut places: Vec<_> = own.indexes.iter().map(|index| record.place_of(index)).collect();
        let (mut foreign, mut opaque) = (Vec::new(), Vec::new());
        for (place, index) in record.indexes.iter().enumerate() {
            if places.contains(&Some(place)) {
                continue;
            }
            match ForeignIndex::read(&own, &record.id_path, index) {
                Some(index) => {
                    foreign.push(index);
                    places.push(Some(place));
                }
                None => opaque.push(place),
            }
        }
        let indexes = own.indexes.iter().chain(foreign.iter().map(ForeignIndex::index));
        let indexes = indexes.zip(&places).map(|(index, place)| {
            let record = place.and_then(|place| record.indexes.get(place));
            let recorded = record.map(|record| (record.name.as_str(), record.key_bytes_max()));
            (recorded, index.id_direction())
        });
        let trees = Arc::new(trees.with_indexes(reader, indexes)?);
        let members = foreign.iter().flat_map(ForeignIndex::members).cloned().collect();
        let (foreign, places, opaque) = (foreign.into(), places.into(), opaque.into());
        Ok(Self { bytes, record, own, foreign, members, trees, places, opaque })
    }

    /// Returns the documents in a snapshot or a transaction, as bytes, with their indexes.
    pub(super) fn docs<'d>(&'d self, reader: &'d dyn AnyReader) -> Docs<'d> {
        Docs { trees: &self.trees, reader }
    }

    /// Returns how many indexes this program maintains.
    pub(super) fn len(&self) -> usize {
        self.own.indexes.len() + self.foreign.len()
    }

    pub(super) fn index(&self, number: usize) -> Option<&IndexDefinition> {
        self.own.indexes.get(number).or_else(|| Some(self.foreign(number)?.index()))
    }

    /// Returns an index of another program; `None` for one that this program declares.
    pub(super) fn foreign(&self, number: usize) -> Option<&ForeignIndex> {
        self.foreign.get(number.checked_sub(self.own.indexes.len())?)
    }

    /// Returns the names of the fields of an index.
    pub(super) fn field_names(&self, number: usize) -> Vec<String> {
        if let Some(foreign) = self.foreign(number) {
            return foreign.field_names();
        }
        let parts = self.own.indexes.get(number).into_iter().flat_map(|index| &index.parts);
        parts.map(|part| self.own.field_name(part.field).to_owned()).collect()
    }

    pub(super) fn place(&self, number: usize) -> Option<usize> {
        self.places.get(number).copied().flatten()
    }

    fn recorded(&self, number: usize) -> Option<&IndexRecord> {
        self.record.indexes.get(self.place(number)?)
    }

    /// Returns the records of the indexes that this program does not declare.
    pub(super) fn undeclared(&self) -> impl Iterator<Item = &IndexRecord> {
        let own = self.places.get(..self.own.indexes.len()).unwrap_or_default();
        let indexes = self.record.indexes.iter().enumerate();
        indexes.filter(|(place, _)| !own.contains(&Some(*place))).map(|(_, index)| index)
    }

    /// Returns the records of the indexes that only other programs can maintain.
    #[cfg(feature = "migrations")]
    pub(super) fn opaque(&self) -> impl Iterator<Item = &IndexRecord> {
        self.opaque.iter().filter_map(|place| self.record.indexes.get(*place))
    }

    /// Returns the state of an index. A dropped one is disabled.
    pub(super) fn state(&self, number: usize) -> IndexState {
        self.recorded(number).map_or(IndexState::Disabled, |index| index.state)
    }

    /// Tells whether the declared indexes are built and nothing of a dropped one is left.
    pub(super) fn is_built(&self) -> bool {
        let mut states = (0..self.own.indexes.len()).map(|number| self.state(number));
        let is_pending = |state| matches!(state, IndexState::WriteOnly | IndexState::UniquePending);
        self.record.dropped.is_empty() && !states.any(is_pending)
    }

    /// Tells whether the entries of an index can conflict with a document. They cannot until the
    /// entries of an earlier declaration are removed.
    pub(super) fn is_checked(&self, number: usize) -> bool {
        let index = self.recorded(number);
        index.is_some_and(|index| index.state.is_complete() || index.build.is_cleared)
    }

    /// Returns the key of the last document in an index that is being built; `None` if it contains
    /// none, or may still contain entries of an earlier declaration.
    pub(super) fn built_up_to(&self, number: usize) -> Option<Vec<u8>> {
        let build = &self.recorded(number)?.build;
        (build.is_cleared && !build.after.is_empty()).then(|| bytes_of(&build.after))
    }

    /// Returns a stored document as the indexes of other programs see it.
    pub(super) fn see<'d>(&self, stored: &[u8], fields: &'d dyn Fields) -> Foreign<'d> {
        if self.foreign.is_empty() {
            return Foreign::Unused;
        }
        let Ok((header, bytes)) = Header::split(stored) else { return Foreign::Unreadable };
        let version = header.schema;
        if version == self.own.version
            && let Some(json) = fields.body().downcast_ref::<Value>()
        {
            return Foreign::Json(version, Cow::Borrowed(json));
        }
        if header.codec != JSON_CODEC {
            return Foreign::Unreadable;
        }
        let json = decode_members(bytes, &self.members);
        json.map_or(Foreign::Unreadable, |json| Foreign::Json(version, Cow::Owned(json)))
    }

    /// Adds the entries of a document in an index. Returns whether the index can contain it: an index
    /// of another program may not.
    ///
    /// # Errors
    /// [`WrongType`](super::DocError::WrongType) for a value that a declared field does not allow.
    pub(super) fn add(
        &self,
        entries: &mut Entries,
        number: usize,
        id_key: &[u8],
        fields: &dyn Fields,
        seen: &Foreign<'_>,
    ) -> Result<bool> {
        if let Some(index) = self.own.indexes.get(number) {
            return entries.add(&self.own, number, index, id_key, fields).map(|()| true);
        }
        let (Some(foreign), Foreign::Json(version, json)) = (self.foreign(number), seen) else {
            return Ok(false);
        };
        if !foreign.can_read(*version, json) {
            return Ok(false);
        }
        let (definition, index) = (&foreign.definition, foreign.index());
        let fields = definition.fields_of(json.as_ref());
        Ok(entries.add(definition, number, index, id_key, &fields).is_ok())
    }

    /// Returns what is known once a document is written that some indexes cannot contain: they, and
    /// all that only other programs can maintain, are built anew. `None` if none of them contains
    /// documents.
    pub(super) fn outdated(
        &self,
        refused: &[usize],
        key: &[u8],
    ) -> Result<Option<(Self, Vec<u8>)>> {
        let refused = refused.iter().filter_map(|number| self.place(*number));
        let mut record = None;
        for place in self.opaque.iter().copied().chain(refused) {
            if self.record.indexes.get(place).is_some_and(IndexRecord::has_documents) {
                let record = record.get_or_insert_with(|| self.record.clone());
                record.indexes.get_mut(place).map(IndexRecord::outdate);
            }
        }
        let Some(record) = record else { return Ok(None) };
        let bytes = catalog::encode(&record, key)?;
        let known = Self {
            bytes: bytes.clone(),
            record,
            own: Arc::clone(&self.own),
            foreign: Arc::clone(&self.foreign),
            members: Arc::clone(&self.members),
            trees: Arc::clone(&self.trees),
            places: Arc::clone(&self.places),
            opaque: Arc::clone(&self.opaque),
        };
        Ok(Some((known, bytes)))
    }

    /// Builds the error for an index that was dropped.
    pub(super) fn dropped(&self, number: usize) -> Error {
        let name = self.index(number).map_or("", |index| &index.name);
        self.own.invalid(format!("the index {name:?} was dropped: open the collection again"))
    }
}
