//! Following a log under a name, with a position kept in the store.

use std::time::Duration;

use arbour_core::{Durability, KvRead, KvStore as _, KvWrite, Result};

use super::EventError;
use super::event::EventBuf;
use super::events::Events;
use super::handling::check_not_handling;
use super::layout::FORMAT;
use super::log::{Log, check_name, decode_number, number_value};
use super::log_location::LogLocation;
use super::query::EventQuery;
use super::reader_control::ReaderControl;
use super::runner::Runner;
use super::tail::Tail;
use crate::ordered_uuid::ordered_uuid;

impl Log {
    /// Notes that a subscription has dealt with all events up to a position, in the caller's
    /// transaction. The acknowledged position never moves backwards: an earlier one changes
    /// nothing. `None` forgets the subscription, which can then begin anywhere.
    ///
    /// This does not check which runner of the subscription calls: [`Subscription::acknowledge_in`]
    /// does.
    ///
    /// # Errors
    /// [`Beyond`](EventError::Beyond) for a position after the newest event;
    /// [`Invalid`](EventError::Invalid) for an invalid name; errors of the store.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::{Log, NewEvent};
    /// let store = arbour::open("memory:")?;
    /// let log = Log::open(&store, "main")?;
    /// store.write(|transaction| {
    ///     log.append(transaction, &NewEvent::raw("diary", "noted", 1, Vec::new()).into())?;
    ///     log.acknowledge(transaction, "mailer", Some(1))
    /// })?;
    /// assert_eq!(log.acknowledged(&store.snapshot()?, "mailer")?, Some(1));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn acknowledge<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscription: &str,
        position: Option<u64>,
    ) -> Result<()> {
        let acknowledged = self.acknowledged(transaction, subscription)?;
        let key = subscription.as_bytes();
        let Some(position) = position else {
            transaction.delete(&self.trees.acks, key)?;
            return transaction.delete(&self.trees.leases, key);
        };
        if acknowledged.is_some_and(|acknowledged| position <= acknowledged) {
            return Ok(());
        }
        let newest = self.head(transaction)?.position;
        if position > newest {
            return Err(EventError::Beyond {
                log: self.name.to_string(),
                subscription: subscription.to_owned(),
                asked: position,
                newest,
            }
            .into());
        }
        transaction.put(&self.trees.acks, key, &number_value(position))
    }

    /// Moves the acknowledged position of a subscription back to an earlier one, and deletes its
    /// claims.
    pub(super) fn rewind<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscription: &str,
        position: u64,
    ) -> Result<()> {
        let acknowledged = self.acknowledged(transaction, subscription)?;
        let head = self.head(transaction)?;
        let next = position.saturating_add(1);
        if next < head.first {
            let (log, first) = (self.name.to_string(), head.first);
            return Err(EventError::Archived { log, asked: next, first }.into());
        }
        if acknowledged.is_none_or(|acknowledged| acknowledged <= position) {
            return Ok(());
        }
        self.delete_claims(transaction, subscription)?;
        let key = subscription.as_bytes();
        transaction.put(&self.trees.acks, key, &number_value(position))
    }

    /// Returns the position up to which a subscription has acknowledged events; `None` if the
    /// subscription is unknown.
    ///
    /// # Errors
    /// [`Invalid`](EventError::Invalid) for an invalid name; errors of the store.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::Log;
    /// let store = arbour::open("memory:")?;
    /// let log = Log::open(&store, "main")?;
    /// assert_eq!(log.acknowledged(&store.snapshot()?, "mailer")?, None);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn acknowledged<R: KvRead>(&self, reader: &R, subscription: &str) -> Result<Option<u64>> {
        check_name(subscription, "a subscription")?;
        let (tree, key) = (&self.trees.acks, subscription.as_bytes());
        let position = reader.get_with(tree, key, decode_number)?.transpose();
        position.map_err(|cause| self.undecodable(tree, key, cause))
    }
}

/// Follows a log under a name, with a position kept in the store; made by [`Events::subscribe`].
/// For a reader that keeps its position itself there is [`Tail`].
///
/// A subscription has one runner. The one that subscribes last takes over, also from another
/// process, and the earlier one's [`acknowledge`](Self::acknowledge) fails with
/// [`Fenced`](EventError::Fenced). Several consumers that work at the same time
/// [claim](Events::claim) events instead.
///
/// ```
/// use arbour::events::{EventQuery, Events, NewEvent};
/// use std::time::Duration;
/// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
/// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
/// let mut mailer = events.subscribe("mailer", EventQuery::all())?;
/// for event in mailer.next(100, Duration::ZERO)? {
///     println!("{} of {}", event.as_event().event_type, event.as_event().stream);
/// }
/// mailer.acknowledge()?;
/// assert_eq!(mailer.position(), 1);
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct Subscription {
    pub(super) tail: Tail,
    pub(super) runner: Runner,
}

