//! The store as the contract has it, and what is wrong with single calls.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use arbour_core::engine::{Engine, SendSnapshot, TreeName, copy_entries};
use arbour_core::{
    Batch, Capabilities, CompareAndSwap, Durability, Error, ErrorKind, KeyRange, KvRead, KvStore,
    KvWrite, Operation, Result, Stats, StoreOptions, Tree, Update,
};

use super::stale::Stale;
use super::{Fault, FaultySnapshot, FaultyStore, FaultyTransaction, keep_first_tree};
use crate::{BTreeFactory, Factory};

/// How long a store sleeps to let another thread in between.
const MOMENT: Duration = Duration::from_millis(2);

impl FaultyStore {
    fn apply_edits(&self, batch: &Batch, durability: Durability) -> Result<()> {
        let mut edits = Vec::new();
        for write in batch.iter() {
            match self.admit(&write, Fault::ForeignHandleInBatch) {
                Ok(edit) => edits.push(edit),
                Err(refusal) => {
                    if self.has(Fault::BatchHalfApplied) {
                        self.write_out(&edits, durability)?;
                    }
                    return Err(refusal);
                }
            }
        }
        for edit in &edits {
            self.check_present(edit, || self.below.get(&edit.tree, &edit.key))?;
        }
        match self.fault() {
            // A stable sort keeps the order of equal elements.
            Some(Fault::BatchPutWins) => edits.sort_by_key(|edit| edit.value.is_some()),
            Some(Fault::BatchDeleteWins) => edits.sort_by_key(|edit| edit.value.is_none()),
            Some(Fault::BatchDropsTrees) => keep_first_tree(&mut edits),
            _ => {}
        }
        self.write_out(&edits, durability)
    }

    /// Cuts the end off the last commit, as if it had not been written completely.
    fn lose_last_commit(&self) -> Result<()> {
        if !self.has(Fault::CloseLosesLastCommit) || self.writes.load(Ordering::SeqCst) == 0 {
            return Ok(());
        }
        let cut = OpenOptions::new().write(true).open(&self.path).and_then(|file| {
            let length = file.metadata()?.len();
            file.set_len(length - 1)
        });
        cut.map_err(|error| {
            Error::new(ErrorKind::Io, Operation::Close, "cannot lose a commit").with_source(error)
        })
    }

    fn back_up(&self, destination: &Path) -> Result<()> {
        if self.has(Fault::PathResolvedAtEachUse) && !self.path.exists() {
            let message = "there is no file to back up";
            return Err(Error::new(ErrorKind::Io, Operation::Backup, message));
        }
        if destination.exists() && !self.has(Fault::BackupOverwrites) {
            let message = "there is something at the destination";
            return Err(Error::new(ErrorKind::InvalidArgument, Operation::Backup, message));
        }
        let target = BTreeFactory.open(destination, &StoreOptions::new())?;
        copy_entries(&self.below, &target)?;
        let names = target.snapshot()?.trees()?;
        if let (true, Some(name)) = (self.has(Fault::BackupMissesTree), names.last()) {
            let tree = target.open_tree(TreeName::stored(name)?)?;
            target.write(|transaction| transaction.delete_range(&tree, KeyRange::all()))?;
        }
        target.close()
    }
}

