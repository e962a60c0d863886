//! The engines that are measured, and how each is opened both ways.

use std::path::{Path, PathBuf};

use arbour_core::{KvStore, MemoryStore, Result, StoreOptions};
use arbour_redb::RedbStore;

use crate::comparison::Bound;
use crate::contender::Contender;
use crate::tables::Tables;
use crate::{Arbour, RawRedb};

/// The names of the measured engines, in the order in which they are measured.
///
/// ```
/// assert!(arbour_benches::ENGINES.contains(&"redb"));
/// ```
pub const ENGINES: &[&str] = &[
    "memory",
    "redb",
    #[cfg(feature = "sqlite")]
    "sqlite",
    #[cfg(feature = "sled")]
    "sled",
    #[cfg(feature = "fjall")]
    "fjall",
    #[cfg(feature = "lmdb")]
    "lmdb",
    #[cfg(feature = "rocksdb")]
    "rocksdb",
];

/// Tells whether an engine was requested; if none is named, all are.
pub(crate) fn is_asked_for(name: &str, asked: &[String]) -> bool {
    asked.is_empty() || asked.iter().any(|asked| asked == name)
}

/// An engine as Arbour opens it.
pub(crate) trait Subject {
    type Store: KvStore;
    const NAME: &'static str;

    fn open(path: &Path, options: &StoreOptions) -> Result<Self::Store>;

    /// Does what [`Contender::settle`] says.
    fn settle(store: &Self::Store, _: &Path) -> Result<()> {
        store.sync()
    }

    /// The number of old values that the store keeps in memory for its snapshots, if Arbour does
    /// that.
    fn values_kept(_: &Self::Store) -> Option<usize> {
        None
    }
}

/// Opens an engine's store as a contender.
pub(crate) fn contend<S: Subject>(
    path: PathBuf,
    options: &StoreOptions,
) -> Result<Arbour<S::Store>> {
    let store = S::open(&path, options)?;
    Arbour::settled_by(store, move |store| S::settle(store, &path))
}

/// An engine with an API of its own to compare with.
pub(crate) trait Native: Subject {
    type Raw: Contender + Tables;
    /// The bound for Arbour above it.
    const BOUND: Bound = Bound::RatioOrNanoseconds;
    /// Whether grouped commits have a bound: RocksDB groups them itself, sled not at all.
    const GROUPS: bool = false;

    fn create_raw(path: &Path) -> Result<Self::Raw>;
}

/// The work for each engine.
pub(crate) trait Visit {
    fn visit<N: Native>(&mut self) -> Result<()>;
}

/// Visits the requested engines, except the one in memory, which has no API of its own.
pub(crate) fn visit_each(asked: &[String], visit: &mut impl Visit) -> Result<()> {
    if is_asked_for(Redb::NAME, asked) {
        visit.visit::<Redb>()?;
    }
    #[cfg(feature = "sqlite")]
    if is_asked_for(Sqlite::NAME, asked) {
        visit.visit::<Sqlite>()?;
    }
    #[cfg(feature = "sled")]
    if is_asked_for(Sled::NAME, asked) {
        visit.visit::<Sled>()?;
    }
    #[cfg(feature = "fjall")]
    if is_asked_for(Fjall::NAME, asked) {
        visit.visit::<Fjall>()?;
    }
    #[cfg(feature = "lmdb")]
    if is_asked_for(Lmdb::NAME, asked) {
        visit.visit::<Lmdb>()?;
    }
    #[cfg(feature = "rocksdb")]
    if is_asked_for(Rocksdb::NAME, asked) {
        visit.visit::<Rocksdb>()?;
    }
    Ok(())
}

pub(crate) struct Memory;

impl Subject for Memory {
    type Store = MemoryStore;
    const NAME: &'static str = "memory";

    fn open(_: &Path, options: &StoreOptions) -> Result<MemoryStore> {
        MemoryStore::open(options)
    }
}

pub(crate) struct Redb;

impl Subject for Redb {
    type Store = RedbStore;
    const NAME: &'static str = "redb";

