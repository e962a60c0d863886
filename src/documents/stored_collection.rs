//! The collections that a store holds, as they were declared last, with the indexes of all programs.

use arbour_core::engine::TreeName;
use arbour_core::engine::document_layout::CATALOG_TREE;
use arbour_core::{Cursor as _, Direction, Error, KeyRange, KvRead, KvStore, Result};

use super::IndexStatus;
use super::catalog::{self, FieldRecord, Record};
use super::entries::undecodable;
use crate::key::Key as _;

/// A collection that a store holds, as it was last declared.
///
/// ```
/// use arbour::documents::{Collection, Declaration, DocumentStore, Field, Index};
/// use serde_json::Value;
/// let store = arbour::MemoryStore::new();
/// let notes = Declaration::<Value>::new("notes").field(Field::path("by")).index(Index::on("by"));
/// Collection::open(&store, notes)?;
/// let collections = store.collections()?;
/// assert_eq!((&*collections[0].name, &*collections[0].fields[0].name), ("notes", "by"));
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredCollection {
    /// Its name.
    pub name: String,
    /// The path of the id in a document.
    pub id: String,
    /// What ids are, such as `an integer of 64 bits`.
    pub ids: String,
    /// The schema version in which documents are written: that of the program that created the collection,
    /// or that finished an upgrade last.
    pub schema: u32,
    /// The schema version of an upgrade that was begun and is not finished.
    pub upgrading_to: Option<u32>,
    /// Whether changes are recorded for subscribers.
    pub feed: bool,
    /// The declared fields. A collection that was last opened by a program that did not store them
    /// yet has none here.
    pub fields: Vec<StoredField>,
    /// The indexes of all programs and their states. If programs declare different indexes under one
    /// name, the later ones are `NAME/2` and so on here.
    pub indexes: Vec<IndexStatus>,
    /// Whether dropping it was begun: some of its documents are gone, and it cannot be opened until
    /// [`drop_collection`](super::DocumentStore::drop_collection) has completed.
    pub is_dropping: bool,
}

/// A field of a [`StoredCollection`].
///
/// ```
/// use arbour::documents::{Collection, Declaration, DocumentStore, Field, FieldKind};
/// use serde_json::Value;
/// let store = arbour::MemoryStore::new();
/// let size = Field::path("meta.size").named("size").of(FieldKind::Integer);
/// Collection::open(&store, Declaration::<Value>::new("files").field(size))?;
/// let size = store.collections()?[0].fields[0].clone();
/// assert_eq!((size.path.as_deref(), &*size.kind), (Some("meta.size"), "Integer"));
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredField {
    /// Its name.
    pub name: String,
    /// Its path in a document; `None` if it is computed.
    pub path: Option<String>,
    /// The name of its [`FieldKind`](super::FieldKind). A newer program may know more of them.
    pub kind: String,
    /// Whether it has many values.
    pub many: bool,
}

/// Lists the collections of a store, in the order of their names.
pub(super) fn list<S: KvStore>(store: &S) -> Result<Vec<StoredCollection>> {
    let tree = store.open_tree(TreeName::layer(CATALOG_TREE)?)?;
    let snapshot = store.snapshot()?;
    let prefix = catalog::key("");
    let mut collections = Vec::new();
    let mut cursor = snapshot.scan(&tree, KeyRange::prefix(&prefix), Direction::Forward)?;
    while let Some((key, value)) = cursor.next()? {
        let failed = |cause| -> Error { undecodable("", CATALOG_TREE, key, cause) };
        let (_, name) = <(String, String)>::decode_key(key).map_err(failed)?;
        let record = catalog::decode(value).map_err(failed)?;
        collections.push(StoredCollection::of(name, record));
    }
    Ok(collections)
}

impl StoredCollection {
    fn of(name: String, record: Record) -> Self {
        let field = |field: FieldRecord| {
            let FieldRecord { name, path, kind, many, .. } = field;
            StoredField { name, path, kind, many }
        };
        let indexes = record.indexes.into_iter();
        Self {
            name,
            id: record.id_path.join("."),
            ids: record.ids,
            schema: record.schema,
            upgrading_to: record.upgrade.map(|upgrade| upgrade.to),
            feed: record.feed,
            fields: record.fields.into_iter().map(field).collect(),
            indexes: indexes
                .map(|index| IndexStatus { name: index.name, state: index.state })
                .collect(),
            is_dropping: record.is_dropping,
        }
    }
}
