//! The mark of a store that is being filled.

use arbour_core::engine::TreeName;
use arbour_core::{Durability, KvRead, KvStore, KvWrite as _, Result};

use super::TransferError;

/// The tree of the mark.
const TREE: &str = "arbour/transfer";

/// The tree of leases.
const LEASES: &str = "arbour/lease";

/// The key of the mark.
const KEY: &[u8] = b"unfinished";

/// The format of its value.
const FORMAT: u8 = 1;

/// Tells whether a tree is excluded from transfers.
pub(super) fn is_left_out(tree: &str) -> bool {
    tree == TREE || tree == LEASES
}

/// Tells whether a transfer into this store was started and is not complete. Such a store should
/// not be used.
///
/// # Errors
/// Errors of the store.
///
/// ```
/// use arbour::transfer::is_unfinished;
/// assert!(!is_unfinished(&arbour::MemoryStore::new())?);
/// # Ok::<(), arbour::Error>(())
/// ```
pub fn is_unfinished(store: &impl KvStore) -> Result<bool> {
    let tree = store.open_tree(TreeName::layer(TREE)?)?;
    store.snapshot()?.contains(&tree, KEY)
}

/// Tells whether a store has no entries, and no mark.
pub(super) fn is_empty(store: &impl KvStore) -> Result<bool> {
    Ok(!is_unfinished(store)? && store.snapshot()?.trees()?.iter().all(|name| is_left_out(name)))
}

/// Marks a store before anything is written to it. A store with entries is refused, unless it is
/// already marked or is to be replaced. Tells whether there may be entries.
pub(super) fn set(store: &impl KvStore, replaces: bool) -> Result<bool> {
    let tree = store.open_tree(TreeName::layer(TREE)?)?;
    store.write_with(Durability::PowerLoss, |transaction| {
        if transaction.contains(&tree, KEY)? {
            return Ok(true);
        }
        let holds = transaction.trees()?.into_iter().find(|name| !is_left_out(name));
        if let Some(tree) = holds.as_ref().filter(|_| !replaces) {
            return Err(TransferError::NotEmpty { tree: tree.clone() }.into());
        }
        transaction.put(&tree, KEY, &[FORMAT])?;
        Ok(holds.is_some())
    })
}

/// Removes the mark of a complete transfer.
pub(super) fn clear(store: &impl KvStore) -> Result<()> {
    let tree = store.open_tree(TreeName::layer(TREE)?)?;
    store.write_with(Durability::PowerLoss, |transaction| transaction.delete(&tree, KEY))
}
