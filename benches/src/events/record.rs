//! What is stored for events.

use std::collections::HashSet;
use std::sync::Arc;

use arbour::documents::layout::documents_tree;
use arbour::events::layout::{log_tree, stream_tree, view_name};
use arbour::events::{Append, Events, Log, NewEvent};
use arbour_core::engine::TreeName;
use arbour_core::{Cursor as _, Direction, KeyRange, KvRead as _, KvStore, MemoryStore, Result};

use super::account::{Document, NAME};
use super::bank::{BANK, open};
use super::log::{LOG, append};
use crate::tables::{KeyValue, Record, Table, entries};

/// The table in which raw engines store the events. Tables are named after what documents store,
/// and any of them will do; the next one has the entries that lead to positions. Each has heads
/// too.
pub(super) const EVENTS: Table = Table::Documents;

/// Tells whether an entry is the head of a log or of a stream, or the position of a view: their
/// keys come after all numbers.
pub(super) fn is_head(key: &[u8]) -> bool {
    key.first() == Some(&0xff) || key.last() == Some(&0xff)
}

/// Returns the heads of a log and of its streams, each as a record.
fn heads<S: KvStore>(store: &S) -> Result<Vec<Record>> {
    let of = |tree: String| -> Result<Vec<KeyValue>> {
        Ok(entries(store, &tree)?.into_iter().filter(|(key, _)| is_head(key)).collect())
    };
    let streams = of(stream_tree(LOG))?.into_iter().map(|head| vec![None, Some(head)]);
    Ok(streams.chain(of(log_tree(LOG))?.into_iter().map(|head| vec![Some(head)])).collect())
}

/// Appends events to an empty log and returns what each transaction has put, in order: first a
/// record for each event, then one for each head. The entries are read from the log, not imitated.
pub(super) fn records<S: KvStore>(store: &S, appends: &[Append]) -> Result<Vec<Vec<Record>>> {
    let log = Log::open(store, LOG)?;
    let (mut before, mut all_heads) = (HashSet::new(), Vec::new());
    for events in appends {
        append(store, &log, events)?;
        // A later append overwrites the heads of this one, so they are read in between.
        let now = heads(store)?;
        let is_new = |head: &&Record| !before.contains(*head);
        all_heads.push(now.iter().filter(is_new).cloned().collect::<Vec<_>>());
        before = now.into_iter().collect();
    }
    let is_entry = |(key, _): &KeyValue| !is_head(key);
    let events = entries(store, &log_tree(LOG))?.into_iter().filter(is_entry);
    let streams = entries(store, &stream_tree(LOG))?.into_iter().filter(is_entry);
    let mut streams: Vec<KeyValue> = streams.collect();
    // The value is the position, which is the order in which they were written.
    streams.sort_by(|(_, one), (_, other)| one.cmp(other));
    let mut events = events.zip(streams);
    let of_batch = |(append, heads): (&Append, Vec<Record>)| {
        let events = events.by_ref().take(append.events.len());
        let events = events.map(|(event, stream)| vec![Some(event), Some(stream)]);
        events.chain(heads).collect()
    };
    Ok(appends.iter().zip(all_heads).map(of_batch).collect())
}

/// Events that are dispatched only to see what is stored for them.
pub(super) struct Shadow {
    pub(super) store: Arc<MemoryStore>,
    events: Events,
}

impl Shadow {
    pub(super) fn new() -> Result<Self> {
        let store = Arc::new(MemoryStore::new());
        let events = open(Arc::clone(&store), Document::OfStream)?;
        Ok(Self { store, events })
    }

    /// Dispatches an event and returns what its commit puts. All events have to be of one stream,
    /// because then new entries are last in their tree.
    pub(super) fn records(&self, event: NewEvent) -> Result<Vec<Record>> {
        self.events.dispatch_all(event)?;
        let accounts = documents_tree(&view_name(BANK, 1, NAME));
        let events = vec![self.last(&log_tree(LOG))?, self.last(&stream_tree(LOG))?];
        let views = vec![None, None, self.last(&accounts)?];
        Ok([events].into_iter().chain(heads(&*self.store)?).chain([views]).collect())
    }

    fn last(&self, tree: &str) -> Result<Option<KeyValue>> {
        let tree = self.store.open_tree(TreeName::layer(tree)?)?;
        let snapshot = self.store.snapshot()?;
        let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Reverse)?;
        while let Some((key, value)) = cursor.next()? {
            if !is_head(key) {
                return Ok(Some((key.to_vec(), value.to_vec())));
            }
        }
        Ok(None)
    }
}
