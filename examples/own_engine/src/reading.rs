//! Reading the entries of one moment.

use std::ops::Range;

use arbour_core::engine::MapSnapshot;
use arbour_core::{Cursor, Direction, KeyRange, Result};

use crate::toy::{Entries, Rest};

/// A snapshot of the engine. **Yours**: a snapshot as your engine has it.
pub struct Pinned {
    pub(crate) entries: Entries,
}

impl MapSnapshot for Pinned {
    /// **Yours**: bytes that the engine lends, if it can; a `Vec<u8>` otherwise.
    type Value<'t> = &'t [u8];
    type Cursor<'t> = EntryCursor<'t>;

    fn get(&self, key: &[u8]) -> Result<Option<&[u8]>> {
        Ok(self.entries.get(key).map(Vec::as_slice))
    }

    fn scan(&self, range: Range<&[u8]>, direction: Direction) -> Result<EntryCursor<'_>> {
        let range = KeyRange::new(range).into_owned();
        let rest = self.entries.range(range.clone());
        Ok(EntryCursor { entries: &self.entries, range, direction, rest: Some(rest) })
    }
}

/// A cursor over a range. The toy's iterators cannot seek, so each seek makes a new one.
pub struct EntryCursor<'t> {
    entries: &'t Entries,
    range: KeyRange<'static>,
    direction: Direction,
    /// What is left to read; `None` if it is nothing. **Yours**: an iterator of the engine.
    rest: Option<Rest<'t>>,
}

impl Cursor for EntryCursor<'_> {
    /// **Yours**: the next entry.
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        let Some(rest) = &mut self.rest else { return Ok(None) };
        let entry = match self.direction {
            Direction::Forward => rest.next(),
            Direction::Reverse => rest.next_back(),
        };
        Ok(entry.map(|(key, value)| (key.as_slice(), value.as_slice())))
    }

    /// **Yours**: go to a key, but never out of the range.
    fn seek(&mut self, key: &[u8]) -> Result<()> {
        let range = self.range.from_key(key, self.direction);
        self.rest = (!range.is_empty()).then(|| self.entries.range(range));
        Ok(())
    }
}
