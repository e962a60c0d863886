//! Following a log under a name, with a position kept in the store.

use std::time::Duration;

use arbour_core::{Durability, KvRead, KvStore, KvWrite, Result};

use super::EventError;
use super::event::EventBuf;
use super::events::Events;
use super::handling::check_not_handling;
use super::layout::FORMAT;
use super::log::{Log, check_name, decode_number, number_value};
use super::log_location::LogLocation;
use super::query::EventQuery;
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
    /// let store = arbour::MemoryStore::new();
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

    /// Returns the position up to which a subscription has acknowledged events; `None` if the
    /// subscription is unknown.
    ///
    /// # Errors
    /// [`Invalid`](EventError::Invalid) for an invalid name; errors of the store.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::Log;
    /// let store = arbour::MemoryStore::new();
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
/// use std::{sync::Arc, time::Duration};
/// let events = Events::builder(Arc::new(arbour::MemoryStore::new()), "main").build()?;
/// events.dispatch(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
/// let mut mailer = events.subscribe("mailer", EventQuery::all())?;
/// for event in mailer.next(100, Duration::ZERO)? {
///     println!("{} of {}", event.as_event().event_type, event.as_event().stream);
/// }
/// mailer.acknowledge()?;
/// assert_eq!(mailer.position(), 1);
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct Subscription<S: KvStore, L: KvStore = S> {
    pub(super) tail: Tail<S, L>,
    pub(super) runner: Runner<S, L>,
}

impl<S: KvStore, L: KvStore> Events<S, L> {
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
    /// # use std::sync::Arc;
    /// let events = Events::builder(Arc::new(arbour::MemoryStore::new()), "main").build()?;
    /// let notes = events.subscribe("notes", EventQuery::all().of_type("noted"))?;
    /// assert_eq!(notes.position(), 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn subscribe(&self, name: &str, query: EventQuery) -> Result<Subscription<S, L>> {
        check_not_handling()?;
        let LogLocation { store, log, .. } = &self.inner.location;
        check_name(name, "a subscription")?;
        let runner = [&[FORMAT][..], ordered_uuid().as_bytes()].concat();
        // No runner survives a power loss, so its name need not be durable.
        let (acknowledged, newest) = store.inner().write_with(Durability::None, |transaction| {
            transaction.put(&log.trees.leases, name.as_bytes(), &runner)?;
            let newest = log.head(transaction)?.position;
            Ok((log.acknowledged(transaction, name)?, newest))
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

impl<S: KvStore, L: KvStore> Subscription<S, L> {
    /// Returns the position up to which events were handed out.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::Subscription;
    /// fn shown<S: KvStore>(subscription: &Subscription<S>) -> String {
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
    /// [`skip_trimmed`](Self::skip_trimmed). [`ShutDown`](EventError::ShutDown), and errors of the
    /// store.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use arbour::KvStore;
    /// # use arbour::events::{EventError, Subscription};
    /// fn follow<S: KvStore>(mut subscription: Subscription<S>) -> arbour::Result<()> {
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
    /// fn next<S: KvStore>(mailer: &mut Subscription<S>) -> arbour::Result<Vec<EventBuf>> {
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
    /// fn done<S: KvStore>(subscription: &Subscription<S>) -> arbour::Result<()> {
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
    /// # use std::{sync::Arc, time::Duration};
    /// let events = Events::builder(Arc::new(arbour::MemoryStore::new()), "main").build()?;
    /// events.dispatch(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
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
}
