//! The collection as the suite has it, and what is wrong with single calls.

use std::ops::ControlFlow;

use arbour::documents::{
    Body, Change, DocError, DocId, DocumentStore as _, IndexStatus, ScrubReport, StoredCollection,
};
use arbour::{Error, Progress, Result};
use arbour_core::{ErrorKind, KvRead, KvStore, KvWrite};
use serde_json::Value;

use super::order::start_of;
use super::{DocFault, FaultyCollection, FaultyReader, FaultyWriter};
use crate::documents::TestCollection;

impl<D: Body> TestCollection<D> for FaultyCollection<D> {
    type Reader<'r, R: KvRead + 'r> = FaultyReader<'r, D, R>;
    type Writer<'w, W: KvWrite + 'w> = FaultyWriter<'w, D, W>;

    fn reader<'r, R: KvRead>(&'r self, reader: &'r R) -> FaultyReader<'r, D, R> {
        FaultyReader { collection: self, reader }
    }

    fn writer<'w, W: KvWrite>(&'w self, transaction: &'w mut W) -> Result<FaultyWriter<'w, D, W>> {
        let refusal = self.below.indexes(&*transaction).err();
        let is_stale = match refusal {
            Some(refusal) => {
                let writes_on = match refusal.downcast_ref() {
                    Some(DocError::Redeclared { .. }) => self.has(DocFault::StaleHandleWrites),
                    Some(DocError::Upgraded { .. }) => self.has(DocFault::EarlierWritesOn),
                    _ => false,
                };
                if !writes_on {
                    return Err(refusal);
                }
                true
            }
            None => false,
        };
        Ok(FaultyWriter { collection: self, transaction, is_stale, is_spoiled: false })
    }

    fn indexes<R: KvRead>(&self, reader: &R) -> Result<Vec<IndexStatus>> {
        Ok(self.told(self.below.indexes(reader)?))
    }

    fn undeclared_indexes<R: KvRead>(&self, reader: &R) -> Result<Vec<IndexStatus>> {
        self.below.undeclared_indexes(reader)
    }

    fn build<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<IndexStatus>> {
        let indexes = match self.fault {
            Some(DocFault::BuildMissesWrites) => self.build_without_new(store, progress),
            Some(DocFault::ResumedBuildForgets) => self.build_without_resumed(store, progress),
            _ => self.below.build(store, progress),
        };
        Ok(self.told(indexes?))
    }

    fn disable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> Result<()> {
        let is_declared = self.declaration.indexes.iter().any(|declared| declared.name == index);
        if self.has(DocFault::DisableShrugs) && is_declared {
            return Ok(());
        }
        self.below.disable(transaction, index)
    }

    fn enable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> Result<()> {
        self.below.enable(transaction, index)
    }

    fn duplicates<R: KvRead>(
        &self,
        reader: &R,
        index: &str,
        limit: usize,
    ) -> Result<Vec<(Vec<Value>, Vec<DocId<'static>>)>> {
        self.below.duplicates(reader, index, limit)
    }

    fn scrub<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ScrubReport> {
        Ok(self.shown(self.below.scrub(store, progress)?))
    }

    fn mend<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ScrubReport> {
        if self.has(DocFault::ScrubNeverMends) {
            return self.scrub(store, progress);
        }
        Ok(self.shown(self.below.mend(store, progress)?))
    }

    fn check_upgrade<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<(DocId<'static>, Error)>> {
        let mut failures = self.below.check_upgrade(store, progress)?;
        if self.has(DocFault::CheckEndsAtFirst) {
            failures.truncate(1);
        }
        Ok(failures)
    }

    fn finish_upgrade<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<bool> {
        self.spoil_upgrade(store)?;
        self.below.finish_upgrade(store, progress)
    }

    fn abandon_upgrade<S: KvStore>(&self, store: &S) -> Result<bool> {
        if self.has(DocFault::AbandonForgotten) {
            let collections = store.collections()?;
            let is_own = |found: &&StoredCollection| found.name == self.declaration.name;
            let found = collections.iter().find(is_own);
            return Ok(found.is_some_and(|found| found.upgrading_to.is_some()));
        }
        self.below.abandon_upgrade(store)
    }

    fn changes<R: KvRead>(&self, reader: &R, after: u64, limit: usize) -> Result<Vec<Change>> {
        match (self.fault, self.below.changes(reader, after, limit)) {
            (Some(DocFault::TrimmedIsSilent), Err(error)) => match error.downcast_ref() {
                Some(DocError::Trimmed { oldest, .. }) => {
                    self.below.changes(reader, *oldest, limit)
                }
                _ => Err(error),
            },
            (Some(DocFault::FeedResumesLate), Ok(_)) if after > 0 => {
                self.below.changes(reader, after + 1, limit)
            }
            (Some(DocFault::FeedKeepsRolledBack), Ok(_)) => {
                Ok(self.memory.changes_after(&self.declaration.name, after, limit))
            }
            (_, answer) => answer,
        }
    }

    fn newest_change<R: KvRead>(&self, reader: &R) -> Result<u64> {
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
    ) -> Result<()> {
        if self.has(DocFault::TrimTakesUnacknowledged) {
            let name = self.declaration.name.clone();
            self.memory.subscribers.lock().insert((name, subscriber.to_owned()));
        }
        if self.has(DocFault::AcknowledgedGoesBack) {
            self.below.acknowledge(transaction, subscriber, None)?;
        }
        let acknowledged = self.below.acknowledge(transaction, subscriber, position);
        if let Err(error) = &acknowledged
            && error.kind() == ErrorKind::TooLarge
            && self.has(DocFault::LongSubscriberCut)
        {
            return self.below.acknowledge(transaction, &start_of(subscriber), position);
        }
        match acknowledged.as_ref().err().and_then(|error| error.downcast_ref()) {
            Some(DocError::Beyond { newest, .. }) if self.has(DocFault::BeyondIsNewest) => {
                self.below.acknowledge(transaction, subscriber, Some(*newest))
            }
            _ => acknowledged,
        }
    }

    fn acknowledged<R: KvRead>(&self, reader: &R, subscriber: &str) -> Result<Option<u64>> {
        self.below.acknowledged(reader, subscriber)
    }

    fn trim_changes<W: KvWrite>(&self, transaction: &mut W, keep: u64) -> Result<u64> {
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
