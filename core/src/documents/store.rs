//! Document stores.

use std::ops::ControlFlow;

use super::{
    Change, Declaration, DocRead, DocResult, DocWrite, Document, Duplicate, IndexStatus, Progress,
    Scrub, ScrubReport,
};
use crate::{KvRead, KvStore, KvWrite};

/// Stores collections of documents in a store.
///
/// `arbour::documents::Documents` implements it over any [`KvStore`]. An engine with a better way
/// implements this trait, [`DocCollection`], [`DocRead`] and [`DocWrite`] itself; the conformance
/// suite checks the same promises.
///
/// ```
/// use arbour_core::KvStore;
/// use arbour_core::documents::{
///     Declaration, DocCollection, DocRead, DocResult, DocStore, DocWrite, Field, Index,
/// };
/// use serde_json::json;
///
/// /// Works in any implementation, on any engine.
/// fn example(documents: &impl DocStore) -> DocResult<()> {
///     let people = documents.collection(
///         Declaration::new("people").field(Field::path("born")).index(Index::on("born")),
///     )?;
///     documents.store().write(|transaction| {
///         people.writer(transaction)?.insert(&json!({"id": "ada", "born": 1815}))
///     })?;
///     let snapshot = documents.store().snapshot()?;
///     assert!(people.reader(&snapshot).get("ada")?.is_some());
///     Ok(())
/// }
/// ```
pub trait DocStore {
    /// The underlying store.
    type Store: KvStore;

    /// An opened collection.
    type Collection<D: Document>: DocCollection<D>;

    /// Returns the store.
    ///
    /// ```
    /// # use arbour_core::{KvStore, documents::DocStore};
    /// fn engine<D: DocStore>(documents: &D) -> &'static str {
    ///     documents.store().capabilities().engine
    /// }
    /// ```
    fn store(&self) -> &Self::Store;

    /// Opens a collection without building indexes: an index that is new or was declared
    /// differently stays [`WriteOnly`](super::IndexState::WriteOnly) until
    /// [`build`](DocCollection::build) is called.
    ///
    /// # Errors
    /// [`Invalid`](super::DocError::Invalid) for a declaration that contradicts itself or the
    /// store: another type of ids, or an older schema version than the store's.
    ///
    /// ```
    /// # use arbour_core::documents::{Declaration, DocResult, DocStore};
    /// fn declare(documents: &impl DocStore) -> DocResult<()> {
    ///     documents.declare(Declaration::<serde_json::Value>::new("notes")).map(drop)
    /// }
    /// ```
    fn declare<D: Document>(&self, declaration: Declaration<D>) -> DocResult<Self::Collection<D>>;

    /// Opens a collection and builds its indexes if necessary.
    ///
    /// # Errors
    /// As [`declare`](Self::declare) and [`build`](DocCollection::build).
    ///
    /// ```
    /// # use arbour_core::documents::{Declaration, DocResult, DocStore};
    /// fn open(documents: &impl DocStore) -> DocResult<()> {
    ///     documents.collection(Declaration::<serde_json::Value>::new("notes")).map(drop)
    /// }
    /// ```
    fn collection<D: Document>(
        &self,
        declaration: Declaration<D>,
    ) -> DocResult<Self::Collection<D>> {
        let collection = self.declare(declaration)?;
        collection.build(self.store(), &mut |_| ControlFlow::Continue(()))?;
        Ok(collection)
    }
}

/// An opened collection. It is not tied to a transaction or a thread.
///
/// ```
/// use arbour_core::documents::{DocCollection, Document};
/// fn can_be_shared<D: Document>(collection: impl DocCollection<D>) -> impl Send + Sync {
///     collection
/// }
/// ```
pub trait DocCollection<D: Document>: Send + Sync {
    /// Reads through a snapshot or a transaction.
    type Reader<'r, R: KvRead + 'r>: DocRead<D>
    where
        Self: 'r;

    /// Writes through a transaction.
    type Writer<'w, W: KvWrite + 'w>: DocWrite<D>
    where
        Self: 'w;

    /// Reads documents through a snapshot, or through a transaction including its own writes.
    ///
    /// ```
    /// # use arbour_core::KvStore;
    /// # use arbour_core::documents::{DocCollection, DocRead, DocResult, Document};
    /// fn count<S: KvStore, D: Document>(
    ///     store: &S,
    ///     documents: &impl DocCollection<D>,
    /// ) -> DocResult<u64> {
    ///     documents.reader(&store.snapshot()?).count(&Default::default())
    /// }
    /// ```
    fn reader<'r, R: KvRead>(&'r self, reader: &'r R) -> Self::Reader<'r, R>;

