//! How the suite makes the document stores under test.

use arbour::documents::{DocStore, Documents};
use arbour_core::KvStore;

/// Makes the document store under test on any store.
///
/// ```
/// use arbour_conformance::documents::{DocFactory, SoundDocuments};
/// use arbour_core::MemoryStore;
/// use arbour_core::documents::{Declaration, DocResult, DocStore};
/// let store = MemoryStore::new();
/// let documents = SoundDocuments.documents(&store);
/// let notes = documents.collection(Declaration::<serde_json::Value>::new("notes"))?;
/// # let _ = notes;
/// # DocResult::Ok(())
/// ```
pub trait DocFactory: Copy + Send + Sync + 'static {
    /// The document store.
    type Docs<'s, S: KvStore>: DocStore<Store = S>;

    /// Makes a document store on a store.
    ///
    /// ```
    /// use arbour_conformance::documents::DocFactory;
    /// use arbour_core::{KvStore, documents::DocStore};
    /// fn engine(factory: impl DocFactory, store: &impl KvStore) -> &'static str {
    ///     factory.documents(store).store().capabilities().engine
    /// }
    /// ```
    fn documents<'s, S: KvStore>(&self, store: &'s S) -> Self::Docs<'s, S>;
}

/// Makes Arbour's own document store, [`Documents`].
///
/// ```
/// use arbour_conformance::documents::{DocFactory, SoundDocuments};
/// let store = arbour_core::MemoryStore::new();
/// let documents = SoundDocuments.documents(&store);
/// # let _ = documents;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SoundDocuments;

impl DocFactory for SoundDocuments {
    type Docs<'s, S: KvStore> = Documents<'s, S>;

    fn documents<'s, S: KvStore>(&self, store: &'s S) -> Documents<'s, S> {
        Documents::new(store)
    }
}