impl Events {
    /// Takes over a subscription, and follows the log from the position it has acknowledged; a new
    /// subscription starts where the query begins. The query's end, limit and direction are not
    /// used.
    ///
    /// # Errors
    /// [`Truncated`](EventError::Truncated) if the log has lost events that were acknowledged:
    /// restore it, or [forget](Log::acknowledge) the subscription. [`Invalid`](EventError::Invalid)
    /// for an invalid name; errors of the store.
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// let notes = events.subscribe("notes", EventQuery::all().of_type("noted"))?;
    /// assert_eq!(notes.position(), 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn subscribe(&self, name: &str, query: EventQuery) -> Result<Subscription> {
        self.subscribe_at(name, query, false)
    }

    /// Does the same as [`subscribe`](Self::subscribe), but a new subscription starts at the end of
    /// the log: it gets the events that are appended from now on. The store remembers this position at
    /// once, so that a runner that ends before it has acknowledged anything misses none of them. A
    /// subscription that has acknowledged events continues there.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events, NewEvent};
    /// # use std::time::Duration;
    /// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
    /// let noted = || NewEvent::raw("diary", "noted", 1, Vec::new());
    /// events.dispatch_all(noted())?;
    /// let mut mailer = events.subscribe_from_end("mailer", EventQuery::all())?;
    /// assert!(mailer.next(9, Duration::ZERO)?.is_empty());
    /// events.dispatch_all(noted())?;
    /// assert_eq!(mailer.next(9, Duration::ZERO)?[0].as_event().position, 2);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn subscribe_from_end(&self, name: &str, query: EventQuery) -> Result<Subscription> {
        self.subscribe_at(name, query, true)
    }

    fn subscribe_at(&self, name: &str, query: EventQuery, from_end: bool) -> Result<Subscription> {
        check_not_handling()?;
        let LogLocation { store, log, .. } = &self.inner.location;
        check_name(name, "a subscription")?;
        let runner = [&[FORMAT][..], ordered_uuid().as_bytes()].concat();
        // No runner survives a power loss, so its name need not be durable. The end of the log is
        // where the subscription begins, and has to be.
        let durability = if from_end { Durability::default() } else { Durability::None };
        let (acknowledged, newest) = store.inner().write_with(durability, |transaction| {
            transaction.put(&log.trees.leases, name.as_bytes(), &runner)?;
            let newest = log.head(transaction)?.position;
            let mut acknowledged = log.acknowledged(transaction, name)?;
            if from_end && acknowledged.is_none() {
                log.acknowledge(transaction, name, Some(newest))?;
                acknowledged = Some(newest);
            }
            Ok((acknowledged, newest))
        })?;
        if let Some(applied) = acknowledged.filter(|acknowledged| *acknowledged > newest) {
            let (log, reader) = (log.name().to_owned(), format!("the subscription {name:?}"));
            return Err(EventError::Truncated { log, reader, applied, newest }.into());
        }
        let after = acknowledged.unwrap_or(query.after);
        let runner = Runner { events: self.clone(), name: name.into(), id: runner.into() };
        Ok(Subscription { tail: self.tail(query.after(after)), runner })
    }
}

impl Events {
    /// Moves the acknowledged position of a subscription back to an earlier one, so that the events
    /// after it can be [claimed](Self::claim) again. Does nothing if the subscription is unknown or
    /// has acknowledged less. All its claims are deleted, also completed ones, and their consumers can
    /// no longer complete them. Consumers in other processes notice it within ten seconds.
    ///
    /// A running [`Subscription`] does not notice it, and would acknowledge its own position again:
    /// call [`Subscription::rewind`] there.
    ///
    /// # Errors
    /// [`Archived`](EventError::Archived) if the first event to be handed out again was trimmed;
    /// [`Invalid`](EventError::Invalid) for an invalid name; errors of the store.
    ///
    /// ```
    /// # use arbour::events::{Events, NewEvent};
    /// # use std::time::Duration;
    /// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
    /// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// for _ in 0..2 {
    ///     assert_eq!(events.claim("work", "one", 9, Duration::MAX)?.len(), 1);
    ///     events.complete("work", "one", 1)?;
    ///     events.rewind("work", 0)?;
    /// }
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn rewind(&self, subscription: &str, position: u64) -> Result<()> {
        check_not_handling()?;
        let LogLocation { store, log, .. } = &self.inner.location;
        store.write(|transaction| log.rewind(transaction, subscription, position))?;
        self.inner.taken.lock().remove(subscription);
        Ok(())
    }
}

impl Subscription {
    /// Returns the position up to which events were handed out.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::Subscription;
    /// fn shown(subscription: &Subscription) -> String {
    ///     format!("at {}", subscription.position())
    /// }
    /// ```
    #[must_use]
    pub fn position(&self) -> u64 {
        self.tail.position()
    }

