//! Events with the projection that makes accounts of the deposits.

use std::sync::Arc;

use arbour::events::{Events, Projection};
use arbour_core::{Durability, KvStore, Result};

use super::account::{Accounts, Document, collection};
use super::log::LOG;

/// The name of every projection that is measured.
pub(super) const BANK: &str = "bank";

/// Opens events with one inline projection, whose views survive a loss of power.
pub(super) fn open<S: KvStore>(store: Arc<S>, document: Document) -> Result<Events> {
    let bank = bank(&*store, document)?;
    Events::builder(store, LOG).projection(bank).build()
}

/// Does the same with a projection that lags behind.
pub(super) fn open_behind<S: KvStore>(store: Arc<S>, document: Document) -> Result<Events> {
    let bank = bank(&*store, document)?.behind();
    Events::builder(store, LOG).projection(bank).build()
}

/// Opens events whose log is in another store than their views.
pub(super) fn open_apart<S: KvStore>(
    store: Arc<S>,
    log: Arc<S>,
    views: Durability,
) -> Result<Events> {
    let bank = bank(&*store, Document::OfStream)?;
    let builder = Events::builder(store, LOG).projection(bank).view_durability(views);
    builder.log_in(log).build()
}

fn bank<S: KvStore>(store: &S, document: Document) -> Result<Projection> {
    let bank = Projection::new(BANK, 1);
    let accounts = collection(store, &bank)?;
    Ok(bank.model(Accounts::new(accounts, document)))
}
