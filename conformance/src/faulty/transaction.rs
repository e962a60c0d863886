//! A snapshot and the writes laid over it.
//!
//! The transaction of the sound store below only holds the writer slot and takes the writes at the
//! end, so that everything in between can be wrong.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::Ordering;
use std::{mem, thread};

use arbour_core::engine::{
    CommitChecks, Engine, LayeredSnapshot, LayeredTransaction, Prefetch, SnapshotLayer, TreeName,
    Write, foreign_tree,
};
use arbour_core::{
    Direction, Durability, Error, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, Operation, Result,
    Savepoint, Tree,
};

use super::manifest::TRANSACTION_WRITES_MAX;
use super::shared::Shared;
use super::snapshot::read_through_view;
use super::stale::Stale;
use super::view::{self, View};
use super::{Edit, Entry, Fault, FaultyCursor, FaultyStore, keep_first_tree};
use crate::BTreeEngine;

type Slot<'s> = LayeredTransaction<'s, SnapshotLayer<BTreeEngine>>;

/// A transaction of a [`FaultyStore`].
///
/// ```
/// use arbour_conformance::Factory;
/// use arbour_conformance::faulty::{Fault, FaultyFactory, FaultyTransaction};
/// use arbour_core::{KvStore, KvWrite, StoreOptions};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("store");
/// let store = FaultyFactory::new(Fault::DropCommits).open(&path, &StoreOptions::new())?;
/// let t = store.tree("t")?;
/// let mut transaction: FaultyTransaction<'_> = store.begin()?;
/// transaction.put(&t, b"a", b"1")?;
/// drop(transaction);
/// assert!(store.get(&t, b"a")?.is_some());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct FaultyTransaction<'s> {
    store: &'s FaultyStore,
    /// `None` if transactions run concurrently.
    slot: Option<Slot<'s>>,
    below: LayeredSnapshot<'s, BTreeEngine>,
    edits: Vec<Edit>,
    /// The keys that were read, if conflicts are detected by them.
    read: RefCell<HashSet<(Tree, Vec<u8>)>>,
    checks: CommitChecks,
    durability: Durability,
    spoiled: bool,
    ended: bool,
    _shared: Option<Shared>,
}

impl<'s> FaultyTransaction<'s> {
    pub(super) fn new(store: &'s FaultyStore, durability: Durability) -> Result<Self> {
        let durability = store.durability(durability);
        let side_by_side = matches!(
            store.fault(),
            Some(Fault::LastCommitWins | Fault::OnlyWritesConflict | Fault::PhantomsAppear)
        );
        let slot = match side_by_side {
            true => None,
            false => Some(store.below.begin_with(durability)?),
        };
        let shared = store.enter(Operation::Begin)?;
        let below = store.pin()?;
        store.transactions.fetch_add(1, Ordering::SeqCst);
        Ok(Self {
            store,
            slot,
            below,
            edits: Vec::new(),
            read: RefCell::default(),
            checks: CommitChecks::default(),
            durability,
            spoiled: false,
            ended: false,
            _shared: shared,
        })
    }

    fn make(&mut self, write: &Write<'_>) -> Result<()> {
        let admitted = self.store.admit(write, Fault::ForeignHandleWritten);
        let edit = admitted.inspect_err(|_| self.spoiled = true)?;
        self.store.check_present(&edit, || self.value(&edit.tree, &edit.key))?;
        self.edits.push(edit);
        Ok(())
    }

    /// Deletes the entries of a range, as this transaction sees them.
    fn remove(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        let tree = self.store.adopted(tree, Fault::ForeignRangeDeleted)?;
        if !self.store.below.engine().owns(&tree) {
            return Err(foreign_tree(&tree, Operation::DeleteRange));
        }
        let range = match (self.store.fault(), range.end()) {
            (Some(Fault::DeleteRangeTakesEnd), std::ops::Bound::Excluded(end)) => {
                KeyRange::from_bounds(range.start(), std::ops::Bound::Included(end))
            }
            _ => range.clone(),
        };
        let found = match self.store.fault() {
            Some(Fault::DeleteRangeMissesOwnWrites) => self.all_committed(&tree, &range)?,
            _ => self.merged(&tree, &range)?,
        };
        let gone = found.into_iter().map(|(key, _)| Edit { tree: tree.clone(), key, value: None });
        self.edits.extend(gone);
        Ok(())
    }

