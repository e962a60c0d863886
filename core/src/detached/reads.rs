//! What a transaction has read, and whether it is still so.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::ops::Bound;

use crate::{Cursor as _, Direction, Error, ErrorKind, KeyRange, KvRead, Operation, Result, Tree};

/// How many bytes of values are kept to be compared. Values beyond are read from the transaction's
/// own snapshot again, so that a transaction over a whole store does not copy the store.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// What a transaction has read below its own writes.
#[derive(Default)]
pub(super) struct Reads {
    keys: HashMap<Tree, BTreeMap<Box<[u8]>, Seen>>,
    kept_bytes: usize,
    scans: Vec<Scan>,
    lengths: HashMap<Tree, u64>,
    names: Option<Vec<String>>,
}

/// What was read of a key.
enum Seen {
    Absent,
    /// Only that it is there.
    Present,
    Value(Box<[u8]>),
    /// A value that is not kept, because there are too many.
    InSnapshot,
}

/// What a cursor was driven over, from its start or a seek on.
struct Scan {
    tree: Tree,
    range: KeyRange<'static>,
    direction: Direction,
    entries: u64,
    /// Whether the cursor found that there are no more entries.
    ended: bool,
    /// Whether only the keys matter.
    keys_only: bool,
}

impl Reads {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
            && self.scans.iter().all(Scan::is_empty)
            && self.lengths.is_empty()
            && self.names.is_none()
    }

    pub(super) fn note_value(&mut self, tree: &Tree, key: &[u8], value: Option<&[u8]>) {
        let keys = keys_of(&mut self.keys, tree);
        // The snapshot does not change, so a value that was seen before is still right. `Present`
        // says only that the key exists, so its value is noted now.
        if keys.get(key).is_some_and(|seen| !matches!(seen, Seen::Present)) {
            return;
        }
        let seen = match value {
            None => Seen::Absent,
            Some(value) if self.kept_bytes.saturating_add(value.len()) <= KEPT_BYTES_MAX => {
                self.kept_bytes += value.len();
                Seen::Value(Box::from(value))
            }
            Some(_) => Seen::InSnapshot,
        };
        keys.insert(Box::from(key), seen);
    }

    pub(super) fn note_presence(&mut self, tree: &Tree, key: &[u8], is_present: bool) {
        let keys = keys_of(&mut self.keys, tree);
        if !keys.contains_key(key) {
            let seen = if is_present { Seen::Present } else { Seen::Absent };
            keys.insert(Box::from(key), seen);
        }
    }

    pub(super) fn note_length(&mut self, tree: &Tree, length: u64) {
        self.lengths.insert(tree.clone(), length);
    }

    pub(super) fn note_names(&mut self, names: &[String]) {
        self.names.get_or_insert_with(|| names.to_vec());
    }

    /// Begins to record a scan, and returns its number.
    pub(super) fn begin_scan(
        &mut self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
        keys_only: bool,
    ) -> usize {
        let range = range.into_owned();
        let (tree, entries, ended) = (tree.clone(), 0, false);
        self.scans.push(Scan { tree, range, direction, entries, ended, keys_only });
        self.scans.len() - 1
    }

    /// Records that the cursor of a scan returned an entry, or found the end.
    #[inline]
    pub(super) fn advance(&mut self, scan: usize, found_entry: bool) {
        if let Some(scan) = self.scans.get_mut(scan) {
            if found_entry {
                scan.entries += 1;
            } else {
                scan.ended = true;
            }
        }
    }

    /// Compares everything with the current state.
    ///
    /// # Errors
    /// [`Conflict`](ErrorKind::Conflict) for the first difference; errors of the engine.
    pub(super) fn compare(&self, before: &impl KvRead, now: &impl KvRead) -> Result<()> {
        for (tree, keys) in &self.keys {
            for (key, seen) in keys {
                if !seen.is_still(before, now, tree, key)? {
                    let message = "another transaction has changed this entry, which was read";
                    return Err(conflict(message).with_tree(tree.name()).with_key(key));
                }
            }
        }
        for (tree, length) in &self.lengths {
            let found = now.len(tree)?;
            if found != *length {
                let message = format!(
                    "another transaction has changed the number of entries, which was read, from \
                     {length} to {found}"
                );
                return Err(conflict(message).with_tree(tree.name()));
            }
        }
        for scan in &self.scans {
            scan.compare(before, now)?;
        }
        match &self.names {
            Some(names) if now.trees()? != *names => {
                Err(conflict("another transaction has changed the list of trees, which was read"))
            }
            _ => Ok(()),
        }
    }
}

