//! What a faulty document store remembers outside of the store, where no rollback reaches it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use arbour::documents::{Change, DocId};
use parking_lot::Mutex;
use serde_json::Value;

/// A collection and something in it.
type In<T> = (String, T);

/// What is remembered outside of the store.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The written documents.
    pub(super) documents: Mutex<HashMap<In<DocId<'static>>, Value>>,
    /// The changes of each collection.
    pub(super) changes: Mutex<HashMap<String, Vec<Change>>>,
    /// The returned cursors.
    pub(super) cursors: Mutex<HashMap<String, Given>>,
    /// The first declared fields.
    pub(super) fields: Mutex<HashMap<String, HashSet<String>>>,
    /// The subscribers that acknowledged changes.
    pub(super) subscribers: Mutex<BTreeSet<In<String>>>,
    /// The collections whose indexes are being built, or whose build ended early.
    pub(super) building: Mutex<HashSet<String>>,
    /// The number of ids made.
    ids: AtomicU64,
}

/// What is known of a returned cursor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    /// The number of documents before it, if it leads forward.
    pub(super) offset: usize,
    /// Whether it leads back.
    pub(super) is_previous: bool,
}

impl Memory {
    /// Makes a UUID that sorts before all earlier ones.
    pub(super) fn descending_uuid(&self) -> String {
        let low = u64::from(u32::MAX) - self.ids.fetch_add(1, Ordering::SeqCst);
        format!("{low:08x}-0000-1000-8000-000000000000")
    }

    /// Records a change, at the position after all others of the collection.
    pub(super) fn note_change(&self, collection: &str, id: DocId<'static>, revision: Option<u64>) {
        let mut changes = self.changes.lock();
        let changes = changes.entry(collection.to_owned()).or_default();
        let position = changes.len() as u64 + 1;
        changes.push(Change { position, id, revision });
    }

    /// Returns the changes of a collection after a position, at most `limit`.
    pub(super) fn changes_after(&self, collection: &str, after: u64, limit: usize) -> Vec<Change> {
        let changes = self.changes.lock();
        let of_collection = changes.get(collection).into_iter().flatten();
        of_collection.filter(|change| change.position > after).take(limit).cloned().collect()
    }
}
