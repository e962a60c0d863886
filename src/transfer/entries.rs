//! The entries that a transfer moves, and their digest.

use arbour_core::engine::TreeName;
use arbour_core::{Cursor as _, Direction, KeyRange, KvRead, KvStore, Result};
use sha2::{Digest as _, Sha256};

use super::TransferError;
use super::digest::Digest;
use super::mark::is_left_out;
use super::record::{RecordWriter, Visit};

/// How many bytes of records are hashed at once.
const CHUNK: usize = 64 << 10;

/// Reads all of a store in one snapshot, and returns its digest.
///
/// # Errors
/// Errors of the store.
///
/// ```
/// use arbour::transfer::{copy, digest};
/// use arbour::{KvStore, MemoryStore};
/// let (old, new) = (MemoryStore::new(), MemoryStore::new());
/// old.put(&old.tree("users")?, b"ada", b"1815")?;
/// assert_ne!(digest(&old)?, digest(&new)?);
/// copy(&old, &new)?;
/// assert_eq!(digest(&old)?, digest(&new)?);
/// # Ok::<(), arbour::Error>(())
/// ```
pub fn digest(store: &impl KvStore) -> Result<Digest> {
    visit_hashed(store, &mut |_, _, _| Ok(()))
}

/// Visits the entries that a transfer moves, in order.
pub(super) fn each_entry(store: &impl KvStore, visit: &mut Visit<'_>) -> Result<()> {
    let snapshot = store.snapshot()?;
    for name in snapshot.trees()? {
        if is_left_out(&name) {
            continue;
        }
        let tree = store.open_tree(TreeName::stored(&name)?)?;
        let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?;
        while let Some((key, value)) = cursor.next()? {
            visit(&name, key, value)?;
        }
    }
    Ok(())
}

/// Visits the same entries, and returns their digest.
pub(super) fn visit_hashed(store: &impl KvStore, visit: &mut Visit<'_>) -> Result<Digest> {
    let mut sha = Sha256::new();
    let mut writer = RecordWriter::default();
    each_entry(store, &mut |tree, key, value| {
        writer.entry(tree, key, value);
        if writer.records.len() >= CHUNK {
            sha.update(&writer.records);
            writer.records.clear();
        }
        visit(tree, key, value)
    })?;
    sha.update(&writer.records);
    Ok(Digest(sha.finalize().into()))
}

/// Fails if a store does not return what was written to it.
pub(super) fn check(expected: Digest, found: Digest) -> Result<()> {
    if expected == found { Ok(()) } else { Err(TransferError::Differs { expected, found }.into()) }
}
