//! Applying events in the commit that appends them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arbour_core::{Durability, DynTransaction, KvRead, KvStore as _, KvWrite, Result};

use super::append::{Append, Appended};
use super::events::{Events, Inner};
use super::log::AppendedChunk;
use super::outcome::Outcome;
use super::project::AppliedBatch;
use super::projection_state::ProjectionState;
use super::running_projection::RunningProjection;
use crate::too_large::is_transaction_too_large;

/// How far a projection may lag behind and still catch up in the commit of a new event.
const INLINE_LAG_MAX: u64 = 100;

/// Counts the thread as dispatching while the value lives.
struct Dispatching<'c>(&'c AtomicUsize);

impl<'c> Dispatching<'c> {
    fn new(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Dispatching<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What a projection made of events in the commit that appended them.
pub(super) struct Inlined {
    /// The index of the running projection.
    pub(super) running: usize,
    /// Whether it is about to become the active version. Waiting threads build it then.
    takes_over: bool,
    /// The state before the events.
    pub(super) state: ProjectionState,
    /// What was applied; `None` if that is left to the threads that wait for it.
    pub(super) batch: Option<AppliedBatch>,
    /// One outcome for each event, if all were dealt with.
    pub(super) outcomes: Vec<Outcome>,
}

impl Events {
    /// Appends events and applies them in the same commit where possible.
    pub(super) fn append_and_apply(
        &self,
        append: Append,
        durability: Durability,
    ) -> Result<(Appended, Vec<Inlined>)> {
        let append = Arc::new(append);
        let _dispatching = Dispatching::new(&self.inner.dispatching);
        let written = match self.append_in_group(&append, durability, true) {
            // The events may fit without what the projections make of them, which is committed next then.
            Err(error) if is_transaction_too_large(&error) => {
                self.append_in_group(&append, durability, false)
            }
            written => written,
        };
        let (appended, done) = written?;
        for inlined in &done {
            let running = self.inner.projections.get(inlined.running);
            if let (Some(running), Some(batch)) = (running, &inlined.batch) {
                self.inner.publish(running, batch);
            }
        }
        Ok((appended, done))
    }

    fn append_in_group(
        &self,
        append: &Arc<Append>,
        durability: Durability,
        applies: bool,
    ) -> Result<(Appended, Vec<Inlined>)> {
        let (inner, append) = (Arc::clone(&self.inner), Arc::clone(append));
        self.inner.views.write_grouped(durability, move |transaction| {
            let mut view = DynTransaction::within(transaction);
            let done = inner.append_within(&mut view, &append, applies)?;
            view.commit()?;
            Ok(done)
        })
    }
}

impl Inner {
    /// Appends events in a transaction of the store that holds the log and the views, and applies
    /// them there where possible.
    pub(super) fn append_within(
        &self,
        view: &mut DynTransaction<'_>,
        append: &Append,
        applies: bool,
    ) -> Result<(Appended, Vec<Inlined>)> {
        view.prefetch(&|| {
            let inline = self.projections.iter().filter(|running| running.declared.is_inline);
            let mut reads = self.location.log.reads_of(append);
            reads.extend(inline.flat_map(|running| running.reads()));
            reads
        })?;
        // Read before writing: pages that this transaction has not changed yet are quicker to read.
        let mut done = self.inline_projections_at(view)?;
        let appended = self.location.log.append_chunk(view, append)?;
        for inlined in done.iter_mut().filter(|_| applies) {
            self.apply_inline(inlined, view, &appended)?;
        }
        Ok((appended.appended, done))
    }

    /// Returns the inline projections that a dispatch waits for. Which version is active is read
    /// from the store.
    fn inline_projections_at<R: KvRead>(&self, reader: &R) -> Result<Vec<Inlined>> {
        let mut projections = Vec::new();
        for (number, running) in self.projections.iter().enumerate() {
            if !running.declared.is_inline {
                continue;
            }
            let active = running.active_version(reader)?;
            if self.serves(running, active) {
                let takes_over = self.takes_over(running, active);
                let state = running.state(reader)?;
                let outcomes = Vec::new();
                let inlined = Inlined { running: number, takes_over, state, batch: None, outcomes };
                projections.push(inlined);
            }
        }
        Ok(projections)
    }

    /// Does the same outside a commit, for events already in the log. An error becomes the outcome
    /// of every event.
    pub(super) fn inline_projections(&self, appended: Appended) -> Vec<Inlined> {
        let snapshot = self.views.inner().snapshot();
        snapshot.and_then(|snapshot| self.inline_projections_at(&snapshot)).unwrap_or_else(
            |error| {
                let count = (appended.last + 1 - appended.first) as usize;
                let is_inline = |running: &RunningProjection| running.declared.is_inline;
                let projections =
                    self.projections.iter().enumerate().filter(|(_, running)| is_inline(running));
                let unknown = |(running, _)| Inlined {
                    running,
                    takes_over: true,
                    state: ProjectionState::NEW,
                    batch: None,
                    outcomes: vec![Outcome::Unknown { reason: error.to_string() }; count],
                };
                projections.map(unknown).collect()
            },
        )
    }

    fn apply_inline(
        &self,
        inlined: &mut Inlined,
        view: &mut DynTransaction<'_>,
        AppendedChunk { appended, head, chunk }: &AppendedChunk,
    ) -> Result<()> {
        let Some(running) = self.projections.get(inlined.running) else { return Ok(()) };
        let state = inlined.state;
        let lag = appended.last.saturating_sub(state.applied);
        // An event that has failed before may fail again, so it is not retried while other threads
        // wait for this commit.
        let is_retried = running.tries() > 0;
        let is_elsewhere = inlined.takes_over || state.is_halted;
        if is_elsewhere || appended.is_repeated || lag > INLINE_LAG_MAX || is_retried {
            return Ok(());
        }
        let with_earlier;
        let events = if state.applied + 1 == appended.first {
            chunk
        } else {
            with_earlier = self.location.log.chunk(view, state.applied, appended.last)?;
            &with_earlier
        };
        let outcomes = &mut inlined.outcomes;
        let batch = self.project(running, view, state, head, events, &mut |position, fate| {
            if position >= appended.first {
                outcomes.push(Outcome::of(fate));
            }
        })?;
        inlined.batch = Some(batch);
        Ok(())
    }
}
