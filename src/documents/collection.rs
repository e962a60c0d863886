//! An opened collection of documents of a type.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use arbour_core::engine::document_layout::Header;
use arbour_core::{KvStore, Result};

use super::definition::Definition;
use super::docs::Docs;
use super::fields::{Decode, Fields};
use super::opened::Opened;
use super::{Body, BodyError, Declaration, DocError, DocId, Stored};

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
    pub(super) opened: Arc<Opened>,
}

impl<D> Clone for Collection<D> {
    fn clone(&self) -> Self {
        Self { definition: Arc::clone(&self.definition), opened: Arc::clone(&self.opened) }
    }
}

impl<D> fmt::Debug for Collection<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Collection").field(&self.opened.trees.documents.name()).finish()
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
        let opened = Opened::declare(store, definition.schema())?;
        Ok(Self::new(definition, opened))
    }

    pub(super) fn new(definition: Definition<D>, opened: Opened) -> Self {
        Self { definition: Arc::new(definition), opened: Arc::new(opened) }
    }

    /// Returns the declaration.
    pub fn declaration(&self) -> &Declaration<D> {
        &self.definition.declaration
    }

    /// Decodes a stored document.
    pub(super) fn decode(&self, key: &[u8], value: &[u8]) -> Result<Stored<D>> {
        let (header, body) =
            Header::split(value).map_err(|cause| self.opened.undecodable(key, cause))?;
        let id = self.opened.id_at(key)?;
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
            BodyError::Decode(cause) => self.opened.undecodable(key, cause),
            BodyError::TooNew { stored, known } => {
                let (collection, id) = (declaration.name.clone(), id.clone());
                DocError::TooNew { collection, id, stored, known }.into()
            }
        })
    }

    /// Gets a document by its key.
    pub(super) fn get_at(&self, docs: Docs<'_>, key: &[u8]) -> Result<Option<Stored<D>>> {
        let mut stored = None;
        docs.get(key, &mut |value| stored = Some(self.decode(key, value)))?;
        stored.transpose()
    }
}

impl<D: Body> Decode for Collection<D> {
    fn with_fields(
        &self,
        key: &[u8],
        value: &[u8],
        run: &mut dyn FnMut(&dyn Fields) -> Result<()>,
    ) -> Result<()> {
        run(&self.definition.fields_of(&self.decode(key, value)?.body))
    }

    fn converted(
        &self,
        key: &[u8],
        value: &[u8],
        run: &mut dyn FnMut(&dyn Fields) -> Result<()>,
    ) -> Result<Vec<u8>> {
        let Stored { revision, body, .. } = self.decode(key, value)?;
        run(&self.definition.fields_of(&body))?;
        let mut stored = Vec::with_capacity(value.len());
        self.encode(&body, self.definition.version, revision, &mut stored)?;
        Ok(stored)
    }
}
