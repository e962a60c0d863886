//! Following a log under a name by which the store remembers how far.

use std::time::Duration;

use arbour_core::{KvRead, KvStore, KvWrite, Tree};

use super::EventResult;
use super::dispatch::check_not_handling;
use super::event::EventBuf;
use super::events::Events;
use super::log::{Log, check_name, decode_number, number_value};
use super::place::Place;
use super::reading::EventQuery;
use super::tail::Tail;

impl<T: Tree> Log<T> {
    /// Notes that a subscription has dealt with all events up to a position, in the transaction it does so
    /// in. `None` forgets the subscription.
    ///
    /// # Errors
    /// [`Invalid`](super::EventError::Invalid) for a name that is none; what the store reports.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::Log;
    /// let store = arbour::MemoryStore::new();
    /// let log = Log::open(&store, "main")?;
    /// store.write(|transaction| log.acknowledge(transaction, "mailer", Some(7)))?;
    /// assert_eq!(log.acknowledged(&store.snapshot()?, "mailer")?, Some(7));
    /// # Ok::<(), arbour::events::EventError>(())
    /// ```
    pub fn acknowledge<W: KvWrite<Tree = T>>(
        &self,
        transaction: &mut W,
        subscription: &str,
        position: Option<u64>,
    ) -> EventResult<()> {
        check_name(subscription, "a subscription")?;
        let key = subscription.as_bytes();
        match position {
            Some(position) => transaction.put(&self.trees.acks, key, &number_value(position))?,
            None => transaction.delete(&self.trees.acks, key)?,
        }
        Ok(())
    }

    /// Returns up to where a subscription has dealt with the events; `None` if it is not known.
    ///
    /// # Errors
    /// As [`acknowledge`](Self::acknowledge).
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::Log;
    /// let store = arbour::MemoryStore::new();
    /// let log = Log::open(&store, "main")?;
    /// assert_eq!(log.acknowledged(&store.snapshot()?, "mailer")?, None);
    /// # Ok::<(), arbour::events::EventError>(())
    /// ```
    pub fn acknowledged<R: KvRead<Tree = T>>(
        &self,
        reader: &R,
        subscription: &str,
    ) -> EventResult<Option<u64>> {
        check_name(subscription, "a subscription")?;
        let (tree, key) = (&self.trees.acks, subscription.as_bytes());
        let position = reader.get_with(tree, key, decode_number)?.transpose();
        position.map_err(|cause| self.undecodable(tree, key, cause))
    }
}

/// Follows a log under a name by which the store remembers how far it is; made by
/// [`Events::subscribe`]. Who has nothing to be remembered reads a [`Tail`].
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
/// # Ok::<(), arbour::events::EventError>(())
/// ```
pub struct Subscription<S: KvStore, L: KvStore = S> {
    tail: Tail<S, L>,
    name: String,
}

impl<S: KvStore, L: KvStore> Events<S, L> {
    /// Follows the log from where a subscription has acknowledged; a new one from where the query begins.
    /// The query's end, limit and direction are not used.
    ///
    /// # Errors
    /// As [`Log::acknowledged`].
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events};
    /// # use std::sync::Arc;
    /// let events = Events::builder(Arc::new(arbour::MemoryStore::new()), "main").build()?;
    /// let notes = events.subscribe("notes", EventQuery::all().of_type("noted"))?;
    /// assert_eq!(notes.position(), 0);
    /// # Ok::<(), arbour::events::EventError>(())
    /// ```
    pub fn subscribe(&self, name: &str, query: EventQuery) -> EventResult<Subscription<S, L>> {
        let Place { store, log, .. } = &self.inner.place;
        let acknowledged = log.acknowledged(&store.snapshot()?, name)?;
        let after = acknowledged.unwrap_or(query.after);
        Ok(Subscription { tail: self.tail(query.after(after)), name: name.to_owned() })
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

    /// Returns the next events, at most `limit`, oldest first, without gap or repeat; waits for them if
    /// there are none yet. Nothing after the timeout.
    ///
    /// # Errors
    /// [`Archived`](super::EventError::Archived) if some of them were given up,
    /// [`ShutDown`](super::EventError::ShutDown), and what the store reports.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use arbour::KvStore;
    /// # use arbour::events::{EventResult, Subscription};
    /// fn follow<S: KvStore>(mut subscription: Subscription<S>) -> EventResult<()> {
    ///     loop {
    ///         for event in subscription.next(100, Duration::from_secs(10))? {
    ///             println!("{}", event.as_event().event_type);
    ///         }
    ///         subscription.acknowledge()?;
    ///     }
    /// }
    /// ```
    pub fn next(&mut self, limit: usize, timeout: Duration) -> EventResult<Vec<EventBuf>> {
        self.tail.next(limit, timeout)
    }

    /// Has the store remember that all that was handed out was dealt with. Whoever dies before gets it
    /// again.
    ///
    /// # Errors
    /// What the store reports.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::{EventResult, Subscription};
    /// fn done<S: KvStore>(subscription: &Subscription<S>) -> EventResult<()> {
    ///     subscription.acknowledge()
    /// }
    /// ```
    pub fn acknowledge(&self) -> EventResult<()> {
        check_not_handling()?;
        let (name, position) = (self.name.as_str(), Some(self.position()));
        let Place { store, log, .. } = &self.tail.events.inner.place;
        store.write(|transaction| log.acknowledge(transaction, name, position))
    }
}
