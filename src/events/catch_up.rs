//! Catching up, waiting and rebuilding.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arbour_core::{DynSnapshot, KvStore as _, Result};

use super::EventError;
use super::drive::{Reach, Step, Wait, is_busy};
use super::events::Events;
use super::handling::check_not_handling;
use super::patience::Patience;
use super::running_projection::RunningProjection;
use crate::Progress;

impl Events {
    /// Applies all events that a projection has not applied yet, and returns the position it has
    /// reached. Events that are appended meanwhile may be left over. The events are committed in
    /// batches, and a committed batch stays applied even if a later one fails.
    ///
    /// # Errors
    /// [`Halted`](EventError::Halted) if the projection is halted,
    /// [`ShutDown`](EventError::ShutDown), [`Truncated`](EventError::Truncated) and
    /// [`Foreign`](EventError::Foreign); [`TimedOut`](EventError::TimedOut) if another thread is
    /// applying events and commits nothing for the [stall
    /// timeout](super::EventsBuilder::stall_timeout); errors of the store, such as
    /// [`Busy`](crate::ErrorKind::Busy) if this thread itself has a transaction open.
    ///
    /// ```
    /// # use arbour::events::{Dispatch, Events, NewEvent, Projection};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main")
    ///     .projection(Projection::new("bank", 1).behind())
    ///     .build()?;
    /// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// assert_eq!(events.catch_up("bank")?, 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn catch_up(&self, projection: &str) -> Result<u64> {
        self.catch_up_with(projection, &mut |_| ControlFlow::Continue(()))
    }

    /// Does the same as [`catch_up`](Self::catch_up), and reports progress after each commit, even
    /// if another thread made it. It ends when no events are left or when the closure breaks; what
    /// was applied until then stays applied.
    ///
    /// # Errors
    /// As [`catch_up`](Self::catch_up).
    ///
    /// ```
    /// # use std::ops::ControlFlow;
    /// # use arbour::events::{Events, Projection};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main")
    ///     .projection(Projection::new("bank", 1))
    ///     .build()?;
    /// let applied = events.catch_up_with("bank", &mut |progress| {
    ///     eprintln!("{} events are applied", progress.done);
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(applied, 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn catch_up_with(
        &self,
        projection: &str,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<u64> {
        check_not_handling()?;
        let (running, state, is_active) = {
            let snapshot = self.store().snapshot()?;
            let running = self.inner.served_at(&snapshot, projection)?;
            (running, running.state(&snapshot)?, running.is_active_at(&snapshot)?)
        };
        self.inner.location.check(running.name(), &state)?;
        if !is_active {
            return Ok(self.build(running, false, progress)?.applied);
        }
        let (began, total) = (Instant::now(), self.head()?.position);
        let mut done = running.applied.load(Ordering::Acquire);
        while done < total {
            // Waiting for the next event suffices: whichever thread applies it applies a whole batch.
            let wait = self.inner.drive_until(running, done + 1, None)?;
            self.ended(running, wait)?;
            done = running.applied.load(Ordering::Acquire);
            let reached = Progress::new(projection, began, state.applied).at(done, Some(total));
            if done < total && progress(reached).is_break() {
                break;
            }
        }
        Ok(done)
    }

    /// Waits until a projection has dealt with a position, and returns a snapshot that is at least
    /// as new. The call applies at least one batch of events, and waits for the store's writer no
    /// longer than the store's own busy timeout.
    ///
    /// # Errors
    /// [`TimedOut`](EventError::TimedOut), also if there is no such event yet;
    /// [`Halted`](EventError::Halted) if the projection halts before it; and as
    /// [`catch_up`](Self::catch_up).
    ///
    /// ```
    /// # use arbour::events::{Events, NewEvent, Projection};
    /// # use std::time::Duration;
    /// let events = Events::builder(arbour::MemoryStore::new(), "main")
    ///     .projection(Projection::new("bank", 1))
    ///     .build()?;
    /// let dispatched = events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// let snapshot = events.wait_for("bank", dispatched.appended.last, Duration::from_secs(1))?;
    /// # let _ = snapshot;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn wait_for(
        &self,
        projection: &str,
        position: u64,
        timeout: Duration,
    ) -> Result<DynSnapshot<'_>> {
        check_not_handling()?;
        let running = {
            let snapshot = self.store().snapshot()?;
            let running = self.inner.served_at(&snapshot, projection)?;
            if running.state(&snapshot)?.applied >= position {
                return Ok(snapshot);
            }
            running
        };
        let until = Instant::now().checked_add(timeout);
        let wait = self.inner.drive_until(running, position, until)?;
        self.ended(running, wait)?;
        self.store().snapshot()
    }

    /// Applies events of all projections as they are appended, until the events are [shut
    /// down](Self::shut_down) or a projection is halted. Run it on a thread of the program's own
    /// for projections that lag [behind](super::Projection::behind).
    ///
    /// # Errors
    /// As [`catch_up`](Self::catch_up), except [`ShutDown`](EventError::ShutDown): shutting down
    /// makes this return `Ok`.
    ///
    /// ```
    /// # use arbour::events::{Events, NewEvent, Projection};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main")
    ///     .projection(Projection::new("bank", 1).behind())
    ///     .build()?;
    /// std::thread::scope(|scope| {
    ///     let follower = scope.spawn(|| events.follow());
    ///     events.shut_down();
    ///     follower.join().unwrap()
    /// })?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn follow(&self) -> Result<()> {
        check_not_handling()?;
        loop {
            let seen = self.inner.signal.count();
            let newest = self.head()?.position;
            let mut lags = false;
            for running in self.inner.served_projections()? {
                match self.inner.drive_until(running, newest, None)? {
                    Wait::ShutDown => return Ok(()),
                    // Another thread is slow. A follower has no deadline, so it keeps waiting.
                    Wait::TimedOut => {}
                    wait => self.ended(running, wait)?,
                }
                lags |= running.applied.load(Ordering::Acquire) < newest;
            }
            if self.inner.is_shut.load(Ordering::Acquire) {
                return Ok(());
            }
            if !lags {
                self.inner.signal.wait_past(seen, self.inner.next_poll(None));
            }
        }
    }

    fn ended(&self, running: &RunningProjection, wait: Wait) -> Result<()> {
        match wait {
            Wait::Reached => Ok(()),
            Wait::TimedOut => {
                let applied = running.applied.load(Ordering::Acquire);
                let what = format!("the projection {:?} is at position {applied}", running.name());
                Err(EventError::TimedOut { what }.into())
            }
            Wait::ShutDown => {
                Err(EventError::ShutDown { log: self.inner.location.name().to_owned() }.into())
            }
            Wait::Halted { position, reason } => {
                Err(EventError::Halted { projection: running.name().to_owned(), position, reason }
                    .into())
            }
        }
    }

    /// Builds a version of a projection next to the active one, and switches to it in the commit
    /// that brings it up to date. Until then the active version is kept up to date and stays
    /// readable.
    ///
    /// A rebuild that is interrupted resumes where it stopped when it is called again; until then
    /// the version is [`Building`](super::VersionState::Building). If the version is halted at an
    /// event, calling this tries the event again. The version that was read before stays as it is,
    /// until it is [forgotten](Self::forget).
    ///
    /// # Errors
    /// As [`catch_up`](Self::catch_up); [`Invalid`](EventError::Invalid) for a version that was not
    /// declared.
    ///
    /// ```
    /// # use std::ops::ControlFlow;
    /// # use arbour::events::{Events, Projection};
    /// let store = arbour::open("memory:")?;
    /// Events::builder(store.clone(), "main").projection(Projection::new("bank", 1)).build()?;
    /// let events = Events::builder(store, "main")
    ///     .projection(Projection::new("bank", 1))
    ///     .projection(Projection::new("bank", 2))
    ///     .build()?;
    /// let is_done = events.rebuild("bank", 2, &mut |progress| {
    ///     eprintln!("{} events are applied", progress.done);
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert!(is_done && events.status()?[1].is_active());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn rebuild(
        &self,
        projection: &str,
        version: u32,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<bool> {
        check_not_handling()?;
        let running = self.inner.version(projection, version)?;
        self.inner.leave_halt(running, |_, _| Ok(()))?;
        let reached = self.build(running, true, progress)?;
        Ok(reached.applied >= reached.newest)
    }

    /// Applies what a view lacks when it is opened, up to an event that fails.
    pub(super) fn apply_at_opening(
        &self,
        projection: &str,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<()> {
        check_not_handling()?;
        let running = self.inner.served(projection)?;
        let (began, before) = (Instant::now(), running.applied.load(Ordering::Acquire));
        // No other thread has this handle yet, so the turn is free.
        while let Some(turn) = running.turn.take() {
            let (step, _) = self.inner.step_in_turn(running, turn, false);
            let Step::Moved(reach) = step? else { break };
            let reached =
                Progress::new(projection, began, before).at(reach.applied, Some(reach.newest));
            if reach.applied >= reach.newest || progress(reached).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Applies all events to a version that is not read yet, and returns the position it has
    /// reached.
    fn build(
        &self,
        running: &RunningProjection,
        activates: bool,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Reach> {
        let inner = &*self.inner;
        let (began, before) = (Instant::now(), running.state(&self.store().snapshot()?)?.applied);
        let mut patience = Patience::new(None, inner.stall_timeout);
        loop {
            inner.check_open()?;
            let seen = inner.signal.count();
            let Some(turn) = running.turn.take() else {
                let applied = running.applied.load(Ordering::Acquire);
                if patience.is_over(applied) {
                    self.ended(running, Wait::TimedOut)?;
                }
                inner.signal.wait_past(seen, inner.next_poll(patience.end(applied)));
                continue;
            };
            let (step, _) = inner.step_in_turn(running, turn, activates);
            patience.restart();
            if is_busy(&step) {
                inner.signal.notify();
            }
            let reach = match step? {
                Step::Moved(reach) | Step::Still(reach) => reach,
                Step::Failed => {
                    inner.back_off(running, None);
                    continue;
                }
                Step::Halted { position, reason } => {
                    self.ended(running, Wait::Halted { position, reason })?;
                    continue;
                }
            };
            let reached =
                Progress::new(running.name(), began, before).at(reach.applied, Some(reach.newest));
            if reach.applied >= reach.newest || progress(reached).is_break() {
                return Ok(reach);
            }
        }
    }
}
