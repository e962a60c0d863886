//! What is open of a collection: its trees, and the cached state of its indexes.
//!
//! Nothing here depends on the type of the documents, nor on that of snapshots and transactions, so that a
//! program compiles it once, inside arbour.

use std::ops::ControlFlow;
use std::sync::Arc;

use arbour_core::engine::TreeName;
use arbour_core::engine::document_layout::{FORMAT, META_TREE};
use arbour_core::{DecodeError, Direction, Error, KeyRange, KvStore, Result, Tree};
use parking_lot::Mutex;

use super::any_reader::{AnyReader, AnyTransaction};
use super::catalog::{self, Record};
use super::docs::Docs;
use super::entries::undecodable;
use super::known::Known;
use super::schema::Schema;
use super::trees::Trees;
use super::{DocError, DocId};
use crate::ordered_uuid::ordered_uuid;

/// The key of the store's id.
const STORE_ID_KEY: &[u8] = b"store id";

/// An opened collection, whatever the type of its documents.
pub(super) struct Opened {
    pub(super) schema: Arc<Schema>,
    /// The trees without those of the indexes, which the record names.
    pub(super) trees: Trees,
    pub(super) store_id: [u8; 16],
    pub(super) record_key: Vec<u8>,
    /// The length of the longest key of the store.
    pub(super) key_bytes_max: usize,
    known: Mutex<Option<Arc<Known>>>,
}

