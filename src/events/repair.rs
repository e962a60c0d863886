//! Repairing events that failed.

use std::ops::Bound;
use std::sync::atomic::Ordering;

use arbour_core::{
    Cursor as _, Direction, DynTransaction, Error, KeyRange, KvRead, KvStore, KvWrite, Result, Tree,
};

use super::EventError;
use super::counters::Counters;
use super::dead_letter::{DeadKind, DeadLetter, reason};
use super::events::{Events, Inner};
use super::handling::{check_not_handling, handling};
use super::layout::{FORMAT, dead_tree};
use super::log::{check_name, open_tree, position_key};
use super::phase::ApplyError;
use super::running_projection::{RunningProjection, from_json_value};
use crate::key::{Key as _, KeyPart as _, prefix_end};

impl RunningProjection {
    fn dead_letters<R: KvRead>(&self, reader: &R) -> Result<Vec<DeadLetter>> {
        dead_letters_in(reader, &self.trees.dead, self.name())
    }

    /// Returns the position of the first dead letter of a stream after a position, up to which the
    /// stream is known to have none.
    fn first_dead_of<R: KvRead>(
        &self,
        reader: &R,
        stream: &str,
        after: u64,
    ) -> Result<Option<u64>> {
        // A program that predates the index has written dead letters that it lacks.
        if !self.state(reader)?.indexes_dead {
            let letters = self.dead_letters(reader)?;
            let mut queued = letters.iter().filter(|dead| dead.is_dead_lettered());
            return Ok(queued.find(|dead| dead.stream == stream).map(|dead| dead.position));
        }
        let (tree, prefix) = (&self.trees.dead_streams, [stream.as_bytes(), &[0xff]].concat());
        let start = (stream, after.saturating_add(1)).to_key_bytes();
        let end = prefix_end(&prefix);
        let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let range = KeyRange::from_bounds(Bound::Included(&start), end);
        let mut cursor = reader.scan(tree, range, Direction::Forward)?;
        let Some((key, _)) = cursor.next()? else { return Ok(None) };
        let position = u64::decode_part(key.get(prefix.len()..).unwrap_or_default());
        let undecodable = |cause| EventError::undecodable(self.name(), tree.name(), key, cause);
        Ok(Some(position.map_err(undecodable)?))
    }

    /// Rebuilds the index of dead letters by stream, if an older program that does not maintain it
    /// has written to the projection.
    fn index_dead<W: KvWrite>(&self, transaction: &mut W) -> Result<()> {
        let mut state = self.state(transaction)?;
        if state.indexes_dead {
            return Ok(());
        }
        for dead in self.dead_letters(transaction)?.iter().filter(|dead| dead.is_dead_lettered()) {
            transaction.put(&self.trees.dead_streams, &dead.stream_key(), &[FORMAT])?;
        }
        state.indexes_dead = true;
        self.save(transaction, &state)
    }

    /// Ends the quarantine of a stream that has no dead letters left. Up to the position `after` it is
    /// known to have none.
    fn end_quarantine<W: KvWrite>(
        &self,
        transaction: &mut W,
        stream: &str,
        after: u64,
    ) -> Result<()> {
        let mut state = self.state(transaction)?;
        if !state.has_quarantine || self.first_dead_of(transaction, stream, after)?.is_some() {
            return Ok(());
        }
        transaction.delete(&self.trees.quarantine, stream.as_bytes())?;
        // The flag spares projections without any quarantine a lookup for each event.
        state.has_quarantine =
            transaction.first(&self.trees.quarantine, KeyRange::all())?.is_some();
        self.save(transaction, &state)
    }
}

/// Returns the events that failed, in the order of their positions.
fn dead_letters_in<R: KvRead>(
    reader: &R,
    tree: &Tree,
    projection: &str,
) -> Result<Vec<DeadLetter>> {
    let mut cursor = reader.scan(tree, KeyRange::all(), Direction::Forward)?;
    let mut letters = Vec::new();
    while let Some((key, value)) = cursor.next()? {
        let letter = from_json_value(value);
        letters.push(
            letter.map_err(|cause| EventError::undecodable(projection, tree.name(), key, cause))?,
        );
    }
    Ok(letters)
}

