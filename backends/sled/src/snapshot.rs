//! Reading all trees in one snapshot.

use arbour_core::engine::LayeredSnapshot;

use crate::SledEngine;

/// A snapshot of a [`SledStore`](crate::SledStore): sled's entries, with later changes undone.
///
/// ```
/// use arbour_core::{KvRead, KvStore, StoreOptions};
/// use arbour_sled::{SledSnapshot, SledStore};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.sled");
/// let store = SledStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// let snapshot: SledSnapshot<'_> = store.snapshot()?;
/// store.put(&users, b"ada", b"1815")?;
/// assert!(!snapshot.contains(&users, b"ada")?);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub type SledSnapshot<'s> = LayeredSnapshot<'s, SledEngine>;
