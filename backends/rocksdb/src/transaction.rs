//! Writing through a transaction.

use arbour_core::engine::{LayeredTransaction, TreeLayer};

use crate::RocksdbEngine;

/// A transaction of a [`RocksdbStore`](crate::RocksdbStore): core's ordered write set on top of a
/// snapshot, committed as one RocksDB batch.
///
/// ```
/// use arbour_core::{KvStore, KvWrite, StoreOptions};
/// use arbour_rocksdb::{RocksdbStore, RocksdbTransaction};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.rocksdb");
/// let store = RocksdbStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// let mut transaction: RocksdbTransaction<'_> = store.begin()?;
/// transaction.put(&users, b"ada", b"1815")?;
/// transaction.commit()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub type RocksdbTransaction<'s> = LayeredTransaction<'s, TreeLayer<RocksdbEngine>>;
