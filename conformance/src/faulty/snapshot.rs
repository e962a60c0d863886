//! When a snapshot is pinned.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::thread::{self, ThreadId};

use arbour_core::engine::{LayeredSnapshot, Prefetch, TreeName};
use arbour_core::{
    Direction, Error, ErrorKind, KeyRange, KvRead, KvStore as _, Operation, Result, Tree,
};

use super::manifest::SNAPSHOTS_MAX;
use super::view::{self, View};
use super::{Entry, Fault, FaultyCursor, FaultyStore};
use crate::BTreeEngine;

/// A snapshot of a [`FaultyStore`].
///
/// ```
/// use arbour_conformance::Factory;
/// use arbour_conformance::faulty::{Fault, FaultyFactory, FaultySnapshot};
/// use arbour_core::{KvRead, KvStore, StoreOptions};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("store");
/// let store = FaultyFactory::new(Fault::SnapshotPinnedLate).open(&path, &StoreOptions::new())?;
/// let t = store.tree("t")?;
/// let snapshot: FaultySnapshot<'_> = store.snapshot()?;
/// store.put(&t, b"a", b"1")?;
/// assert!(snapshot.contains(&t, b"a")?);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct FaultySnapshot<'s> {
    store: &'s FaultyStore,
    /// What was pinned so far: one state for all trees, or, if that is the fault, one for each
    /// tree.
    pinned: RefCell<HashMap<Option<Tree>, LayeredSnapshot<'s, BTreeEngine>>>,
    /// The thread it was made on, if it may leave it.
    sent_from: Option<ThreadId>,
    /// How much had been written when it was made.
    writes: u64,
}

impl<'s> FaultySnapshot<'s> {
    pub(super) fn new(store: &'s FaultyStore) -> Result<Self> {
        let most = match store.fault() {
            Some(Fault::SnapshotsRefusedEarly) => SNAPSHOTS_MAX / 2,
            Some(Fault::SnapshotsSecretlyLimited) => SNAPSHOTS_MAX,
            _ => usize::MAX,
        };
        if store.snapshots.load(Ordering::SeqCst) >= most {
            let message = "too many snapshots were made";
            return Err(Error::new(ErrorKind::Busy, Operation::Snapshot, message));
        }
        let pinned = store.pin()?;
        let late = matches!(
            store.fault(),
            Some(Fault::SnapshotPinnedLate | Fault::SnapshotPerTree | Fault::SnapshotIsLive)
        );
        let pinned = if late { HashMap::new() } else { HashMap::from([(None, pinned)]) };
        store.snapshots.fetch_add(1, Ordering::SeqCst);
        let writes = store.writes.load(Ordering::SeqCst);
        Ok(Self { store, pinned: RefCell::new(pinned), sent_from: None, writes })
    }

    /// Makes one for another thread.
    pub(super) fn sent(store: &'s FaultyStore) -> Result<Self> {
        let mut snapshot = Self::new(store)?;
        store.sent.fetch_add(1, Ordering::SeqCst);
        snapshot.sent_from = Some(thread::current().id());
        Ok(snapshot)
    }

    /// Tells whether it was made for another thread and has a fault.
    fn has(&self, fault: Fault) -> bool {
        self.sent_from.is_some() && self.store.has(fault)
    }

