//! Consumers that share the events of a subscription among them.

use std::ops::Bound;
use std::time::Duration;

use arbour_core::{
    Cursor as _, DecodeError, Direction, Durability, DynTransaction, KeyRange, KvRead, KvStore,
    KvWrite, Result,
};

use super::event::EventBuf;
use super::events::Events;
use super::handling::check_not_handling;
use super::layout::{FORMAT, STREAM_BYTES_MAX};
use super::log::Log;
use super::log_location::LogLocation;
use super::taken::Taken;
use crate::conditional_write::{Written, write_if_needed};
use crate::key::{Key as _, KeyPart as _};

/// The lease of one event, or of a run of events, that the subscription has not acknowledged yet.
///
/// Adjacent events that were dealt with are merged into one `Done` lease, so there is at most one
/// more of them than there are claims. Expired claims are handed out before new ones are made. A
/// subscription therefore keeps at most 2n + 1 leases for n open claims, however far its slowest
/// consumer lags behind.
enum Lease {
    /// A consumer has claimed the event until this time, in milliseconds since 1970.
    Claimed { until: i64, consumer: String },
    /// This event and those after it, up to `last`, were dealt with.
    Done { last: u64 },
}

impl Lease {
    fn encode(&self) -> Vec<u8> {
        let (is_done, number, consumer) = match self {
            Self::Claimed { until, consumer } => (0, until.to_be_bytes(), consumer.as_str()),
            Self::Done { last } => (1, last.to_be_bytes(), ""),
        };
        [&[FORMAT, is_done][..], &number, consumer.as_bytes()].concat()
    }

    fn decode(value: &[u8]) -> Result<Self, DecodeError> {
        let [FORMAT, is_done, n0, n1, n2, n3, n4, n5, n6, n7, consumer @ ..] = value else {
            return Err(DecodeError::new("a lease of format 1", format!("{} bytes", value.len())));
        };
        let number = [*n0, *n1, *n2, *n3, *n4, *n5, *n6, *n7];
        Ok(match is_done {
            0 => Self::Claimed {
                until: i64::from_be_bytes(number),
                consumer: String::decode_part(consumer)?,
            },
            _ => Self::Done { last: u64::from_be_bytes(number) },
        })
    }
}

/// Returns the prefix of the keys of a subscription's leases.
fn prefix_of(subscription: &str) -> Vec<u8> {
    [subscription.as_bytes(), &[0xff]].concat()
}

impl Log {
    /// Decodes a lease and the position in its key.
    fn decode_lease(&self, prefix: &[u8], key: &[u8], value: &[u8]) -> Result<(u64, Lease)> {
        u64::decode_part(key.get(prefix.len()..).unwrap_or_default())
            .and_then(|position| Ok((position, Lease::decode(value)?)))
            .map_err(|cause| self.undecodable(&self.trees.leases, key, cause))
    }

    /// Returns the first positions in a range that are neither claimed nor dealt with, at most
    /// `limit`, and updates `taken` with what the scan learned.
    fn unclaimed<R: KvRead>(
        &self,
        reader: &R,
        subscription: &str,
        (first, last): (u64, u64),
        (limit, now): (usize, i64),
        taken: &mut Taken,
    ) -> Result<Vec<u64>> {
        let mut next = taken.resume(first, now);
        let prefix = prefix_of(subscription);
        // A `Done` lease lies at its first position, so the one that covers `next` may begin before
        // it.
        let before = self.lease_beside(reader, subscription, next, Direction::Reverse)?;
        if let Some((_, Lease::Done { last: done })) = before {
            next = next.max(done.saturating_add(1));
        }
        let (start, end) =
            ((subscription, next).to_key_bytes(), [prefix.as_slice(), &[0xff]].concat());
        let range = KeyRange::from_bounds(Bound::Included(&start), Bound::Excluded(&end));
        let mut cursor = reader.scan(&self.trees.leases, range, Direction::Forward)?;
        let mut free = Vec::new();
        while next <= last && free.len() < limit {
            let lease = match cursor.next()? {
                Some((key, value)) => Some(self.decode_lease(&prefix, key, value)?),
                None => None,
            };
            let leased = lease.as_ref().map_or(u64::MAX, |(position, _)| *position);
            while next < leased && next <= last && free.len() < limit {
                free.push(next);
                next += 1;
            }
            next = match lease {
                Some((_, Lease::Done { last: done })) => {
                    next.max(leased.max(done).saturating_add(1))
                }
                Some((_, Lease::Claimed { until, .. })) if until > now => {
                    taken.until = taken.until.min(until);
                    next.max(leased.saturating_add(1))
                }
                // The claim has expired. `next` stays at it, so that the next round of the loop
                // pushes it.
                Some(_) | None => next,
            };
        }
        taken.next = next;
        Ok(free)
    }

