//! Writes kept apart from what they will change, and reads that see both.
//!
//! An overlay gives a transaction to an engine that has none, and a savepoint to any transaction:
//! the [`WriteSet`] holds the writes in order, the [`MergeCursor`] lays them over the entries
//! below, and nothing below changes until the writes are applied.

mod empty_ranges;
mod merge_cursor;
mod value;
mod write_set;

pub use merge_cursor::MergeCursor;
pub use value::OverlayValue;
pub(crate) use write_set::WriteSet;

use crate::{Cursor, Result};

/// Copies the keys a cursor has left: what a range deletion in an overlay marks one by one.
pub(crate) fn keys_in(mut cursor: impl Cursor) -> Result<Vec<Vec<u8>>> {
    let mut keys = Vec::new();
    while let Some((key, _)) = cursor.next()? {
        keys.push(key.to_vec());
    }
    Ok(keys)
}
