//! Reading a log continuously: existing events first, then new ones.

use std::time::{Duration, Instant};

use arbour_core::{Direction, KvStore, Result};

use super::EventError;
use super::event::EventBuf;
use super::events::Events;
use super::handling::check_not_handling;
use super::log_location::LogLocation;
use super::query::EventQuery;
use super::reader_control::{ReaderControl, ReaderState};

/// Reads a log from a position on and waits for new events; made by [`Events::tail`].
///
/// It keeps its position in memory. A [`Subscription`](super::Subscription) stores the position
/// under a name and keeps events it has yet to read from being [trimmed](Events::trim); a tail does
/// neither.
///
/// ```
/// use arbour::events::{EventQuery, Events, NewEvent};
/// use std::time::Duration;
/// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
/// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
/// let mut tail = events.tail(EventQuery::all().after(events.head()?.position));
/// assert!(tail.next(100, Duration::ZERO)?.is_empty(), "that was there before");
/// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
/// assert_eq!(tail.next(100, Duration::ZERO)?.len(), 1);
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct Tail {
    pub(super) events: Events,
    query: EventQuery,
    pub(super) position: u64,
    control: ReaderControl,
}

impl Events {
    /// Reads the log from where a query begins. Its position is not stored. The query's end, limit
    /// and direction are not used.
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// let notes = events.tail(EventQuery::all().of_type("noted").after(7));
    /// assert_eq!(notes.position(), 7);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn tail(&self, query: EventQuery) -> Tail {
        let (position, direction) = (query.after, Direction::Forward);
        let query = EventQuery { until: u64::MAX, direction, ..query };
        let control = ReaderControl::new(&self.inner);
        Tail { events: self.clone(), query, position, control }
    }
}

impl Tail {
    /// Returns the position up to which events were handed out.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::Tail;
    /// fn shown(tail: &Tail) -> String {
    ///     format!("at {}", tail.position())
    /// }
    /// ```
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Returns the next events, at most `limit`, oldest first, without gaps or repeats. Waits if
    /// there are none yet, and returns none after the timeout. The position does not change if the
    /// call fails.
    ///
    /// # Errors
    /// [`Archived`](EventError::Archived) if the next one was trimmed: see
    /// [`skip_trimmed`](Self::skip_trimmed).
    /// [`Stopped`](EventError::Stopped) after [`ReaderControl::stop`];
    /// [`ShutDown`](EventError::ShutDown), and errors of the store.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use arbour::KvStore;
    /// # use arbour::events::{EventError, Tail};
    /// fn print(mut tail: Tail) -> arbour::Result<()> {
    ///     loop {
    ///         for event in tail.next(100, Duration::from_secs(10))? {
    ///             println!("{}", event.as_event().event_type);
    ///         }
    ///     }
    /// }
    /// ```
    pub fn next(&mut self, limit: usize, timeout: Duration) -> Result<Vec<EventBuf>> {
        check_not_handling()?;
        let until = Instant::now().checked_add(timeout);
        let inner = &self.events.inner;
        let LogLocation { store, log, .. } = &inner.location;
        loop {
            // Read the count before the log: an append in between then ends the wait at once.
            let seen = inner.signal.count();
            inner.check_open()?;
            match self.control.state() {
                ReaderState::Running => {}
                ReaderState::Stopped => {
                    return Err(EventError::Stopped { log: log.name().to_owned() }.into());
                }
                ReaderState::Paused => {
                    if until.is_some_and(|until| Instant::now() >= until) {
                        return Ok(Vec::new());
                    }
                    inner.signal.wait_past(seen, until);
                    continue;
                }
            }
            let query = self.query.clone().after(self.position).limit(limit);
            let (events, head) = {
                let snapshot = store.snapshot()?;
                (log.read(&snapshot, &query)?, log.head(&snapshot)?)
            };
            if head.first > self.position.saturating_add(1) && head.position > self.position {
                return Err(EventError::Archived {
                    log: log.name().to_owned(),
                    asked: self.position.saturating_add(1),
                    first: head.first,
                }
                .into());
            }
            match events.last() {
                // A full batch may end before the head; what it skipped does not match the query.
                Some(last) if events.len() == limit => self.position = last.as_event().position,
                _ => self.position = self.position.max(head.position),
            }
            let is_late = until.is_some_and(|until| Instant::now() >= until);
            if !events.is_empty() || is_late || limit == 0 {
                return Ok(events);
            }
            inner.signal.wait_past(seen, inner.next_poll(until));
        }
    }

    /// Returns what pauses and stops this reader from another thread.
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events};
    /// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
    /// let control = events.tail(EventQuery::all()).control();
    /// assert!(!control.is_paused());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn control(&self) -> ReaderControl {
        self.control.clone()
    }

    /// Continues at the first event that is left, if the next one was trimmed. Returns how many
    /// positions this reader skips; 0 if none was trimmed.
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events, NewEvent};
    /// # use std::time::Duration;
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// events.trim(1)?;
    /// let mut tail = events.tail(EventQuery::all());
    /// assert!(tail.next(100, Duration::ZERO).is_err());
    /// assert_eq!(tail.skip_trimmed()?, 1);
    /// assert_eq!(tail.next(100, Duration::ZERO)?.len(), 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn skip_trimmed(&mut self) -> Result<u64> {
        let before = self.position;
        let trimmed = self.events.head()?.first.saturating_sub(1);
        self.position = before.max(trimmed);
        Ok(self.position - before)
    }
}
