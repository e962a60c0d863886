//! The runner of a subscription.

use std::sync::Arc;

use arbour_core::{KvRead, KvStore, KvWrite, Result};

use super::EventError;
use super::events::Events;
use super::handling::check_not_handling;
use super::log_location::LogLocation;

/// One runner of a subscription, which acknowledges events until another runner takes over.
pub(super) struct Runner<S: KvStore, L: KvStore> {
    pub(super) events: Events<S, L>,
    /// The subscription.
    pub(super) name: Arc<str>,
    /// The value that identifies this runner in the store.
    pub(super) id: Arc<[u8]>,
}

impl<S: KvStore, L: KvStore> Clone for Runner<S, L> {
    fn clone(&self) -> Self {
        let (events, name, id) =
            (self.events.clone(), Arc::clone(&self.name), Arc::clone(&self.id));
        Self { events, name, id }
    }
}

impl<S: KvStore, L: KvStore> Runner<S, L> {
    /// Acknowledges the events up to a position, in a transaction of its own. Writes only if the
    /// position is new.
    pub(super) fn acknowledge(&self, position: u64) -> Result<()> {
        check_not_handling()?;
        let LogLocation { store, log, .. } = &self.events.inner.location;
        let is_known = {
            let snapshot = store.snapshot()?;
            self.check(&snapshot)?;
            log.acknowledged(&snapshot, &self.name)? >= Some(position)
        };
        if is_known {
            return Ok(());
        }
        store.write(|transaction| self.acknowledge_in(transaction, position))
    }

    /// Does the same in a transaction of the log's store.
    pub(super) fn acknowledge_in<W: KvWrite>(
        &self,
        transaction: &mut W,
        position: u64,
    ) -> Result<()> {
        self.check(transaction)?;
        self.events.inner.location.log.acknowledge(transaction, &self.name, Some(position))
    }

    /// Checks that no other runner has taken over.
    fn check<R: KvRead>(&self, reader: &R) -> Result<()> {
        let log = &self.events.inner.location.log;
        let (tree, key) = (&log.trees.leases, self.name.as_bytes());
        if reader.get_with(tree, key, |last| *last == *self.id)? == Some(true) {
            return Ok(());
        }
        let (log, subscription) = (log.name().to_owned(), self.name.to_string());
        Err(EventError::Fenced { log, subscription }.into())
    }
}