impl Events {
    /// Returns the events that failed in a projection and were not repaired, in the order of their
    /// positions: the dead letters, and the event before which the projection is halted.
    ///
    /// # Errors
    /// [`Invalid`](EventError::Invalid) if there is no such projection; errors of the store.
    ///
    /// ```
    /// # use arbour::events::{Events, Projection};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main")
    ///     .projection(Projection::new("bank", 1))
    ///     .build()?;
    /// assert!(events.dead_letters("bank")?.is_empty());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn dead_letters(&self, projection: &str) -> Result<Vec<DeadLetter>> {
        self.inner.served(projection)?.dead_letters(&self.store().snapshot()?)
    }

    /// Returns the events that failed in a version of a projection, in the order of their
    /// positions. The version can be active, building or kept, and need not be declared here. Empty
    /// if there is no such version.
    ///
    /// # Errors
    /// [`Invalid`](EventError::Invalid) for an invalid name; errors of the store.
    ///
    /// ```
    /// # use arbour::events::Events;
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// assert!(events.dead_letters_of("bank", 2)?.is_empty());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn dead_letters_of(&self, projection: &str, version: u32) -> Result<Vec<DeadLetter>> {
        check_name(projection, "a projection")?;
        let tree = open_tree(self.store(), &dead_tree(projection, version))?;
        dead_letters_in(&self.store().snapshot()?, &tree, projection)
    }

    /// Resumes a halted projection: the next thread that applies its events tries the failed event
    /// again. Does nothing unless the projection is halted.
    ///
    /// # Errors
    /// As [`dead_letters`](Self::dead_letters).
    ///
    /// ```
    /// # use arbour::events::{Events, Projection};
    /// # let events = Events::builder(arbour::MemoryStore::new(), "main")
    /// #     .projection(Projection::new("bank", 1))
    /// #     .build()?;
    /// events.resume("bank")?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn resume(&self, projection: &str) -> Result<()> {
        check_not_handling()?;
        let running = self.inner.served(projection)?;
        self.inner.leave_halt(running, |_, _| Ok(()))
    }

    /// Resumes a halted projection without the event that failed, which is moved to the dead-letter
    /// queue.
    ///
    /// # Errors
    /// As [`dead_letters`](Self::dead_letters).
    ///
    /// ```
    /// # use arbour::events::{Events, Projection};
    /// # let events = Events::builder(arbour::MemoryStore::new(), "main")
    /// #     .projection(Projection::new("bank", 1))
    /// #     .build()?;
    /// events.skip("bank")?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn skip(&self, projection: &str) -> Result<()> {
        check_not_handling()?;
        let running = self.inner.served(projection)?;
        self.inner.leave_halt(running, |transaction, dead| {
            let letter = DeadLetter { kind: DeadKind::Failed, ..dead };
            let event = self.inner.event(letter.position)?;
            // Advance as applying would: the next event is checked against this hash.
            let mut state = running.state(transaction)?;
            state.hash = event.hash();
            state.applied = letter.position;
            running.save(transaction, &state)?;
            running.bury(transaction, &letter)?;
            Counters::add(&self.inner.counters.dead_lettered, 1);
            Ok(())
        })
    }

    /// Applies a dead letter now, to the current view. Tells whether it succeeded; if not, it stays
    /// in the queue.
    ///
    /// # Errors
    /// [`Invalid`](EventError::Invalid) if it is not a dead letter, or its stream is in quarantine
    /// because of an earlier one; as [`dead_letters`](Self::dead_letters).
    ///
    /// ```
    /// # use arbour::events::{Events, Projection};
    /// # let events = Events::builder(arbour::MemoryStore::new(), "main")
    /// #     .projection(Projection::new("bank", 1))
    /// #     .build()?;
    /// for dead in events.dead_letters("bank")? {
    ///     events.replay("bank", dead.position)?;
    /// }
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn replay(&self, projection: &str, position: u64) -> Result<bool> {
        check_not_handling()?;
        self.replay_in(self.inner.served(projection)?, position, 0)
    }

    /// Replays a dead letter whose stream is known to have none up to the position `after`.
    fn replay_in(&self, running: &RunningProjection, position: u64, after: u64) -> Result<bool> {
        // Read it before the transaction begins, because the log may have a store of its own.
        let event = self.inner.event(position)?;
        let event = event.as_event();
        let is_applied = self.store().write(|transaction| {
            running.index_dead(transaction)?;
            let invalid = |reason: String| {
                let log = self.inner.location.name().to_owned();
                Error::from(EventError::Invalid { log, reason })
            };
            let dead =
                running.dead_letter(transaction, position)?.filter(DeadLetter::is_dead_lettered);
            let dead = dead.ok_or_else(|| {
                invalid(format!("there is no dead letter at position {position}"))
            })?;
            if dead.kind == DeadKind::Quarantined
                && let Some(earlier) = running.first_dead_of(transaction, &dead.stream, after)?
                && earlier < position
            {
                return Err(invalid(format!(
                    "position {position} cannot be replayed yet, because position {earlier} of its \
                     stream comes first: replay that, or `release` the stream {:?}",
                    dead.stream
                )));
            }
            let applied = handling(|| running.apply(transaction, &event))?;
            match &applied {
                Ok(_) => {
                    transaction.delete(&running.trees.dead, &position_key(position))?;
                    transaction.delete(&running.trees.dead_streams, &dead.stream_key())?;
                }
                // Only the savepoint of the event was rolled back; this try is recorded.
                Err(error) => running.bury(transaction, &again(&dead, error))?,
            }
            running.end_quarantine(transaction, event.stream, after)?;
            Ok(applied.is_ok())
        })?;
        self.inner.signal.notify();
        Ok(is_applied)
    }

    /// Applies the dead letters of a stream in order, until one fails. Returns how many succeeded.
    /// Once none is left, the quarantine of the stream ends.
    ///
    /// # Errors
    /// As [`replay`](Self::replay).
    ///
    /// ```
    /// # use arbour::events::{Events, Projection};
    /// # let events = Events::builder(arbour::MemoryStore::new(), "main")
    /// #     .projection(Projection::new("bank", 1))
    /// #     .build()?;
    /// assert_eq!(events.release("bank", "account-1")?, 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn release(&self, projection: &str, stream: &str) -> Result<u64> {
        check_not_handling()?;
        let (mut count, mut last) = (0, None);
        loop {
            let snapshot = self.store().snapshot()?;
            let running = self.inner.served_at(&snapshot, projection)?;
            // Continue after the last one: an engine may have to step over each entry that was
            // deleted before, and the cost would grow with the square. Another version of the
            // projection has dead letters of its own.
            let after =
                last.map_or(
                    0,
                    |(version, position)| {
                        if version == running.declared.version() { position } else { 0 }
                    },
                );
            let first = running.first_dead_of(&snapshot, stream, after)?;
            drop(snapshot);
            match first {
                Some(position) if self.replay_in(running, position, after)? => {
                    count += 1;
                    last = Some((running.declared.version(), position));
                }
                _ => return Ok(count),
            }
        }
    }
}

