//! A transaction that is committed only if it wrote something.

use arbour_core::engine::Backoff;
use arbour_core::{Durability, KvStore, KvWrite as _, Result};

/// What a transaction is for.
pub(crate) enum Written<R> {
    /// It wrote something, which is to be committed.
    Something(R),
    /// It found nothing to write, and is rolled back, so that polling does not commit.
    Nothing(R),
}

/// Runs a closure in a transaction as [`KvStore::write_with`] does, and rolls it back if nothing was
/// written. The closure runs again after a conflict.
///
/// # Errors
/// As [`KvStore::write_with`].
pub(crate) fn write_if_needed<S: KvStore, R>(
    store: &S,
    durability: Durability,
    mut run: impl FnMut(&mut S::Transaction<'_>) -> Result<Written<R>>,
) -> Result<R> {
    let mut backoff = None;
    loop {
        let mut transaction = store.begin_with(durability)?;
        let result = match run(&mut transaction)? {
            Written::Something(result) => result,
            Written::Nothing(result) => {
                transaction.rollback()?;
                return Ok(result);
            }
        };
        match transaction.commit() {
            Ok(()) => return Ok(result),
            Err(error) => backoff
                .get_or_insert_with(|| Backoff::new(store.writer_wait()))
                .pause_after(error)?,
        }
    }
}
