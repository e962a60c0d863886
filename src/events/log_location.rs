//! The location of the log: the store of the views, or a separate one.

use std::sync::Arc;

use arbour_core::{DynStore, KvRead, KvStore as _, Result, Writers};

use super::EventError;
use super::event_batch::{CHUNK_EVENTS, EventBatch};
use super::head::Head;
use super::log::Log;
use super::projection_state::ProjectionState;
use crate::GroupCommit;

/// The location of the log.
pub(super) struct LogLocation {
    /// The store of the log.
    pub(super) store: Arc<GroupCommit<DynStore>>,
    pub(super) log: Log,
    /// Whether the views are in the same store. The log is then read and appended to in their
    /// transactions.
    pub(super) is_beside_views: bool,
}

impl LogLocation {
    /// Opens the log in the store of the views.
    pub(super) fn together(views: Arc<GroupCommit<DynStore>>, log: &str) -> Result<Self> {
        let log = Log::open(&*views, log)?;
        Ok(Self { store: views, log, is_beside_views: true })
    }

    /// Opens the log in a separate store.
    pub(super) fn apart(store: DynStore, log: &str) -> Result<Self> {
        let log = Log::open(&store, log)?;
        Ok(Self { store: Arc::new(GroupCommit::new(store)), log, is_beside_views: false })
    }

    pub(super) fn name(&self) -> &str {
        self.log.name()
    }

    pub(super) fn head(&self) -> Result<Head> {
        self.log.head(&self.store.snapshot()?)
    }

    /// Returns the head up to which a transaction reads the events to apply.
    pub(super) fn head_for(&self, group: &impl KvRead) -> Result<Head> {
        if self.is_beside_views { self.log.head(group) } else { self.head() }
    }

    /// Reads the next events to apply in a transaction, and the head of the log that has them.
    pub(super) fn next_events(
        &self,
        group: &impl KvRead,
        after: u64,
    ) -> Result<(Head, EventBatch)> {
        // Events do not change, but each append changes the head. Where a transaction conflicts with whatever
        // changes what it has read, one that applies old events must not read the head.
        if self.is_beside_views && self.store.capabilities().writers == Writers::Many {
            let snapshot = self.store.snapshot()?;
            let head = self.log.head(&snapshot)?;
            if head.position > after.saturating_add(CHUNK_EVENTS as u64) {
                let events = self.log.chunk(&snapshot, after, head.position)?;
                return Ok((head, events));
            }
        }
        let head = self.head_for(group)?;
        let events = self.chunk(group, after, head.position)?;
        Ok((head, events))
    }

    /// Reads a batch of events to apply in a transaction.
    pub(super) fn chunk(&self, group: &impl KvRead, after: u64, until: u64) -> Result<EventBatch> {
        if self.is_beside_views {
            self.log.chunk(group, after, until)
        } else {
            self.log.chunk(&self.store.snapshot()?, after, until)
        }
    }

    /// Checks that a view was made from this log, and that the log does not end before the position
    /// of the view.
    pub(super) fn check_head(
        &self,
        head: &Head,
        reader: &str,
        state: &ProjectionState,
    ) -> Result<()> {
        if state.applied == 0 {
            return Ok(());
        }
        if head.position > 0 && head.log_id != state.log_id {
            return Err(EventError::Foreign {
                log: self.name().to_owned(),
                reader: reader.to_owned(),
                position: state.applied,
            }
            .into());
        }
        if head.position < state.applied {
            return Err(EventError::Truncated {
                log: self.name().to_owned(),
                reader: reader.to_owned(),
                applied: state.applied,
                newest: head.position,
            }
            .into());
        }
        if head.position == state.applied && head.hash != state.hash {
            return Err(EventError::Foreign {
                log: self.name().to_owned(),
                reader: reader.to_owned(),
                position: state.applied,
            }
            .into());
        }
        Ok(())
    }

    /// Does the same when a view is opened, and also checks the hash in the next event. Returns the
    /// head.
    pub(super) fn check(&self, reader: &str, state: &ProjectionState) -> Result<Head> {
        let snapshot = self.store.snapshot()?;
        let head = self.log.head(&snapshot)?;
        self.check_head(&head, reader, state)?;
        let next = if state.applied < head.position && state.applied + 1 >= head.first {
            self.log.get(&snapshot, state.applied + 1)?
        } else {
            None
        };
        let fits = next.is_none_or(|next| *next.as_event().hash_before == state.hash);
        if fits {
            return Ok(head);
        }
        Err(EventError::Foreign {
            log: self.name().to_owned(),
            reader: reader.to_owned(),
            position: state.applied,
        }
        .into())
    }
}
