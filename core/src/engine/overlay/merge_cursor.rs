//! A cursor over entries and the writes laid over them.

use std::cmp::Ordering;

use super::WriteSet;
use super::write_set::WriteSetRange;
use crate::key::successor;
use crate::{Cursor, Direction, KeyRange, Result, Tree};

/// Reads what lies below and the writes of an overlay as one ordered range.
///
/// Where both have a key the write counts; where the write is a deletion the key is passed over.
/// Where the overlay holds nothing in the range, the entries below are lent as they are.
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
///         let mut cursor: arbour_core::engine::MergeCursor<'_, _, _> = savepoint.prefix(&users, b"")?;
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
    /// What a seek needs to begin anew among the writes.
    write_set: &'t WriteSet,
    tree: Tree,
    range: KeyRange<'static>,
    direction: Direction,
    /// What is being passed over; `None` between calls.
    run: Option<Run<'t>>,
    failed: bool,
}

/// Deleted keys that follow each other, with no entry in between.
struct Run<'t> {
    first: &'t [u8],
    last: &'t [u8],
    steps: usize,
    jumps: usize,
}

/// How many deleted keys in a row a cursor passes over before it notes where they end. Passing over
/// this many is about as quick as the seek that a later cursor makes instead.
const RUN_UNNOTED_MAX: usize = 16;

/// The next entry below, copied because a cursor lends one entry at a time and the write that
/// comes before it has to be lent first.
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

/// Whose entry comes next.
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

    /// Decides whose entry is next and takes it from its side.
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

    /// Passes over a deleted key, and all that is known to be empty behind it.
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
        // What is held below may be behind the end already: only reading it found that out.
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

    /// Notes what was passed over, so that a later cursor jumps there. A run that is short is
    /// passed over again until it has grown; one that was jumped over alone is known.
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
