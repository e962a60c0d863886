//! How far sled's log reaches.
//!
//! sled takes a damaged log for one that ends there, and starts with what is before. So after each
//! durable flush the [seal](crate::seal) records how far the log reached. A log in which sled finds
//! less has lost commits.

use arbour_core::Result;

use crate::error;
use crate::segments::SEGMENT_BYTES;

/// Returns the position after the last record in the file, counted in all bytes that were ever
/// written to the log. `None` if the end of that record is unknown: the last segment was padded,
/// and after a kill sled continues where the padding begins.
pub(crate) fn find(sled: &sled::Db) -> Option<u64> {
    let last_byte = sled.context.pagecache.log.stable_offset();
    let end = u64::try_from(last_byte + 1).ok()?;
    (end % SEGMENT_BYTES != 0).then_some(end)
}

/// Checks that the log recovered by sled reaches as far as the seal says.
pub(crate) fn check(sled: &sled::Db, noted: u64) -> Result<()> {
    let found = reached(sled);
    if found >= noted {
        return Ok(());
    }
    let message = format!(
        "durable commits are missing: the log ended at byte {noted}, and now ends at {found}"
    );
    Err(error::damaged(message))
}

/// Returns the position after the last record that sled has found or written.
pub(crate) fn reached(sled: &sled::Db) -> u64 {
    u64::try_from(sled.context.pagecache.log.stable_offset() + 1).unwrap_or(0)
}
