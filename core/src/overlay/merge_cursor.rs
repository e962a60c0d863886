//! A cursor over entries and the writes laid over them.

use std::cmp::Ordering;

use super::WriteSet;
use super::write_set::WriteSetRange;
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
///         let mut cursor: arbour_core::MergeCursor<'_, _, _> = savepoint.prefix(&users, b"")?;
///         assert_eq!(cursor.next()?, Some((&b"bob"[..], &b"1900"[..])));
///         assert_eq!(cursor.next()?, None);
///         Ok::<_, Error>(())
///     })
/// })?;
/// # Ok::<(), Error>(())
/// ```
pub struct MergeCursor<'t, C, T: Tree> {
    below: C,
    below_head: Head,
    writes: WriteSetRange<'t, T>,
    writes_head: Option<(&'t [u8], Option<&'t [u8]>)>,
    /// What a seek needs to begin anew among the writes.
    write_set: &'t WriteSet<T>,
    tree: T,
    range: KeyRange<'static>,
    direction: Direction,
    failed: bool,
}

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

impl<'t, C: Cursor, T: Tree> MergeCursor<'t, C, T> {
    pub(crate) fn new(
        below: C,
        write_set: &'t WriteSet<T>,
        tree: &T,
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
                (None, false) => return Ok(Turn::Ended),
                (None, true) => Ordering::Greater,
                (Some(_), false) => Ordering::Less,
                (Some((key, _)), true) => {
                    let order = key.cmp(self.below_head.key.as_slice());
                    if self.direction == Direction::Forward { order } else { order.reverse() }
                }
            };
            if order != Ordering::Less {
                self.below_head.state = HeadState::Unread;
            }
            if order == Ordering::Greater {
                return Ok(Turn::Below);
            }
            let written = self.writes_head;
            self.writes_head = self.writes.next();
            if let Some((key, Some(value))) = written {
                return Ok(Turn::Written(key, value));
            }
        }
    }
}

impl<C: Cursor, T: Tree> Cursor for MergeCursor<'_, C, T> {
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
        let rest = self.range.from_key(key, self.direction);
        self.writes = self.write_set.range(&self.tree, &rest, self.direction);
        self.writes_head = self.writes.next();
        self.below.seek(key).inspect_err(|_| self.failed = true)
    }
}
