//! Applying outstanding events on the thread that waits for them.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arbour_core::{DynTransaction, ErrorKind, KvRead, KvStore as _, Operation, Result};
use parking_lot::MutexGuard;

use super::events::Inner;
use super::patience::{Patience, earlier};
use super::project::AppliedBatch;
use super::projection_state::ProjectionState;
use super::running_projection::{Advanced, RunningProjection};
use super::view::View;
use crate::chunk_size::ChunkSize;
use crate::conditional_write::{Written, write_if_needed};
use crate::documents::chunk::CHUNK;
use crate::documents::clearing::Clearing;
use crate::too_large::is_transaction_too_large;

/// How waiting for a projection ended.
#[derive(Clone, Debug)]
pub(super) enum Wait {
    Reached,
    TimedOut,
    ShutDown,
    Halted { position: u64, reason: String },
}

/// The result of trying to apply one batch of events.
pub(super) enum Step {
    /// Something was applied; there may be more.
    Moved(Reach),
    /// There is nothing to apply.
    Still(Reach),
    /// The next event failed, and is to be tried again.
    Failed,
    /// The projection is halted before this event.
    Halted { position: u64, reason: String },
}

/// A batch that was applied, and where the projection is then.
type Applied = (AppliedBatch, Reach);

/// The positions of a projection and of the log.
#[derive(Clone, Copy)]
pub(super) struct Reach {
    pub(super) applied: u64,
    pub(super) newest: u64,
}

/// How many times a wait without a timeout retries after `Busy`.
const REFUSALS_MAX: u32 = 3;

/// How long a thread waits after `Busy` before it asks for the writer again.
const BUSY_RETRY: Duration = Duration::from_millis(20);

impl Inner {
    /// Applies events until a projection has dealt with a position, or waits for another thread to.
    ///
    /// Each round reads the count of the signal before the position, so that a commit in between
    /// ends the wait at once.
    pub(super) fn drive_until(
        &self,
        running: &RunningProjection,
        position: u64,
        until: Option<Instant>,
    ) -> Result<Wait> {
        let mut patience = Patience::new(until, self.stall_timeout);
        let mut may_be_patient = true;
        let mut refusals = 0;
        loop {
            let mut seen = self.signal.count();
            let applied = running.applied.load(Ordering::Acquire);
            if applied >= position {
                return Ok(Wait::Reached);
            }
            if self.is_shut.load(Ordering::Acquire) {
                return Ok(Wait::ShutDown);
            }
            if !self.back_off(running, until) {
                return Ok(Wait::TimedOut);
            }
            let Some(turn) = self.take_turn(running, std::mem::take(&mut may_be_patient)) else {
                if patience.is_over(applied) {
                    return Ok(Wait::TimedOut);
                }
                self.signal.wait_past(seen, self.next_poll(patience.end(applied)));
                continue;
            };
            may_be_patient = true;
            if running.backs_off_until().is_some() {
                // The event failed on another thread between the check above and taking the turn.
                self.release(running, turn);
                continue;
            }
            let (step, woke_others) = self.step_in_turn(running, turn, false);
            patience.restart();
            if is_busy(&step) {
                refusals += 1;
                let is_late = until.is_some_and(|until| Instant::now() >= until);
                if !is_late && (until.is_some() || refusals < REFUSALS_MAX) {
                    let retry = Instant::now().checked_add(BUSY_RETRY);
                    self.signal.wait_past(seen, earlier(until, retry));
                    continue;
                }
                // This thread leaves: another that found the turn taken must retry in its place.
                self.signal.notify();
                if is_late {
                    return Ok(Wait::TimedOut);
                }
            }
            refusals = 0;
            // Do not wake up for this thread's own notification.
            seen += u64::from(woke_others);
            let applied = running.applied.load(Ordering::Acquire);
            match step? {
                Step::Still(reach) if reach.applied >= position => return Ok(Wait::Reached),
                Step::Halted { position, reason } => return Ok(Wait::Halted { position, reason }),
                _ if applied < position && patience.is_over(applied) => return Ok(Wait::TimedOut),
                Step::Still(_) => {
                    self.signal.wait_past(seen, self.next_poll(patience.end(applied)));
                }
                Step::Moved(_) | Step::Failed => {}
            }
        }
    }

