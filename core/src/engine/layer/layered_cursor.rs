//! Iterating over the entries of an engine as of a snapshot.

use std::cmp;
use std::ops::Bound;
use std::sync::Arc;

use super::LiveEngine;
use super::moment::Moment;
use super::undo_log::PreImage;
use crate::engine::LiveCursor as _;
use crate::{Cursor, Direction, KeyRange, Result, Tree};

/// A cursor of a [`LayeredSnapshot`](super::LayeredSnapshot): the engine's current entries, with
/// later changes undone.
///
/// ```
/// use arbour_core::engine::{LayeredCursor, LayeredSnapshot, LiveEngine};
/// use arbour_core::{Cursor, KeyRange, KvRead, Tree};
/// fn count<E: LiveEngine>(
///     snapshot: &LayeredSnapshot<'_, E>,
///     tree: &Tree,
/// ) -> arbour_core::Result<u64> {
///     let mut cursor: LayeredCursor<'_, E> =
///         snapshot.scan(tree, KeyRange::all(), Default::default())?;
///     let mut count = 0;
///     while cursor.next()?.is_some() {
///         count += 1;
///     }
///     Ok(count)
/// }
/// ```
pub struct LayeredCursor<'t, E: LiveEngine> {
    moment: &'t Moment<'t, E>,
    /// While `head` is `Shown`, it still lends the engine's next entry.
    current: E::Cursor<'t>,
    head: Head,
    /// From where to continue in the log.
    last: Last,
    last_key: Vec<u8>,
    last_value: Arc<[u8]>,
    tree: Tree,
    range: KeyRange<'static>,
    direction: Direction,
    failed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Head {
    Unread,
    Shown,
    Ended,
}

/// The meaning of `last_key`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Sought,
    Passed,
}

/// The source of the next entry.
enum Turn {
    Current,
    Before(Arc<[u8]>),
    Ended,
}

impl<'t, E: LiveEngine> LayeredCursor<'t, E> {
    pub(super) fn new(
        moment: &'t Moment<'t, E>,
        current: E::Cursor<'t>,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Self {
        Self {
            moment,
            current,
            head: Head::Unread,
            last: Last::Nothing,
            last_key: Vec::new(),
            last_value: Arc::from([]),
            tree: tree.clone(),
            range: range.into_owned(),
            direction,
            failed: false,
        }
    }

    fn read_head(&mut self) -> Result<()> {
        if self.head == Head::Unread {
            self.head = match self.current.next()? {
                Some(_) => Head::Shown,
                None => Head::Ended,
            };
        }
        Ok(())
    }

    /// Returns the next key that was changed since the snapshot.
    fn next_changed(&self) -> Option<(Vec<u8>, PreImage)> {
        let last = self.last_key.as_slice();
        let rest = match (self.last, self.direction) {
            (Last::Nothing, _) => KeyRange::from_bounds(self.range.start(), self.range.end()),
            (Last::Sought, direction) => self.range.from_key(last, direction),
            (Last::Passed, Direction::Forward) => {
                KeyRange::from_bounds(Bound::Excluded(last), self.range.end())
            }
            (Last::Passed, Direction::Reverse) => {
                KeyRange::from_bounds(self.range.start(), Bound::Excluded(last))
            }
        };
        self.moment.next_changed(&self.tree, &rest, self.direction)
    }

    /// Decides which source has the next entry, and takes it from there.
    fn take_turn(&mut self) -> Result<Turn> {
        loop {
            // Read the engine first, then the log: a change that the read has seen was logged
            // before.
            self.read_head()?;
            let changed = if self.moment.is_outdated() { self.next_changed() } else { None };
            let head = if self.head == Head::Shown { self.current.shown() } else { None };
            let order = match (&changed, head) {
                (None, None) => return Ok(Turn::Ended),
                (None, Some(_)) => cmp::Ordering::Greater,
                (Some(_), None) => cmp::Ordering::Less,
                (Some((changed, _)), Some((key, _))) => match self.direction {
                    Direction::Forward => changed.as_slice().cmp(key),
                    Direction::Reverse => key.cmp(changed),
                },
            };
            self.last = Last::Passed;
            if order != cmp::Ordering::Less {
                self.head = Head::Unread;
            }
            match (changed, head) {
                (Some((key, before)), _) if order != cmp::Ordering::Greater => {
                    self.last_key = key;
                    if let Some(value) = before {
                        return Ok(Turn::Before(value));
                    }
                }
                (_, head) => {
                    let key = head.map_or(&[][..], |(key, _)| key);
                    self.last_key.clear();
                    self.last_key.extend_from_slice(key);
                    return Ok(Turn::Current);
                }
            }
        }
    }
}

impl<E: LiveEngine> Cursor for LayeredCursor<'_, E> {
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        if self.failed {
            return Ok(None);
        }
        match self.take_turn() {
            // The engine's cursor still lends this entry; it advances at the next call.
            Ok(Turn::Current) => Ok(self.current.shown()),
            Ok(Turn::Before(value)) => {
                self.last_value = value;
                Ok(Some((&self.last_key, &self.last_value)))
            }
            Ok(Turn::Ended) => Ok(None),
            Err(error) => {
                self.failed = true;
                Err(error)
            }
        }
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        if self.failed {
            return Ok(());
        }
        self.head = Head::Unread;
        self.last = Last::Sought;
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        self.current.seek(key).inspect_err(|_| self.failed = true)
    }
}
