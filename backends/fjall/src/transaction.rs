//! Writing through a transaction.

use arbour_core::engine::LayeredTransaction;

use crate::FjallEngine;

/// A transaction of a [`FjallStore`](crate::FjallStore): core's ordered write set on top of a
/// snapshot, committed as one fjall batch.
///
/// ```
/// use arbour_core::{KvStore, KvWrite, StoreOptions};
/// use arbour_fjall::{FjallStore, FjallTransaction};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.fjall");
/// let store = FjallStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// let mut transaction: FjallTransaction<'_> = store.begin()?;
/// transaction.put(&users, b"ada", b"1815")?;
/// transaction.commit()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub type FjallTransaction<'s> = LayeredTransaction<'s, FjallEngine>;
