//! The store around a sound one.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use arbour_core::engine::{
    Engine, LayeredSnapshot, SnapshotEngine, TreeName, copy_entries, foreign_tree,
};
use arbour_core::{
    Batch, Capabilities, CompareAndSwap, Durability, Error, ErrorKind, KeyRange, KvRead, KvStore,
    KvWrite, Limits, Operation, Result, Stats, StoreOptions, Tree, Update, Write,
};
use parking_lot::Mutex;

use super::manifest::{capabilities, reported};
use super::shared::Shared;
use super::{Edit, Fault, FaultySnapshot, FaultyTransaction, keep_first_tree, panic};
use crate::{BTreeEngine, BTreeFactory, BTreeStore, Factory};

/// How long a store sleeps to let another thread in between.
const MOMENT: Duration = Duration::from_millis(2);

/// A store that is wrong in one way: a sound store whose calls are changed as the [`Fault`] says.
///
/// ```
/// use arbour_conformance::Factory;
/// use arbour_conformance::faulty::{Fault, FaultyFactory, FaultyStore};
/// use arbour_core::{KvStore, StoreOptions};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("store");
/// let factory = FaultyFactory::new(Fault::EmptyValueIsAbsent);
/// let store: FaultyStore = factory.open(&path, &StoreOptions::new())?;
/// let t = store.tree("t")?;
/// store.put(&t, b"a", b"")?;
/// assert_eq!(store.get(&t, b"a")?, None);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct FaultyStore {
    pub(super) below: BTreeStore,
    fault: Option<Fault>,
    capabilities: Capabilities,
    path: PathBuf,
    /// Whether the store below is only the remains of a damaged store.
    pub(super) damaged: bool,
    pub(super) closed: AtomicBool,
    pub(super) poisoned: AtomicBool,
    pub(super) snapshots: AtomicUsize,
    pub(super) transactions: AtomicUsize,
    writes: AtomicU64,
    /// The names of the trees that were ever written.
    pub(super) written: Mutex<BTreeSet<String>>,
}

impl FaultyStore {
    pub(super) fn new(below: BTreeStore, fault: Option<Fault>, path: &Path, damaged: bool) -> Self {
        Self {
            capabilities: capabilities(fault, below.capabilities()),
            below,
            fault,
            path: path.to_owned(),
            damaged,
            closed: AtomicBool::new(false),
            poisoned: AtomicBool::new(false),
            snapshots: AtomicUsize::new(0),
            transactions: AtomicUsize::new(0),
            writes: AtomicU64::new(0),
            written: Mutex::default(),
        }
    }

