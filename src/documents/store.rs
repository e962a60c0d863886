//! A document store over the trees of any engine.

use std::ops::ControlFlow;

use arbour_core::documents::{
    Change, Declaration, DocCollection, DocResult, DocStore, Document, Duplicate, IndexState,
    IndexStatus, Progress, Scrub, ScrubReport,
};
use arbour_core::{KvRead, KvStore, KvWrite};

use super::collection::Collection;
use super::reader::CollectionReader;
use super::writer::CollectionWriter;

/// Stores documents in any store.
///
/// ```
/// use arbour::KvStore;
/// use arbour::documents::{
///     Declaration, DocCollection, DocRead, DocStore, DocWrite, Documents, Field, Filter, Index, Query,
/// };
/// use serde_json::{Value, json};
///
/// let store = arbour::MemoryStore::new(); // or any other
/// let people = Documents::new(&store).collection(
///     Declaration::<Value>::new("people").field(Field::path("born")).index(Index::on("born")),
/// )?;
/// store.write(|transaction| {
///     let mut people = people.writer(transaction)?;
///     people.insert(&json!({"id": "ada", "born": 1815}))?;
///     people.insert(&json!({"id": "grace", "born": 1906}))
/// })?;
/// let snapshot = store.snapshot()?;
/// let victorian = Query::new(Filter::at_most("born", 1901)).require_index();
/// assert_eq!(people.reader(&snapshot).search(&victorian)?.items[0].id, "ada".into());
/// # Ok::<(), arbour::documents::DocError>(())
/// ```
pub struct Documents<'s, S: KvStore> {
    store: &'s S,
}

impl<'s, S: KvStore> Documents<'s, S> {
    /// Creates a document store over this store.
    ///
    /// ```
    /// # use arbour::documents::Documents;
    /// let store = arbour::MemoryStore::new();
    /// let documents = Documents::new(&store);
    /// # let _ = documents;
    /// ```
    #[must_use]
    pub fn new(store: &'s S) -> Self {
        Self { store }
    }
}

impl<S: KvStore> DocStore for Documents<'_, S> {
    type Store = S;
    type Collection<D: Document> = Collection<D>;

    fn store(&self) -> &S {
        self.store
    }

    fn declare<D: Document>(&self, declaration: Declaration<D>) -> DocResult<Self::Collection<D>> {
        Collection::declare(self.store, declaration)
    }
}

impl<D: Document> DocCollection<D> for Collection<D> {
    type Reader<'r, R: KvRead + 'r> = CollectionReader<'r, R, D>;
    type Writer<'w, W: KvWrite + 'w> = CollectionWriter<'w, W, D>;

    fn reader<'r, R: KvRead>(&'r self, reader: &'r R) -> CollectionReader<'r, R, D> {
        CollectionReader::new(self, reader)
    }

    fn writer<'w, W: KvWrite>(
        &'w self,
        transaction: &'w mut W,
    ) -> DocResult<CollectionWriter<'w, W, D>> {
        CollectionWriter::new(self, transaction)
    }

    fn indexes<R: KvRead>(&self, reader: &R) -> DocResult<Vec<IndexStatus>> {
        self.statuses(reader)
    }

    fn build<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> DocResult<Vec<IndexStatus>> {
        self.build_all(store, progress)
    }

    fn disable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> DocResult<()> {
        self.set_state(transaction, index, IndexState::Disabled)
    }

    fn enable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> DocResult<()> {
        self.set_state(transaction, index, IndexState::WriteOnly)
    }

    fn duplicates<R: KvRead>(
        &self,
        reader: &R,
        index: &str,
        limit: usize,
    ) -> DocResult<Vec<Duplicate>> {
        let number = self.index(index)?;
        let state = self.known(reader)?.state(number);
        if !state.is_complete() {
            return Err(arbour_core::documents::DocError::IndexState {
                collection: self.definition.name().to_owned(),
                index: index.to_owned(),
                state,
            });
        }
        self.find_duplicates(reader, number, limit)
    }

    fn scrub<S: KvStore>(
        &self,
        store: &S,
        scrub: Scrub,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> DocResult<ScrubReport> {
        self.scrub_all(store, scrub, progress)
    }

    fn changes<R: KvRead>(&self, reader: &R, after: u64, limit: usize) -> DocResult<Vec<Change>> {
        self.read_changes(reader, after, limit)
    }

    fn newest_change<R: KvRead>(&self, reader: &R) -> DocResult<u64> {
        self.newest_of_feed(reader)
    }

    fn acknowledge<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscriber: &str,
        position: Option<u64>,
    ) -> DocResult<()> {
        self.note_acknowledged(transaction, subscriber, position)
    }

    fn acknowledged<R: KvRead>(&self, reader: &R, subscriber: &str) -> DocResult<Option<u64>> {
        self.read_acknowledged(reader, subscriber)
    }

    fn trim_changes<W: KvWrite>(&self, transaction: &mut W, keep: u64) -> DocResult<u64> {
        self.trim(transaction, keep)
    }
}