    /// Reads the pinned state for a tree, pinning it now if that was not done yet.
    fn at<R>(
        &self,
        tree: Option<&Tree>,
        read: impl FnOnce(&LayeredSnapshot<'s, BTreeEngine>) -> Result<R>,
    ) -> Result<R> {
        let closed = self.store.closed.load(Ordering::SeqCst);
        if self.store.has(Fault::SnapshotDiesWithStore) && closed {
            let message = "the store was closed";
            return Err(Error::new(ErrorKind::Closed, Operation::Get, message));
        }
        if self.store.has(Fault::SnapshotEndsEarly)
            && self.store.writes.load(Ordering::SeqCst) > self.writes
        {
            let message = "the snapshot is too old";
            return Err(Error::new(ErrorKind::Conflict, Operation::Get, message));
        }
        let moved = self.sent_from.is_some_and(|thread| thread != thread::current().id());
        if moved && self.store.has(Fault::SendSnapshotStaysOnThread) {
            let message = "the snapshot was made by another thread";
            return Err(Error::new(ErrorKind::Engine, Operation::Get, message));
        }
        let is_live = self.store.has(Fault::SnapshotIsLive) || self.has(Fault::SendSnapshotIsLive);
        let place = tree.filter(|_| self.store.has(Fault::SnapshotPerTree)).cloned();
        let mut pinned = self.pinned.borrow_mut();
        if !pinned.contains_key(&place) || is_live {
            pinned.insert(place.clone(), self.store.pin()?);
        }
        read(pinned.get(&place).expect("it was pinned just now"))
    }
}

impl Drop for FaultySnapshot<'_> {
    fn drop(&mut self) {
        self.store.snapshots.fetch_sub(1, Ordering::SeqCst);
        if self.sent_from.is_some() {
            self.store.sent.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl View for FaultySnapshot<'_> {
    fn store(&self) -> &FaultyStore {
        self.store
    }

    fn value(&self, tree: &Tree, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.at(Some(tree), |snapshot| snapshot.get_with(tree, key, <[u8]>::to_vec))
    }

    fn load(
        &self,
        tree: &Tree,
        range: &KeyRange<'_>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>> {
        self.at(Some(tree), |snapshot| view::ascending(snapshot, tree, range, direction, limit))
    }

    fn names(&self) -> Result<Vec<String>> {
        if self.store.has(Fault::TreeListIsLive) {
            return self.store.pin()?.trees();
        }
        self.at(None, KvRead::trees)
    }
}

/// Reads through the [`View`] of a type. A blanket implementation is impossible, and a store's
/// faults show in snapshots and transactions alike.
macro_rules! read_through_view {
    ($type:ident, $is_snapshot:literal) => {
        impl KvRead for $type<'_> {
            type Value<'t>
                = Vec<u8>
            where
                Self: 't;
            type Cursor<'t>
                = FaultyCursor<'t>
            where
                Self: 't;

            fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Vec<u8>>> {
                self.store.told(view::get(self, tree, key))
            }

            fn scan(
                &self,
                tree: &Tree,
                range: KeyRange<'_>,
                direction: Direction,
            ) -> Result<FaultyCursor<'_>> {
                self.store.told(view::scan(self, tree, range, direction, $is_snapshot))
            }

            fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
                let elsewhere = TreeName::stored("elsewhere")?;
                let is_wrong = self.store.has(Fault::ResolvedElsewhere);
                self.store.open_tree(if is_wrong { elsewhere } else { name })
            }

            fn trees(&self) -> Result<Vec<String>> {
                self.store.told(view::trees(self))
            }

            fn multi_get(
                &self,
                tree: &Tree,
                keys: &[impl AsRef<[u8]>],
            ) -> Result<Vec<Option<Vec<u8>>>> {
                self.store.told(view::multi_get(self, tree, keys.iter().map(AsRef::as_ref)))
            }

            fn prefetch(&self, reads: &dyn Fn() -> Vec<Prefetch>) -> Result<bool> {
                self.store.told(view::prefetch(self, reads))
            }

            fn prefix(&self, tree: &Tree, prefix: &[u8]) -> Result<FaultyCursor<'_>> {
                self.store.told(view::prefix(self, tree, prefix, $is_snapshot))
            }

            fn first(&self, tree: &Tree, range: KeyRange<'_>) -> Result<Option<Entry>> {
                self.store.told(view::edge(self, tree, range, Direction::Forward))
            }

            fn last(&self, tree: &Tree, range: KeyRange<'_>) -> Result<Option<Entry>> {
                self.store.told(view::edge(self, tree, range, Direction::Reverse))
            }

            fn len(&self, tree: &Tree) -> Result<u64> {
                self.store.told(view::len(self, tree))
            }
        }
    };
}

read_through_view!(FaultySnapshot, true);

pub(super) use read_through_view;