    /// Tells whether the store has this fault.
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Converts an error to the one that this store reports.
    pub(super) fn told<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| reported(self.fault, error))
    }

    /// Pins the current state of the sound store.
    pub(super) fn pin(&self) -> Result<LayeredSnapshot<'_, BTreeEngine>> {
        if self.has(Fault::UsableAfterClose) {
            return self.below.engine().snapshot();
        }
        self.below.snapshot()
    }

    /// Returns this store's handle for a foreign one of the same name, if that is the fault.
    pub(super) fn adopted(&self, tree: &Tree, wrongly: Fault) -> Result<Tree> {
        if self.has(wrongly) && !self.below.engine().owns(tree) {
            return self.below.open_tree(TreeName::stored(tree.name())?);
        }
        Ok(tree.clone())
    }

    /// Returns a key as this store stores it.
    pub(super) fn known_key(&self, key: &[u8]) -> Vec<u8> {
        match self.fault {
            Some(Fault::KeyEndsAtNul) => {
                key.iter().copied().take_while(|byte| *byte != 0).collect()
            }
            Some(Fault::KeysAreText) => String::from_utf8_lossy(key).into_owned().into_bytes(),
            Some(Fault::EmptyKeyPanics) if key.is_empty() => panic("index out of bounds"),
            _ => key.to_vec(),
        }
    }

    /// Checks a write and changes it as the fault requires.
    pub(super) fn admit(&self, write: &Write<'_>, takes_foreign: Fault) -> Result<Edit> {
        let tree = self.adopted(write.tree, takes_foreign)?;
        if !self.below.engine().owns(&tree) {
            return Err(foreign_tree(&tree, write.operation()));
        }
        let (mut key, mut value) = (self.known_key(write.key), write.value.map(<[u8]>::to_vec));
        let Limits { key_bytes_max, value_bytes_max, .. } = self.capabilities.limits;
        match (self.fault, &mut value) {
            (Some(Fault::LongKeyCut), _) => key.truncate(key_bytes_max),
            (Some(Fault::LongValueCut), Some(value)) => value.truncate(value_bytes_max),
            (Some(Fault::LongestKeyRefused), _) if key.len() == key_bytes_max => {
                let message = "the key has as many bytes as the limit";
                return Err(Error::new(ErrorKind::TooLarge, write.operation(), message));
            }
            _ => {}
        }
        let edit = Edit { tree, key, value };
        self.capabilities.limits.check(&edit.as_write())?;
        Ok(edit)
    }

    /// Refuses to delete what is absent, if that is the fault.
    pub(super) fn check_present(
        &self,
        edit: &Edit,
        get: impl FnOnce() -> Result<Option<Vec<u8>>>,
    ) -> Result<()> {
        let removes = edit.value.is_none() && self.has(Fault::DeletingAbsentFails);
        if removes && get()?.is_none() {
            return Err(Error::new(ErrorKind::Engine, Operation::Delete, "no such key"));
        }
        Ok(())
    }

    /// Admits a writer, unless the fault prevents it.
    pub(super) fn enter(&self, operation: Operation) -> Result<Option<Shared>> {
        if self.poisoned.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Engine, operation, "a poisoned lock"));
        }
        let busy = |message| Error::new(ErrorKind::Busy, operation, message);
        if self.has(Fault::SnapshotBlocksWriters) && self.snapshots.load(Ordering::SeqCst) > 0 {
            return Err(busy("the store is being read"));
        }
        if !self.has(Fault::StaticShared) {
            return Ok(None);
        }
        // The writer slot decides among this store's own writers.
        Shared::take(self).map_err(|()| busy("another store is written"))
    }

    /// Returns the durability to request from the sound store. A case can only check that a commit
    /// survives the process, and waiting for the device would take most of the suite's time here.
    pub(super) fn durability(&self, asked: Durability) -> Durability {
        if self.has(Fault::DurabilityLowered) {
            return Durability::None;
        }
        asked.min(Durability::ProcessCrash)
    }

    /// Records the trees that are about to be written.
    pub(super) fn note(&self, edits: &[Edit]) {
        self.writes.fetch_add(edits.len() as u64, Ordering::SeqCst);
        self.written.lock().extend(edits.iter().map(|edit| edit.tree.name().to_owned()));
    }

    /// Writes to the sound store.
    pub(super) fn write_out(&self, edits: &[Edit], durability: Durability) -> Result<()> {
        self.note(edits);
        let mut batch = Batch::new();
        for edit in edits {
            match &edit.value {
                Some(value) => batch.put(&edit.tree, &edit.key, value),
                None => batch.delete(&edit.tree, &edit.key),
            }
        }
        if self.has(Fault::BatchOvertakes) {
            return self.below.engine().apply(&batch, self.durability(durability));
        }
        match self.below.apply(batch, self.durability(durability)) {
            Err(error)
                if self.has(Fault::ExchangeUnnoticed) && error.kind() == ErrorKind::Moved =>
            {
                Ok(())
            }
            applied => applied,
        }
    }

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
        match self.fault {
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
        self.told(match self.fault {
            Some(Fault::TreeNamesIgnoreCase) => self.below.open_tree(TreeName::stored(&lower)?),
            Some(Fault::UsableAfterClose) => self.below.engine().open_tree(name),
            _ => self.below.open_tree(name),
        })
    }

    fn snapshot(&self) -> Result<FaultySnapshot<'_>> {
        self.told(FaultySnapshot::new(self))
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
            return match self.fault {
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
            let same = match self.fault {
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
