//! Reading a log.

use std::ops::{Bound, ControlFlow};

use arbour_core::{Cursor as _, Direction, KeyRange, KvRead, Result};

use super::event::{Event, EventBuf};
use super::event_batch::EventBatch;
use super::layout::LOG_HEAD_KEY;
use super::log::{Log, decode_number, position_key};
use super::{EventError, envelope};
use crate::key::{Key as _, KeyPart as _};

/// Up to this many events are read with single gets, which are quicker than a scan.
const GETS_MAX: u64 = 4;

/// Selects events, and their order.
///
/// ```
/// use arbour::events::EventQuery;
/// let newest_notes = EventQuery::stream("diary").of_type("noted").after(10).limit(3).backward();
/// assert_eq!(newest_notes.limit, Some(3));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventQuery {
    /// Only events of this stream.
    pub stream: Option<String>,
    /// Only events of one of these types; all types if empty.
    pub types: Vec<String>,
    /// Only events after this position.
    pub after: u64,
    /// Only events up to and including this position.
    pub until: u64,
    /// At most this many events.
    pub limit: Option<usize>,
    /// Whether the oldest or the newest come first.
    pub direction: Direction,
}

impl EventQuery {
    /// Selects all events, oldest first.
    ///
    /// ```
    /// # use arbour::events::EventQuery;
    /// assert_eq!(EventQuery::all().stream, None);
    /// ```
    #[must_use]
    pub fn all() -> Self {
        Self {
            stream: None,
            types: Vec::new(),
            after: 0,
            until: u64::MAX,
            limit: None,
            direction: Direction::Forward,
        }
    }

    /// Selects the events of a stream, oldest first.
    ///
    /// ```
    /// # use arbour::events::EventQuery;
    /// assert!(EventQuery::stream("diary").stream.is_some());
    /// ```
    #[must_use]
    pub fn stream(stream: impl Into<String>) -> Self {
        Self { stream: Some(stream.into()), ..Self::all() }
    }

    /// Restricts the query to this type; can be called for several types. Events of other types are
    /// read and skipped, unless the log keeps an [index by type](Log::index_types) and the query
    /// names no stream.
    ///
    /// ```
    /// # use arbour::events::EventQuery;
    /// assert_eq!(EventQuery::all().of_type("noted").of_type("erased").types.len(), 2);
    /// ```
    #[must_use]
    pub fn of_type(mut self, event_type: impl Into<String>) -> Self {
        self.types.push(event_type.into());
        self
    }

    /// Restricts the query to events after a position.
    ///
    /// ```
    /// # use arbour::events::EventQuery;
    /// assert_eq!(EventQuery::all().after(7).after, 7);
    /// ```
    #[must_use]
    pub fn after(mut self, position: u64) -> Self {
        self.after = position;
        self
    }

    /// Restricts the query to events up to and including a position.
    ///
    /// ```
    /// # use arbour::events::EventQuery;
    /// assert_eq!(EventQuery::all().until(7).until, 7);
    /// ```
    #[must_use]
    pub fn until(mut self, position: u64) -> Self {
        self.until = position;
        self
    }

    /// Restricts the query to this many events.
    ///
    /// ```
    /// # use arbour::events::EventQuery;
    /// assert_eq!(EventQuery::all().limit(7).limit, Some(7));
    /// ```
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Returns the newest events first.
    ///
    /// ```
    /// # use arbour::events::EventQuery;
    /// assert_eq!(EventQuery::all().backward().direction, arbour::Direction::Reverse);
    /// ```
    #[must_use]
    pub fn backward(mut self) -> Self {
        self.direction = Direction::Reverse;
        self
    }

    fn means(&self, event: &Event<'_>) -> bool {
        self.types.is_empty() || self.types.iter().any(|name| name == event.event_type)
    }
}

