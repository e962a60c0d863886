//! Comparing views.

use arbour_core::engine::TreeName;
use arbour_core::{Cursor as _, Direction, KeyRange, KvRead, KvStore, Result};
use sha2::{Digest as _, Sha256};

use super::event::Hash;
use super::events::Events;
use super::layout::view_name;
use crate::documents::layout::documents_tree;

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
}

fn add(digest: &mut Sha256, bytes: &[u8]) {
    digest.update((bytes.len() as u64).to_be_bytes());
    digest.update(bytes);
}
