//! Comparing views, and forgetting them.

use arbour_core::engine::TreeName;
use arbour_core::{Cursor as _, Direction, KeyRange, KvRead, KvStore, KvWrite, Result, Tree};
use sha2::{Digest as _, Sha256};

use super::EventError;
use super::event::Hash;
use super::events::{Events, active_version};
use super::handling::check_not_handling;
use super::layout::{PROJECTION_TREE, log_tree, state_key, view_name};
use super::log::open_tree;
use crate::documents::layout::{
    CATALOG_TREE, documents_tree, feed_ack_tree, feed_tree, index_tree, unchecked_tree,
};
use crate::key::Key as _;

/// The number of entries removed in one transaction.
const CHUNK: usize = 1000;

impl Events {
    /// Returns a hash of everything in the view of a version of a projection: the documents of its
    /// collections and the entries of its trees, which have names from [`Projection::view`]. Two
    /// versions with the same names and content have the same hash.
    ///
    /// [`Projection::view`]: super::Projection::view
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::{KvStore, events::{Events, Projection}};
    /// let store = arbour::open("memory:")?;
    /// let events = Events::builder(store.clone(), "main").build()?;
    /// let empty = events.digest("bank", 1)?;
    /// store.put(&store.tree("bank.1.counter")?, b"count", b"1")?;
    /// assert_ne!(events.digest("bank", 1)?, empty);
    /// assert_eq!(events.digest("bank", 2)?, empty);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn digest(&self, projection: &str, version: u32) -> Result<Hash> {
        let store = self.store();
        let snapshot = store.snapshot()?;
        let own = view_name(projection, version, "");
        let documents = documents_tree(&own);
        let mut digest = Sha256::new();
        for name in snapshot.trees()? {
            let of_documents = name.strip_prefix(&documents).map(|name| ("documents", name));
            let plain = || name.strip_prefix(&own).map(|name| ("tree", name));
            let Some((kind, view)) = of_documents.or_else(plain) else { continue };
            add(&mut digest, kind.as_bytes());
            add(&mut digest, view.as_bytes());
            let tree = store.open_tree(TreeName::stored(&name)?)?;
            let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?;
            while let Some((key, value)) = cursor.next()? {
                add(&mut digest, key);
                add(&mut digest, value);
            }
        }
        Ok(digest.finalize().into())
    }

    /// Removes everything a version of a projection holds, and its position, in batches of one
    /// transaction each. It must not be the active version. If the call is interrupted, call it
    /// again.
    ///
    /// # Errors
    /// [`Invalid`](EventError::Invalid) for the active version; errors of the store.
    ///
    /// ```
    /// # use arbour::{KvStore, events::{Events, Projection}};
    /// let store = arbour::open("memory:")?;
    /// let events = Events::builder(store.clone(), "main").build()?;
    /// store.put(&store.tree("bank.1.counter")?, b"count", b"1")?;
    /// events.forget("bank", 1)?;
    /// assert_eq!(store.stats()?.entries, 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn forget(&self, projection: &str, version: u32) -> Result<()> {
        check_not_handling()?;
        let store = self.store();
        let versions = open_tree(store, PROJECTION_TREE)?;
        let states = open_tree(store, &log_tree(self.inner.location.name()))?;
        // The position is removed first, so that a concurrent rebuild starts from the beginning.
        store.write(|transaction| {
            if active_version(store, transaction, projection)? == Some(version) {
                let reason = format!("version {version} of {projection:?} is read");
                let log = self.inner.location.name().to_owned();
                return Err(EventError::Invalid { log, reason }.into());
            }
            transaction.delete(&states, &state_key(projection, version))?;
            transaction.delete(&versions, &(projection, version).to_key_bytes())
        })?;
        let own = view_name(projection, version, "");
        let names = store.snapshot()?.trees()?;
        let is_own = |name: &&String| {
            let trees = [
                documents_tree(&own),
                index_tree(&own, ""),
                feed_tree(&own),
                feed_ack_tree(&own),
                unchecked_tree(&own),
                own.clone(),
            ];
            let states = ["result", "dead", "dead-stream", "quarantine"]
                .map(|kind| format!("arbour/{kind}/{projection}.{version}"));
            trees.iter().any(|tree| name.starts_with(tree.trim_end_matches('/')))
                || states.contains(name)
        };
        for name in names.iter().filter(is_own) {
            let tree = store.open_tree(TreeName::stored(name)?)?;
            clear(store, &tree, b"")?;
        }
        let catalog = store.open_tree(TreeName::layer(CATALOG_TREE)?)?;
        clear(store, &catalog, &("collection", own.as_str()).to_key_bytes())?;
        clear(store, &catalog, &("highest id", own.as_str()).to_key_bytes())
    }
}

fn add(digest: &mut Sha256, bytes: &[u8]) {
    digest.update((bytes.len() as u64).to_be_bytes());
    digest.update(bytes);
}

/// Removes the entries of a tree that begin with a prefix, in batches.
fn clear<S: KvStore>(store: &S, tree: &Tree, prefix: &[u8]) -> Result<()> {
    loop {
        let count = store.write(|transaction| {
            let mut keys = Vec::new();
            let mut cursor = transaction.prefix(tree, prefix)?;
            while let Some((key, _)) = cursor.next()? {
                keys.push(key.to_vec());
                if keys.len() == CHUNK {
                    break;
                }
            }
            drop(cursor);
            keys.iter().try_for_each(|key| transaction.delete(tree, key))?;
            Ok(keys.len())
        })?;
        if count < CHUNK {
            return Ok(());
        }
    }
}