impl KvStore for FaultyStore {
    type Snapshot<'s> = FaultySnapshot<'s>;
    type Transaction<'s> = FaultyTransaction<'s>;

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        let lower = name.as_str().to_ascii_lowercase();
        self.told(match self.fault() {
            Some(Fault::TreeNamesIgnoreCase) => self.below.open_tree(TreeName::stored(&lower)?),
            Some(Fault::UsableAfterClose) => self.below.engine().open_tree(name),
            _ => self.below.open_tree(name),
        })
    }

    fn snapshot(&self) -> Result<FaultySnapshot<'_>> {
        self.told(FaultySnapshot::new(self))
    }

    fn send_snapshot(&self) -> Result<SendSnapshot<'_>> {
        *self.stale.lock() = Some(self.told(Stale::copy(&self.below))?);
        Ok(SendSnapshot::new(self.told(FaultySnapshot::sent(self))?))
    }

    fn begin_with(&self, durability: Durability) -> Result<FaultyTransaction<'_>> {
        self.told(FaultyTransaction::new(self, durability))
    }

    fn writer_wait(&self) -> Duration {
        self.below.writer_wait()
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        // Released at once: it must not be held while this thread waits for the writer slot.
        drop(self.told(self.enter(Operation::Apply))?);
        self.told(self.apply_edits(&batch, durability))
    }

    fn sync(&self) -> Result<()> {
        if self.has(Fault::SyncDoesNothing) {
            return self.told(self.below.snapshot().map(drop));
        }
        self.told(self.below.sync())
    }

    fn close(&self) -> Result<()> {
        if self.has(Fault::CloseShrugs) && self.transactions.load(Ordering::SeqCst) > 0 {
            return Ok(());
        }
        self.told(self.below.close())?;
        if self.closed.swap(true, Ordering::SeqCst) {
            return match self.fault() {
                Some(Fault::CloseTwiceFails) => {
                    Err(Error::new(ErrorKind::Closed, Operation::Close, "the store was closed"))
                }
                _ => Ok(()),
            };
        }
        self.lose_last_commit()
    }

    fn stats(&self) -> Result<Stats> {
        let stats = self.told(self.below.stats())?;
        if self.has(Fault::StatsCountWrites) {
            return Ok(Stats::new(self.writes.load(Ordering::SeqCst), stats.disk_bytes));
        }
        Ok(stats)
    }

    fn compact(&self) -> Result<()> {
        self.told(self.below.compact())
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        self.told(self.below.snapshot().and_then(|_| self.back_up(destination)))
    }

    fn compare_and_swap(
        &self,
        tree: &Tree,
        key: &[u8],
        expected: Option<&[u8]>,
        new: Option<&[u8]>,
    ) -> Result<CompareAndSwap> {
        let differs = |actual: Option<Vec<u8>>| {
            let same = match self.fault() {
                Some(Fault::SwapIgnoresExpected) => true,
                Some(Fault::SwapTakesEmptyForAbsent) => {
                    actual.as_deref().unwrap_or_default() == expected.unwrap_or_default()
                }
                _ => actual.as_deref() == expected,
            };
            let actual = actual.filter(|_| !self.has(Fault::SwapReportsNothing));
            (!same).then_some(CompareAndSwap::Differs { actual })
        };
        if self.has(Fault::SwapRaces) {
            if let Some(differs) = differs(self.get(tree, key)?) {
                return Ok(differs);
            }
            thread::sleep(MOMENT);
            new.map_or_else(|| self.delete(tree, key), |value| self.put(tree, key, value))?;
            return Ok(CompareAndSwap::Swapped);
        }
        self.write(|transaction| {
            if let Some(differs) = differs(transaction.get(tree, key)?) {
                return Ok(differs);
            }
            match new {
                Some(value) => transaction.put(tree, key, value)?,
                None => transaction.delete(tree, key)?,
            }
            Ok(CompareAndSwap::Swapped)
        })
    }

    fn fetch_and_update(
        &self,
        tree: &Tree,
        key: &[u8],
        mut update: impl FnMut(Option<&[u8]>) -> Update,
    ) -> Result<Option<Vec<u8>>> {
        if self.has(Fault::UpdateRaces) {
            let previous = self.get(tree, key)?;
            thread::sleep(MOMENT);
            match update(previous.as_deref()) {
                Update::Put(value) => self.put(tree, key, &value)?,
                Update::Delete => self.delete(tree, key)?,
                Update::Keep => {}
            }
            return Ok(previous);
        }
        self.write(|transaction| {
            let previous = transaction.get(tree, key)?;
            match update(previous.as_deref()) {
                Update::Put(value) => transaction.put(tree, key, &value)?,
                Update::Delete => transaction.delete(tree, key)?,
                Update::Keep => {}
            }
            Ok(previous)
        })
    }
}
