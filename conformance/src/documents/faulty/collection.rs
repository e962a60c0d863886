//! A collection of a faulty document store.

use std::ops::ControlFlow;

use arbour::Progress;
use arbour::documents::{
    Change, Collection, Declaration, DocError, DocResult, Document, Duplicate, Index, IndexState,
    IndexStatus, Scrub, ScrubReport,
};
use arbour_core::{KvRead, KvStore, KvWrite, Tree};

use super::memory::Memory;
use super::trees::{Trees, document_of, keys};
use super::{DocFault, FaultyReader, FaultyWriter};
use crate::documents::TestCollection;

/// A collection of a [`FaultyDocuments`](super::FaultyDocuments).
///
/// ```
/// use arbour_conformance::documents::{DocFactory, TestCollection, TestDocuments};
/// use arbour_conformance::documents::faulty::{DocFault, FaultyDocFactory};
/// use arbour::documents::{Declaration, Field, Index};
/// use arbour_core::{KvStore, MemoryStore};
/// # let store = MemoryStore::new();
/// let documents = FaultyDocFactory::new(DocFault::DisableShrugs).documents(&store);
/// let notes = documents.collection(
///     Declaration::<serde_json::Value>::new("notes").field(Field::path("a")).index(Index::on("a")),
/// )?;
/// store.write(|transaction| notes.disable(transaction, "a"))?;
/// assert!(notes.indexes(&store.snapshot()?)?[0].state.is_complete());
/// # Ok::<(), arbour::documents::DocError>(())
/// ```
pub struct FaultyCollection<D> {
    pub(super) below: Collection<D>,
    /// What the caller declared.
    pub(super) declaration: Declaration<D>,
    pub(super) trees: Trees,
    pub(super) fault: Option<DocFault>,
    pub(super) memory: &'static Memory,
}

impl<D: Document> FaultyCollection<D> {
    pub(super) fn has(&self, fault: DocFault) -> bool {
        self.fault == Some(fault)
    }

    /// Reports wrong states of the indexes.
    fn told(&self, mut indexes: Vec<IndexStatus>) -> Vec<IndexStatus> {
        for index in &mut indexes {
            if self.has(DocFault::PendingIsReadable) && index.state == IndexState::UniquePending {
                index.state = IndexState::Readable;
            }
        }
        indexes
    }

    /// Returns the indexes that are not complete, with their trees.
    fn incomplete<R: KvRead>(&self, reader: &R) -> DocResult<Vec<(&Index, &Tree)>> {
        let states = self.below.indexes(reader)?;
        let indexes = self.declaration.indexes.iter().zip(&self.trees.indexes);
        let with_states = indexes.zip(states).filter(|(_, status)| !status.state.is_complete());
        Ok(with_states.map(|(index, _)| index).collect())
    }

    /// Builds, and removes the entries of documents that were written during the build.
    fn build_without_new<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> DocResult<Vec<IndexStatus>> {
        let snapshot = store.snapshot()?;
        let old = keys(&snapshot, &self.trees.documents)?;
        let incomplete = self.incomplete(&snapshot)?;
        drop(snapshot);
        let indexes = self.below.build(store, progress)?;
        for (index, tree) in incomplete {
            let is_new = |entry: &&Vec<u8>| {
                document_of(index, entry).is_some_and(|document| !old.contains(&document))
            };
            let entries = keys(&store.snapshot()?, tree)?;
            remove(store, tree, entries.iter().filter(is_new))?;
        }
        Ok(indexes)
    }

    /// Builds, and removes the entries of an earlier build that ended early.
    fn build_without_resumed<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> DocResult<Vec<IndexStatus>> {
        let name = &self.declaration.name;
        let snapshot = store.snapshot()?;
        let mut forgotten = Vec::new();
        // After a break, an error or a panic the note remains.
        if !self.memory.building.lock().insert(name.clone()) {
            for (_, tree) in self.incomplete(&snapshot)? {
                forgotten.push((tree, keys(&snapshot, tree)?));
            }
        }
        drop(snapshot);
        let indexes = self.below.build(store, progress)?;
        if indexes.iter().all(|index| index.state.is_complete()) {
            self.memory.building.lock().remove(name);
            for (tree, entries) in forgotten {
                remove(store, tree, entries.iter())?;
            }
        }
        Ok(indexes)
    }
}

fn remove<'e, S: KvStore>(
    store: &S,
    tree: &Tree,
    entries: impl Iterator<Item = &'e Vec<u8>>,
) -> DocResult<()> {
    let mut transaction = store.begin()?;
    for entry in entries {
        transaction.delete(tree, entry)?;
    }
    Ok(transaction.commit()?)
}

impl<D: Document> TestCollection<D> for FaultyCollection<D> {
    type Reader<'r, R: KvRead + 'r> = FaultyReader<'r, D, R>;
    type Writer<'w, W: KvWrite + 'w> = FaultyWriter<'w, D, W>;

