//! Consumers that share the events of a subscription among them.

use std::time::Duration;

use arbour_core::key::{Key as _, KeyPart as _};
use arbour_core::{Cursor as _, DecodeError, KvRead, KvStore, KvWrite, Tree};

use super::EventResult;
use super::dispatch::check_not_handling;
use super::event::EventBuf;
use super::events::Events;
use super::layout::{FORMAT, STREAM_BYTES_MAX};
use super::log::{Log, clock};
use super::place::Place;

/// Who has claimed an event.
struct Lease {
    /// Until when, in milliseconds since 1970; `None` if it was dealt with.
    until: Option<i64>,
    consumer: String,
}

impl Lease {
    fn encode(&self) -> Vec<u8> {
        let mut value = vec![FORMAT, u8::from(self.until.is_none())];
        value.extend_from_slice(&self.until.unwrap_or_default().to_be_bytes());
        value.extend_from_slice(self.consumer.as_bytes());
        value
    }

    fn decode(value: &[u8]) -> Result<Self, DecodeError> {
        let [FORMAT, is_done, u0, u1, u2, u3, u4, u5, u6, u7, consumer @ ..] = value else {
            return Err(DecodeError::new("a lease of format 1", "something else"));
        };
        let until = i64::from_be_bytes([*u0, *u1, *u2, *u3, *u4, *u5, *u6, *u7]);
        let consumer = String::decode_part(consumer)?;
        Ok(Self { until: (*is_done == 0).then_some(until), consumer })
    }
}

impl<T: Tree> Log<T> {
    /// Returns the leases of a subscription, by position, in order.
    fn leases<R: KvRead<Tree = T>>(
        &self,
        reader: &R,
        subscription: &str,
    ) -> EventResult<Vec<(u64, Lease)>> {
        let tree = &self.trees.leases;
        let prefix = [subscription.as_bytes(), &[0xff]].concat();
        let mut cursor = reader.prefix(tree, &prefix)?;
        let mut leases = Vec::new();
        while let Some((key, value)) = cursor.next()? {
            let lease = u64::decode_part(key.get(prefix.len()..).unwrap_or_default())
                .and_then(|position| Ok((position, Lease::decode(value)?)));
            leases.push(lease.map_err(|cause| self.undecodable(tree, key, cause))?);
        }
        Ok(leases)
    }

    /// Claims events that nobody has dealt with and nobody has claimed, or whose claim has run out: at most
    /// `limit`, the oldest first, until a time in milliseconds since 1970.
    ///
    /// # Errors
    /// [`Invalid`](super::EventError::Invalid) for a name that is none; what the store reports.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::{Log, NewEvent};
    /// let store = arbour::MemoryStore::new();
    /// let log = Log::open(&store, "main")?;
    /// let (one, other) = store.write(|transaction| {
    ///     log.append(transaction, &NewEvent::raw("diary", "noted", 1, Vec::new()).into())?;
    ///     let one = log.claim(transaction, "mailer", "one", 10, (0, 1000))?;
    ///     Ok::<_, arbour::events::EventError>((one, log.claim(transaction, "mailer", "other", 10, (0, 1000))?))
    /// })?;
    /// assert_eq!((one.len(), other.len()), (1, 0));
    /// # Ok::<(), arbour::events::EventError>(())
    /// ```
    pub fn claim<W: KvWrite<Tree = T>>(
        &self,
        transaction: &mut W,
        subscription: &str,
        consumer: &str,
        limit: usize,
        (now, until): (i64, i64),
    ) -> EventResult<Vec<EventBuf>> {
        if !(1..=STREAM_BYTES_MAX).contains(&consumer.len()) {
            return Err(self.invalid(format!("a consumer has 1 to {STREAM_BYTES_MAX} bytes")));
        }
        let head = self.head(transaction)?;
        let dealt_with = self.acknowledged(transaction, subscription)?.unwrap_or(0);
        let taken = self.leases(transaction, subscription)?;
        let mut taken = taken.iter().peekable();
        let mut claimed = Vec::new();
        let mut position = dealt_with.max(head.first.saturating_sub(1));
        while position < head.position && claimed.len() < limit {
            position += 1;
            while taken.next_if(|(taken, _)| *taken < position).is_some() {}
            if let Some((_, lease)) = taken.next_if(|(taken, _)| *taken == position)
                && lease.until.is_none_or(|until| until > now)
            {
                continue;
            }
            let Some(event) = self.get(transaction, position)? else { continue };
            let lease = Lease { until: Some(until), consumer: consumer.to_owned() };
            let key = (subscription, position).to_key_bytes();
            transaction.put(&self.trees.leases, &key, &lease.encode())?;
            claimed.push(event);
        }
        Ok(claimed)
    }