    /// Returns the next events, at most `limit`, oldest first, without gaps or repeats. Waits if
    /// there are none yet, and returns none after the timeout.
    ///
    /// # Errors
    /// [`Archived`](EventError::Archived) if the next one was trimmed: see
    /// [`skip_trimmed`](Self::skip_trimmed). [`Stopped`](EventError::Stopped) after
    /// [`ReaderControl::stop`]; [`ShutDown`](EventError::ShutDown), and errors of the store.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use arbour::KvStore;
    /// # use arbour::events::{EventError, Subscription};
    /// fn follow(mut subscription: Subscription) -> arbour::Result<()> {
    ///     loop {
    ///         for event in subscription.next(100, Duration::from_secs(10))? {
    ///             println!("{}", event.as_event().event_type);
    ///         }
    ///         subscription.acknowledge()?;
    ///     }
    /// }
    /// ```
    pub fn next(&mut self, limit: usize, timeout: Duration) -> Result<Vec<EventBuf>> {
        self.tail.next(limit, timeout)
    }

    /// Continues at the first event that is left, if the next one was trimmed. Returns how many
    /// positions this subscription skips; 0 if none was trimmed. The store remembers the new
    /// position at the next [`acknowledge`](Self::acknowledge).
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use arbour::KvStore;
    /// # use arbour::ErrorKind;
    /// # use arbour::events::{EventBuf, Subscription};
    /// fn next(mailer: &mut Subscription) -> arbour::Result<Vec<EventBuf>> {
    ///     match mailer.next(100, Duration::from_secs(10)) {
    ///         Err(error) if error.kind() == ErrorKind::Missing => {
    ///             eprintln!("{} events were trimmed", mailer.skip_trimmed()?);
    ///             mailer.next(100, Duration::from_secs(10))
    ///         }
    ///         next => next,
    ///     }
    /// }
    /// ```
    pub fn skip_trimmed(&mut self) -> Result<u64> {
        self.tail.skip_trimmed()
    }

    /// Acknowledges all events handed out so far. If a runner stops before that, they are handed
    /// out again. Writes only if the position has changed.
    ///
    /// # Errors
    /// [`Fenced`](EventError::Fenced) if another runner has taken over; errors of the store.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::{EventError, Subscription};
    /// fn done(subscription: &Subscription) -> arbour::Result<()> {
    ///     subscription.acknowledge()
    /// }
    /// ```
    pub fn acknowledge(&self) -> Result<()> {
        self.runner.acknowledge(self.position())
    }

    /// Does the same in a transaction of the log's store, so that the effects of the events and
    /// their acknowledgement are one commit.
    ///
    /// # Errors
    /// As [`acknowledge`](Self::acknowledge). Roll the transaction back in that case.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::{EventQuery, Events, NewEvent};
    /// # use std::time::Duration;
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// let mut mailer = events.subscribe("mailer", EventQuery::all())?;
    /// let count = mailer.next(100, Duration::ZERO)?.len();
    /// events.log_store().write(|transaction| {
    ///     // Here the caller writes what it made of the events.
    ///     # let _ = count;
    ///     mailer.acknowledge_in(transaction)
    /// })?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn acknowledge_in<W: KvWrite>(&self, transaction: &mut W) -> Result<()> {
        self.runner.acknowledge_in(transaction, self.position())
    }

    /// Goes back to an earlier position: the events after it are handed out again. The store
    /// remembers it at once, also for later runners.
    /// [`Events::position_at`] returns the position of a time.
    ///
    /// # Errors
    /// [`Invalid`](EventError::Invalid) for a position after [`position`](Self::position);
    /// [`Archived`](EventError::Archived) if the first event to be handed out again was trimmed;
    /// [`Fenced`](EventError::Fenced) if another runner has taken over; errors of the store. After an
    /// error the position is unchanged.
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events, NewEvent};
    /// # use std::time::Duration;
    /// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
    /// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// let mut mailer = events.subscribe("mailer", EventQuery::all())?;
    /// assert_eq!(mailer.next(9, Duration::ZERO)?.len(), 1);
    /// mailer.acknowledge()?;
    /// mailer.rewind(0)?;
    /// assert_eq!(mailer.next(9, Duration::ZERO)?.len(), 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn rewind(&mut self, position: u64) -> Result<()> {
        check_not_handling()?;
        let LogLocation { store, log, .. } = &self.tail.events.inner.location;
        if position > self.position() {
            return Err(log.invalid(format!(
                "the subscription {:?} is at position {}, and {position} is after it: rewind goes back",
                self.runner.name,
                self.position()
            )));
        }
        store.write(|transaction| {
            self.runner.check(transaction)?;
            log.rewind(transaction, &self.runner.name, position)
        })?;
        self.tail.events.inner.taken.lock().remove(&*self.runner.name);
        self.tail.position = position;
        Ok(())
    }

    /// Returns what pauses and stops this subscription from another thread.
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events};
    /// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
    /// let control = events.subscribe("mailer", EventQuery::all())?.control();
    /// assert!(!control.is_paused());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn control(&self) -> ReaderControl {
        self.tail.control()
    }
}