    fn reader<'r, R: KvRead>(&'r self, reader: &'r R) -> FaultyReader<'r, D, R> {
        FaultyReader { collection: self, reader }
    }

    fn writer<'w, W: KvWrite>(
        &'w self,
        transaction: &'w mut W,
    ) -> DocResult<FaultyWriter<'w, D, W>> {
        let refusal = self.below.indexes(&*transaction).err();
        let is_stale = match refusal {
            Some(DocError::Redeclared { .. }) if self.has(DocFault::StaleHandleWrites) => true,
            Some(refusal) => return Err(refusal),
            None => false,
        };
        Ok(FaultyWriter { collection: self, transaction, is_stale, is_spoiled: false })
    }

    fn indexes<R: KvRead>(&self, reader: &R) -> DocResult<Vec<IndexStatus>> {
        Ok(self.told(self.below.indexes(reader)?))
    }

    fn build<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> DocResult<Vec<IndexStatus>> {
        let indexes = match self.fault {
            Some(DocFault::BuildMissesWrites) => self.build_without_new(store, progress),
            Some(DocFault::ResumedBuildForgets) => self.build_without_resumed(store, progress),
            _ => self.below.build(store, progress),
        };
        Ok(self.told(indexes?))
    }

    fn disable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> DocResult<()> {
        let is_declared = self.declaration.indexes.iter().any(|declared| declared.name == index);
        if self.has(DocFault::DisableShrugs) && is_declared {
            return Ok(());
        }
        self.below.disable(transaction, index)
    }

    fn enable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> DocResult<()> {
        self.below.enable(transaction, index)
    }

    fn duplicates<R: KvRead>(
        &self,
        reader: &R,
        index: &str,
        limit: usize,
    ) -> DocResult<Vec<Duplicate>> {
        self.below.duplicates(reader, index, limit)
    }

    fn scrub<S: KvStore>(
        &self,
        store: &S,
        scrub: Scrub,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> DocResult<ScrubReport> {
        let scrub = if self.has(DocFault::ScrubNeverMends) { Scrub::Report } else { scrub };
        let mut report = self.below.scrub(store, scrub, progress)?;
        if self.has(DocFault::ScrubFindsNoDangling) {
            report.dangling.clear();
            report.dangling_count = 0;
        }
        Ok(report)
    }

    fn changes<R: KvRead>(&self, reader: &R, after: u64, limit: usize) -> DocResult<Vec<Change>> {
        match (self.fault, self.below.changes(reader, after, limit)) {
            (Some(DocFault::TrimmedIsSilent), Err(DocError::Trimmed { oldest, .. })) => {
                self.below.changes(reader, oldest, limit)
            }
            (Some(DocFault::FeedResumesLate), Ok(_)) if after > 0 => {
                self.below.changes(reader, after + 1, limit)
            }
            (Some(DocFault::FeedKeepsRolledBack), Ok(_)) => {
                Ok(self.memory.changes_after(&self.declaration.name, after, limit))
            }
            (_, answer) => answer,
        }
    }

    fn newest_change<R: KvRead>(&self, reader: &R) -> DocResult<u64> {
        let newest = self.below.newest_change(reader)?;
        if self.has(DocFault::FeedKeepsRolledBack) {
            let changes = self.memory.changes_after(&self.declaration.name, 0, usize::MAX);
            return Ok(changes.last().map_or(0, |change| change.position));
        }
        Ok(newest)
    }

    fn acknowledge<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscriber: &str,
        position: Option<u64>,
    ) -> DocResult<()> {
        if self.has(DocFault::TrimTakesUnacknowledged) {
            let name = self.declaration.name.clone();
            self.memory.subscribers.lock().insert((name, subscriber.to_owned()));
        }
        if self.has(DocFault::AcknowledgedGoesBack) {
            self.below.acknowledge(transaction, subscriber, None)?;
        }
        match self.below.acknowledge(transaction, subscriber, position) {
            Err(DocError::Beyond { newest, .. }) if self.has(DocFault::BeyondIsNewest) => {
                self.below.acknowledge(transaction, subscriber, Some(newest))
            }
            acknowledged => acknowledged,
        }
    }

    fn acknowledged<R: KvRead>(&self, reader: &R, subscriber: &str) -> DocResult<Option<u64>> {
        self.below.acknowledged(reader, subscriber)
    }

    fn trim_changes<W: KvWrite>(&self, transaction: &mut W, keep: u64) -> DocResult<u64> {
        // The remembered subscriber is forgotten during the trim.
        let subscribers = self.memory.subscribers.lock().clone();
        let mut waiting = Vec::new();
        for (_, subscriber) in subscribers.iter().filter(|(name, _)| *name == self.declaration.name)
        {
            waiting.push((subscriber, self.below.acknowledged(transaction, subscriber)?));
            self.below.acknowledge(transaction, subscriber, None)?;
        }
        let trimmed = self.below.trim_changes(transaction, keep)?;
        for (subscriber, position) in waiting {
            self.below.acknowledge(transaction, subscriber, position)?;
        }
        Ok(trimmed)
    }
}
