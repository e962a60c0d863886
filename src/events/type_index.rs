//! The optional index of a log by event type.

use std::ops::{Bound, ControlFlow};

use arbour_core::{Direction, KeyRange, KvRead, KvStore, KvWrite, Result};

#[cfg(doc)]
use super::EventError;
use super::event::Event;
use super::event_batch::CHUNK_EVENTS;
use super::head::Head;
use super::layout::FORMAT;
use super::log::Log;
use super::query::EventQuery;
use crate::chunk_size::ChunkSize;
use crate::key::{Key as _, KeyPart as _};

impl Head {
    /// Tells whether all events after a position are in the index by type.
    fn indexes_types_behind(&self, after: u64) -> bool {
        let first = self.first.max(after.saturating_add(1));
        self.types_from.is_some_and(|from| from <= first)
    }
}

/// A cursor over the entries of one type, with the next position already read.
struct Entries<C> {
    cursor: C,
    /// The number of bytes before the position in a key.
    prefix: usize,
    next: Option<u64>,
}

impl Log {
    /// Makes the log keep an index by type from now on, so that events [of some
    /// types](EventQuery::of_type) are found without reading the others. The log records this
    /// itself: every append, trim and copy to it maintains the index in the same commit. It costs
    /// one put per event. By default a log has no such index.
    ///
    /// Existing events are indexed by this call, newest first, in batches of one commit each; other
    /// writers can append in between. If the call is interrupted or fails, the next call resumes
    /// it; until then queries use the index only for positions where it is complete. Does nothing
    /// if all events are indexed.
    ///
    /// Each event found is read with a separate get. For a type that most events have, reading the
    /// whole log is quicker.
    ///
    /// # Errors
    /// [`Undecodable`](EventError::Undecodable), and errors of the store. Batches that were
    /// committed before stay.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::{EventQuery, Log, NewEvent};
    /// let store = arbour::open("memory:")?;
    /// let log = Log::open(&store, "main")?;
    /// log.index_types(&store)?;
    /// let append = NewEvent::raw("diary", "noted", 1, Vec::new()).into();
    /// store.write(|transaction| log.append(transaction, &append))?;
    /// assert_eq!(log.read(&store.snapshot()?, &EventQuery::all().of_type("noted"))?.len(), 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn index_types<S: KvStore>(&self, store: &S) -> Result<()> {
        let mut head = self.head(&store.snapshot()?)?;
        let mut size = ChunkSize::new(CHUNK_EVENTS);
        while !head.indexes_types_behind(0) {
            head = size.write(store, |transaction, most| self.index_chunk(transaction, most))?;
        }
        Ok(())
    }

    /// Indexes the newest events that are not indexed yet, at most so many.
    fn index_chunk<W: KvWrite>(&self, transaction: &mut W, most: usize) -> Result<Head> {
        let mut head = self.head(transaction)?;
        // Once the first batch has set `types_from`, every append indexes its own events.
        let from = head.types_from.unwrap_or(head.position.saturating_add(1));
        let (mut keys, mut lowest) = (Vec::new(), from);
        let query = EventQuery::all().until(from.saturating_sub(1)).backward().limit(most);
        self.each(transaction, &query, |event| {
            keys.push(type_key(event));
            lowest = event.position;
            Ok(ControlFlow::Continue(()))
        })?;
        for key in &keys {
            transaction.put(&self.trees.types, key, &[FORMAT])?;
        }
        let is_last = keys.len() < most;
        head.types_from = Some(if is_last { lowest.min(head.first) } else { lowest });
        self.save_head(transaction, &head)?;
        Ok(head)
    }

    /// Tells whether the index can answer a query.
    pub(super) fn is_by_type<R: KvRead>(&self, reader: &R, query: &EventQuery) -> Result<bool> {
        let is_asked = query.stream.is_none() && !query.types.is_empty();
        Ok(is_asked && self.head(reader)?.indexes_types_behind(query.after))
    }

    pub(super) fn visit_types<R: KvRead>(
        &self,
        reader: &R,
        query: &EventQuery,
        visit: &mut dyn FnMut(&Event<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut types: Vec<&str> = query.types.iter().map(String::as_str).collect();
        types.sort_unstable();
        types.dedup();
        let mut all = Vec::with_capacity(types.len());
        for name in types {
            let (start, end) =
                ((name, query.after).to_key_bytes(), (name, query.until).to_key_bytes());
            let range = KeyRange::from_bounds(Bound::Excluded(&start), Bound::Included(&end));
            let cursor = reader.scan(&self.trees.types, range, query.direction)?;
            let mut entries = Entries { cursor, prefix: name.len() + 1, next: None };
            self.step(&mut entries)?;
            all.push(entries);
        }
        loop {
            let left = all.iter_mut().filter(|entries| entries.next.is_some());
            let nearest = match query.direction {
                Direction::Forward => left.min_by_key(|entries| entries.next),
                Direction::Reverse => left.max_by_key(|entries| entries.next),
            };
            let Some(entries) = nearest else { return Ok(()) };
            if let Some(position) = entries.next
                && self.visit_at(reader, position, visit)?.is_break()
            {
                return Ok(());
            }
            self.step(entries)?;
        }
    }

    /// Reads the next entry of a type.
    fn step<C: arbour_core::Cursor>(&self, entries: &mut Entries<C>) -> Result<()> {
        entries.next = match entries.cursor.next()? {
            None => None,
            Some((key, _)) => {
                let position = u64::decode_part(key.get(entries.prefix..).unwrap_or_default());
                let undecodable = |cause| self.undecodable(&self.trees.types, key, cause);
                Some(position.map_err(undecodable)?)
            }
        };
        Ok(())
    }
}

/// Returns the key of an event in the index by type.
pub(super) fn type_key(event: &Event<'_>) -> Vec<u8> {
    (event.event_type, event.position).to_key_bytes()
}