    fn open(path: &Path, options: &StoreOptions) -> Result<RedbStore> {
        RedbStore::open(path, options)
    }
}

impl Native for Redb {
    type Raw = RawRedb;
    const GROUPS: bool = true;

    fn create_raw(path: &Path) -> Result<RawRedb> {
        RawRedb::create(path)
    }
}

#[cfg(feature = "sqlite")]
pub(crate) struct Sqlite;

#[cfg(feature = "sqlite")]
impl Subject for Sqlite {
    type Store = arbour_sqlite::SqliteStore;
    const NAME: &'static str = "sqlite";

    fn open(path: &Path, options: &StoreOptions) -> Result<Self::Store> {
        arbour_sqlite::SqliteStore::open(path, options)
    }

    fn settle(_: &Self::Store, path: &Path) -> Result<()> {
        crate::raw_sqlite::checkpoint(path)
    }
}

#[cfg(feature = "sqlite")]
impl Native for Sqlite {
    type Raw = crate::RawSqlite;
    const GROUPS: bool = true;

    fn create_raw(path: &Path) -> Result<Self::Raw> {
        crate::RawSqlite::create(path)
    }
}

#[cfg(feature = "sled")]
pub(crate) struct Sled;

#[cfg(feature = "sled")]
impl Subject for Sled {
    type Store = arbour_sled::SledStore;
    const NAME: &'static str = "sled";

    fn open(path: &Path, options: &StoreOptions) -> Result<Self::Store> {
        arbour_sled::SledStore::open(path, options)
    }
}

#[cfg(feature = "sled")]
impl Native for Sled {
    type Raw = crate::RawSled;
    /// Its snapshots and transactions are Arbour's, and the raw side has none.
    const BOUND: Bound = Bound::Ratio(1.15);

    fn create_raw(path: &Path) -> Result<Self::Raw> {
        crate::RawSled::create(path)
    }
}

#[cfg(feature = "fjall")]
pub(crate) struct Fjall;

#[cfg(feature = "fjall")]
impl Subject for Fjall {
    type Store = arbour_fjall::FjallStore;
    const NAME: &'static str = "fjall";

    fn open(path: &Path, options: &StoreOptions) -> Result<Self::Store> {
        arbour_fjall::FjallStore::open(path, options)
    }

    fn settle(store: &Self::Store, _: &Path) -> Result<()> {
        store.compact()
    }
}

#[cfg(feature = "fjall")]
impl Native for Fjall {
    type Raw = crate::RawFjall;

    fn create_raw(path: &Path) -> Result<Self::Raw> {
        crate::RawFjall::create(path)
    }
}

#[cfg(feature = "lmdb")]
pub(crate) struct Lmdb;

#[cfg(feature = "lmdb")]
impl Subject for Lmdb {
    type Store = arbour_lmdb::LmdbStore;
    const NAME: &'static str = "lmdb";

    fn open(path: &Path, options: &StoreOptions) -> Result<Self::Store> {
        arbour_lmdb::LmdbStore::open(path, options)
    }
}

#[cfg(feature = "lmdb")]
impl Native for Lmdb {
    type Raw = crate::RawLmdb;
    const GROUPS: bool = true;

    fn create_raw(path: &Path) -> Result<Self::Raw> {
        crate::RawLmdb::create(path)
    }
}

#[cfg(feature = "rocksdb")]
pub(crate) struct Rocksdb;

#[cfg(feature = "rocksdb")]
impl Subject for Rocksdb {
    type Store = arbour_rocksdb::RocksdbStore;
    const NAME: &'static str = "rocksdb";

    fn open(path: &Path, options: &StoreOptions) -> Result<Self::Store> {
        arbour_rocksdb::RocksdbStore::open(path, options)
    }

    fn settle(store: &Self::Store, _: &Path) -> Result<()> {
        store.compact()
    }
}

#[cfg(feature = "rocksdb")]
impl Native for Rocksdb {
    type Raw = crate::RawRocksdb;

    fn create_raw(path: &Path) -> Result<Self::Raw> {
        crate::RawRocksdb::create(path)
    }
}
