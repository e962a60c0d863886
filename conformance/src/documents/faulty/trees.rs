//! The trees of a collection, read and written without the knowledge of the sound store.

use std::collections::HashSet;

use arbour::Result;
use arbour::documents::layout::{Header, documents_tree, index_tree};
use arbour::documents::{Body, Declaration, DocError, DocId, Index, Stored, encode_scalar};
use arbour::key::{Descending, GROUP_DELIMITER, KeyPart as _, Ordered};
use arbour_core::engine::TreeName;
use arbour_core::{Cursor as _, Direction, KeyRange, KvRead, KvStore, Tree};
use serde_json::Value;

use crate::entries;

/// The trees of a collection.
pub(super) struct Trees {
    /// The tree of its documents.
    pub(super) documents: Tree,
    /// The trees of its indexes, in the order of their declaration.
    pub(super) indexes: Vec<Tree>,
}

impl Trees {
    /// Resolves the trees.
    pub(super) fn open<D>(store: &impl KvStore, declaration: &Declaration<D>) -> Result<Self> {
        let open = |name: String| store.open_tree(TreeName::stored(&name)?);
        let indexes = declaration
            .indexes
            .iter()
            .map(|index| open(index_tree(&declaration.name, &index.name)))
            .collect::<Result<_, _>>()?;
        Ok(Self { documents: open(documents_tree(&declaration.name))?, indexes })
    }

    /// Returns the stored bytes of a document.
    pub(super) fn stored(&self, reader: &impl KvRead, id: &DocId<'_>) -> Result<Option<Vec<u8>>> {
        Ok(reader.get(&self.documents, &key_of(id))?.map(|value| value.as_ref().to_vec()))
    }

    /// Reads a document with the declared codec, whatever its header says.
    pub(super) fn read<D: Body>(
        &self,
        reader: &impl KvRead,
        declaration: &Declaration<D>,
        id: &DocId<'_>,
    ) -> Result<Option<Stored<D>>> {
        let Some(stored) = self.stored(reader, id)? else { return Ok(None) };
        let read = Header::split(&stored)
            .and_then(|(header, body)| Ok((header, (declaration.format.codec.decode)(body)?)));
        let (header, body) = read.map_err(|cause| DocError::Invalid {
            collection: declaration.name.clone(),
            reason: cause.to_string(),
        })?;
        Ok(Some(Stored { id: id.clone().into_owned(), revision: header.revision, body }))
    }
}

/// Returns the key of a document.
pub(super) fn key_of(id: &DocId<'_>) -> Vec<u8> {
    let mut key = Vec::new();
    id.encode(&mut key);
    key
}

/// Returns the key of a document in an ascending index over one field.
pub(super) fn entry_of(value: &Value, id: &DocId<'_>) -> Option<Vec<u8>> {
    let mut key = Vec::new();
    if !encode_scalar(value, &mut key) {
        return None;
    }
    key.push(GROUP_DELIMITER);
    id.encode(&mut key);
    Some(key)
}

/// Returns the key of the document to which an entry of an index leads.
pub(super) fn document_of(index: &Index, entry: &[u8]) -> Option<Vec<u8>> {
    let id = entry.rsplit(|byte| *byte == GROUP_DELIMITER).next()?;
    match index.parts.last()?.direction {
        Direction::Forward => Some(id.to_vec()),
        Direction::Reverse => Descending::<Ordered<Vec<u8>>>::decode_part(id).ok().map(|id| id.0.0),
    }
}

/// Returns the entries of a tree that have a value.
pub(super) fn long_entries<R: KvRead>(reader: &R, tree: &Tree) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let all = entries(reader.scan(tree, KeyRange::all(), Direction::Forward)?)?;
    Ok(all.into_iter().filter(|(_, value)| !value.is_empty()).collect())
}

/// Returns all keys of a tree.
pub(super) fn keys<R: KvRead>(reader: &R, tree: &Tree) -> Result<HashSet<Vec<u8>>> {
    let mut keys = HashSet::new();
    let mut cursor = reader.scan(tree, KeyRange::all(), Direction::Forward)?;
    while let Some((key, _)) = cursor.next()? {
        keys.insert(key.to_vec());
    }
    Ok(keys)
}
