//! Writes held back from the store below, and reads that see both.
//!
//! An overlay adds transactions to an engine without them, and savepoints to any transaction: the
//! [`WriteSet`] holds the writes in order, the [`MergeCursor`] merges them with the entries below,
//! and nothing below changes until the writes are applied.

mod empty_ranges;
mod merge_cursor;
mod transaction;
mod value;
mod write_set;

pub use merge_cursor::MergeCursor;
pub use transaction::{OverlayTransaction, TransactionBase};
pub use value::OverlayValue;
pub(crate) use write_set::WriteSet;

use crate::{Cursor, Result};

/// Copies the remaining keys of a cursor. A range deletion in an overlay marks each of them.
pub(crate) fn keys_in(mut cursor: impl Cursor) -> Result<Vec<Vec<u8>>> {
    let mut keys = Vec::new();
    while let Some((key, _)) = cursor.next()? {
        keys.push(key.to_vec());
    }
    Ok(keys)
}
