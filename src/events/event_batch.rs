//! Batches of events read from the log.

use std::ops::Range;

/// The maximum number of events in a batch.
pub(super) const CHUNK_EVENTS: usize = 500;

/// The maximum size of a batch in bytes. A single event may be larger.
const CHUNK_BYTES: usize = 4 << 20;

/// Encoded events, in the order of their positions.
#[derive(Default)]
pub(super) struct EventBatch {
    bytes: Vec<u8>,
    events: Vec<(u64, Range<usize>)>,
}

impl EventBatch {
    pub(super) fn push(&mut self, position: u64, value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.events.push((position, start..self.bytes.len()));
    }

    pub(super) fn is_full(&self) -> bool {
        self.events.len() >= CHUNK_EVENTS || self.bytes.len() >= CHUNK_BYTES
    }

    /// Keeps the first events, at most so many.
    pub(super) fn truncate(&mut self, most: usize) {
        self.events.truncate(most);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Iterates over the positions and the encoded events.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (u64, &[u8])> {
        self.events
            .iter()
            .map(|(position, range)| (*position, self.bytes.get(range.clone()).unwrap_or_default()))
    }
}
