//! An opened collection: its trees, and the cached state of its indexes.

use std::fmt;
use std::ops::{ControlFlow, Deref};
use std::sync::Arc;

use arbour_core::engine::TreeName;
use arbour_core::engine::document_layout::{FORMAT, Header, META_TREE};
use arbour_core::{DecodeError, Error, KeyRange, KvRead, KvStore, KvWrite, Result, Tree};
use parking_lot::Mutex;

use super::catalog::{self, Record};
use super::definition::Definition;
use super::doc_store::DocRead;
use super::entries::undecodable;
use super::known::Known;
use super::kv_docs::KvDocs;
use super::trees::Trees;
use super::{Body, BodyError, Declaration, DocError, DocId, Stored};
use crate::ordered_uuid::ordered_uuid;

/// The key of the store's id.
const STORE_ID_KEY: &[u8] = b"store id";

/// A collection of documents in a store of any engine.
///
/// It holds no connection and no lock: keep one for the life of the program and share it between
/// threads. A clone is the same collection, and costs little. Its methods take the snapshot or the
/// transaction first, so several collections can be written in one transaction.
///
/// ```
/// use arbour::KvStore;
/// use arbour::documents::{Collection, Declaration};
/// use serde_json::{Value, json};
/// let store = arbour::MemoryStore::new();
/// let notes = Collection::open(&store, Declaration::<Value>::new("notes"))?;
/// let readers = Collection::open(&store, Declaration::<Value>::new("readers"))?;
/// store.write(|transaction| {
///     readers.insert(transaction, json!({"id": "ada"}))?;
///     notes.insert(transaction, json!({"id": "a", "by": "ada", "text": "hello"}))
/// })?;
/// let snapshot = store.snapshot()?;
/// assert_eq!(notes.get(&snapshot, "a")?.unwrap()["by"], "ada");
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct Collection<D> {
    pub(super) definition: Arc<Definition<D>>,
    /// The trees without those of the indexes, which the record names.
    pub(super) trees: Arc<Trees>,
    pub(super) store_id: [u8; 16],
    pub(super) record_key: Arc<[u8]>,
    pub(super) known: Arc<Mutex<Option<Arc<Known>>>>,
}

impl<D> Clone for Collection<D> {
    fn clone(&self) -> Self {
        Self {
            definition: Arc::clone(&self.definition),
            trees: Arc::clone(&self.trees),
            store_id: self.store_id,
            record_key: Arc::clone(&self.record_key),
            known: Arc::clone(&self.known),
        }
    }
}

impl<D> fmt::Debug for Collection<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Collection").field(&self.trees.documents.name()).finish()
    }
}

