//! The log that is measured.

use arbour::events::{Append, EventError, Log};
use arbour_core::{Durability, Error, ErrorKind, KvStore, KvWrite as _, Operation, Result};

/// The name of every log that is measured.
pub(super) const LOG: &str = "main";

/// Converts an error of the events to one of the store.
pub(super) fn failed(cause: EventError) -> Error {
    match cause {
        EventError::Store(error) => error,
        other => Error::new(ErrorKind::Engine, Operation::Open, "events failed").with_source(other),
    }
}

/// Appends events in one transaction that survives a loss of power.
pub(super) fn append<S: KvStore>(store: &S, log: &Log, append: &Append) -> Result<()> {
    let mut transaction = store.begin_with(Durability::PowerLoss)?;
    log.append(&mut transaction, append).map_err(failed)?;
    transaction.commit()
}
