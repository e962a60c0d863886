//! Applying a batch of events to the view of a projection, whether the events are being appended in
//! the same transaction or are in the log already.

use arbour_core::{DynTransaction, Result};

use super::counters::Counters;
use super::event_batch::EventBatch;
use super::events::Inner;
use super::handling::handling;
use super::head::Head;
use super::projection_state::ProjectionState;
use super::running_projection::{Advanced, Fate, RunningProjection};

/// A batch that was applied in a transaction. Other threads do not know of it before
/// [`publish`](Inner::publish).
pub(super) struct AppliedBatch {
    /// The position before the batch.
    before: u64,
    /// The state after it, as it was stored.
    pub(super) state: ProjectionState,
    /// How applying ended.
    pub(super) ended: Advanced,
    dead_lettered: u64,
}

impl Inner {
    /// Applies a batch that follows a state in a log with this head, and reports the fate of each
    /// event. If one fails, those before it stay applied.
    pub(super) fn project(
        &self,
        running: &RunningProjection,
        group: &mut DynTransaction<'_>,
        mut state: ProjectionState,
        head: &Head,
        batch: &EventBatch,
        report: &mut dyn FnMut(u64, Fate),
    ) -> Result<AppliedBatch> {
        self.location.check_head(head, running.name(), &state)?;
        let before = state.applied;
        state.log_id = head.log_id;
        let mut dead_lettered = 0;
        let ended = handling(|| {
            running.advance(group, &mut state, batch, &mut |position, fate| {
                dead_lettered += u64::from(matches!(fate, Fate::Dead(_)));
                report(position, fate);
            })
        })?;
        Ok(AppliedBatch { before, state, ended, dead_lettered })
    }

    /// Tells the other threads of this process about a batch. Call it only after the commit: they
    /// take the position for committed.
    pub(super) fn publish(&self, running: &RunningProjection, batch: &AppliedBatch) {
        running.committed(&batch.state);
        Counters::add(&self.counters.applied, batch.state.applied - batch.before);
        Counters::add(&self.counters.dead_lettered, batch.dead_lettered);
        match batch.ended {
            Advanced::All => {}
            Advanced::Failed(_) => {
                Counters::add(&self.counters.failed, 1);
                running.count_try();
            }
            Advanced::Halted(_) => Counters::add(&self.counters.failed, 1),
        }
    }
}
