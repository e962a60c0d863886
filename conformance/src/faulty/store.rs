//! The store around a sound one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use arbour_core::engine::{Engine, LayeredSnapshot, SnapshotEngine, TreeName, Write, foreign_tree};
use arbour_core::{
    Batch, Capabilities, Durability, Error, ErrorKind, KvStore, Limits, Operation, Result, Tree,
};
use parking_lot::Mutex;

use super::manifest::{capabilities, reported};
use super::shared::Shared;
use super::stale::Stale;
use super::{Edit, Fault, panic};
use crate::{BTreeEngine, BTreeStore};

/// The values of keys in trees.
type Values = BTreeMap<(String, Vec<u8>), Option<Vec<u8>>>;

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
    pub(super) capabilities: Capabilities,
    pub(super) path: PathBuf,
    /// Whether the store below is only the remains of a damaged store.
    pub(super) damaged: bool,
    pub(super) closed: AtomicBool,
    pub(super) poisoned: AtomicBool,
    pub(super) snapshots: AtomicUsize,
    /// The snapshots for other threads.
    pub(super) sent: AtomicUsize,
    /// What the last of those saw.
    pub(super) stale: Mutex<Option<Stale>>,
    /// The values of the keys that were prefetched, by the name of their tree.
    pub(super) prefetched: Mutex<Values>,
    pub(super) transactions: AtomicUsize,
    pub(super) writes: AtomicU64,
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
            sent: AtomicUsize::new(0),
            stale: Mutex::default(),
            prefetched: Mutex::default(),
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

    /// Reads what the last snapshot for another thread saw. `None` if the store does not have this fault
    /// or has made no such snapshot.
    pub(super) fn stale<R>(&self, fault: Fault, read: impl FnOnce(&Stale) -> R) -> Option<R> {
        if self.has(fault) { self.stale.lock().as_ref().map(read) } else { None }
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
        if self.has(Fault::SendSnapshotBlocksWriters) && self.sent.load(Ordering::SeqCst) > 0 {
            return Err(busy("the store is being read on another thread"));
        }
        if !self.has(Fault::StaticShared) {
            return Ok(None);
        }
        // The writer slot decides among this store's own writers.
        Shared::take(std::ptr::from_ref(self).addr()).map_err(|()| busy("another store is written"))
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
}