    /// Returns the lease nearest to a position, on one side of it.
    fn lease_beside<R: KvRead>(
        &self,
        reader: &R,
        subscription: &str,
        position: u64,
        direction: Direction,
    ) -> Result<Option<(u64, Lease)>> {
        let (prefix, key) = (prefix_of(subscription), (subscription, position).to_key_bytes());
        let end = [prefix.as_slice(), &[0xff]].concat();
        let range = match direction {
            Direction::Forward => {
                KeyRange::from_bounds(Bound::Excluded(&key), Bound::Excluded(&end))
            }
            Direction::Reverse => {
                KeyRange::from_bounds(Bound::Included(&prefix), Bound::Excluded(&key))
            }
        };
        let mut cursor = reader.scan(&self.trees.leases, range, direction)?;
        let found = cursor.next()?.map(|(key, value)| self.decode_lease(&prefix, key, value));
        found.transpose()
    }

    /// Claims events for a consumer until a time in milliseconds since 1970: the oldest that are
    /// neither dealt with nor claimed, or whose claim has expired, at most `limit`. `time` holds
    /// the current time and the time at which the claims expire. The call reads and stores an
    /// amount that depends on the number of open claims, not on how many events after them were
    /// dealt with.
    ///
    /// # Errors
    /// [`Invalid`](super::EventError::Invalid) for an invalid name; errors of the store.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::{Log, NewEvent};
    /// let store = arbour::open("memory:")?;
    /// let log = Log::open(&store, "main")?;
    /// let (one, other) = store.write(|transaction| {
    ///     log.append(transaction, &NewEvent::raw("diary", "noted", 1, Vec::new()).into())?;
    ///     let one = log.claim(transaction, "mailer", "one", 10, (0, 1000))?;
    ///     Ok::<_, arbour::Error>((one, log.claim(transaction, "mailer", "other", 10, (0, 1000))?))
    /// })?;
    /// assert_eq!((one.len(), other.len()), (1, 0));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn claim<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscription: &str,
        consumer: &str,
        limit: usize,
        time: (i64, i64),
    ) -> Result<Vec<EventBuf>> {
        self.claim_after(transaction, subscription, consumer, limit, time, &mut Taken::default())
    }

    /// Does the same, but skips leases that `taken` knows to be claimed or done.
    fn claim_after<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscription: &str,
        consumer: &str,
        limit: usize,
        (now, until): (i64, i64),
        taken: &mut Taken,
    ) -> Result<Vec<EventBuf>> {
        if !(1..=STREAM_BYTES_MAX).contains(&consumer.len()) {
            return Err(self.invalid(format!("a consumer has 1 to {STREAM_BYTES_MAX} bytes")));
        }
        let head = self.head(transaction)?;
        let dealt_with = self.acknowledged(transaction, subscription)?.unwrap_or(0);
        let first = dealt_with.saturating_add(1).max(head.first);
        let (until_here, how) = ((first, head.position), (limit, now));
        let mut claimed = Vec::new();
        for position in self.unclaimed(transaction, subscription, until_here, how, taken)? {
            let Some(event) = self.get(transaction, position)? else { continue };
            let lease = Lease::Claimed { until, consumer: consumer.to_owned() };
            let key = (subscription, position).to_key_bytes();
            transaction.put(&self.trees.leases, &key, &lease.encode())?;
            claimed.push(event);
            taken.until = taken.until.min(until);
        }
        Ok(claimed)
    }

    /// Notes that a consumer has dealt with an event it claimed. Once all events before it are
    /// dealt with too, the subscription has [acknowledged](Self::acknowledged) it.
    ///
    /// # Errors
    /// [`Invalid`](super::EventError::Invalid) if the consumer no longer holds the claim, because
    /// another consumer has claimed the event or has dealt with it. The work was then done twice.
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::{Log, NewEvent};
    /// let store = arbour::open("memory:")?;
    /// let log = Log::open(&store, "main")?;
    /// store.write(|transaction| {
    ///     log.append(transaction, &NewEvent::raw("diary", "noted", 1, Vec::new()).into())?;
    ///     log.claim(transaction, "mailer", "one", 10, (0, 1000))?;
    ///     log.complete(transaction, "mailer", "one", 1)
    /// })?;
    /// assert_eq!(log.acknowledged(&store.snapshot()?, "mailer")?, Some(1));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn complete<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscription: &str,
        consumer: &str,
        position: u64,
    ) -> Result<()> {
        let leases = &self.trees.leases;
        let key = (subscription, position).to_key_bytes();
        let lease = transaction.get_with(leases, &key, Lease::decode)?.transpose();
        let lease = lease.map_err(|cause| self.undecodable(leases, &key, cause))?;
        let is_own =
            matches!(lease, Some(Lease::Claimed { consumer: holder, .. }) if holder == consumer);
        if !is_own {
            return Err(self.invalid(format!(
                "{consumer:?} has no claim to position {position} of {subscription:?}: its lease ran out, or \
                 it was never handed out to it"
            )));
        }
        let acknowledged = self.acknowledged(transaction, subscription)?;
        let trimmed = self.head(transaction)?.first.saturating_sub(1);
        let mut dealt_with = acknowledged.unwrap_or(0).max(trimmed);
        let (first, last) = self.merge_done(transaction, subscription, position)?;
        let key = (subscription, first).to_key_bytes();
        // A run that touches the acknowledged events needs no lease: acknowledge up to its end.
        if first <= dealt_with.saturating_add(1) {
            dealt_with = dealt_with.max(last);
            transaction.delete(leases, &key)?;
        } else {
            transaction.put(leases, &key, &Lease::Done { last }.encode())?;
        }
        dealt_with = self.sweep(transaction, subscription, dealt_with)?;
        if acknowledged == Some(dealt_with) {
            return Ok(());
        }
        self.acknowledge(transaction, subscription, Some(dealt_with))
    }

    /// Merges a completed position with the `Done` leases directly before and after it. Removes all
    /// leases of the run but the first, and returns its first and last position.
    fn merge_done<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscription: &str,
        position: u64,
    ) -> Result<(u64, u64)> {
        let leases = &self.trees.leases;
        let (mut first, mut last) = (position, position);
        let after = self.lease_beside(transaction, subscription, position, Direction::Forward)?;
        if let Some((next, Lease::Done { last: done })) = after
            && next == position.saturating_add(1)
        {
            last = done.max(next);
            transaction.delete(leases, &(subscription, next).to_key_bytes())?;
        }
        let before = self.lease_beside(transaction, subscription, position, Direction::Reverse)?;
        if let Some((earlier, Lease::Done { last: done })) = before
            && done.max(earlier).saturating_add(1) == position
        {
            first = earlier;
            transaction.delete(leases, &(subscription, position).to_key_bytes())?;
        }
        Ok((first, last))
    }

    /// Deletes all claims of a subscription, and all completed ones.
    pub(super) fn delete_claims<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscription: &str,
    ) -> Result<()> {
        let prefix = prefix_of(subscription);
        let end = [prefix.as_slice(), &[0xff]].concat();
        let range = KeyRange::from_bounds(Bound::Included(&prefix), Bound::Excluded(&end));
        transaction.delete_range(&self.trees.leases, range)
    }

    /// Removes the leases of events that were acknowledged or trimmed. Returns the position up to
    /// which all events are dealt with.
    fn sweep<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscription: &str,
        mut dealt_with: u64,
    ) -> Result<u64> {
        loop {
            let first = self.lease_beside(transaction, subscription, 0, Direction::Forward)?;
            let (position, done) = match first {
                Some((position, Lease::Done { last }))
                    if position <= dealt_with.saturating_add(1) =>
                {
                    (position, last.max(position))
                }
                Some((position, Lease::Claimed { .. })) if position <= dealt_with => {
                    (position, position)
                }
                _ => return Ok(dealt_with),
            };
            let key = (subscription, position).to_key_bytes();
            transaction.delete(&self.trees.leases, &key)?;
            dealt_with = dealt_with.max(done);
        }
    }
}

