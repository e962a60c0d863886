//! Writing what a case needs, in as many commits as the limits of the engine require.

use std::mem;

use arbour_core::{Batch, Durability, ErrorKind, KvStore, Result};

/// Applies a batch, in one commit if a transaction of the engine may be that large.
///
/// # Errors
/// The errors of the engine.
pub(crate) fn apply_in_parts<S: KvStore>(
    store: &S,
    batch: Batch,
    durability: Durability,
) -> Result<()> {
    let limits = store.capabilities().limits;
    if limits.admits_transaction(batch.len(), batch.byte_len()) {
        return store.apply(batch, durability);
    }
    let mut part = Batch::new();
    for write in batch.iter() {
        let bytes = write.key.len() + write.value.map_or(0, <[u8]>::len);
        if !limits.admits_transaction(part.len() + 1, part.byte_len() + bytes) {
            store.apply(mem::take(&mut part), durability)?;
        }
        match write.value {
            Some(value) => part.put(write.tree, write.key, value),
            None => part.delete(write.tree, write.key),
        }
    }
    store.apply(part, durability)
}

/// Returns how many things a case can write in one commit, if each takes at most 16 writes.
pub(crate) fn things_per_commit<S: KvStore>(store: &S) -> usize {
    match store.capabilities().limits.transaction_writes_max {
        usize::MAX => usize::MAX,
        writes => (writes / 16).max(1),
    }
}

/// Asserts that a call was refused because something is larger than a limit, and returns the text of the error.
#[track_caller]
pub(crate) fn refused_as_too_large<T>(result: Result<T>, what: &str) -> String {
    let error = result.err();
    assert!(error.is_some(), "{what} was not refused");
    let error = error.expect("it was asked just now");
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{what}: {error}");
    error.to_string()
}
