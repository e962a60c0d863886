//! Opening collections by the type of their documents.

use std::ops::ControlFlow;

use arbour_core::{KvStore, Result};

use super::{Collection, Document, StoredCollection, dropping, stored_collection};
use crate::Progress;

/// A store that opens collections by the type of their documents: every store does.
///
#[cfg_attr(feature = "derive", doc = "```")]
#[cfg_attr(not(feature = "derive"), doc = "```text")]
/// use arbour::prelude::*;
///
/// #[derive(Serialize, Deserialize, Document)]
/// #[document(collection = "notes")]
/// struct Note {
///     #[document(id)]
///     name: String,
///     text: String,
/// }
///
/// let store = arbour::MemoryStore::new();
/// let notes = store.collection::<Note>()?;
/// store.write(|transaction| {
///     notes.insert(transaction, Note { name: "a".to_owned(), text: "hello".to_owned() })
/// })?;
/// assert_eq!(notes.get(&store.snapshot()?, "a")?.unwrap().text, "hello");
/// # Ok::<(), arbour::Error>(())
/// ```
pub trait DocumentStore: KvStore + Sized {
    /// Opens the collection of a type, creating it if it is absent, and builds the indexes that are
    /// not built yet. To declare more than the derive macro can, such as upgrades of older documents,
    /// pass [`Document::declaration`] with additions to [`Collection::open`].
    ///
    /// # Errors
    /// As [`Collection::open`].
    fn collection<D: Document>(&self) -> Result<Collection<D>> {
        Collection::open(self, D::declaration())
    }

    /// Lists the collections of the store as they were declared last, in the order of their names.
    /// It reads a snapshot of its own and opens none of them.
    ///
    /// # Errors
    /// [`Undecodable`](super::DocError::Undecodable) for a damaged record; errors of the store.
    ///
    /// ```
    /// use arbour::documents::{Collection, Declaration, DocumentStore};
    /// let store = arbour::MemoryStore::new();
    /// Collection::open(&store, Declaration::<serde_json::Value>::new("notes"))?;
    /// assert_eq!(store.collections()?[0].name, "notes");
    /// # Ok::<(), arbour::Error>(())
    /// ```
    fn collections(&self) -> Result<Vec<StoredCollection>> {
        stored_collection::list(self)
    }

    /// Removes a collection with its documents, its indexes and its feed, whatever their types.
    /// Returns true if the collection is gone, also if there was none, and false if `progress` ended
    /// the call early.
    ///
    /// The entries are removed in chunks, each of which is a transaction and is reported to `progress`.
    /// From the first commit on, the collection cannot be opened or written: calls fail with
    /// [`Dropping`](super::DocError::Dropping), also after a crash, until a call of this method completes.
    /// Handles that were opened before read fewer and fewer documents. A collection of the same name
    /// can be created afterwards; its ids and revisions begin anew.
    ///
    /// # Errors
    /// Errors of the store. The chunks that were committed stay removed; call it again.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use arbour::documents::{Collection, Declaration, DocumentStore};
    /// let store = arbour::MemoryStore::new();
    /// Collection::open(&store, Declaration::<serde_json::Value>::new("notes"))?;
    /// assert!(store.drop_collection("notes", |_| ControlFlow::Continue(()))?);
    /// assert!(store.collections()?.is_empty());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    fn drop_collection(
        &self,
        name: &str,
        mut progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<bool> {
        dropping::drop_collection(self, name, &mut progress)
    }

    /// Removes an index of a collection, whichever program declared it. Nothing else removes one: a
    /// program that no longer declares an index keeps it right for those that do. Returns true if the
    /// index is gone, also if there was none, and false if `progress` ended the call early.
    ///
    /// The name is that of [`collections`](Self::collections) or
    /// [`undeclared_indexes`](Collection::undeclared_indexes). If programs declare different indexes under
    /// one name, the later ones are `NAME/2` and so on here.
    ///
    /// From the first commit on, a unique index refuses nothing. A running program that declares the
    /// index searches without it, and builds it anew when it next opens the collection. The entries are
    /// removed in chunks, each of which is a transaction and is reported to `progress`. After a break or a
    /// crash, the next call or a program that opens the collection removes the rest.
    ///
    /// # Errors
    /// [`Dropping`](super::DocError::Dropping) if the collection is being dropped; errors of the store.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use arbour::documents::{Collection, Declaration, DocumentStore, Field, Index};
    /// let store = arbour::MemoryStore::new();
    /// let notes = Declaration::<serde_json::Value>::new("notes").field(Field::path("by"));
    /// Collection::open(&store, notes.index(Index::on("by")))?;
    /// assert!(store.drop_index("notes", "by", |_| ControlFlow::Continue(()))?);
    /// assert!(store.collections()?[0].indexes.is_empty());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    fn drop_index(
        &self,
        collection: &str,
        index: &str,
        mut progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<bool> {
        dropping::drop_index(self, collection, index, &mut progress)
    }
}

impl<S: KvStore> DocumentStore for S {}
