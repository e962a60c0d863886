//! The log that is measured.

use arbour::events::{Append, Log};
use arbour_core::{Durability, KvStore, KvWrite as _, Result};

/// The name of every log that is measured.
pub(super) const LOG: &str = "main";

/// Appends events in one transaction that survives a loss of power.
pub(super) fn append<S: KvStore>(store: &S, log: &Log, append: &Append) -> Result<()> {
    let mut transaction = store.begin_with(Durability::PowerLoss)?;
    log.append(&mut transaction, append)?;
    transaction.commit()
}