impl<D: Body> Collection<D> {
    /// Opens a collection, creating it if it is absent, and builds the indexes that are not built yet.
    /// Building reads every document, in chunks of a commit each; to see its progress or to build
    /// later, use [`declare`](Self::declare) and [`build`](Self::build).
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) if the store holds the collection with another declaration
    /// that this one cannot follow, [`Unique`](DocError::Unique) if documents share the values of
    /// a new unique index, or what the store reports.
    pub fn open<S: KvStore>(store: &S, declaration: Declaration<D>) -> Result<Self> {
        let collection = Self::declare(store, declaration)?;
        collection.build(store, &mut |_| ControlFlow::Continue(()))?;
        Ok(collection)
    }

    /// Opens a collection and records its declaration, without building indexes. Until an index is
    /// built, queries do not use it, and writes maintain it.
    ///
    /// # Errors
    /// As [`open`](Self::open), except for those of building.
    pub fn declare<S: KvStore>(store: &S, declaration: Declaration<D>) -> Result<Self> {
        let definition = Definition::new(declaration)?;
        let mut collection = Self::of(definition, &|name| store.open_tree(name))?;
        let meta = store.open_tree(TreeName::layer(META_TREE)?)?;
        let noted = store.read(|snapshot| collection.read_declared(snapshot, &meta))?;
        collection.store_id = match noted {
            (Some(store_id), None) => store_id,
            _ => store.write(|transaction| collection.note_declared(transaction, &meta))?,
        };
        Ok(collection)
    }

    /// Opens the trees of a collection. Its cursors are valid only once the id of the store is set.
    pub(super) fn of(
        definition: Definition<D>,
        open: &dyn Fn(TreeName<'_>) -> Result<Tree>,
    ) -> Result<Self> {
        let trees = Trees::open(definition.name(), open)?;
        Ok(Self {
            record_key: catalog::key(definition.name()).into(),
            definition: Arc::new(definition),
            trees: Arc::new(trees),
            store_id: [0; 16],
            known: Arc::default(),
        })
    }

    /// Reads the id of the store and the record of the collection, if both exist and the record
    /// needs no change.
    fn read_declared<R: KvRead>(
        &self,
        reader: &R,
        meta: &Tree,
    ) -> Result<(Option<[u8; 16]>, Option<Record>)> {
        let store_id = reader.get_with(meta, STORE_ID_KEY, |bytes| match bytes {
            [FORMAT, id @ ..] => <[u8; 16]>::try_from(id)
                .map_err(|_| DecodeError::new("16 bytes", id.len().to_string())),
            _ => Err(DecodeError::new("format 1", "another")),
        })?;
        let store_id = store_id
            .transpose()
            .map_err(|cause| undecodable(&self.trees.name, META_TREE, STORE_ID_KEY, cause))?;
        let before = self.load(reader)?;
        let before = before.as_ref().map(|known| &known.record);
        let all = reader.first(&self.trees.documents, KeyRange::all())?;
        let record = Record::declared(&self.definition, before, all.is_none())?;
        Ok((store_id, (before != Some(&record)).then_some(record)))
    }

    fn note_declared<W: KvWrite>(&self, transaction: &mut W, meta: &Tree) -> Result<[u8; 16]> {
        let (store_id, record) = self.read_declared(transaction, meta)?;
        if let Some(record) = record {
            catalog::save(transaction, &self.trees.catalog, &self.record_key, &record)?;
        }
        if let Some(store_id) = store_id {
            return Ok(store_id);
        }
        let store_id = ordered_uuid().into_bytes();
        transaction.put(meta, STORE_ID_KEY, &[&[FORMAT][..], &store_id].concat())?;
        Ok(store_id)
    }

    /// Reads the record of the collection, without comparing it with the declaration.
    fn load<R: KvRead>(&self, reader: &R) -> Result<Option<Arc<Known>>> {
        let last = self.known.lock().clone();
        let (schema, key) = (self.definition.schema(), &self.record_key);
        let known = Known::load(schema, &self.trees, key, reader, last.as_ref())?;
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
    pub(super) fn known<R: KvRead>(&self, reader: &R) -> Result<Arc<Known>> {
        let known = self.load(reader)?.ok_or_else(|| catalog::redeclared(&self.definition))?;
        known.record.check_fits(&self.definition)?;
        Ok(known)
    }

    /// Returns the declaration.
    pub fn declaration(&self) -> &Declaration<D> {
        &self.definition.declaration
    }

    /// Returns the key of a document.
    pub(super) fn key_of(&self, id: &DocId<'_>) -> Result<Vec<u8>> {
        let ids = &self.definition.declaration.ids;
        let accepted = ids.accept(DocId::from(id)).ok_or_else(|| {
            let reason =
                format!("\"{id}\" cannot be an id here: use {}", ids.expected_instead_of(id));
            self.definition.invalid(reason)
        })?;
        let mut key = Vec::with_capacity(32);
        accepted.encode(&mut key);
        Ok(key)
    }

    /// Returns the id of the document at a key.
    pub(super) fn id_at(&self, key: &[u8]) -> Result<DocId<'static>> {
        let decoded = self.definition.declaration.ids.decode(key);
        decoded.map_err(|cause| self.undecodable(key, cause))
    }

    /// Builds the error for an index that leads to a document that does not exist.
    ///
    /// # Errors
    /// [`Undecodable`](DocError::Undecodable) if the key is not one of an id.
    pub(super) fn dangling(&self, index: Option<usize>, id_key: &[u8]) -> Result<Error> {
        let index = index.and_then(|index| self.definition.indexes.get(index));
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

    /// Decodes a stored document.
    pub(super) fn decode(&self, key: &[u8], value: &[u8]) -> Result<Stored<D>> {
        let (header, body) = Header::split(value).map_err(|cause| self.undecodable(key, cause))?;
        let id = self.id_at(key)?;
        let body = self.decode_body(key, &id, header, body)?;
        Ok(Stored { id, revision: header.revision, body })
    }

    fn decode_body(
        &self,
        key: &[u8],
        id: &DocId<'static>,
        header: Header,
        body: &[u8],
    ) -> Result<D> {
        let declaration = &self.definition.declaration;
        let decoded = declaration.format.decode(header.codec, header.schema, body);
        decoded.map_err(|error| match error {
            BodyError::Decode(cause) => self.undecodable(key, cause),
            BodyError::TooNew { stored, known } => {
                let (collection, id) = (declaration.name.clone(), id.clone());
                DocError::TooNew { collection, id, stored, known }.into()
            }
        })
    }

    /// Gets a document by its key.
    pub(super) fn get_at<R: DocRead + ?Sized>(
        &self,
        docs: &R,
        key: &[u8],
    ) -> Result<Option<Stored<D>>> {
        let mut stored = None;
        docs.get(key, &mut |value| stored = Some(self.decode(key, value)))?;
        stored.transpose()
    }

    /// Returns the documents in a snapshot or a transaction, as bytes, without their indexes.
    pub(super) fn docs<T: Deref>(&self, reader: T) -> KvDocs<'_, T> {
        KvDocs { trees: &self.trees, reader }
    }

    /// Finds an index by its name.
    pub(super) fn index(&self, name: &str) -> Result<usize> {
        let found = self.definition.indexes.iter().position(|index| index.name == name);
        found.ok_or_else(|| {
            self.definition.invalid(format!("there is no index {name:?}: declare it"))
        })
    }
}