    /// Says that a consumer has dealt with an event he claimed. Once all before it are dealt with too, the
    /// subscription has [acknowledged](Self::acknowledged) it.
    ///
    /// # Errors
    /// [`Invalid`](super::EventError::Invalid) if he has no claim to it any more, for another has it or has dealt
    /// with it: what he did was done twice. What the store reports.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::{Log, NewEvent};
    /// let store = arbour::MemoryStore::new();
    /// let log = Log::open(&store, "main")?;
    /// store.write(|transaction| {
    ///     log.append(transaction, &NewEvent::raw("diary", "noted", 1, Vec::new()).into())?;
    ///     log.claim(transaction, "mailer", "one", 10, (0, 1000))?;
    ///     log.complete(transaction, "mailer", "one", 1)
    /// })?;
    /// assert_eq!(log.acknowledged(&store.snapshot()?, "mailer")?, Some(1));
    /// # Ok::<(), arbour::events::EventError>(())
    /// ```
    pub fn complete<W: KvWrite<Tree = T>>(
        &self,
        transaction: &mut W,
        subscription: &str,
        consumer: &str,
        position: u64,
    ) -> EventResult<()> {
        let leases = self.leases(transaction, subscription)?;
        let is_his = leases.iter().any(|(claimed, lease)| {
            *claimed == position && lease.until.is_some() && lease.consumer == consumer
        });
        if !is_his {
            return Err(self.invalid(format!(
                "{consumer:?} has no claim to position {position} of {subscription:?}"
            )));
        }
        let done = Lease { until: None, consumer: consumer.to_owned() };
        let key = (subscription, position).to_key_bytes();
        transaction.put(&self.trees.leases, &key, &done.encode())?;
        let mut dealt_with = self.acknowledged(transaction, subscription)?.unwrap_or(0);
        let first = self.head(transaction)?.first;
        dealt_with = dealt_with.max(first.saturating_sub(1));
        for (claimed, lease) in &leases {
            let is_done = lease.until.is_none() || *claimed == position;
            if *claimed == dealt_with + 1 && is_done {
                let key = (subscription, *claimed).to_key_bytes();
                transaction.delete(&self.trees.leases, &key)?;
                dealt_with += 1;
            }
        }
        self.acknowledge(transaction, subscription, Some(dealt_with))
    }
}

impl<S: KvStore, L: KvStore> Events<S, L> {
    /// Claims events of a subscription for one of its consumers, for so long: he gets those that no other
    /// has. A claim that runs out is free for the others, so that nothing is left undone when one dies.
    ///
    /// # Errors
    /// As [`Log::claim`].
    ///
    /// ```
    /// # use arbour::events::{Events, NewEvent};
    /// # use std::{sync::Arc, time::Duration};
    /// let events = Events::builder(Arc::new(arbour::MemoryStore::new()), "main").build()?;
    /// events.dispatch(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// for event in events.claim("mailer", "one", 10, Duration::from_secs(60))? {
    ///     events.complete("mailer", "one", event.as_event().position)?;
    /// }
    /// # Ok::<(), arbour::events::EventError>(())
    /// ```
    pub fn claim(
        &self,
        subscription: &str,
        consumer: &str,
        limit: usize,
        lease: Duration,
    ) -> EventResult<Vec<EventBuf>> {
        check_not_handling()?;
        self.inner.check_open()?;
        let now = clock();
        let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        let time = (now, now.saturating_add(lease));
        let Place { store, log, .. } = &self.inner.place;
        store.write(|transaction| log.claim(transaction, subscription, consumer, limit, time))
    }

    /// Says that a consumer has dealt with an event he claimed.
    ///
    /// # Errors
    /// As [`Log::complete`].
    ///
    /// ```
    /// # use arbour::events::Events;
    /// # use std::sync::Arc;
    /// let events = Events::builder(Arc::new(arbour::MemoryStore::new()), "main").build()?;
    /// assert!(events.complete("mailer", "one", 1).is_err(), "it was not claimed");
    /// # Ok::<(), arbour::events::EventError>(())
    /// ```
    pub fn complete(&self, subscription: &str, consumer: &str, position: u64) -> EventResult<()> {
        check_not_handling()?;
        let Place { store, log, .. } = &self.inner.place;
        store.write(|transaction| log.complete(transaction, subscription, consumer, position))
    }
}
