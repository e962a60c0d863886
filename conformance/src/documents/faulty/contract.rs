//! The collection as the suite has it, and what is wrong with single calls.

use std::ops::ControlFlow;

use arbour::Progress;
use arbour::documents::{Body, Change, DocError, Duplicate, IndexStatus, ScrubReport};
use arbour_core::{KvRead, KvStore, KvWrite};

use super::{DocFault, FaultyCollection, FaultyReader, FaultyWriter};
use crate::documents::TestCollection;

impl<D: Body> TestCollection<D> for FaultyCollection<D> {
    type Reader<'r, R: KvRead + 'r> = FaultyReader<'r, D, R>;
    type Writer<'w, W: KvWrite + 'w> = FaultyWriter<'w, D, W>;

    fn reader<'r, R: KvRead>(&'r self, reader: &'r R) -> FaultyReader<'r, D, R> {
        FaultyReader { collection: self, reader }
    }

    fn writer<'w, W: KvWrite>(
        &'w self,
        transaction: &'w mut W,
    ) -> Result<FaultyWriter<'w, D, W>, DocError> {
        let refusal = self.below.indexes(&*transaction).err();
        let is_stale = match refusal {
            Some(DocError::Redeclared { .. }) if self.has(DocFault::StaleHandleWrites) => true,
            Some(refusal) => return Err(refusal),
            None => false,
        };
        Ok(FaultyWriter { collection: self, transaction, is_stale, is_spoiled: false })
    }

    fn indexes<R: KvRead>(&self, reader: &R) -> Result<Vec<IndexStatus>, DocError> {
        Ok(self.told(self.below.indexes(reader)?))
    }

    fn build<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<IndexStatus>, DocError> {
        let indexes = match self.fault {
            Some(DocFault::BuildMissesWrites) => self.build_without_new(store, progress),
            Some(DocFault::ResumedBuildForgets) => self.build_without_resumed(store, progress),
            _ => self.below.build(store, progress),
        };
        Ok(self.told(indexes?))
    }

    fn disable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> Result<(), DocError> {
        let is_declared = self.declaration.indexes.iter().any(|declared| declared.name == index);
        if self.has(DocFault::DisableShrugs) && is_declared {
            return Ok(());
        }
        self.below.disable(transaction, index)
    }

    fn enable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> Result<(), DocError> {
        self.below.enable(transaction, index)
    }

    fn duplicates<R: KvRead>(
        &self,
        reader: &R,
        index: &str,
        limit: usize,
    ) -> Result<Vec<Duplicate>, DocError> {
        self.below.duplicates(reader, index, limit)
    }

    fn scrub<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ScrubReport, DocError> {
        Ok(self.shown(self.below.scrub(store, progress)?))
    }

    fn mend<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ScrubReport, DocError> {
        if self.has(DocFault::ScrubNeverMends) {
            return self.scrub(store, progress);
        }
        Ok(self.shown(self.below.mend(store, progress)?))
    }

    fn changes<R: KvRead>(
        &self,
        reader: &R,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Change>, DocError> {
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

    fn newest_change<R: KvRead>(&self, reader: &R) -> Result<u64, DocError> {
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
    ) -> Result<(), DocError> {
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

    fn acknowledged<R: KvRead>(
        &self,
        reader: &R,
        subscriber: &str,
    ) -> Result<Option<u64>, DocError> {
        self.below.acknowledged(reader, subscriber)
    }

    fn trim_changes<W: KvWrite>(&self, transaction: &mut W, keep: u64) -> Result<u64, DocError> {
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
