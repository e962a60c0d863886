//! Copying all entries of a store.

use crate::engine::TreeName;
use crate::{Batch, Cursor, Direction, Durability, KeyRange, KvRead, KvStore, Result};

/// How many bytes of keys and values are copied in one transaction: enough to make the cost of its
/// commit small in comparison, few enough for any engine to hold.
const BYTES_PER_TRANSACTION: usize = 8 * 1024 * 1024;

/// Copies every tree of one store, in its current state, into another one of any engine, and
/// returns the number of entries. Arbour's own trees are copied too.
///
/// [`backup_by_copy`](crate::engine::backup_by_copy) uses it. A program that moves its store should use
/// `arbour::transfer::copy`, which resumes after a crash and verifies what it wrote.
///
/// Keys that the destination already has are overwritten; its other keys stay. When the call
/// returns, everything survives a power loss.
///
/// # Errors
/// Errors of either store, such as [`TooLarge`](crate::ErrorKind::TooLarge) if the limits of the
/// destination are lower. The destination then holds part of the entries, in whole transactions, so
/// copy into an empty store and discard it on failure.
///
/// ```
/// use arbour_core::engine::copy_entries;
/// use arbour_core::{KvStore, MemoryStore};
/// let (old, new) = (MemoryStore::new(), MemoryStore::new());
/// let users = old.tree("users")?;
/// old.put(&users, b"ada", b"1815")?;
/// assert_eq!(copy_entries(&old, &new)?, 1);
/// assert_eq!(new.get(&new.tree("users")?, b"ada")?.as_deref(), Some(&b"1815"[..]));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn copy_entries(source: &impl KvStore, destination: &impl KvStore) -> Result<u64> {
    let (snapshot, limits) = (source.snapshot()?, destination.capabilities().limits);
    let mut count = 0;
    for name in snapshot.trees()? {
        let name = TreeName::stored(&name)?;
        let (from, to) = (source.open_tree(name)?, destination.open_tree(name)?);
        let mut cursor = snapshot.scan(&from, KeyRange::all(), Direction::Forward)?;
        let mut batch = Batch::new();
        while let Some((key, value)) = cursor.next()? {
            let bytes = batch.byte_len() + key.len() + value.len();
            if !limits.admits_transaction(batch.len() + 1, bytes) {
                destination.apply(std::mem::take(&mut batch), Durability::None)?;
            }
            batch.put(&to, key, value);
            count += 1;
            if batch.byte_len() >= BYTES_PER_TRANSACTION {
                destination.apply(std::mem::take(&mut batch), Durability::None)?;
            }
        }
        destination.apply(batch, Durability::None)?;
    }
    destination.sync()?;
    Ok(count)
}
