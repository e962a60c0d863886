//! Following the changes of a collection.

use std::ops::{Bound, ControlFlow};

use arbour_core::engine::Write;
use arbour_core::engine::document_layout::FORMAT;
use arbour_core::{DecodeError, Direction, KeyRange, KvRead, KvWrite, Result};

use super::any_reader::{AnyReader, AnyTransaction};
use super::collection::Collection;
use super::docs::{Docs, DocsMut};
use super::entries::undecodable;
use super::opened::Opened;
use super::trees::Notes;
use super::{Body, Change, DocError};
use crate::key::{GROUP_DELIMITER, KeyPart as _, successor};

/// The keys in the tree of positions that hold the last trimmed position. No subscriber has an empty name,
/// nor one with the byte FF. The second one is for stores that refuse the empty key; the higher position of
/// both counts, because a store may have been copied from one that does not.
const TRIMMED_KEYS: [&[u8]; 2] = [b"", &[GROUP_DELIMITER]];

fn position_key(position: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(10);
    position.encode_part(&mut key);
    key
}

impl<D: Body> Collection<D> {
    /// Returns the committed changes after a position, at most `limit`, in the order they were
    /// made, without gaps. Position 0 is before the first change.
    ///
    /// # Errors
    /// [`Trimmed`](DocError::Trimmed) if changes after the position were trimmed;
    /// [`Invalid`](DocError::Invalid) if the collection has no feed.
    pub fn changes<R: KvRead>(&self, reader: &R, after: u64, limit: usize) -> Result<Vec<Change>> {
        self.opened.changes(reader, after, limit)
    }

    /// Returns the position of the newest change; 0 if there is none.
    ///
    /// # Errors
    /// As [`changes`](Self::changes).
    pub fn newest_change<R: KvRead>(&self, reader: &R) -> Result<u64> {
        self.opened.needs_feed()?;
        self.opened.newest(self.opened.docs(reader))
    }

    /// Notes that a subscriber has dealt with all changes up to a position, in the subscriber's own
    /// transaction. The acknowledged position never moves backwards: an earlier one changes
    /// nothing. Changes that a subscriber has not acknowledged are never trimmed. `None` forgets
    /// the subscriber, which can then begin anywhere.
    ///
    /// # Errors
    /// [`Beyond`](DocError::Beyond) for a position after the newest change;
    /// [`Invalid`](DocError::Invalid) if the collection has no feed or the name of the
    /// subscriber is empty.
    pub fn acknowledge<W: KvWrite>(
        &self,
        transaction: &mut W,
        subscriber: &str,
        position: Option<u64>,
    ) -> Result<()> {
        self.opened.acknowledge(transaction, subscriber, position)
    }

    /// Returns the position up to which a subscriber has acknowledged changes; `None` if the
    /// subscriber is unknown.
    ///
    /// # Errors
    /// As [`changes`](Self::changes).
    pub fn acknowledged<R: KvRead>(&self, reader: &R, subscriber: &str) -> Result<Option<u64>> {
        self.opened.needs_feed()?;
        if subscriber.is_empty() {
            return Ok(None);
        }
        self.opened.acknowledged_at(self.opened.docs(reader), subscriber.as_bytes())
    }

    /// Trims changes that no subscriber needs any more, except the newest `keep`, and returns how
    /// many were trimmed.
    ///
    /// # Errors
    /// As [`changes`](Self::changes).
    pub fn trim_changes<W: KvWrite>(&self, transaction: &mut W, keep: u64) -> Result<u64> {
        self.opened.trim_changes(transaction, keep)
    }
}

impl Opened {
    fn needs_feed(&self) -> Result<()> {
        if self.schema.feed {
            return Ok(());
        }
        Err(self.schema.invalid("it is declared without a feed: declare it `with_feed`".to_owned()))
    }

    /// Records a change after the newest one, if the collection has a feed.
    pub(super) fn record_change(
        &self,
        docs: &mut DocsMut<'_>,
        newest: &mut Option<u64>,
        id_key: &[u8],
        revision: Option<u64>,
    ) -> Result<()> {
        if !self.schema.feed {
            return Ok(());
        }
        let last = match *newest {
            Some(last) => last,
            None => self.newest(docs.read())?,
        };
        let position = last.checked_add(1).ok_or_else(|| {
            self.schema.invalid("there is no position left for a change".to_owned())
        })?;
        // A removal has no revision. It is stored as 0, which no document has.
        let mut value = vec![FORMAT];
        value.extend_from_slice(&revision.unwrap_or(0).to_be_bytes());
        value.extend_from_slice(id_key);
        docs.set_note(Notes::Feed, &position_key(position), Some(&value))?;
        *newest = Some(position);
        Ok(())
    }

    pub(super) fn newest(&self, docs: Docs<'_>) -> Result<u64> {
        match docs.last_note(Notes::Feed)? {
            Some(key) => self.position(&key),
            // All changes may have been trimmed; the next position continues after them.
            None => self.trimmed(docs),
        }
    }

    fn trimmed(&self, docs: Docs<'_>) -> Result<u64> {
        let mut trimmed = 0;
        for key in TRIMMED_KEYS {
            trimmed = trimmed.max(self.acknowledged_at(docs, key)?.unwrap_or(0));
        }
        Ok(trimmed)
    }

