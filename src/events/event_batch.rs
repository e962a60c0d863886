//! Events read ahead of being applied or copied.

use std::ops::{Bound, Range};

use arbour_core::key::KeyPart as _;
use arbour_core::{Cursor as _, Direction, KeyRange, KvRead};

use super::EventResult;
use super::envelope;
use super::event::Event;
use super::log::{Log, position_key};

/// How many events are read at once, at most.
pub(super) const CHUNK_EVENTS: usize = 500;

/// How many bytes are read at once: one event may be more.
const CHUNK_BYTES: usize = 4 << 20;

/// So few events are got one by one, which is quicker than a scan.
const GETS_MAX: u64 = 4;

/// Events as they are stored, in the order of their positions.
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

    fn is_full(&self) -> bool {
        self.events.len() >= CHUNK_EVENTS || self.bytes.len() >= CHUNK_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Iterates over the positions and what is stored there.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (u64, &[u8])> {
        self.events
            .iter()
            .map(|(position, range)| (*position, self.bytes.get(range.clone()).unwrap_or_default()))
    }
}

impl Log {
    /// Reads events behind a position, as many as there are at once.
    pub(super) fn chunk<R: KvRead>(
        &self,
        reader: &R,
        after: u64,
        until: u64,
    ) -> EventResult<EventBatch> {
        let mut chunk = EventBatch::default();
        if until.saturating_sub(after) <= GETS_MAX {
            for position in after.saturating_add(1)..=until {
                let key = position_key(position);
                let found = reader.get_with(&self.trees.events, &key, |value| {
                    chunk.push(position, value);
                })?;
                if found.is_none() {
                    break;
                }
            }
            return Ok(chunk);
        }
        let (start, end) = (position_key(after), position_key(until));
        let range = KeyRange::from_bounds(Bound::Excluded(&start), Bound::Included(&end));
        let mut cursor = reader.scan(&self.trees.events, range, Direction::Forward)?;
        while let Some((key, value)) = cursor.next()? {
            let position = u64::decode_part(key)
                .map_err(|cause| self.undecodable(&self.trees.events, key, cause))?;
            chunk.push(position, value);
            if chunk.is_full() {
                break;
            }
        }
        Ok(chunk)
    }

    pub(super) fn decode<'v>(&self, position: u64, value: &'v [u8]) -> EventResult<Event<'v>> {
        envelope::decode(position, value)
            .map_err(|cause| self.undecodable(&self.trees.events, &position_key(position), cause))
    }
}
