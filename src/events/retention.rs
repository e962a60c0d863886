//! Trimming events.

use arbour_core::{Cursor as _, Direction, KeyRange, KvRead, KvStore, KvWrite, Result};

use super::EventError;
use super::event_batch::CHUNK_EVENTS;
use super::events::Events;
use super::handling::check_not_handling;
use super::log::{Log, decode_number, position_key};
use super::log_location::LogLocation;
use super::type_index::type_key;
use crate::chunk_size::ChunkSize;
use crate::key::Key as _;

impl Log {
    /// Trims events up to a position, the oldest first, at most `limit` of them. Returns the first
    /// position left. Positions and versions continue as if the events were still there, and
    /// idempotency keys stay known.
    ///
    /// This does not check whether a projection or a subscription still needs the events:
    /// [`Events::trim`] does.
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::{Log, NewEvent};
    /// let store = arbour::open("memory:")?;
    /// let log = Log::open(&store, "main")?;
    /// let first = store.write(|transaction| {
    ///     log.append(transaction, &NewEvent::raw("diary", "noted", 1, Vec::new()).into())?;
    ///     log.trim(transaction, 1, 100)
    /// })?;
    /// assert_eq!((first, log.head(&store.snapshot()?)?.position), (2, 1));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn trim<W: KvWrite>(&self, transaction: &mut W, until: u64, limit: usize) -> Result<u64> {
        let mut head = self.head(transaction)?;
        let until = until.min(head.position);
        let before = head.first;
        while head.first <= until && (head.first - before) < limit as u64 {
            let position = head.first;
            let Some(event) = self.get(transaction, position)? else {
                return Err(EventError::Broken { log: self.name().to_owned(), position }.into());
            };
            let event = event.as_event();
            let version_key = (event.stream, event.version).to_key_bytes();
            transaction.delete(&self.trees.events, &position_key(position))?;
            transaction.delete(&self.trees.streams, &version_key)?;
            if head.types_from.is_some() {
                transaction.delete(&self.trees.types, &type_key(&event))?;
            }
            head.first += 1;
        }
        if head.first != before {
            self.save_head(transaction, &head)?;
        }
        Ok(head.first)
    }

    /// Returns the position acknowledged by the slowest subscription.
    pub(super) fn acknowledged_by_all<R: KvRead>(&self, reader: &R) -> Result<Option<u64>> {
        let mut slowest: Option<u64> = None;
        let mut cursor = reader.scan(&self.trees.acks, KeyRange::all(), Direction::Forward)?;
        while let Some((key, value)) = cursor.next()? {
            let position = decode_number(value)
                .map_err(|cause| self.undecodable(&self.trees.acks, key, cause))?;
            slowest = Some(slowest.map_or(position, |slowest| slowest.min(position)));
        }
        Ok(slowest)
    }

    fn trim_all<S: KvStore>(&self, store: &S, until: u64) -> Result<u64> {
        let (slowest, head) = {
            let snapshot = store.snapshot()?;
            (self.acknowledged_by_all(&snapshot)?, self.head(&snapshot)?)
        };
        let until = slowest.map_or(until, |slowest| until.min(slowest));
        if head.first > until.min(head.position) {
            return Ok(head.first);
        }
        let mut size = ChunkSize::new(CHUNK_EVENTS);
        loop {
            let (first, newest) = size.write(store, |transaction, most| {
                let first = self.trim(transaction, until, most)?;
                Ok((first, self.head(transaction)?.position))
            })?;
            if first > until.min(newest) {
                return Ok(first);
            }
        }
    }
}

impl Events {
    /// Trims events up to a position in batches, but none that a declared projection or a
    /// subscription has yet to deal with. Returns the first position left. Trimmed events can no
    /// longer be used to rebuild a view: [copy](Log::copy_from) them to another log first.
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::events::{Events, NewEvent};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// assert_eq!(events.trim(1)?, 2);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn trim(&self, until: u64) -> Result<u64> {
        check_not_handling()?;
        let snapshot = self.store().snapshot()?;
        let mut until = until;
        for running in &self.inner.projections {
            until = until.min(running.state(&snapshot)?.applied);
        }
        drop(snapshot);
        let LogLocation { store, log, .. } = &self.inner.location;
        log.trim_all(&**store, until)
    }
}