    fn acknowledged_at(&self, docs: Docs<'_>, subscriber: &[u8]) -> Result<Option<u64>> {
        let Some(noted) = docs.note(Notes::Acknowledged, subscriber)? else { return Ok(None) };
        let position = match noted.as_slice() {
            [FORMAT, position @ ..] => u64::decode_part(position),
            _ => Err(DecodeError::new("format 1", "another")),
        };
        let tree = self.trees.feed_ack.name();
        position.map(Some).map_err(|cause| undecodable(&self.trees.name, tree, subscriber, cause))
    }

    fn acknowledge_at(
        &self,
        transaction: &mut dyn AnyTransaction,
        subscriber: &[u8],
        position: u64,
    ) -> Result<()> {
        let value = [&[FORMAT][..], &position_key(position)].concat();
        transaction.put(&self.trees.feed_ack, subscriber, &value)
    }

    fn position(&self, key: &[u8]) -> Result<u64> {
        let position = u64::decode_part(key);
        position.map_err(|cause| undecodable(&self.trees.name, self.trees.feed.name(), key, cause))
    }

    fn changes(&self, reader: &dyn AnyReader, after: u64, limit: usize) -> Result<Vec<Change>> {
        self.needs_feed()?;
        let oldest = self.trimmed(self.docs(reader))?;
        if after < oldest {
            let collection = self.schema.name().to_owned();
            return Err(DocError::Trimmed { collection, asked: after, oldest }.into());
        }
        let start = successor(&position_key(after));
        let range = KeyRange::from_bounds(Bound::Included(&start), Bound::Unbounded);
        let mut changes = Vec::new();
        let read = reader.scan(&self.trees.feed, range, Direction::Forward, &mut |key, value| {
            if changes.len() == limit {
                return Ok(ControlFlow::Break(()));
            }
            changes.push(self.change(key, value)?);
            Ok(ControlFlow::Continue(()))
        });
        read.map(|_| changes)
    }

    fn change(&self, key: &[u8], value: &[u8]) -> Result<Change> {
        let position = self.position(key)?;
        let [FORMAT, r0, r1, r2, r3, r4, r5, r6, r7, id_key @ ..] = value else {
            let error = DecodeError::new("a change of format 1", format!("{} bytes", value.len()));
            return Err(undecodable(&self.trees.name, self.trees.feed.name(), key, error));
        };
        let revision = u64::from_be_bytes([*r0, *r1, *r2, *r3, *r4, *r5, *r6, *r7]);
        let revision = (revision > 0).then_some(revision);
        Ok(Change { position, id: self.id_at(id_key)?, revision })
    }

    fn acknowledge(
        &self,
        transaction: &mut dyn AnyTransaction,
        subscriber: &str,
        position: Option<u64>,
    ) -> Result<()> {
        self.needs_feed()?;
        if subscriber.is_empty() {
            return Err(self.schema.invalid("a subscriber needs a name".to_owned()));
        }
        let key = subscriber.as_bytes();
        let Some(position) = position else {
            return transaction.delete(&self.trees.feed_ack, key);
        };
        let acknowledged = self.acknowledged_at(self.docs(&*transaction), key)?;
        if acknowledged.is_some_and(|acknowledged| position <= acknowledged) {
            return Ok(());
        }
        let newest = self.newest(self.docs(&*transaction))?;
        if position > newest {
            return Err(DocError::Beyond {
                collection: self.schema.name().to_owned(),
                subscriber: subscriber.to_owned(),
                asked: position,
                newest,
            }
            .into());
        }
        self.acknowledge_at(transaction, key, position)
    }

    fn trim_changes(&self, transaction: &mut dyn AnyTransaction, keep: u64) -> Result<u64> {
        self.needs_feed()?;
        let mut up_to = self.newest(self.docs(&*transaction))?.saturating_sub(keep);
        let mut subscribers = Vec::new();
        let read = transaction.scan(
            &self.trees.feed_ack,
            KeyRange::all(),
            Direction::Forward,
            &mut |name, _| {
                if !TRIMMED_KEYS.contains(&name) {
                    subscribers.push(name.to_vec());
                }
                Ok(ControlFlow::Continue(()))
            },
        );
        read.map(drop)?;
        for subscriber in subscribers {
            if let Some(position) = self.acknowledged_at(self.docs(&*transaction), &subscriber)? {
                up_to = up_to.min(position);
            }
        }
        let trimmed = self.trimmed(self.docs(&*transaction))?;
        if up_to <= trimmed {
            return Ok(0);
        }
        let end = successor(&position_key(up_to));
        let range = KeyRange::from_bounds(Bound::Unbounded, Bound::Excluded(&end));
        transaction.delete_range(&self.trees.feed, range)?;
        let [usual, other] = TRIMMED_KEYS;
        let write = Write { tree: &self.trees.feed_ack, key: usual, value: Some(b"") };
        let key = if transaction.check(&write).is_ok() { usual } else { other };
        self.acknowledge_at(transaction, key, up_to)?;
        Ok(up_to - trimmed)
    }
}
