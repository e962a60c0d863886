//! The entries of a range.

use arbour_core::{Cursor, Direction, KeyRange, KvRead, Result, Tree};

use super::{Entry, Fault, FaultyStore};

/// A cursor of a [`FaultyStore`], which reads all of its entries beforehand.
///
/// ```
/// use arbour_conformance::Factory;
/// use arbour_conformance::faulty::{Fault, FaultyCursor, FaultyFactory};
/// use arbour_core::{Cursor, KvRead, KvStore, StoreOptions};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("store");
/// let store = FaultyFactory::new(Fault::CursorRestarts).open(&path, &StoreOptions::new())?;
/// let t = store.tree("t")?;
/// store.put(&t, b"a", b"1")?;
/// let snapshot = store.snapshot()?;
/// let mut cursor: FaultyCursor<'_> = snapshot.prefix(&t, b"")?;
/// assert!(cursor.next()?.is_some());
/// assert!(cursor.next()?.is_none());
/// assert!(cursor.next()?.is_some());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct FaultyCursor<'t> {
    fault: Option<Fault>,
    /// In the direction of the scan.
    entries: Vec<Entry>,
    position: usize,
    direction: Direction,
    /// The entries in which a seek wrongly moves: the whole tree.
    outside: Option<Vec<Entry>>,
    live: Option<Live<'t>>,
}

/// Where a cursor continues that wrongly reads the current state.
struct Live<'t> {
    store: &'t FaultyStore,
    tree: Tree,
    range: KeyRange<'static>,
    rest: Option<KeyRange<'static>>,
    entry: Entry,
}

impl<'t> FaultyCursor<'t> {
    pub(super) fn new(fault: Option<Fault>, entries: Vec<Entry>, direction: Direction) -> Self {
        Self { fault, entries, position: 0, direction, outside: None, live: None }
    }

    pub(super) fn leaves_for(&mut self, outside: Vec<Entry>) {
        self.outside = Some(outside);
    }

    pub(super) fn reads_now(
        &mut self,
        store: &'t FaultyStore,
        tree: Tree,
        range: KeyRange<'static>,
    ) {
        let (rest, entry) = (Some(range.clone()), Entry::default());
        self.live = Some(Live { store, tree, range, rest, entry });
    }
}

impl Live<'_> {
    fn next(&mut self, direction: Direction) -> Result<Option<(&[u8], &[u8])>> {
        let Some(rest) = self.rest.take() else {
            return Ok(None);
        };
        // Pinned for each entry; a closed store is still read as it was.
        let now = self.store.pin().or_else(|_| {
            arbour_core::engine::SnapshotEngine::snapshot(self.store.below.engine())
        })?;
        let entry = match direction {
            Direction::Forward => now.first(&self.tree, rest.clone())?,
            Direction::Reverse => now.last(&self.tree, rest.clone())?,
        };
        let Some((key, value)) = entry else {
            return Ok(None);
        };
        self.rest = Some(match direction {
            Direction::Forward => rest.resume_after(&key),
            Direction::Reverse => rest.resume_before(&key),
        });
        self.entry = (key, value);
        Ok(Some((&self.entry.0, &self.entry.1)))
    }
}

impl Cursor for FaultyCursor<'_> {
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        if let Some(live) = &mut self.live {
            return live.next(self.direction);
        }
        let Some((key, value)) = self.entries.get(self.position) else {
            if self.fault == Some(Fault::CursorRestarts) {
                self.position = 0;
            }
            return Ok(None);
        };
        self.position += 1;
        Ok(Some((key, value)))
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        if let Some(live) = &mut self.live {
            live.rest = Some(live.range.from_key(key, self.direction).into_owned());
            return Ok(());
        }
        if let Some(outside) = self.outside.take() {
            self.entries = outside;
        }
        let direction = self.direction;
        let mut position = self.entries.partition_point(|(before, _)| match direction {
            Direction::Forward => before.as_slice() < key,
            Direction::Reverse => before.as_slice() > key,
        });
        let is_exact = self.entries.get(position).is_some_and(|(found, _)| found == key);
        if self.fault == Some(Fault::SeekSkipsExactMatch) && is_exact {
            position += 1;
        }
        if self.fault != Some(Fault::SeekOnlyOnward) || position > self.position {
            self.position = position;
        }
        Ok(())
    }
}
