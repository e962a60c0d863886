//! Iterating over a tree in memory.

use std::sync::Arc;

use imbl::ordmap::RangedIter;

use super::store::Entries;
use crate::{Cursor, Direction, KeyRange, Result};

type Rest<'t> = RangedIter<'t, Arc<[u8]>, Arc<[u8]>, imbl::shared_ptr::DefaultSharedPtr>;

/// A cursor over a tree in memory.
pub struct MemoryCursor<'t> {
    entries: Option<&'t Entries>,
    /// What is left to read; `None` if there is no map, or the map would panic on the range.
    rest: Option<Rest<'t>>,
    range: KeyRange<'static>,
    direction: Direction,
}

impl<'t> MemoryCursor<'t> {
    pub(super) fn new(
        entries: Option<&'t Entries>,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Self {
        let rest = rest(entries, &range);
        Self { entries, rest, range: range.into_owned(), direction }
    }
}

fn rest<'t>(entries: Option<&'t Entries>, range: &KeyRange<'_>) -> Option<Rest<'t>> {
    let entries = entries.filter(|_| !range.is_empty())?;
    Some(entries.range::<_, [u8]>(range.clone()))
}

impl Cursor for MemoryCursor<'_> {
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        let entry = self.rest.as_mut().and_then(|rest| match self.direction {
            Direction::Forward => rest.next(),
            Direction::Reverse => rest.next_back(),
        });
        Ok(entry.map(|(key, value)| (key.as_ref(), value.as_ref())))
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        self.rest = rest(self.entries, &self.range.from_key(key, self.direction));
        Ok(())
    }
}