    fn all_committed(&self, tree: &Tree, range: &KeyRange<'_>) -> Result<Vec<Entry>> {
        self.committed(tree, range, Direction::Forward, usize::MAX)
    }

    fn committed(
        &self,
        tree: &Tree,
        range: &KeyRange<'_>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>> {
        let found = view::ascending(&self.below, tree, range, direction, limit)?;
        if self.store.has(Fault::PhantomsAppear) {
            let read = found.iter().map(|(key, _)| (tree.clone(), key.clone()));
            self.read.borrow_mut().extend(read);
        }
        Ok(found)
    }

    /// Returns the writes to a tree in a range, in their order.
    fn edits_in<'t>(
        &'t self,
        tree: &'t Tree,
        range: &'t KeyRange<'_>,
    ) -> impl Iterator<Item = &'t Edit> {
        self.edits.iter().filter(move |edit| edit.tree == *tree && range.contains(&edit.key))
    }

    fn merged(&self, tree: &Tree, range: &KeyRange<'_>) -> Result<Vec<Entry>> {
        let mut merged: BTreeMap<_, _> = self.all_committed(tree, range)?.into_iter().collect();
        for edit in self.edits_in(tree, range) {
            match &edit.value {
                Some(value) => merged.insert(edit.key.clone(), value.clone()),
                None => merged.remove(&edit.key),
            };
        }
        Ok(merged.into_iter().collect())
    }

    /// Runs the checks; returns what the commit is to return once it has written.
    fn checked(&mut self) -> Result<Result<()>> {
        match self.store.fault() {
            Some(Fault::ChecksNotRun) => Ok(Ok(())),
            Some(Fault::ChecksRunLate) => Ok(self.run_checks()),
            Some(Fault::ChecksMissWrites) => {
                let edits = mem::take(&mut self.edits);
                let checked = self.run_checks();
                self.edits = edits;
                checked.map(Ok)
            }
            _ => self.run_checks().map(Ok),
        }
    }

    /// Passes the writes down, whether a commit was requested or not.
    fn finish(&mut self) -> Result<()> {
        self.ended = true;
        let (store, mut edits) = (self.store, mem::take(&mut self.edits));
        if store.has(Fault::CommitDropsTrees) {
            keep_first_tree(&mut edits);
        }
        if store.has(Fault::TransactionCut) {
            edits.truncate(TRANSACTION_WRITES_MAX);
        }
        let mut slot = match self.slot.take() {
            Some(slot) => slot,
            None => store.below.begin_with(self.durability)?,
        };
        if self.conflicts(&slot, &edits)? {
            let message = "another transaction changed a key that this one used";
            return Err(Error::new(ErrorKind::Conflict, Operation::Commit, message));
        }
        store.note(&edits);
        for Edit { tree, key, value } in &edits {
            match value {
                Some(value) => slot.put(tree, key, value)?,
                None => slot.delete(tree, key)?,
            }
        }
        slot.commit()
    }

    /// Tells whether anything that this transaction wrote, or read, has changed since its
    /// beginning.
    fn conflicts(&self, now: &Slot<'_>, edits: &[Edit]) -> Result<bool> {
        let read = self.read.borrow();
        let read = read.iter().map(|(tree, key)| (tree, key));
        let keys: Vec<_> = match self.store.fault() {
            Some(Fault::OnlyWritesConflict) => {
                edits.iter().map(|edit| (&edit.tree, &edit.key)).collect()
            }
            Some(Fault::PhantomsAppear) => {
                edits.iter().map(|edit| (&edit.tree, &edit.key)).chain(read).collect()
            }
            _ => return Ok(false),
        };
        for (tree, key) in keys {
            let before = self.below.get_with(tree, key, <[u8]>::to_vec)?;
            if before != now.get_with(tree, key, <[u8]>::to_vec)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Drop for FaultyTransaction<'_> {
    fn drop(&mut self) {
        self.store.transactions.fetch_sub(1, Ordering::SeqCst);
        if self.store.has(Fault::PanicPoisonsWriter) && thread::panicking() {
            self.store.poisoned.store(true, Ordering::SeqCst);
        }
        if self.store.has(Fault::DropCommits) && !self.ended {
            let _ = self.finish();
        }
    }
}

impl View for FaultyTransaction<'_> {
    fn store(&self) -> &FaultyStore {
        self.store
    }

    fn value(&self, tree: &Tree, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut written = self.edits.iter().rev();
        if !self.store.has(Fault::GetMissesOwnWrites)
            && let Some(edit) = written.find(|edit| edit.tree == *tree && edit.key == key)
        {
            return Ok(edit.value.clone());
        }
        if let Some(stale) =
            self.store.stale(Fault::CheckMissesKeys, |stale| stale.value(tree, key))
        {
            return Ok(stale);
        }
        if self.store.has(Fault::PhantomsAppear) {
            self.read.borrow_mut().insert((tree.clone(), key.to_vec()));
        }
        self.below.get_with(tree, key, <[u8]>::to_vec)
    }

    fn load(
        &self,
        tree: &Tree,
        range: &KeyRange<'_>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>> {
        let unchecked = match direction {
            Direction::Forward => Fault::CheckMissesRanges,
            Direction::Reverse => Fault::CheckMissesReverseRanges,
        };
        if let Some(stale) = self.store.stale(unchecked, |stale| stale.range(tree, range)) {
            return Ok(stale);
        }
        if self.edits.is_empty() {
            return self.committed(tree, range, direction, limit);
        }
        let mut found = match (self.store.fault(), direction) {
            (Some(Fault::ScanMissesOwnWrites), _)
            | (Some(Fault::ReverseMissesOwnWrites), Direction::Reverse) => {
                self.all_committed(tree, range)?
            }
            _ => self.merged(tree, range)?,
        };
        let reappears = |(key, _): &Entry| match self.store.fault() {
            Some(Fault::ScanShowsDeleted) => !found.iter().any(|(found, _)| found == key),
            _ => self.edits_in(tree, range).any(|edit| edit.key == *key && edit.value.is_some()),
        };
        if let Some(Fault::ScanShowsDeleted | Fault::ScanShowsReplaced) = self.store.fault() {
            let more: Vec<_> =
                self.all_committed(tree, range)?.into_iter().filter(reappears).collect();
            found.extend(more);
            found.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        Ok(found)
    }

    fn names(&self) -> Result<Vec<String>> {
        if let Some(stale) = self.store.stale(Fault::CheckMissesTrees, Stale::names) {
            return Ok(stale);
        }
        let mut names: BTreeSet<String> = self.below.trees()?.into_iter().collect();
        if !self.store.has(Fault::TreeListMissesOwnWrites) {
            let written: HashSet<_> = self.edits.iter().map(|edit| &edit.tree).collect();
            for tree in written {
                if self.merged(tree, &KeyRange::all())?.is_empty() {
                    names.remove(tree.name());
                } else {
                    names.insert(tree.name().to_owned());
                }
            }
        }
        Ok(names.into_iter().collect())
    }
}

read_through_view!(FaultyTransaction, false);

impl KvWrite for FaultyTransaction<'_> {
    fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) -> Result<()> {
        let made = self.make(&Write { tree, key, value: Some(value) });
        self.store.told(made)
    }

    fn delete(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        let made = self.make(&Write { tree, key, value: None });
        self.store.told(made)
    }

    fn delete_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        let removed = self.remove(tree, range);
        self.store.told(removed)
    }

    fn check(&self, write: &Write<'_>) -> Result<()> {
        if self.store.has(Fault::CheckAdmitsAll) {
            return Ok(());
        }
        self.store.told(self.store.admit(write, Fault::ForeignHandleWritten).map(drop))
    }

    fn commit_checks(&mut self) -> &mut CommitChecks {
        &mut self.checks
    }

    fn commit(mut self) -> Result<()> {
        if self.spoiled && self.store.has(Fault::RefusedWriteSpoils) {
            self.ended = true;
            let message = "an earlier write of the transaction failed";
            return Err(Error::new(ErrorKind::Engine, Operation::Commit, message));
        }
        let checked = self.checked().inspect_err(|_| self.ended = true)?;
        let finished = self.finish();
        self.store.told(finished)?;
        checked
    }

    fn rollback(mut self) -> Result<()> {
        if self.store.has(Fault::ChecksRunAtRollback) {
            let _ = self.run_checks();
        }
        if self.store.has(Fault::RollbackKeepsWrites) {
            return self.finish();
        }
        self.ended = true;
        Ok(())
    }

    fn savepoint<R>(
        &mut self,
        run: impl FnOnce(&mut Savepoint<'_, Self>) -> Result<R>,
    ) -> Result<R> {
        let leaks = self.store.has(Fault::SavepointLeaks);
        let mut savepoint = Savepoint::new(self);
        let result = run(&mut savepoint);
        if result.is_ok() || leaks {
            savepoint.commit()?;
        }
        result
    }
}