impl Events {
    /// Claims events of a subscription for one of its consumers, for this long. No other consumer
    /// gets them until the claim expires. An expired claim can be claimed again, so that no event
    /// is lost when a consumer dies.
    ///
    /// # Errors
    /// As [`Log::claim`].
    ///
    /// ```
    /// # use arbour::events::{Events, NewEvent};
    /// # use std::time::Duration;
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// for event in events.claim("mailer", "one", 10, Duration::from_secs(60))? {
    ///     events.complete("mailer", "one", event.as_event().position)?;
    /// }
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn claim(
        &self,
        subscription: &str,
        consumer: &str,
        limit: usize,
        lease: Duration,
    ) -> Result<Vec<EventBuf>> {
        check_not_handling()?;
        self.inner.check_open()?;
        let now = self.inner.location.log.now();
        let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        let time = (now, now.saturating_add(lease));
        let LogLocation { store, log, .. } = &self.inner.location;
        let known = self.inner.taken.lock().get(subscription).copied();
        let claim = |transaction: &mut DynTransaction<'_>| {
            let mut taken = known.unwrap_or_default();
            let claimed =
                log.claim_after(transaction, subscription, consumer, limit, time, &mut taken)?;
            let is_empty = claimed.is_empty();
            let result = (claimed, taken);
            Ok(if is_empty { Written::Nothing(result) } else { Written::Something(result) })
        };
        let (claimed, taken) = write_if_needed(store, Durability::default(), claim)?;
        // Only after the commit: the claims of a transaction that is rolled back are free.
        self.inner.taken.lock().insert(subscription.to_owned(), taken);
        Ok(claimed)
    }

    /// Notes that a consumer has dealt with an event it claimed.
    ///
    /// # Errors
    /// As [`Log::complete`].
    ///
    /// ```
    /// # use arbour::events::Events;
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// assert!(events.complete("mailer", "one", 1).is_err(), "it was not claimed");
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn complete(&self, subscription: &str, consumer: &str, position: u64) -> Result<()> {
        check_not_handling()?;
        let LogLocation { store, log, .. } = &self.inner.location;
        store.write(|transaction| log.complete(transaction, subscription, consumer, position))
    }
}
