//! A log of deposits, and the accounts that are made of it.

use std::sync::Arc;

use arbour::events::{Append, EventError, Events, Log, Pace, Projection};
use arbour_core::{Durability, Error, ErrorKind, KvStore, KvWrite as _, Operation, Result};

use super::account::{Accounts, Document, collection};

/// The name of every log that is measured.
pub(super) const LOG: &str = "main";

/// The name of every projection that is measured.
pub(super) const BANK: &str = "bank";

/// Converts an error of the events to one of the store.
pub(super) fn failed(cause: EventError) -> Error {
    match cause {
        EventError::Store(error) => error,
        other => Error::new(ErrorKind::Engine, Operation::Open, "events failed").with_source(other),
    }
}

/// Opens events with one projection, whose views survive a loss of power.
pub(super) fn open<S: KvStore>(store: Arc<S>, pace: Pace, document: Document) -> Result<Events<S>> {
    let bank = bank(&*store, pace, document)?;
    Events::builder(store, LOG).projection(bank).build().map_err(failed)
}

/// Opens events whose log is in another store than their views.
pub(super) fn open_apart<S: KvStore>(
    store: Arc<S>,
    log: Arc<S>,
    views: Durability,
) -> Result<Events<S>> {
    let bank = bank(&*store, Pace::Inline, Document::OfStream)?;
    let builder = Events::builder(store, LOG).projection(bank).view_durability(views);
    builder.log_in(log).build().map_err(failed)
}

fn bank<S: KvStore>(store: &S, pace: Pace, document: Document) -> Result<Projection<S>> {
    let bank = Projection::new(BANK, 1).pace(pace);
    let accounts = collection(store, &bank).map_err(|error| failed(error.into()))?;
    Ok(bank.model(Accounts::new(accounts, document)))
}

/// Appends events in one transaction that survives a loss of power.
pub(super) fn append<S: KvStore>(store: &S, log: &Log, append: &Append) -> Result<()> {
    let mut transaction = store.begin_with(Durability::PowerLoss)?;
    log.append(&mut transaction, append).map_err(failed)?;
    transaction.commit()
}
