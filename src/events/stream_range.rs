//! Finding the versions of a stream between two positions of the log.

use std::ops::Bound;

use arbour_core::{Cursor as _, Direction, KeyRange, KvRead, Result};

use super::layout::stream_head_key;
use super::log::{Log, decode_number};
use super::query::EventQuery;
use crate::key::{Key as _, KeyPart as _};

impl Log {
    /// Returns the first and the last version of a stream that a query can match. If the first is
    /// greater than the last, there are none.
    pub(super) fn stream_range<R: KvRead>(
        &self,
        reader: &R,
        stream: &str,
        query: &EventQuery,
    ) -> Result<(u64, u64)> {
        let head = self.head(reader)?.position;
        let after = self.version_at(reader, stream, query.after, head)?.unwrap_or(0);
        let last = if query.until < head {
            self.version_at(reader, stream, query.until, head)?
        } else {
            None
        };
        Ok((after.saturating_add(1), last.unwrap_or(u64::MAX)))
    }

    /// Returns the version of a stream at a position of the log: the version of its last event up
    /// to there. `None` if an entry is missing and it cannot be determined.
    ///
    /// Positions grow with versions, so the version is searched between two bounds. Most streams
    /// grow evenly, so every other step interpolates, and the steps in between halve the range. An
    /// uneven stream therefore takes at most twice as many steps as a binary search.
    fn version_at<R: KvRead>(
        &self,
        reader: &R,
        stream: &str,
        position: u64,
        head: u64,
    ) -> Result<Option<u64>> {
        if position == 0 {
            return Ok(Some(0));
        }
        let newest = self.version(reader, stream)?;
        if position >= head {
            return Ok(Some(newest));
        }
        // Invariant: low <= version < high.
        let (mut low, mut high) = ((0, 0), (newest.saturating_add(1), head.saturating_add(1)));
        let (mut is_left, mut by_proportion) = (true, true);
        while high.0 - low.0 > 1 {
            let between = high.0 - low.0 - 1;
            let step = if by_proportion {
                // In 128 bits, because the product can overflow 64.
                let share = u128::from(position - low.1) * u128::from(high.0 - low.0);
                let step = share / u128::from((high.1 - low.1).max(1));
                u64::try_from(step).unwrap_or(u64::MAX).clamp(1, between)
            } else {
                between / 2 + 1
            };
            by_proportion = !by_proportion;
            let version = low.0 + step;
            match self.position_of(reader, stream, version)? {
                Some(found) if found > position => high = (version, found),
                Some(found) => (low, is_left) = ((version, found), true),
                // It was trimmed, and so were all before it.
                None => (low.0, is_left) = (version, false),
            }
        }
        let is_found =
            is_left || self.first_version(reader, stream)?.is_none_or(|first| first > low.0);
        Ok(is_found.then_some(low.0))
    }

    /// Returns the position of a version of a stream; `None` if the entry is missing.
    fn position_of<R: KvRead>(
        &self,
        reader: &R,
        stream: &str,
        version: u64,
    ) -> Result<Option<u64>> {
        let key = (stream, version).to_key_bytes();
        let position = reader.get_with(&self.trees.streams, &key, decode_number)?.transpose();
        position.map_err(|cause| self.undecodable(&self.trees.streams, &key, cause))
    }

    /// Returns the first version of a stream that was not trimmed.
    fn first_version<R: KvRead>(&self, reader: &R, stream: &str) -> Result<Option<u64>> {
        let (start, end) = ([stream.as_bytes(), &[0xff]].concat(), stream_head_key(stream));
        let range = KeyRange::from_bounds(Bound::Included(&start), Bound::Excluded(&end));
        let mut cursor = reader.scan(&self.trees.streams, range, Direction::Forward)?;
        let Some((key, _)) = cursor.next()? else { return Ok(None) };
        let version = u64::decode_part(key.get(start.len()..).unwrap_or_default());
        let version = version.map_err(|cause| self.undecodable(&self.trees.streams, key, cause))?;
        Ok(Some(version))
    }
}
