//! Forgetting a version of a projection: removing its view and its position.
//!
//! The first commit replaces the position by a mark. Further ones remove the view in batches, and the
//! last one removes the mark. A program that applies events to a marked version first removes what is
//! left of its view, so that a call which was interrupted leaves no part of it behind.

use arbour_core::{KvRead as _, KvStore, KvWrite as _, Result};

use super::EventError;
use super::events::{Events, active_version};
use super::handling::check_not_handling;
use super::layout::{PROJECTION_TREE, log_tree, state_key};
use super::log::open_tree;
use super::projection_state::ProjectionState;
use super::view::View;
use crate::chunk_size::ChunkSize;
use crate::documents::chunk::CHUNK;
use crate::documents::clearing::Clearing;
use crate::key::Key as _;

impl Events {
    /// Removes everything a version of a projection holds, and its position, in batches of one
    /// transaction each. It must not be the active version, and no program that declares it may run.
    /// If the call is interrupted, call it again. A program that declares the version in between, or
    /// afterwards, builds it from the first event.
    ///
    /// # Errors
    /// [`Invalid`](EventError::Invalid) for the active version; errors of the store.
    ///
    /// ```
    /// # use arbour::{KvStore, events::{Events, Projection}};
    /// let store = arbour::open("memory:")?;
    /// let events = Events::builder(store.clone(), "main").build()?;
    /// store.put(&store.tree("bank.1.counter")?, b"count", b"1")?;
    /// events.forget("bank", 1)?;
    /// assert_eq!(store.stats()?.entries, 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn forget(&self, projection: &str, version: u32) -> Result<()> {
        check_not_handling()?;
        let store = self.store();
        let versions = open_tree(store, PROJECTION_TREE)?;
        let states = open_tree(store, &log_tree(self.inner.location.name()))?;
        let state_key = state_key(projection, version);
        let mark = ProjectionState::FORGOTTEN.encode();
        store.write(|transaction| {
            if active_version(store, transaction, projection)? == Some(version) {
                let reason = format!("version {version} of {projection:?} is read");
                let log = self.inner.location.name().to_owned();
                return Err(EventError::Invalid { log, reason }.into());
            }
            transaction.put(&states, &state_key, &mark)?;
            transaction.delete(&versions, &(projection, version).to_key_bytes())
        })?;
        let view = View::of(&store.snapshot()?, projection, version)?;
        let (mut is_left, mut clearing) = (true, Clearing::default());
        let mut size = ChunkSize::new(CHUNK);
        while is_left {
            is_left = size.write(store, |transaction, most| {
                // Another program may have removed the rest, and begun with the version anew.
                let is_marked =
                    transaction.get_with(&states, &state_key, |state| *state == mark)?;
                if is_marked != Some(true) {
                    return Ok(false);
                }
                if clearing.advance(transaction, &view.trees, most)?.len() == most {
                    return Ok(true);
                }
                view.remove_declarations(transaction)?;
                transaction.delete(&states, &state_key)?;
                Ok(false)
            })?;
        }
        Ok(())
    }
}
