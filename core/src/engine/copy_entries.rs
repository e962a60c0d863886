//! Copying what a store holds, for backups of engines that have none.

use crate::engine::TreeName;
use crate::{Batch, Cursor, Direction, Durability, KeyRange, KvRead, KvStore, Result};

/// How many bytes of keys and values are copied in one transaction: enough to make its commit
/// cheap by comparison, little enough for any engine to hold.
const BYTES_PER_TRANSACTION: usize = 8 * 1024 * 1024;

/// Copies every tree of one store, as it is now, into another, whatever the engines, and returns
/// the number of entries. Arbour's own trees are copied too.
///
/// It is what an engine's `backup` is made of that has nothing better, inside
/// [`write_backup`](crate::engine::write_backup). A program that moves its store uses `arbour::transfer::copy`, which
/// goes on after a crash, and reads back what it wrote.
///
/// Keys the destination already has are overwritten, its other keys stay. When it returns
/// everything is durable against the loss of power.
///
/// # Errors
/// What either side reports, [`TooLarge`](crate::ErrorKind::TooLarge) among it if the destination
/// takes less. The destination then holds a part, in whole transactions: copy into an empty store
/// and throw that away.
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
    let snapshot = source.snapshot()?;
    let mut count = 0;
    for name in snapshot.trees()? {
        let name = TreeName::stored(&name)?;
        let (from, to) = (source.open_tree(name)?, destination.open_tree(name)?);
        let mut cursor = snapshot.scan(&from, KeyRange::all(), Direction::Forward)?;
        let mut batch = Batch::new();
        while let Some((key, value)) = cursor.next()? {
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