fn again(dead: &DeadLetter, error: &ApplyError) -> DeadLetter {
    DeadLetter {
        phase: Some(error.phase),
        model: error.model.clone(),
        reason: reason(error),
        tries: dead.tries.saturating_add(1),
        kind: DeadKind::Failed,
        ..dead.clone()
    }
}

impl Inner {
    fn event(&self, position: u64) -> Result<super::EventBuf> {
        let event = self.location.log.get(&self.location.store.snapshot()?, position)?;
        event.ok_or_else(|| {
            let reason = format!("there is no event at position {position} any more");
            EventError::Invalid { log: self.location.name().to_owned(), reason }.into()
        })
    }

    /// Clears the halt of a projection. Writes nothing if it is not halted.
    pub(super) fn leave_halt(
        &self,
        running: &RunningProjection,
        and: impl Fn(&mut DynTransaction<'_>, DeadLetter) -> Result<()>,
    ) -> Result<()> {
        // Look without the writer first: a call that changes nothing must not wait or commit.
        if !running.state(&self.views.inner().snapshot()?)?.is_halted {
            return Ok(());
        }
        let state = self.views.inner().write(|transaction| {
            let mut state = running.state(transaction)?;
            // Another process may have resumed it since.
            if !state.is_halted {
                return Ok(state);
            }
            state.is_halted = false;
            running.save(transaction, &state)?;
            let position = state.applied.saturating_add(1);
            if let Some(dead) = running.dead_letter(transaction, position)? {
                transaction.delete(&running.trees.dead, &position_key(position))?;
                and(transaction, dead)?;
            }
            running.state(transaction)
        })?;
        // Only after the commit: if it fails, the backoff stays.
        running.tries.store(0, Ordering::Relaxed);
        running.committed(&state);
        self.signal.notify();
        Ok(())
    }
}
