//! Reading, in snapshots and transactions alike.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Included, Unbounded};

use arbour_core::engine::{Engine, Prefetch, foreign_tree};
use arbour_core::{
    Cursor, Direction, Error, ErrorKind, KeyRange, KvRead, KvStore, Operation, Result, Tree,
};

use super::{Entry, Fault, FaultyCursor, FaultyStore, panic};

/// What a snapshot and a transaction each read in their own way.
pub(super) trait View {
    fn store(&self) -> &FaultyStore;

    /// Returns the value of a key.
    fn value(&self, tree: &Tree, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// Returns the entries of a range, ascending. The direction is that of the scan; at least the
    /// first `limit` entries of the scan have to be included.
    fn load(
        &self,
        tree: &Tree,
        range: &KeyRange<'_>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>>;

    /// Lists the trees that hold an entry.
    fn names(&self) -> Result<Vec<String>>;
}

pub(super) fn get(view: &impl View, tree: &Tree, key: &[u8]) -> Result<Option<Vec<u8>>> {
    let store = view.store();
    let tree = readable(view, tree, Operation::Get)?;
    if store.damaged {
        return Err(Error::new(ErrorKind::Corrupted, Operation::Get, "a page is damaged"));
    }
    let key_bytes_max = store.capabilities().limits.key_bytes_max;
    if store.has(Fault::LongKeyReadFails) && key.len() > key_bytes_max {
        return Err(Error::new(ErrorKind::TooLarge, Operation::Get, "MDB_BAD_VALSIZE"));
    }
    if store.has(Fault::PrefetchedOutlivesWrites)
        && let Some(value) = store.prefetched.lock().get(&(tree.name().to_owned(), key.to_vec()))
    {
        return Ok(value.clone());
    }
    let value = view.value(&tree, &store.known_key(key))?;
    let hides_empty = store.has(Fault::EmptyValueIsAbsent);
    Ok(value.filter(|value| !hides_empty || !value.is_empty()))
}

/// Keeps values that are about to be read, if that is the fault.
pub(super) fn prefetch(view: &impl View, reads: &dyn Fn() -> Vec<Prefetch>) -> Result<bool> {
    let store = view.store();
    if !store.has(Fault::PrefetchedOutlivesWrites) {
        return Ok(false);
    }
    for read in reads() {
        let Prefetch::Value(tree, key) = read else { continue };
        let value = view.value(&tree, &key)?;
        store.prefetched.lock().insert((tree.name().to_owned(), key), value);
    }
    Ok(true)
}

pub(super) fn multi_get<'k>(
    view: &impl View,
    tree: &Tree,
    keys: impl Iterator<Item = &'k [u8]>,
) -> Result<Vec<Option<Vec<u8>>>> {
    let (store, mut keys, mut seen) = (view.store(), keys.collect::<Vec<_>>(), BTreeSet::new());
    match store.fault() {
        Some(Fault::MultiGetSorts) => keys.sort_unstable(),
        Some(Fault::MultiGetDropsDuplicates) => keys.retain(|key| seen.insert(*key)),
        _ => {}
    }
    let found = keys.into_iter().map(|key| get(view, tree, key));
    let mut found = found.collect::<Result<Vec<_>>>()?;
    if store.has(Fault::MultiGetDropsAbsent) {
        found.retain(Option::is_some);
    }
    Ok(found)
}

pub(super) fn scan<'t>(
    view: &'t impl View,
    tree: &Tree,
    range: KeyRange<'_>,
    direction: Direction,
    live: bool,
) -> Result<FaultyCursor<'t>> {
    scan_some(view, tree, range, direction, live, usize::MAX)
}

/// Returns the first entry of a scan, without reading the others if possible.
pub(super) fn edge(
    view: &impl View,
    tree: &Tree,
    range: KeyRange<'_>,
    direction: Direction,
) -> Result<Option<Entry>> {
    let sorts = [Fault::SignedByteOrder, Fault::ShorterKeysFirst];
    let limit = if sorts.iter().any(|fault| view.store().has(*fault)) { usize::MAX } else { 1 };
    let mut cursor = scan_some(view, tree, range, direction, false, limit)?;
    Ok(cursor.next()?.map(|(key, value)| (key.to_vec(), value.to_vec())))
}

/// Copies the first entries of a scan of the sound store, and returns them ascending.
pub(super) fn ascending<R: KvRead>(
    below: &R,
    tree: &Tree,
    range: &KeyRange<'_>,
    direction: Direction,
    limit: usize,
) -> Result<Vec<Entry>> {
    let (mut cursor, mut found) = (below.scan(tree, range.clone(), direction)?, Vec::new());
    while found.len() < limit
        && let Some((key, value)) = cursor.next()?
    {
        found.push((key.to_vec(), value.to_vec()));
    }
    if direction == Direction::Reverse {
        found.reverse();
    }
    Ok(found)
}

