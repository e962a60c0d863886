//! The entries of one index, in its tree.
//!
//! An entry is a key without a value, unless it is longer than the keys of the index may be. Then its
//! key is the start of the entry, two bytes that occur in no other key, and the SHA-256 of the entry;
//! its value is the whole entry. So nothing is lost: two values with a long common start are as different
//! as any others, and an entry that is read is always whole.
//!
//! Only the order in the tree is lost, and only among keys with the same start. Such keys lie side by
//! side, so a scan reads all of them and sorts them before it visits the first.

use std::borrow::Cow;
use std::ops::{Bound, ControlFlow};

use arbour_core::engine::{Prefetch, Write};
use arbour_core::{Direction, KeyRange, Result, Tree};
use sha2::{Digest as _, Sha256};

use super::any_reader::{AnyReader, AnyTransaction, Visited};
use crate::key::{GROUP_DELIMITER, prefix_end};

/// Precedes the digest in a shortened key. An entry has one of these bytes, before the id, and no id
/// begins with one or contains one.
const MARK: [u8; 2] = [GROUP_DELIMITER; 2];

const DIGEST_BYTES: usize = 32;

/// The tree of an index.
#[derive(Clone)]
pub(super) struct IndexTree {
    pub(super) tree: Tree,
    /// The direction in which the index sorts ids.
    pub(super) id_direction: Direction,
    /// The length of its longest key.
    pub(super) key_bytes_max: usize,
}

impl IndexTree {
    pub(super) fn put(&self, transaction: &mut dyn AnyTransaction, entry: &[u8]) -> Result<()> {
        let (key, value) = self.stored(entry);
        transaction.put(&self.tree, &key, value)
    }

    pub(super) fn delete(&self, transaction: &mut dyn AnyTransaction, entry: &[u8]) -> Result<()> {
        transaction.delete(&self.tree, &self.stored(entry).0)
    }

    /// Fails as [`put`](Self::put) would.
    pub(super) fn check(&self, transaction: &dyn AnyTransaction, entry: &[u8]) -> Result<()> {
        let (key, value) = self.stored(entry);
        transaction.check(&Write { tree: &self.tree, key: &key, value: Some(value) })
    }

    pub(super) fn contains(&self, reader: &dyn AnyReader, entry: &[u8]) -> Result<bool> {
        let (key, value) = self.stored(entry);
        if value.is_empty() {
            return reader.contains(&self.tree, &key);
        }
        let mut is_same = false;
        reader.get(&self.tree, &key, &mut |stored| is_same = stored == value)?;
        Ok(is_same)
    }

    /// Tells whether an entry belongs at a key.
    pub(super) fn is_at(&self, entry: &[u8], key: &[u8]) -> bool {
        *self.stored(entry).0 == *key
    }

    pub(super) fn len(&self, reader: &dyn AnyReader) -> Result<u64> {
        reader.len(&self.tree)
    }

    /// Visits the entries of a range in a direction, each with the key that it is stored under, until
    /// the visitor says to stop.
    pub(super) fn scan(
        &self,
        reader: &dyn AnyReader,
        range: KeyRange<'_>,
        direction: Direction,
        mut visit: impl FnMut(&[u8], &[u8]) -> Visited,
    ) -> Visited {
        let (first, last) = (self.first_key(range.start()), self.last_key(range.end()));
        let keys = KeyRange::from_bounds(first, last.as_ref().map(|key| &**key));
        let start_bytes = self.start_bytes();
        let mut group = Group { start_bytes, members: Vec::new() };
        let flow = reader.scan(&self.tree, keys, direction, &mut |key, value| {
            if !group.has(key) && group.visit(&range, direction, &mut visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            if key.len() < start_bytes {
                return visit(key, key);
            }
            group.members.push((self.entry(key, value).to_vec(), key.to_vec()));
            Ok(ControlFlow::Continue(()))
        })?;
        if flow.is_break() { Ok(flow) } else { group.visit(&range, direction, &mut visit) }
    }

    /// Returns what a [`scan`](Self::scan) forward over a range reads first.
    pub(super) fn first_read(&self, range: &KeyRange<'_>) -> Prefetch {
        let (first, last) = (self.first_key(range.start()), self.last_key(range.end()));
        let keys = KeyRange::from_bounds(first, last.as_ref().map(|key| &**key));
        Prefetch::First(self.tree.clone(), keys.into_owned(), Direction::Forward)
    }

    /// Returns the key and the value under which an entry is stored.
    fn stored<'e>(&self, entry: &'e [u8]) -> (Cow<'e, [u8]>, &'e [u8]) {
        if entry.len() <= self.key_bytes_max {
            return (Cow::Borrowed(entry), b"");
        }
        let start = entry.get(..self.start_bytes()).unwrap_or_default();
        let digest = Sha256::digest(entry);
        (Cow::Owned([start, &MARK, digest.as_slice()].concat()), entry)
    }

    /// Returns the entry that is stored under a key. If the value is not the one that belongs there, it
    /// is the key itself, which leads to no document.
    fn entry<'e>(&self, key: &'e [u8], value: &'e [u8]) -> &'e [u8] {
        if value.is_empty() || !self.is_at(value, key) { key } else { value }
    }

    /// Returns how much of an entry a shortened key begins with.
    fn start_bytes(&self) -> usize {
        self.key_bytes_max.saturating_sub(MARK.len() + DIGEST_BYTES)
    }

    /// Returns the start of a bound if the bound says nothing about the order of shortened keys with that
    /// start, because it is longer.
    fn start_of<'b>(&self, bound: &'b [u8]) -> Option<&'b [u8]> {
        let start = bound.get(..self.start_bytes())?;
        (start.len() < bound.len()).then_some(start)
    }

    /// Returns the lower bound of the keys of all entries that are not below a bound.
    fn first_key<'b>(&self, bound: Bound<&'b [u8]>) -> Bound<&'b [u8]> {
        match bound {
            Bound::Included(key) | Bound::Excluded(key) => {
                self.start_of(key).map_or(bound, Bound::Included)
            }
            Bound::Unbounded => bound,
        }
    }

    /// Returns the upper bound of the keys of all entries that are not above a bound.
    fn last_key<'b>(&self, bound: Bound<&'b [u8]>) -> Bound<Cow<'b, [u8]>> {
        let start = match bound {
            Bound::Included(key) | Bound::Excluded(key) => self.start_of(key),
            Bound::Unbounded => None,
        };
        match start {
            Some(start) => {
                prefix_end(start).map_or(Bound::Unbounded, |end| Bound::Excluded(end.into()))
            }
            None => bound.map(Cow::Borrowed),
        }
    }
}

/// The entries whose keys have the same start, which is as long as that of a shortened key.
struct Group {
    start_bytes: usize,
    /// Each entry with its key.
    members: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Group {
    /// Tells whether a key has the start of the group.
    fn has(&self, key: &[u8]) -> bool {
        self.members
            .first()
            .is_none_or(|(_, member)| member.get(..self.start_bytes) == key.get(..self.start_bytes))
    }

    /// Visits the entries of a range in the order that they themselves have, and removes all.
    fn visit(
        &mut self,
        range: &KeyRange<'_>,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> Visited,
    ) -> Visited {
        self.members.sort_unstable();
        if direction == Direction::Reverse {
            self.members.reverse();
        }
        for (entry, key) in self.members.drain(..) {
            if range.contains(&entry) && visit(&entry, &key)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}
