//! What an engine can do, as data.

use crate::{Durability, Limits};

/// What an engine can do and what it cannot.
///
/// Every ability is a promise that the conformance suite proves in both directions: what is true
/// has to work, and what is false has to be refused with
/// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) or behave as said here. Who provides
/// snapshots and transactions, and whether batches run side by side, tells how and not whether:
/// the results are the same.
///
/// ```
/// use arbour_core::{KvStore, MemoryStore};
/// let store = MemoryStore::new();
/// assert!(!store.capabilities().persistent);
/// assert!(!store.capabilities().hot_backup);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// The engine's name, as in its URL scheme.
    pub engine: &'static str,
    /// Whether what was committed is there when the store is opened again.
    pub persistent: bool,
    /// The durability levels the engine really has, weakest first. Empty if it is not
    /// [`persistent`](Self::persistent).
    pub durability: Vec<Durability>,
    /// The lengths of keys and values this store takes.
    pub limits: Limits,
    /// Who provides snapshots.
    pub snapshots: Provision,
    /// Who provides transactions.
    pub transactions: Provision,
    /// Whether transactions run side by side and may fail with
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict). If not, they wait for each other.
    pub optimistic: bool,
    /// Whether batches of several threads are applied side by side.
    pub concurrent_batches: bool,
    /// Whether several processes may have the store open for writing. If not, the second is told
    /// [`ErrorKind::Locked`](crate::ErrorKind::Locked).
    pub multi_process: bool,
    /// Whether a store can be opened read-only.
    pub read_only: bool,
    /// Whether [`backup`](crate::KvStore::backup) works while the store is in use.
    pub hot_backup: bool,
    /// Whether [`compact`](crate::KvStore::compact) gives space back.
    pub compaction: bool,
    /// Which damage to its files the engine detects. Whatever an engine does not detect it may
    /// return as data.
    pub damage: DamageDetection,
}

/// Which damage to its files an engine detects.
///
/// A store that was not closed is an exception for every engine: damage to what was written last can
/// look like writes that were never made, so that the newest commits, or single keys of them, are
/// missing.
///
/// ```
/// use arbour_core::DamageDetection;
/// assert!(DamageDetection::OnRead > DamageDetection::Structure);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DamageDetection {
    /// Damage to the engine's own structure is detected when it is read; bytes changed within a
    /// key or value are returned as they are.
    Structure,
    /// As `Structure`; opening with [`verify`](crate::StoreOptions::verify) detects every changed
    /// byte.
    OnVerify,
    /// Checksums are compared whenever data is read: every changed byte is detected then.
    OnRead,
}

/// Who provides an ability: the engine itself or a layer of Arbour above it.
///
/// ```
/// use arbour_core::{KvStore, MemoryStore, Provision};
/// assert_eq!(MemoryStore::new().capabilities().snapshots, Provision::Native);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provision {
    /// The engine does it itself.
    Native,
    /// [`TransactionLayer`](crate::engine::TransactionLayer) or [`SnapshotLayer`](crate::engine::SnapshotLayer)
    /// does it for the engine.
    Layered,
}

impl Capabilities {
    /// Describes a plain engine: native snapshots and transactions, default limits, nothing
    /// persistent, nothing optional. An engine sets what differs.
    ///
    /// ```
    /// use arbour_core::{Capabilities, Durability};
    /// let mut capabilities = Capabilities::new("toy");
    /// capabilities.persistent = true;
    /// capabilities.durability = vec![Durability::None, Durability::PowerLoss];
    /// let effective = capabilities.effective_durability(Durability::ProcessCrash);
    /// assert_eq!(effective, Some(Durability::PowerLoss));
    /// ```
    #[must_use]
    pub fn new(engine: &'static str) -> Self {
        Self {
            engine,
            persistent: false,
            durability: Vec::new(),
            limits: Limits::default(),
            snapshots: Provision::Native,
            transactions: Provision::Native,
            optimistic: false,
            concurrent_batches: false,
            multi_process: false,
            read_only: false,
            hot_backup: false,
            compaction: false,
            damage: DamageDetection::Structure,
        }
    }

    /// Returns the level a commit really gets when `requested` is asked for: the weakest the
    /// engine has that is at least as strong. `None` if nothing outlives the process.
    ///
    /// ```
    /// use arbour_core::{Durability, KvStore, MemoryStore};
    /// let store = MemoryStore::new();
    /// assert_eq!(store.capabilities().effective_durability(Durability::PowerLoss), None);
    /// ```
    #[must_use]
    pub fn effective_durability(&self, requested: Durability) -> Option<Durability> {
        self.durability.iter().copied().filter(|level| *level >= requested).min()
    }
}
