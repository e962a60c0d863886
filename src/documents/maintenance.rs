//! What an operator asks of a collection: its indexes, its integrity and its feed of changes.

use std::ops::ControlFlow;

use arbour_core::documents::{
    Change, DocCollection, DocResult, Document, Duplicate, IndexStatus, Progress, Scrub,
    ScrubReport,
};
use arbour_core::{KvRead, KvStore, KvWrite};

use super::collection::Collection;

impl<D: Document> Collection<D> {
    /// Returns the state of each declared index.
    ///
    /// # Errors
    /// What the store reports.
    pub fn indexes<R: KvRead>(&self, reader: &R) -> DocResult<Vec<IndexStatus>> {
        DocCollection::indexes(self, reader)
    }

    /// Builds the indexes that are not built yet, in chunks of a commit each, while others write. An
    /// interrupted build resumes after its last chunk.
    ///
    /// # Errors
    /// [`Unique`](super::DocError::Unique) if documents share the values of a unique index,
    /// [`Undecodable`](super::DocError::Undecodable) if one cannot be read, or what the store reports.
    pub fn build<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> DocResult<Vec<IndexStatus>> {
        DocCollection::build(self, store, progress)
    }

    /// Disables an index: it is neither maintained nor used until it is [enabled](Self::enable).
    ///
    /// # Errors
    /// [`Invalid`](super::DocError::Invalid) if there is no such index.
    pub fn disable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> DocResult<()> {
        DocCollection::disable(self, transaction, index)
    }

    /// Enables a disabled index. It is maintained from then on, and used once it is
    /// [built](Self::build).
    ///
    /// # Errors
    /// [`Invalid`](super::DocError::Invalid) if there is no such index.
    pub fn enable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> DocResult<()> {
        DocCollection::enable(self, transaction, index)
    }

    /// Finds documents that share the values of an index, at most `limit` groups of them: what keeps a
    /// unique index from being built.
    ///
    /// # Errors
    /// [`Invalid`](super::DocError::Invalid) if there is no such index, or what the store reports.
    pub fn duplicates<R: KvRead>(
        &self,
        reader: &R,
        index: &str,
        limit: usize,
    ) -> DocResult<Vec<Duplicate>> {
        DocCollection::duplicates(self, reader, index, limit)
    }

    /// Compares every document with the entries of the indexes, and mends the indexes if asked to.
    ///
    /// # Errors
    /// What the store reports. What is wrong is in the report.
    pub fn scrub<S: KvStore>(
        &self,
        store: &S,
        scrub: Scrub,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> DocResult<ScrubReport> {
        DocCollection::scrub(self, store, scrub, progress)
    }

    /// Reads the changes after a position, oldest first, at most `limit`. Only a collection declared
    /// [with a feed](super::Declaration::with_feed) has any.
    ///
    /// # Errors
    /// [`Trimmed`](super::DocError::Trimmed), with the first position that is left, if the next change
    /// has been trimmed.
    pub fn changes<R: KvRead>(
        &self,
        reader: &R,
        after: u64,
        limit: usize,
    ) -> DocResult<Vec<Change>> {
        DocCollection::changes(self, reader, after, limit)
    }

    /// Returns the position of the newest change; 0 before the first.
    ///
    /// # Errors
    /// What the store reports.
    pub fn newest_change<R: KvRead>(&self, reader: &R) -> DocResult<u64> {
        DocCollection::newest_change(self, reader)
    }

    /// Records that a subscriber has processed all changes up to a position; `None` removes the
    /// subscriber. A position before the recorded one changes nothing.
    ///
    /// # Errors
    /// [`Beyond`](super::DocError::Beyond) if the feed ends before the position.
    pub fn acknowledge<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscriber: &str,
        position: Option<u64>,
    ) -> DocResult<()> {
        DocCollection::acknowledge(self, transaction, subscriber, position)
    }

    /// Returns the position a subscriber has acknowledged, or `None` if it never did.
    ///
    /// # Errors
    /// What the store reports.
    pub fn acknowledged<R: KvRead>(&self, reader: &R, subscriber: &str) -> DocResult<Option<u64>> {
        DocCollection::acknowledged(self, reader, subscriber)
    }

    /// Trims changes that every subscriber has acknowledged, except for the newest `keep`, and returns
    /// how many it trimmed.
    ///
    /// # Errors
    /// What the store reports.
    pub fn trim_changes<W: KvWrite>(&self, transaction: &mut W, keep: u64) -> DocResult<u64> {
        DocCollection::trim_changes(self, transaction, keep)
    }
}
