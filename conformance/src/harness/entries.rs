//! The entries of a cursor.

use arbour_core::{Cursor, Result};

/// Copies the remaining entries of a cursor.
///
/// # Errors
/// The errors of the cursor.
pub(crate) fn entries(mut cursor: impl Cursor) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut entries = Vec::new();
    while let Some((key, value)) = cursor.next()? {
        entries.push((key.to_vec(), value.to_vec()));
    }
    Ok(entries)
}