fn keys_of<'r>(
    keys: &'r mut HashMap<Tree, BTreeMap<Box<[u8]>, Seen>>,
    tree: &Tree,
) -> &'r mut BTreeMap<Box<[u8]>, Seen> {
    keys.entry(tree.clone()).or_default()
}

impl Seen {
    fn is_still(
        &self,
        before: &impl KvRead,
        now: &impl KvRead,
        tree: &Tree,
        key: &[u8],
    ) -> Result<bool> {
        match self {
            Self::Absent => Ok(!now.contains(tree, key)?),
            Self::Present => now.contains(tree, key),
            Self::Value(seen) => is_value(now, tree, key, seen),
            Self::InSnapshot => {
                let same = before.get_with(tree, key, |seen| is_value(now, tree, key, seen))?;
                same.unwrap_or(Ok(false))
            }
        }
    }
}

fn is_value(now: &impl KvRead, tree: &Tree, key: &[u8], seen: &[u8]) -> Result<bool> {
    Ok(now.get_with(tree, key, |value| value == seen)?.unwrap_or(false))
}

impl Scan {
    fn is_empty(&self) -> bool {
        self.entries == 0 && !self.ended
    }

    /// Drives a cursor over the snapshot and one over the current state as far as the transaction
    /// drove its own, and compares what they return.
    fn compare(&self, before: &impl KvRead, now: &impl KvRead) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let mut seen = before.scan(&self.tree, self.range.clone(), self.direction)?;
        let mut found = now.scan(&self.tree, self.range.clone(), self.direction)?;
        for _ in 0..self.entries {
            let same = match (seen.next()?, found.next()?) {
                (Some(seen), Some(found)) if self.is_same(seen, found) => continue,
                (Some((seen, _)), Some((found, _))) => self.first_of(seen, found).to_vec(),
                (Some((key, _)), None) | (None, Some((key, _))) => key.to_vec(),
                // The snapshot had more entries when the transaction read it.
                (None, None) => Vec::new(),
            };
            return Err(self.conflict(&same));
        }
        match if self.ended { found.next()? } else { None } {
            Some((key, _)) => Err(self.conflict(key)),
            None => Ok(()),
        }
    }

    fn is_same(&self, seen: (&[u8], &[u8]), found: (&[u8], &[u8])) -> bool {
        seen.0 == found.0 && (self.keys_only || seen.1 == found.1)
    }

    /// Returns the key that comes first in the direction of the scan: the one that was inserted or
    /// removed.
    fn first_of<'k>(&self, one: &'k [u8], other: &'k [u8]) -> &'k [u8] {
        match self.direction {
            Direction::Forward => one.min(other),
            Direction::Reverse => one.max(other),
        }
    }

    #[cold]
    fn conflict(&self, key: &[u8]) -> Error {
        let message = format!(
            "another transaction has inserted, changed or removed this entry of {}, which was \
             scanned",
            shown(&self.range)
        );
        conflict(message).with_tree(self.tree.name()).with_key(key)
    }
}

#[cold]
fn conflict(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Conflict, Operation::Commit, message)
}

/// How many bytes of a bound an error shows.
const BOUND_BYTES_SHOWN: usize = 24;

/// Formats a range for an error.
fn shown(range: &KeyRange<'_>) -> String {
    let mut text = String::from("the keys");
    let mut add = |word: &str, key: &[u8]| {
        let start = key.get(..BOUND_BYTES_SHOWN).unwrap_or(key);
        let rest = if start.len() < key.len() { "..." } else { "" };
        // Writing to a string does not fail.
        let _ = write!(text, " {word} \"{}{rest}\"", start.escape_ascii());
    };
    match range.start() {
        Bound::Unbounded => {}
        Bound::Included(key) => add("from", key),
        Bound::Excluded(key) => add("after", key),
    }
    match range.end() {
        Bound::Unbounded => {}
        Bound::Included(key) => add("up to", key),
        Bound::Excluded(key) => add("before", key),
    }
    if text.len() == "the keys".len() { "the whole tree".into() } else { text }
}
