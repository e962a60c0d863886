//! The capabilities of an engine, as data.

use std::time::Duration;

use crate::{Durability, Limits};

/// What an engine can and cannot do.
///
/// Every capability is a promise that the conformance suite proves in both directions: what is true
/// works, and what is false is refused with
/// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) or behaves as described here. The
/// fields that say what provides snapshots and transactions, and whether batches run concurrently,
/// describe the implementation only: the results are the same.
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
    /// Whether committed data is still there when the store is opened again.
    pub persistent: bool,
    /// The durability levels the engine implements, weakest first. Empty if it is not
    /// [`persistent`](Self::persistent).
    pub durability: Vec<Durability>,
    /// The lengths of keys and values this store accepts.
    pub limits: Limits,
    /// Whether the engine or a layer provides snapshots.
    pub snapshots: Provision,
    /// Whether the engine or a layer provides transactions.
    pub transactions: Provision,
    /// Whether transactions wait for each other or run concurrently.
    pub writers: Writers,
    /// Whether batches of several threads are applied concurrently.
    pub concurrent_batches: bool,
    /// Whether several processes can open the store for writing. If not, the second fails with
    /// [`ErrorKind::Locked`](crate::ErrorKind::Locked).
    pub multi_process: bool,
    /// Whether a store can be opened read-only.
    pub read_only: bool,
    /// Whether [`backup`](crate::KvStore::backup) works while the store is in use.
    pub hot_backup: bool,
    /// Whether [`compact`](crate::KvStore::compact) returns space to the file system.
    pub compaction: bool,
    /// How many snapshots may be open at a time, those of transactions included; `None` if only memory
    /// limits them. One more fails with [`ErrorKind::Busy`](crate::ErrorKind::Busy).
    pub snapshots_max: Option<usize>,
    /// How long a snapshot can be read at least; `None` if it can be for as long as it is open.
    pub snapshot_age_max: Option<Duration>,
    /// The most files that the store has open at a time, each of which takes a descriptor of the system;
    /// `None` if the number grows with its entries or its open snapshots.
    pub open_files_max: Option<usize>,
    /// Whether the store is on a server and not in files of this machine. Then calls can fail with
    /// [`ErrorKind::Unreachable`](crate::ErrorKind::Unreachable), and each is a round trip.
    pub remote: bool,
    /// Whether a commit at the strongest [level](Self::durability) survives the loss of the machine
    /// that keeps it, as that of a server with replicas does. What is in files of this machine does
    /// not: make a [`backup`](crate::KvStore::backup).
    pub replicated: bool,
    /// Which damage to its files the engine detects. Undetected damage may be returned as data.
    pub damage: DamageDetection,
}

/// How many transactions of a store may be open at a time.
///
/// ```
/// use arbour_core::{KvStore, MemoryStore, Writers};
/// assert_eq!(MemoryStore::new().capabilities().writers, Writers::One);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writers {
    /// One. A second one waits, and fails with [`ErrorKind::Busy`](crate::ErrorKind::Busy) at the end of
    /// the [busy timeout](crate::StoreOptions::busy_timeout).
    One,
    /// Many, which do not wait for each other. A commit can fail with
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict), and nothing was written then:
    /// [`write`](crate::KvStore::write) runs its closure again.
    Many,
}

/// Which damage to its files an engine detects.
///
/// One exception applies to every engine. If a store was not closed, damage to the latest writes
/// can look like writes that never happened, so the newest commits, or single keys of them, may be
/// missing.
///
/// ```
/// use arbour_core::DamageDetection;
/// assert!(DamageDetection::OnRead > DamageDetection::Structure);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DamageDetection {
    /// The engine trusts its files: a damaged one may be read as wrong data or end the process.
    /// Opening with [`verify`](crate::StoreOptions::verify) detects damage to the engine's own
    /// structures; changed bytes within a key or value are returned as they are.
    StructureOnVerify,
    /// Damage to the engine's own structures is detected when they are read; changed bytes within a
    /// key or value are returned as they are.
    Structure,
    /// As `Structure`; opening with [`verify`](crate::StoreOptions::verify) detects every changed
    /// byte.
    OnVerify,
    /// Checksums are compared on every read, which detects every changed byte.
    OnRead,
}

/// What provides an ability: the engine itself, or a layer of Arbour on top of it.
///
/// ```
/// use arbour_core::{KvStore, MemoryStore, Provision};
/// assert_eq!(MemoryStore::new().capabilities().snapshots, Provision::Native);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provision {
    /// The engine itself provides it.
    Native,
    /// [`TransactionLayer`](crate::engine::TransactionLayer) or
    /// [`SnapshotLayer`](crate::engine::SnapshotLayer) provides it.
    Layered,
}

impl Capabilities {
    /// Describes a plain engine: native snapshots and transactions, default limits, not persistent,
    /// nothing optional. An engine changes what differs.
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
            writers: Writers::One,
            concurrent_batches: false,
            multi_process: false,
            read_only: false,
            hot_backup: false,
            compaction: false,
            snapshots_max: None,
            snapshot_age_max: None,
            open_files_max: None,
            remote: false,
            replicated: false,
            damage: DamageDetection::Structure,
        }
    }

    /// Tells whether the store is in files of this machine: it persists, and is not on a server.
    ///
    /// ```
    /// use arbour_core::{KvStore, MemoryStore};
    /// assert!(!MemoryStore::new().capabilities().in_files());
    /// ```
    #[must_use]
    pub fn in_files(&self) -> bool {
        self.persistent && !self.remote
    }

    /// Returns the level that a commit gets when `requested` is requested: the weakest one the
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