impl Opened {
    /// Opens the trees of a collection, in which no index is declared. Its cursors are valid only once the
    /// id of the store is set.
    pub(super) fn new(
        schema: &Arc<Schema>,
        open: &dyn Fn(TreeName<'_>) -> Result<Tree>,
    ) -> Result<Self> {
        Ok(Self {
            trees: Trees::open(schema.name(), open)?,
            store_id: [0; 16],
            record_key: catalog::key(schema.name()),
            key_bytes_max: usize::MAX,
            schema: Arc::clone(schema),
            known: Mutex::default(),
        })
    }

    /// Opens a collection and records its declaration.
    pub(super) fn declare<S: KvStore>(store: &S, schema: &Arc<Schema>) -> Result<Self> {
        let mut opened = Self::new(schema, &|name| store.open_tree(name))?;
        opened.key_bytes_max = store.capabilities().limits.key_bytes_max;
        let meta = store.open_tree(TreeName::layer(META_TREE)?)?;
        let noted = store.read(|snapshot| opened.read_declared(snapshot, &meta))?;
        opened.store_id = match noted {
            (Some(store_id), None) => store_id,
            _ => store.write(|transaction| opened.note_declared(transaction, &meta))?,
        };
        Ok(opened)
    }

    /// Reads the id of the store and the record of the collection, if both exist and the record
    /// needs no change.
    fn read_declared(
        &self,
        reader: &dyn AnyReader,
        meta: &Tree,
    ) -> Result<(Option<[u8; 16]>, Option<Record>)> {
        let store_id = reader.value(meta, STORE_ID_KEY)?.map(|bytes| match bytes.as_slice() {
            [FORMAT, id @ ..] => <[u8; 16]>::try_from(id)
                .map_err(|_| DecodeError::new("16 bytes", id.len().to_string())),
            _ => Err(DecodeError::new("format 1", "another")),
        });
        let store_id = store_id
            .transpose()
            .map_err(|cause| undecodable(&self.trees.name, META_TREE, STORE_ID_KEY, cause))?;
        let before = self.load(reader)?;
        let before = before.as_ref().map(|known| &known.record);
        let stop = &mut |_: &[u8], _: &[u8]| Ok(ControlFlow::Break(()));
        let first =
            reader.scan(&self.trees.documents, KeyRange::all(), Direction::Forward, stop)?;
        let record =
            Record::declared(&self.schema, before, first.is_continue(), self.key_bytes_max)?;
        Ok((store_id, (before != Some(&record)).then_some(record)))
    }

    fn note_declared(&self, transaction: &mut dyn AnyTransaction, meta: &Tree) -> Result<[u8; 16]> {
        let (store_id, record) = self.read_declared(transaction, meta)?;
        if let Some(record) = record {
            self.save(transaction, &record)?;
        }
        if let Some(store_id) = store_id {
            return Ok(store_id);
        }
        let store_id = ordered_uuid().into_bytes();
        transaction.put(meta, STORE_ID_KEY, &[&[FORMAT][..], &store_id].concat())?;
        Ok(store_id)
    }

    /// Reads the record of the collection, without comparing it with the declaration.
    fn load(&self, reader: &dyn AnyReader) -> Result<Option<Arc<Known>>> {
        let last = self.known.lock().clone();
        let known =
            Known::load(&self.schema, &self.trees, &self.record_key, reader, last.as_ref())?;
        let is_same = match (&known, &last) {
            (Some(known), Some(last)) => Arc::ptr_eq(known, last),
            _ => false,
        };
        if !is_same {
            self.known.lock().clone_from(&known);
        }
        Ok(known)
    }

    /// Reads the record of the collection: its indexes and their states.
    ///
    /// # Errors
    /// [`Redeclared`](DocError::Redeclared) if the stored declaration is one that this one cannot
    /// follow, and [`Dropping`](DocError::Dropping).
    pub(super) fn known(&self, reader: &dyn AnyReader) -> Result<Arc<Known>> {
        let known = self.load(reader)?.ok_or_else(|| catalog::redeclared(&self.schema))?;
        known.record.check_fits(&self.schema)?;
        Ok(known)
    }

    /// Writes the record of the collection.
    pub(super) fn save(&self, transaction: &mut dyn AnyTransaction, record: &Record) -> Result<()> {
        catalog::save(transaction, &self.trees.catalog, &self.record_key, record)
    }

    /// Returns the documents in a snapshot or a transaction, as bytes, without their indexes.
    pub(super) fn docs<'d>(&'d self, reader: &'d dyn AnyReader) -> Docs<'d> {
        Docs { trees: &self.trees, reader }
    }

    /// Returns the key of a document.
    pub(super) fn key_of(&self, id: &DocId<'_>) -> Result<Vec<u8>> {
        let ids = &self.schema.ids;
        let accepted = ids.accept(DocId::from(id)).ok_or_else(|| {
            let reason =
                format!("\"{id}\" cannot be an id here: use {}", ids.expected_instead_of(id));
            self.schema.invalid(reason)
        })?;
        let mut key = Vec::with_capacity(32);
        accepted.encode(&mut key);
        Ok(key)
    }

    /// Returns the id of the document at a key.
    pub(super) fn id_at(&self, key: &[u8]) -> Result<DocId<'static>> {
        let decoded = self.schema.ids.decode(key);
        decoded.map_err(|cause| self.undecodable(key, cause))
    }

    /// Builds the error for an index that leads to a document that does not exist.
    ///
    /// # Errors
    /// [`Undecodable`](DocError::Undecodable) if the key is not one of an id.
    pub(super) fn dangling(&self, index: Option<usize>, id_key: &[u8]) -> Result<Error> {
        let index = index.and_then(|index| self.schema.indexes.get(index));
        Ok(DocError::Dangling {
            collection: self.trees.name.clone(),
            index: index.map_or_else(String::new, |index| index.name.clone()),
            id: self.id_at(id_key)?,
        }
        .into())
    }

    pub(super) fn undecodable(
        &self,
        key: &[u8],
        cause: impl std::error::Error + Send + Sync + 'static,
    ) -> Error {
        undecodable(&self.trees.name, self.trees.documents.name(), key, cause)
    }

    /// Finds an index by its name.
    pub(super) fn index(&self, name: &str) -> Result<usize> {
        let found = self.schema.indexes.iter().position(|index| index.name == name);
        found.ok_or_else(|| self.schema.invalid(format!("there is no index {name:?}: declare it")))
    }
}