fn scan_some<'t>(
    view: &'t impl View,
    tree: &Tree,
    range: KeyRange<'_>,
    direction: Direction,
    live: bool,
    limit: usize,
) -> Result<FaultyCursor<'t>> {
    let (store, tree) = (view.store(), readable(view, tree, Operation::Scan)?);
    let range = bent(store.fault(), range, direction);
    let load = |range: &KeyRange<'_>| {
        let mut entries = view.load(&tree, range, direction, limit)?;
        match store.fault() {
            Some(Fault::SignedByteOrder) => entries.sort_by_key(|(key, _)| signed(key)),
            Some(Fault::ShorterKeysFirst) => entries.sort_by_key(|(key, _)| key.len()),
            // The first read fails, and that is taken for the end.
            Some(Fault::ScanSwallowsErrors | Fault::VerifiesNothing) if store.damaged => {
                entries.clear();
            }
            _ => {}
        }
        if direction == Direction::Reverse {
            entries.reverse();
        }
        Ok::<_, Error>(entries)
    };
    let mut cursor = FaultyCursor::new(store.fault(), load(&range)?, direction);
    if store.has(Fault::SeekLeavesRange) {
        cursor.leaves_for(load(&KeyRange::all())?);
    }
    if store.has(Fault::CursorIsLive) && live {
        cursor.reads_now(store, tree, range);
    }
    Ok(cursor)
}

pub(super) fn prefix<'t>(
    view: &'t impl View,
    tree: &Tree,
    prefix: &[u8],
    live: bool,
) -> Result<FaultyCursor<'t>> {
    let mut end = prefix.to_vec();
    let range = match (view.store().fault(), end.last_mut()) {
        (Some(Fault::PrefixForgetsCarry), Some(last)) => {
            *last = last.wrapping_add(1);
            KeyRange::from_bounds(Included(prefix), Excluded(&end))
        }
        (Some(Fault::PrefixEndsAtFf), _) => {
            end.push(0xff);
            KeyRange::from_bounds(Included(prefix), Excluded(&end))
        }
        (Some(Fault::PrefixEndsAt32Ff), Some(_)) if prefix.iter().all(|byte| *byte == 0xff) => {
            KeyRange::from_bounds(Included(prefix), Included(&[0xff; 32]))
        }
        (Some(Fault::PrefixExcludesItself), _) => {
            KeyRange::from_bounds(Excluded(prefix), KeyRange::prefix(prefix).end()).into_owned()
        }
        _ => KeyRange::prefix(prefix),
    };
    scan(view, tree, range, Direction::Forward, live)
}

pub(super) fn len(view: &impl View, tree: &Tree) -> Result<u64> {
    if let Some(stale) = view.store().stale(Fault::CheckMissesLengths, |stale| stale.len(tree)) {
        return Ok(stale);
    }
    let mut cursor = scan(view, tree, KeyRange::all(), Direction::Forward, false)?;
    let mut count = 0;
    while cursor.next()?.is_some() {
        count += 1;
    }
    let estimate = view.store().has(Fault::LenIsEstimate);
    Ok(if estimate { count + count / 16 } else { count })
}

pub(super) fn trees(view: &impl View) -> Result<Vec<String>> {
    let (store, mut names) = (view.store(), view.names()?);
    match store.fault() {
        Some(Fault::EmptiedTreesListed) => {
            names.extend(store.written.lock().iter().cloned());
            names.sort_unstable();
            names.dedup();
        }
        Some(Fault::TreesUnsorted) => names.reverse(),
        _ => {}
    }
    Ok(names)
}

/// Checks the handle of a read.
fn readable(view: &impl View, tree: &Tree, operation: Operation) -> Result<Tree> {
    let store = view.store();
    let tree = store.adopted(tree, Fault::ForeignHandleRead)?;
    if !store.below.engine().owns(&tree) {
        return Err(foreign_tree(&tree, operation));
    }
    if store.has(Fault::MissingTreeFails) && !view.names()?.iter().any(|name| name == tree.name()) {
        return Err(Error::new(ErrorKind::Engine, operation, "no such table"));
    }
    Ok(tree)
}

/// Returns the range to read instead of the requested one.
fn bent(fault: Option<Fault>, range: KeyRange<'_>, direction: Direction) -> KeyRange<'static> {
    let (start, end) = (range.start(), range.end());
    let range = match (fault, start, end) {
        (Some(Fault::InvertedRangeIsAll), Included(start) | Excluded(start), Excluded(end))
            if start > end =>
        {
            KeyRange::all()
        }
        (Some(Fault::ExcludedEqualPanics), Excluded(start), Excluded(end)) if start == end => {
            panic("range start and end are equal and excluded")
        }
        (Some(Fault::ExcludedStartIsRead), Excluded(start), end) => {
            KeyRange::from_bounds(Included(start), end)
        }
        (Some(Fault::IncludedEndIsMissed), start, Included(end)) => {
            KeyRange::from_bounds(start, Excluded(end))
        }
        (Some(Fault::ReverseForgetsEnd), start, _) if direction == Direction::Reverse => {
            KeyRange::from_bounds(start, Unbounded)
        }
        (Some(Fault::ReverseForgetsStart), _, end) if direction == Direction::Reverse => {
            KeyRange::from_bounds(Unbounded, end)
        }
        (_, start, end) => KeyRange::from_bounds(start, end),
    };
    range.into_owned()
}

/// Returns a key as a comparison of signed bytes sees it.
fn signed(key: &[u8]) -> Vec<i8> {
    key.iter().map(|byte| byte.cast_signed()).collect()
}
