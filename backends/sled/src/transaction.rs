//! Writing through a transaction.

use arbour_core::engine::{LayeredTransaction, SnapshotLayer};

use crate::SledEngine;

/// A transaction of a [`SledStore`](crate::SledStore): its writes are kept in memory and passed to
/// sled as one batch.
///
/// ```
/// use arbour_core::{KvRead, KvStore, KvWrite, StoreOptions};
/// use arbour_sled::{SledStore, SledTransaction};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.sled");
/// let store = SledStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// let mut transaction: SledTransaction<'_> = store.begin()?;
/// transaction.put(&users, b"ada", b"1815")?;
/// assert_eq!(transaction.len(&users)?, 1);
/// transaction.commit()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub type SledTransaction<'s> = LayeredTransaction<'s, SnapshotLayer<SledEngine>>;
