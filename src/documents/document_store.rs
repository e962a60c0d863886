//! Opening collections by the type of their documents.

use arbour_core::{KvStore, Result};

use super::{Collection, Document};

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
/// let note = Note { name: "a".to_owned(), text: "hello".to_owned() };
/// store.write(|transaction| notes.insert(transaction, note))?;
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
}

impl<S: KvStore> DocumentStore for S {}