    /// Writes documents through a transaction. One writer for many documents is quicker than one
    /// for each, because it reads the declaration only once.
    ///
    /// # Errors
    /// [`Redeclared`](super::DocError::Redeclared) if the collection was declared differently since
    /// it was opened; errors of the store.
    ///
    /// ```
    /// # use arbour_core::KvStore;
    /// # use arbour_core::documents::{DocCollection, DocResult, DocWrite, Document};
    /// fn set<S: KvStore, D: Document>(
    ///     store: &S,
    ///     documents: &impl DocCollection<D>,
    ///     body: &D,
    /// ) -> DocResult<()> {
    ///     store.write(|transaction| documents.writer(transaction)?.set(body).map(drop))
    /// }
    /// ```
    fn writer<'w, W: KvWrite>(&'w self, transaction: &'w mut W) -> DocResult<Self::Writer<'w, W>>;

    /// Returns the state of each index, in the order of their declaration.
    ///
    /// # Errors
    /// [`Redeclared`](super::DocError::Redeclared); errors of the store.
    ///
    /// ```
    /// # use arbour_core::KvStore;
    /// # use arbour_core::documents::{DocCollection, DocResult, Document};
    /// fn is_ready<S: KvStore, D: Document>(
    ///     store: &S,
    ///     documents: &impl DocCollection<D>,
    /// ) -> DocResult<bool> {
    ///     let indexes = documents.indexes(&store.snapshot()?)?;
    ///     Ok(indexes.iter().all(|index| index.state.is_complete()))
    /// }
    /// ```
    fn indexes<R: KvRead>(&self, reader: &R) -> DocResult<Vec<IndexStatus>>;

    /// Builds the indexes that are neither readable nor disabled, in batches of one transaction
    /// each, while other writers continue. If it ends early, by a break or a crash, the completed
    /// batches are kept, and the next call resumes there. Returns the state of each index
    /// afterwards.
    ///
    /// A unique index is enforced from the moment it is declared: a write with the values of
    /// another document is refused, whether or not the index contains that document yet. For this,
    /// a writer reads once the documents that the build has not reached. If existing documents
    /// already had the same values, the index ends as
    /// [`UniquePending`](super::IndexState::UniquePending); see [`duplicates`](Self::duplicates).
    ///
    /// # Errors
    /// [`Undecodable`](super::DocError::Undecodable) for a document that cannot be decoded, and
    /// [`WrongType`](super::DocError::WrongType) for one with a value that an indexed field does
    /// not allow: rewrite or remove it, and build again. Errors of the store.
    ///
    /// ```
    /// # use std::ops::ControlFlow;
    /// # use arbour_core::KvStore;
    /// # use arbour_core::documents::{DocCollection, DocResult, Document};
    /// fn build<S: KvStore, D: Document>(
    ///     store: &S,
    ///     documents: &impl DocCollection<D>,
    /// ) -> DocResult<()> {
    ///     documents.build(store, &mut |progress| {
    ///         eprintln!("{} of {}", progress.done, progress.total);
    ///         ControlFlow::Continue(())
    ///     }).map(drop)
    /// }
    /// ```
    fn build<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> DocResult<Vec<IndexStatus>>;

    /// Disables an index: writes do not maintain it and searches do not use it until it is
    /// [enabled](Self::enable).
    ///
    /// # Errors
    /// [`Invalid`](super::DocError::Invalid) if there is no such index; errors of the store.
    ///
    /// ```
    /// # use arbour_core::KvWrite;
    /// # use arbour_core::documents::{DocCollection, DocResult, Document};
    /// fn disable<W: KvWrite, D: Document>(
    ///     transaction: &mut W,
    ///     documents: &impl DocCollection<D>,
    /// ) -> DocResult<()> {
    ///     documents.disable(transaction, "size")
    /// }
    /// ```
    fn disable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> DocResult<()>;

    /// Enables a disabled index, which the next [`build`](Self::build) rebuilds.
    ///
    /// # Errors
    /// As [`disable`](Self::disable).
    ///
    /// ```
    /// # use arbour_core::KvWrite;
    /// # use arbour_core::documents::{DocCollection, DocResult, Document};
    /// fn enable<W: KvWrite, D: Document>(
    ///     transaction: &mut W,
    ///     documents: &impl DocCollection<D>,
    /// ) -> DocResult<()> {
    ///     documents.enable(transaction, "size")
    /// }
    /// ```
    fn enable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> DocResult<()>;

    /// Returns the values that several documents have in a unique index, in order, at most `limit`.
    ///
    /// # Errors
    /// As [`disable`](Self::disable); [`IndexState`](super::DocError::IndexState) for an index that
    /// is not built.
    ///
    /// ```
    /// # use arbour_core::KvRead;
    /// # use arbour_core::documents::{DocCollection, DocResult, Document};
    /// fn is_unique<R: KvRead, D: Document>(
    ///     reader: &R,
    ///     documents: &impl DocCollection<D>,
    /// ) -> DocResult<bool> {
    ///     Ok(documents.duplicates(reader, "email", 1)?.is_empty())
    /// }
    /// ```
    fn duplicates<R: KvRead>(
        &self,
        reader: &R,
        index: &str,
        limit: usize,
    ) -> DocResult<Vec<Duplicate>>;

