//! A cursor that merges entries with the writes on top of them.

use std::cmp::Ordering;

use super::WriteSet;
use super::write_set::WriteSetRange;
use crate::bound::successor;
use crate::{Cursor, Direction, KeyRange, Result, Tree};

/// Reads the entries below and the writes of an overlay as one ordered range.
///
/// If both have a key, the write wins; if the write is a deletion, the key is skipped. If the
/// overlay has no writes in the range, the entries below are lent directly.
///
/// ```
/// use arbour_core::{Cursor, Error, KvRead, KvStore, KvWrite, MemoryStore};
/// let store = MemoryStore::new();
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// store.write(|transaction| {
///     transaction.savepoint(|savepoint| {
///         savepoint.put(&users, b"bob", b"1900")?;
///         savepoint.delete(&users, b"ada")?;
///         let mut cursor: arbour_core::engine::MergeCursor<'_, _> = savepoint.prefix(&users, b"")?;
///         assert_eq!(cursor.next()?, Some((&b"bob"[..], &b"1900"[..])));
///         assert_eq!(cursor.next()?, None);
///         Ok::<_, Error>(())
///     })
/// })?;
/// # Ok::<(), Error>(())
/// ```
pub struct MergeCursor<'t, C> {
    below: C,
    below_head: Head,
    writes: WriteSetRange<'t>,
    writes_head: Option<(&'t [u8], Option<&'t [u8]>)>,
    /// Needed to restart among the writes after a seek.
    write_set: &'t WriteSet,
    tree: Tree,
    range: KeyRange<'static>,
    direction: Direction,
    /// The deleted keys being skipped; `None` between calls.
    run: Option<Run<'t>>,
    failed: bool,
}

/// A run of deleted keys without an entry in between.
struct Run<'t> {
    first: &'t [u8],
    last: &'t [u8],
    steps: usize,
    jumps: usize,
}

/// How many deleted keys in a row a cursor skips before it records where they end. Skipping this
/// many is about as quick as the seek with which a later cursor would jump over them.
const RUN_UNNOTED_MAX: usize = 16;

/// The next entry below. It is copied because a cursor lends one entry at a time, and a write that
/// sorts before it must be lent first.
#[derive(Default)]
struct Head {
    state: HeadState,
    key: Vec<u8>,
    value: Vec<u8>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum HeadState {
    #[default]
    Unread,
    Held,
    Ended,
}

/// The source of the next entry.
enum Turn<'t> {
    Below,
    Written(&'t [u8], &'t [u8]),
    Ended,
}

impl<'t, C: Cursor> MergeCursor<'t, C> {
    pub(crate) fn new(
        below: C,
        write_set: &'t WriteSet,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Self {
        let mut writes = write_set.range(tree, &range, direction);
        let writes_head = writes.next();
        Self {
            below,
            below_head: Head::default(),
            writes,
            writes_head,
            write_set,
            tree: tree.clone(),
            range: range.into_owned(),
            direction,
            run: None,
            failed: false,
        }
    }

    fn read_below(&mut self) -> Result<()> {
        if self.below_head.state == HeadState::Unread {
            match self.below.next() {
                Ok(Some((key, value))) => {
                    self.below_head.key.clear();
                    self.below_head.key.extend_from_slice(key);
                    self.below_head.value.clear();
                    self.below_head.value.extend_from_slice(value);
                    self.below_head.state = HeadState::Held;
                }
                Ok(None) => self.below_head.state = HeadState::Ended,
                Err(error) => {
                    self.failed = true;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Decides which source has the next entry, and takes it from there.
    fn take_turn(&mut self) -> Result<Turn<'t>> {
        loop {
            self.read_below()?;
            let held = self.below_head.state == HeadState::Held;
            let order = match (self.writes_head, held) {
                (None, false) => {
                    self.end_run();
                    return Ok(Turn::Ended);
                }
                (None, true) => Ordering::Greater,
                (Some(_), false) => Ordering::Less,
                (Some((key, _)), true) => self.order(key, &self.below_head.key),
            };
            if order != Ordering::Less {
                self.below_head.state = HeadState::Unread;
            }
            if order == Ordering::Greater {
                self.end_run();
                return Ok(Turn::Below);
            }
            let written = self.writes_head;
            self.writes_head = self.writes.next();
            match written {
                Some((key, Some(value))) => {
                    self.end_run();
                    return Ok(Turn::Written(key, value));
                }
                Some((key, None)) => self.pass_over(key)?,
                None => {}
            }
        }
    }

    /// Compares keys in the direction of the cursor.
    fn order(&self, key: &[u8], other: &[u8]) -> Ordering {
        match self.direction {
            Direction::Forward => key.cmp(other),
            Direction::Reverse => other.cmp(key),
        }
    }

    /// Skips a deleted key, and everything after it that is known to be empty.
    fn pass_over(&mut self, key: &'t [u8]) -> Result<()> {
        let run = self.run.get_or_insert(Run { first: key, last: key, steps: 0, jumps: 0 });
        run.last = key;
        run.steps += 1;
        let Some((next, _)) = self.writes_head else { return Ok(()) };
        let keys = (key, next);
        let Some(end) = self.write_set.end_of_empty(&self.tree, keys, self.direction) else {
            return Ok(());
        };
        run.jumps += 1;
        self.seek_writes(&end);
        // The entry held from below may already lie after the end; seeking would then move
        // backwards.
        let is_ahead = match self.below_head.state {
            HeadState::Unread => false,
            HeadState::Held => self.order(&self.below_head.key, &end) != Ordering::Less,
            HeadState::Ended => true,
        };
        if !is_ahead {
            self.below_head.state = HeadState::Unread;
            self.below.seek(&end).inspect_err(|_| self.failed = true)?;
        }
        Ok(())
    }

    /// Records the skipped keys as empty, so that a later cursor can jump over them. A short run is
    /// not worth recording, and a single jump is recorded already.
    fn end_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        if run.steps > RUN_UNNOTED_MAX || run.jumps > 1 {
            let (low, high) = match self.direction {
                Direction::Forward => (run.first, run.last),
                Direction::Reverse => (run.last, run.first),
            };
            self.write_set.note_empty(&self.tree, low, &successor(high));
        }
    }

    fn seek_writes(&mut self, key: &[u8]) {
        let rest = self.range.from_key(key, self.direction);
        self.writes = self.write_set.range(&self.tree, &rest, self.direction);
        self.writes_head = self.writes.next();
    }
}

impl<C: Cursor> Cursor for MergeCursor<'_, C> {
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        if self.failed {
            return Ok(None);
        }
        // No write is left, so lend the entries below without copying them.
        if self.writes_head.is_none() && self.below_head.state == HeadState::Unread {
            return self.below.next().inspect_err(|_| self.failed = true);
        }
        Ok(match self.take_turn()? {
            Turn::Below => Some((&self.below_head.key, &self.below_head.value)),
            Turn::Written(key, value) => Some((key, value)),
            Turn::Ended => None,
        })
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        if self.failed {
            return Ok(());
        }
        self.below_head.state = HeadState::Unread;
        self.seek_writes(key);
        self.below.seek(key).inspect_err(|_| self.failed = true)
    }
}