    /// Takes the turn, unless another thread has it or is about to commit. A dispatching thread
    /// holds the writer and notifies when it is done: a patient thread waits for that notification,
    /// and not for the writer, so that it can watch its own deadline.
    fn take_turn<'r>(
        &self,
        running: &'r RunningProjection,
        is_patient: bool,
    ) -> Option<MutexGuard<'r, ()>> {
        if is_patient && self.dispatching.load(Ordering::Acquire) > 0 {
            return None;
        }
        running.turn.take()
    }

    /// Returns the versions that this program applies.
    pub(super) fn served_projections(&self) -> Result<Vec<&RunningProjection>> {
        let snapshot = self.views.inner().snapshot()?;
        let mut projections = Vec::new();
        for running in &self.projections {
            if self.serves(running, running.active_version(&snapshot)?) {
                projections.push(running);
            }
        }
        Ok(projections)
    }

    /// Returns when to read the store again if no notification arrives; `None` for never.
    pub(super) fn next_poll(&self, until: Option<Instant>) -> Option<Instant> {
        earlier(until, Instant::now().checked_add(self.signal.poll_interval(self.poll)))
    }

    /// Waits for the backoff of an event that failed, on this or another thread. Returns `false` if
    /// the backoff ends after `until`.
    pub(super) fn back_off(&self, running: &RunningProjection, until: Option<Instant>) -> bool {
        let Some(wake) = running.backs_off_until() else { return true };
        if until.is_some_and(|until| until < wake) {
            return false;
        }
        // Shutting down wakes a thread that waits here.
        while Instant::now() < wake && !self.is_shut.load(Ordering::Acquire) {
            self.signal.wait_past(self.signal.count(), Some(wake));
        }
        true
    }

    /// Releases the turn, and notifies the threads that found it taken. Tells whether there were
    /// any.
    fn release(&self, running: &RunningProjection, turn: MutexGuard<'_, ()>) -> bool {
        let is_wanted = running.turn.release(turn);
        if is_wanted {
            self.signal.notify();
        }
        is_wanted
    }

    /// Applies one batch of events and releases the turn. It notifies other threads if something
    /// changed or if they found the turn taken, and tells whether it did.
    ///
    /// If the store reports `Busy`, no thread is notified: this thread retries after a while, and
    /// the others would get `Busy` as well and wake each other endlessly. A caller that does not
    /// retry must notify.
    pub(super) fn step_in_turn(
        &self,
        running: &RunningProjection,
        turn: MutexGuard<'_, ()>,
        activates: bool,
    ) -> (Result<Step>, bool) {
        let step = self.step(running, activates);
        if is_busy(&step) {
            return (step, false);
        }
        let mut woke_others = self.release(running, turn);
        if !woke_others && !matches!(step, Ok(Step::Still(_))) {
            self.signal.notify();
            woke_others = true;
        }
        (step, woke_others)
    }

    /// Applies one batch of events. The caller has the turn. A version that is being built becomes
    /// active in the commit that applies the newest event, if the caller asks for it or if the
    /// version takes over.
    fn step(&self, running: &RunningProjection, activates: bool) -> Result<Step> {
        let span = tracing::debug_span!("apply", projection = running.name());
        let _entered = span.enter();
        loop {
            let most = running.chunk_events.load(Ordering::Relaxed);
            match self.step_of(running, activates, most) {
                Err(error) if is_transaction_too_large(&error) && self.clears(running)? => {}
                // How much an event makes its handlers write is known only now.
                Err(error) if is_transaction_too_large(&error) && most > 1 => {
                    running.chunk_events.store(most / 2, Ordering::Relaxed);
                }
                step => return step,
            }
        }
    }

    /// Removes what is left of the view of a version that is being forgotten, in chunks. Returns whether
    /// there was anything.
    fn clears(&self, running: &RunningProjection) -> Result<bool> {
        let (views, snapshot) = (self.views.inner(), self.views.inner().snapshot()?);
        if !running.state(&snapshot)?.is_forgotten {
            return Ok(false);
        }
        let view = View::of(&snapshot, running.name(), running.declared.version())?;
        let (mut clearing, mut size) = (Clearing::default(), ChunkSize::new(CHUNK));
        let mut has_removed = false;
        loop {
            let removed = size.write(views, |transaction, most| {
                // Another program may have removed it, and begun with the version anew.
                if !running.state(transaction)?.is_forgotten {
                    return Ok(0);
                }
                Ok(clearing.advance(transaction, &view.trees, most)?.len())
            })?;
            if removed == 0 {
                return Ok(has_removed);
            }
            has_removed = true;
        }
    }

    /// Applies the next events, at most so many, and commits.
    fn step_of(&self, running: &RunningProjection, activates: bool, most: usize) -> Result<Step> {
        let step = |transaction: &mut DynTransaction<'_>| {
            self.step_within(running, transaction, activates, most)
        };
        let (step, batch) = write_if_needed(self.views.inner(), self.view_durability, step)?;
        if let Some((batch, Reach { applied, newest })) = batch {
            self.publish(running, &batch);
            tracing::debug!(applied, lag = newest.saturating_sub(applied), "applied");
        }
        Ok(step)
    }

    fn step_within(
        &self,
        running: &RunningProjection,
        transaction: &mut DynTransaction<'_>,
        activates: bool,
        most: usize,
    ) -> Result<Written<(Step, Option<Applied>)>> {
        let mut state = running.state(transaction)?;
        if state.is_halted {
            return Ok(Written::Nothing((self.halted(running, transaction, &state)?, None)));
        }
        let active = running.active_version(transaction)?;
        let is_active = active == Some(running.declared.version());
        let activates = !is_active && (activates || self.takes_over(running, active));
        state.is_building |= activates;
        let (head, mut events) = self.location.next_events(transaction, state.applied)?;
        events.truncate(most);
        let mut batch =
            self.project(running, transaction, state, &head, &events, &mut |_, _| {})?;
        let reach = Reach { applied: batch.state.applied, newest: head.position };
        let is_activated = activates && reach.applied == reach.newest;
        if is_activated {
            batch.state.is_building = false;
            running.save(transaction, &batch.state)?;
            running.activate(transaction)?;
        }
        let is_still = events.is_empty() && !is_activated;
        let step = match &batch.ended {
            Advanced::All if is_still => Step::Still(reach),
            Advanced::All => Step::Moved(reach),
            Advanced::Failed(_) => Step::Failed,
            Advanced::Halted(reason) => {
                Step::Halted { position: reach.applied + 1, reason: reason.clone() }
            }
        };
        let result = (step, Some((batch, reach)));
        Ok(if is_still { Written::Nothing(result) } else { Written::Something(result) })
    }

    fn halted<R: KvRead>(
        &self,
        running: &RunningProjection,
        reader: &R,
        state: &ProjectionState,
    ) -> Result<Step> {
        let position = state.applied + 1;
        let dead = running.dead_letter(reader, position)?;
        let reason = dead.map_or_else(|| "an event failed".to_owned(), |dead| dead.reason);
        Ok(Step::Halted { position, reason })
    }
}

/// Tells whether the store refused the writer with `Busy`.
pub(super) fn is_busy(step: &Result<Step>) -> bool {
    matches!(step, Err(error)
        if error.kind() == ErrorKind::Busy && error.operation() != Operation::Layer)
}