impl Log {
    /// Returns the position after which the events from a time on begin: that of the last event
    /// before the first one that happened at this time or later. If there is no such event, that is
    /// the newest position. `time` is in milliseconds since 1970 (UTC).
    ///
    /// It reads the log from its first event on, because events can be appended with times of their
    /// own and then need not be in the order of their times.
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::{Append, Log, NewEvent};
    /// let store = arbour::open("memory:")?;
    /// let log = Log::open(&store, "main")?;
    /// let noted = |time| NewEvent::raw("diary", "noted", 1, Vec::new()).at(time);
    /// let append = Append::new().event(noted(10)).event(noted(20));
    /// store.write(|transaction| log.append(transaction, &append))?;
    /// let snapshot = store.snapshot()?;
    /// let positions = [5, 10, 11, 21].map(|time| log.position_at(&snapshot, time).unwrap());
    /// assert_eq!(positions, [0, 0, 1, 2]);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn position_at<R: KvRead>(&self, reader: &R, time: i64) -> Result<u64> {
        let mut position = self.head(reader)?.first.saturating_sub(1);
        self.each(reader, &EventQuery::all(), |event| {
            if event.time >= time {
                return Ok(ControlFlow::Break(()));
            }
            position = event.position;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(position)
    }

    /// Visits events until none is left or the visitor breaks or fails. Trimmed events are skipped;
    /// see [`head`](Self::head) for the first that is left.
    ///
    /// # Errors
    /// Errors of the visitor; [`Undecodable`](EventError::Undecodable), and errors of the store.
    ///
    /// ```
    /// # use std::ops::ControlFlow;
    /// # use arbour::KvRead;
    /// # use arbour::events::{EventQuery, EventError, Log};
    /// fn count<R: KvRead>(log: &Log, reader: &R) -> arbour::Result<u64> {
    ///     let mut count = 0;
    ///     log.each(reader, &EventQuery::all(), |_event| {
    ///         count += 1;
    ///         Ok(ControlFlow::Continue(()))
    ///     })?;
    ///     Ok(count)
    /// }
    /// ```
    pub fn each<R: KvRead>(
        &self,
        reader: &R,
        query: &EventQuery,
        mut visit: impl FnMut(&Event<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut left = query.limit.unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(());
        }
        self.visit(reader, query, &mut |event| {
            if !query.means(event) {
                return Ok(ControlFlow::Continue(()));
            }
            left -= 1;
            let flow = visit(event)?;
            Ok(if left == 0 { ControlFlow::Break(()) } else { flow })
        })
    }

    fn visit<R: KvRead>(
        &self,
        reader: &R,
        query: &EventQuery,
        visit: &mut dyn FnMut(&Event<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        match &query.stream {
            None if self.is_by_type(reader, query)? => self.visit_types(reader, query, visit),
            None => self.visit_all(reader, query, visit),
            Some(stream) => self.visit_stream(reader, stream, query, visit),
        }
    }

    fn visit_all<R: KvRead>(
        &self,
        reader: &R,
        query: &EventQuery,
        visit: &mut dyn FnMut(&Event<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let (after, until) = (position_key(query.after), position_key(query.until));
        let range = KeyRange::from_bounds(Bound::Excluded(&after), Bound::Included(&until));
        let mut cursor = reader.scan(&self.trees.events, range, query.direction)?;
        while let Some((key, value)) = cursor.next()? {
            let event = u64::decode_part(key)
                .and_then(|position| envelope::decode(position, value))
                .map_err(|cause| self.undecodable(&self.trees.events, key, cause))?;
            if visit(&event)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn visit_stream<R: KvRead>(
        &self,
        reader: &R,
        stream: &str,
        query: &EventQuery,
        visit: &mut dyn FnMut(&Event<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let (first, last) = self.stream_range(reader, stream, query)?;
        if first > last {
            return Ok(());
        }
        let start = (stream, first).to_key_bytes();
        let end = (stream, last).to_key_bytes();
        let range = KeyRange::from_bounds(Bound::Included(&start), Bound::Included(&end));
        let mut cursor = reader.scan(&self.trees.streams, range, query.direction)?;
        while let Some((key, value)) = cursor.next()? {
            let position = decode_number(value)
                .map_err(|cause| self.undecodable(&self.trees.streams, key, cause))?;
            // Where entries of the stream are missing, the range of versions covers more positions
            // than the query.
            let is_asked = position > query.after && position <= query.until;
            if is_asked && self.visit_at(reader, position, visit)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Visits the event that a stream or an index entry points to. If it is missing, the log has
    /// lost its end.
    pub(super) fn visit_at<R: KvRead>(
        &self,
        reader: &R,
        position: u64,
        visit: &mut dyn FnMut(&Event<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let key = position_key(position);
        let flow = reader.get_with(&self.trees.events, &key, |value| {
            let event = envelope::decode(position, value)
                .map_err(|cause| self.undecodable(&self.trees.events, &key, cause))?;
            visit(&event)
        });
        flow?.ok_or_else(|| EventError::Broken { log: self.name.to_string(), position })?
    }

    /// Returns events.
    ///
    /// # Errors
    /// As [`each`](Self::each).
    ///
    /// ```
    /// # use arbour::KvRead;
    /// # use arbour::events::{EventBuf, EventQuery, EventError, Log};
    /// fn newest<R: KvRead>(log: &Log, reader: &R) -> arbour::Result<Option<EventBuf>> {
    ///     Ok(log.read(reader, &EventQuery::all().backward().limit(1))?.pop())
    /// }
    /// ```
    pub fn read<R: KvRead>(&self, reader: &R, query: &EventQuery) -> Result<Vec<EventBuf>> {
        let mut events = Vec::new();
        self.each(reader, query, |event| {
            events.push(event.to_owned());
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(events)
    }

    /// Returns the event at a position; `None` if there is none or it was trimmed.
    ///
    /// # Errors
    /// As [`each`](Self::each).
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::Log;
    /// let store = arbour::open("memory:")?;
    /// assert!(Log::open(&store, "main")?.get(&store.snapshot()?, 1)?.is_none());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn get<R: KvRead>(&self, reader: &R, position: u64) -> Result<Option<EventBuf>> {
        let key = position_key(position);
        let event = reader.get_with(&self.trees.events, &key, |value| {
            envelope::decode(position, value).map(|event| event.to_owned())
        })?;
        event.transpose().map_err(|cause| self.undecodable(&self.trees.events, &key, cause))
    }

    /// Verifies the events after a position: the chain of hashes shows that none is missing or
    /// changed. Returns how many were verified.
    ///
    /// # Errors
    /// [`Broken`](EventError::Broken) with the first position that does not match, and as
    /// [`each`](Self::each).
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::Log;
    /// let store = arbour::open("memory:")?;
    /// assert_eq!(Log::open(&store, "main")?.verify(&store.snapshot()?, 0)?, 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn verify<R: KvRead>(&self, reader: &R, after: u64) -> Result<u64> {
        let head = self.head(reader)?;
        let mut expected = after.saturating_add(1).max(head.first);
        let (mut hash, mut count) = (None, 0);
        let broken = |position| EventError::Broken { log: self.name.to_string(), position };
        let key = position_key(expected);
        let range = KeyRange::from_bounds(Bound::Included(&key), Bound::Excluded(LOG_HEAD_KEY));
        let mut cursor = reader.scan(&self.trees.events, range, Direction::Forward)?;
        while let Some((key, value)) = cursor.next()? {
            let event = u64::decode_part(key)
                .and_then(|position| envelope::decode(position, value))
                .map_err(|cause| self.undecodable(&self.trees.events, key, cause))?;
            let fits = hash.is_none_or(|hash| *event.hash_before == hash);
            if event.position != expected || !fits {
                return Err(broken(expected).into());
            }
            hash = Some(envelope::hash(event.position, value));
            expected += 1;
            count += 1;
        }
        if expected <= head.position || hash.is_some_and(|hash| hash != head.hash) {
            return Err(broken(expected.min(head.position)).into());
        }
        Ok(count)
    }
}

impl Log {
    /// Reads events after a position, as many as one batch holds.
    pub(super) fn chunk<R: KvRead>(
        &self,
        reader: &R,
        after: u64,
        until: u64,
    ) -> Result<EventBatch> {
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

    pub(super) fn decode<'v>(&self, position: u64, value: &'v [u8]) -> Result<Event<'v>> {
        envelope::decode(position, value)
            .map_err(|cause| self.undecodable(&self.trees.events, &position_key(position), cause))
    }
}
