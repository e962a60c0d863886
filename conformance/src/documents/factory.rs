//! How the suite makes the document stores under test.

use arbour::Result;
use arbour::documents::{Body, Collection, Declaration};
use arbour_core::KvStore;

use crate::documents::TestDocuments;

/// Makes the document store under test on any store.
///
/// ```
/// use arbour_conformance::documents::{DocFactory, SoundDocuments, TestDocuments};
/// use arbour_core::MemoryStore;
/// use arbour::documents::{Declaration, DocError};
/// let store = MemoryStore::new();
/// let documents = SoundDocuments.documents(&store);
/// let notes = documents.collection(Declaration::<serde_json::Value>::new("notes"))?;
/// # let _ = notes;
/// # Ok::<(), arbour::Error>(())
/// ```
pub trait DocFactory: Copy + Send + Sync + 'static {
    /// The document store.
    type Docs<'s, S: KvStore>: TestDocuments<Store = S>;

    /// Makes a document store on a store.
    ///
    /// ```
    /// use arbour_conformance::documents::{DocFactory, TestDocuments};
    /// use arbour_core::KvStore;
    /// fn engine(factory: impl DocFactory, store: &impl KvStore) -> &'static str {
    ///     factory.documents(store).store().capabilities().engine
    /// }
    /// ```
    fn documents<'s, S: KvStore>(&self, store: &'s S) -> Self::Docs<'s, S>;
}

/// Makes Arbour's own documents, each in a [`Collection`].
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
    type Docs<'s, S: KvStore> = Collections<'s, S>;

    fn documents<'s, S: KvStore>(&self, store: &'s S) -> Collections<'s, S> {
        Collections { store }
    }
}

/// Opens [`Collection`]s in a store.
///
/// ```
/// use arbour_conformance::documents::{DocFactory, SoundDocuments, TestDocuments};
/// let store = arbour_core::MemoryStore::new();
/// let notes = SoundDocuments.documents(&store).collection(
///     arbour::documents::Declaration::<serde_json::Value>::new("notes"),
/// )?;
/// assert_eq!(notes.declaration().name, "notes");
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct Collections<'s, S> {
    store: &'s S,
}

impl<S: KvStore> TestDocuments for Collections<'_, S> {
    type Store = S;
    type Collection<D: Body> = Collection<D>;

    fn store(&self) -> &S {
        self.store
    }

    fn declare<D: Body>(&self, declaration: Declaration<D>) -> Result<Collection<D>> {
        Collection::declare(self.store, declaration)
    }

    fn collection<D: Body>(&self, declaration: Declaration<D>) -> Result<Collection<D>> {
        Collection::open(self.store, declaration)
    }
}