    /// Finds index entries that are missing and entries that match no document, in batches, while
    /// other writers continue; corrects them if requested. A break ends it early, with the findings
    /// so far.
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use std::ops::ControlFlow;
    /// # use arbour_core::KvStore;
    /// # use arbour_core::documents::{DocCollection, DocResult, Document, Scrub};
    /// fn mend<S: KvStore, D: Document>(
    ///     store: &S,
    ///     documents: &impl DocCollection<D>,
    /// ) -> DocResult<u64> {
    ///     let report = documents.scrub(store, Scrub::Mend, &mut |_| ControlFlow::Continue(()))?;
    ///     Ok(report.missing_count + report.dangling_count)
    /// }
    /// ```
    fn scrub<S: KvStore>(
        &self,
        store: &S,
        scrub: Scrub,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> DocResult<ScrubReport>;

    /// Returns the committed changes after a position, at most `limit`, in the order they were
    /// made, without gaps. Position 0 is before the first change.
    ///
    /// # Errors
    /// [`Trimmed`](super::DocError::Trimmed) if changes after the position were trimmed;
    /// [`Invalid`](super::DocError::Invalid) if the collection has no feed.
    ///
    /// ```
    /// # use arbour_core::KvStore;
    /// # use arbour_core::documents::{DocCollection, DocResult, Document};
    /// fn follow<S: KvStore, D: Document>(
    ///     store: &S,
    ///     documents: &impl DocCollection<D>,
    ///     position: &mut u64,
    /// ) -> DocResult<()> {
    ///     for change in documents.changes(&store.snapshot()?, *position, 100)? {
    ///         println!("{} at revision {:?}", change.id, change.revision);
    ///         *position = change.position;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    fn changes<R: KvRead>(&self, reader: &R, after: u64, limit: usize) -> DocResult<Vec<Change>>;

    /// Returns the position of the newest change; 0 if there is none.
    ///
    /// # Errors
    /// As [`changes`](Self::changes).
    ///
    /// ```
    /// # use arbour_core::KvRead;
    /// # use arbour_core::documents::{DocCollection, DocResult, Document};
    /// fn newest<R: KvRead, D: Document>(
    ///     reader: &R,
    ///     documents: &impl DocCollection<D>,
    /// ) -> DocResult<u64> {
    ///     documents.newest_change(reader)
    /// }
    /// ```
    fn newest_change<R: KvRead>(&self, reader: &R) -> DocResult<u64>;

    /// Notes that a subscriber has dealt with all changes up to a position, in the subscriber's own
    /// transaction. The acknowledged position never moves backwards: an earlier one changes
    /// nothing. Changes that a subscriber has not acknowledged are never trimmed. `None` forgets
    /// the subscriber, which can then begin anywhere.
    ///
    /// # Errors
    /// [`Beyond`](super::DocError::Beyond) for a position after the newest change;
    /// [`Invalid`](super::DocError::Invalid) if the collection has no feed or the name of the
    /// subscriber is empty.
    ///
    /// ```
    /// # use arbour_core::KvWrite;
    /// # use arbour_core::documents::{DocCollection, DocResult, Document};
    /// fn done<W: KvWrite, D: Document>(
    ///     transaction: &mut W,
    ///     documents: &impl DocCollection<D>,
    /// ) -> DocResult<()> {
    ///     documents.acknowledge(transaction, "mailer", Some(7))
    /// }
    /// ```
    fn acknowledge<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscriber: &str,
        position: Option<u64>,
    ) -> DocResult<()>;

    /// Returns the position up to which a subscriber has acknowledged changes; `None` if the
    /// subscriber is unknown.
    ///
    /// # Errors
    /// As [`changes`](Self::changes).
    ///
    /// ```
    /// # use arbour_core::KvRead;
    /// # use arbour_core::documents::{DocCollection, DocResult, Document};
    /// fn position<R: KvRead, D: Document>(
    ///     reader: &R,
    ///     documents: &impl DocCollection<D>,
    /// ) -> DocResult<u64> {
    ///     Ok(documents.acknowledged(reader, "mailer")?.unwrap_or(0))
    /// }
    /// ```
    fn acknowledged<R: KvRead>(&self, reader: &R, subscriber: &str) -> DocResult<Option<u64>>;

    /// Trims changes that no subscriber needs any more, except the newest `keep`, and returns how
    /// many were trimmed.
    ///
    /// # Errors
    /// As [`changes`](Self::changes).
    ///
    /// ```
    /// # use arbour_core::KvWrite;
    /// # use arbour_core::documents::{DocCollection, DocResult, Document};
    /// fn tidy<W: KvWrite, D: Document>(
    ///     transaction: &mut W,
    ///     documents: &impl DocCollection<D>,
    /// ) -> DocResult<u64> {
    ///     documents.trim_changes(transaction, 1000)
    /// }
    /// ```
    fn trim_changes<W: KvWrite>(&self, transaction: &mut W, keep: u64) -> DocResult<u64>;
}
