//! Applying what is behind: by whoever waits for it.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arbour_core::{ErrorKind, KvRead, KvStore, KvWrite, Savepoint};
use parking_lot::MutexGuard;

use super::counters::Counters;
use super::dispatch::{check_not_handling, handling};
use super::events::{Events, Inner};
use super::lane::{Advanced, Fate, Lane};
use super::state::State;
use super::{EventError, EventResult};

/// How waiting for a projection ended.
#[derive(Clone, Debug)]
pub(super) enum Wait {
    Reached,
    TimedOut,
    ShutDown,
    Halted { position: u64, reason: String },
}

/// What one commit's worth of applying came to.
pub(super) enum Step {
    /// Something was applied; there may be more.
    Moved(Reach),
    /// There is nothing to apply.
    Still(Reach),
    /// The next event failed, and is to be tried again.
    Failed,
    /// The projection stands before this event.
    Halted { position: u64, reason: String },
}

/// How far a projection is, and the log.
#[derive(Clone, Copy)]
pub(super) struct Reach {
    pub(super) applied: u64,
    pub(super) newest: u64,
}

/// How often whoever waits without end is refused the writer before he is told.
const REFUSALS_MAX: u32 = 3;

impl<S: KvStore, L: KvStore> Inner<S, L> {
    /// Applies events until a projection has dealt with a position, or waits for another thread to.
    pub(super) fn drive_until(
        &self,
        lane: &Lane<S>,
        position: u64,
        until: Option<Instant>,
    ) -> EventResult<Wait> {
        let mut may_be_patient = true;
        let mut refusals = 0;
        loop {
            let seen = self.signal.count();
            if lane.applied.load(Ordering::Acquire) >= position {
                return Ok(Wait::Reached);
            }
            if self.is_shut.load(Ordering::Acquire) {
                return Ok(Wait::ShutDown);
            }
            if !self.back_off(lane, until) {
                return Ok(Wait::TimedOut);
            }
            let is_late = || until.is_some_and(|until| Instant::now() >= until);
            // Those who dispatch hold the writer, and apply what they append; whoever waited for it could
            // not look at the time. They notify when they are done, as does whoever has the turn.
            let is_patient = std::mem::take(&mut may_be_patient);
            let is_written = is_patient && self.dispatching.load(Ordering::Acquire) > 0;
            let turn = if is_written { None } else { lane.turn.try_lock() };
            let Some(turn) = turn else {
                if is_late() {
                    return Ok(Wait::TimedOut);
                }
                self.signal.wait_past(seen, self.next_look(until));
                continue;
            };
            may_be_patient = true;
            if lane.backs_off_until().is_some() {
                // It failed between the look at the time and the turn.
                continue;
            }
            let step = self.step_in_turn(lane, turn, false);
            if let Err(EventError::Store(error)) = &step
                && error.kind() == ErrorKind::Busy
            {
                // Somebody has the writer for long; perhaps this very thread, which will not give it up.
                refusals += 1;
                if is_late() {
                    return Ok(Wait::TimedOut);
                }
                if until.is_some() || refusals < REFUSALS_MAX {
                    self.signal.wait_past(seen, self.next_look(until));
                    continue;
                }
            }
            refusals = 0;
            match step? {
                Step::Moved(_) => {}
                Step::Still(reach) if reach.applied >= position => return Ok(Wait::Reached),
                Step::Still(_) => {
                    if is_late() {
                        return Ok(Wait::TimedOut);
                    }
                    self.signal.wait_past(seen, self.next_look(until));
                }
                Step::Halted { position, reason } => return Ok(Wait::Halted { position, reason }),
                Step::Failed => {}
            }
            if is_late() && lane.applied.load(Ordering::Acquire) < position {
                return Ok(Wait::TimedOut);
            }
        }
    }

    /// Returns the versions that are read.
    fn active_lanes(&self) -> EventResult<Vec<&Lane<S>>> {
        let snapshot = self.views.inner().snapshot()?;
        let mut lanes = Vec::new();
        for lane in &self.lanes {
            if lane.is_active_at(&snapshot)? {
                lanes.push(lane);
            }
        }
        Ok(lanes)
    }

    /// Returns when to look again though nobody has said that there is something new.
    pub(super) fn next_look(&self, until: Option<Instant>) -> Instant {
        let poll = Instant::now() + self.poll;
        until.map_or(poll, |until| until.min(poll))
    }

    /// Waits before an event is tried again that has failed, whoever tried it; tells whether there is time
    /// for it.
    fn back_off(&self, lane: &Lane<S>, until: Option<Instant>) -> bool {
        let Some(wake) = lane.backs_off_until() else { return true };
        if until.is_some_and(|until| until < wake) {
            return false;
        }
        // Those who shut it down wake whoever sleeps here.
        while Instant::now() < wake && !self.is_shut.load(Ordering::Acquire) {
            self.signal.wait_past(self.signal.count(), wake);
        }
        true
    }

    /// Applies one commit's worth of events, gives up the turn, and wakes those who found it taken.
    ///
    /// Not where there was nothing to apply, or those who wait for the same event would wake each other
    /// without end; unless something was committed meanwhile, for they may have seen that, and that the turn
    /// was taken, before it was given up.
    fn step_in_turn(
        &self,
        lane: &Lane<S>,
        turn: MutexGuard<'_, ()>,
        activates: bool,
    ) -> EventResult<Step> {
        let seen = self.signal.count();
        let step = self.step(lane, activates);
        drop(turn);
        if !matches!(step, Ok(Step::Still(_))) || self.signal.count() != seen {
            self.signal.notify();
        }
        step
    }

    /// Applies one commit's worth of events. The caller has the turn. If told so, it makes the version the
    /// one that is read in the commit after which none is left.
    fn step(&self, lane: &Lane<S>, activates: bool) -> EventResult<Step> {
        let span = tracing::debug_span!("apply", projection = lane.name());
        let _entered = span.enter();
        let views = self.views.inner();
        let mut transaction = views.begin_with(self.view_durability)?;
        let mut group = Savepoint::new(&mut transaction);
        let mut state = lane.state(&group)?;
        if state.is_halted {
            return self.halted(lane, &group, &state);
        }
        let before = state;
        state.is_building |= activates && !lane.is_active_at(&group)?;
        let head = self.place.head_for(&group)?;
        self.place.check_head(&head, lane.name(), &state)?;
        let chunk = self.place.chunk(&group, state.applied, head.position)?;
        state.log_id = head.log_id;
        let mut put_aside = 0;
        let advanced = handling(|| {
            lane.advance(&mut group, &mut state, &chunk, &mut |_, fate| {
                put_aside += u64::from(matches!(fate, Fate::Dead(_)));
            })
        })?;
        let reach = Reach { applied: state.applied, newest: head.position };
        let is_activated = activates && reach.applied == reach.newest;
        if is_activated {
            state.is_building = false;
            lane.save(&mut group, &state)?;
            lane.activate(&mut group)?;
        }
        let is_still = chunk.is_empty() && !is_activated;
        group.commit()?;
        if is_still {
            transaction.rollback()?
        } else {
            transaction.commit()?
        }
        lane.committed(&state);
        Counters::add(&self.counters.applied, state.applied - before.applied);
        Counters::add(&self.counters.put_aside, put_aside);
        tracing::debug!(
            applied = state.applied,
            lag = head.position.saturating_sub(state.applied),
            "applied"
        );
        match advanced {
            Advanced::All if is_still => Ok(Step::Still(reach)),
            Advanced::All => Ok(Step::Moved(reach)),
            Advanced::Failed => {
                Counters::add(&self.counters.failed, 1);
                lane.count_try();
                Ok(Step::Failed)
            }
            Advanced::Halted(reason) => {
                Counters::add(&self.counters.failed, 1);
                Ok(Step::Halted { position: state.applied + 1, reason })
            }
        }
    }

    fn halted<R: KvRead<Tree = S::Tree>>(
        &self,
        lane: &Lane<S>,
        reader: &R,
        state: &State,
    ) -> EventResult<Step> {
        let position = state.applied + 1;
        let dead = lane.dead_letter(reader, position)?;
        let reason = dead.map_or_else(|| "an event failed".to_owned(), |dead| dead.reason);
        Ok(Step::Halted { position, reason })
    }
}

/// How far catching up is.
///
/// ```
/// use arbour::events::CatchUp;
/// assert_eq!(CatchUp { done: 7, total: 10 }.left(), 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatchUp {
    /// The position up to which events were applied.
    pub done: u64,
    /// The newest position.
    pub total: u64,
}

impl CatchUp {
    /// Returns how many events are left.
    ///
    /// ```
    /// # use arbour::events::CatchUp;
    /// assert_eq!(CatchUp { done: 10, total: 10 }.left(), 0);
    /// ```
    #[must_use]
    pub fn left(self) -> u64 {
        self.total.saturating_sub(self.done)
    }
}

impl<S: KvStore, L: KvStore> Events<S, L> {
    /// Applies all that a projection is behind, and returns the position it is at then. What is appended
    /// meanwhile may be left. Each commit's worth is applied for good, whatever becomes of the next.
    ///
    /// # Errors
    /// [`Halted`](EventError::Halted) if it stands, [`ShutDown`](EventError::ShutDown),
    /// [`Truncated`](EventError::Truncated) and [`Foreign`](EventError::Foreign), and what the store
    /// reports: [`Busy`](ErrorKind::Busy) among it, if this thread itself has a transaction open.
    ///
    /// ```
    /// # use arbour::events::{Dispatch, Events, NewEvent, Pace, Projection};
    /// # use std::sync::Arc;
    /// let events = Events::builder(Arc::new(arbour::MemoryStore::new()), "main")
    ///     .projection(Projection::new("bank", 1).pace(Pace::Behind))
    ///     .build()?;
    /// events.dispatch(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// assert_eq!(events.catch_up("bank")?, 1);
    /// # Ok::<(), arbour::events::EventError>(())
    /// ```
    pub fn catch_up(&self, projection: &str) -> EventResult<u64> {
        self.catch_up_with(projection, &mut |_| ControlFlow::Continue(()))
    }

    /// As [`catch_up`](Self::catch_up), and tells behind each commit's worth how far it is, whoever applied
    /// it, until there is nothing left or it is told to break off: what was applied until then stays.
    ///
    /// # Errors
    /// As [`catch_up`](Self::catch_up).
    ///
    /// ```
    /// # use std::ops::ControlFlow;
    /// # use arbour::events::{Events, Projection};
    /// # use std::sync::Arc;
    /// let events = Events::builder(Arc::new(arbour::MemoryStore::new()), "main")
    ///     .projection(Projection::new("bank", 1))
    ///     .build()?;
    /// let applied = events.catch_up_with("bank", &mut |progress| {
    ///     eprintln!("{} of {}", progress.done, progress.total);
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(applied, 0);
    /// # Ok::<(), arbour::events::EventError>(())
    /// ```
    pub fn catch_up_with(
        &self,
        projection: &str,
        progress: &mut dyn FnMut(CatchUp) -> ControlFlow<()>,
    ) -> EventResult<u64> {
        check_not_handling()?;
        let (lane, state) = {
            let snapshot = self.store().snapshot()?;
            let lane = self.inner.active_at(&snapshot, projection)?;
            (lane, lane.state(&snapshot)?)
        };
        self.inner.place.check(lane.name(), &state)?;
        let total = self.head()?.position;
        let mut done = lane.applied.load(Ordering::Acquire);
        while done < total {
            // Whoever applies one event applies a commit's worth.
            let wait = self.inner.drive_until(lane, done + 1, None)?;
            self.ended(lane, wait)?;
            done = lane.applied.load(Ordering::Acquire);
            if done < total && progress(CatchUp { done, total }).is_break() {
                break;
            }
        }
        Ok(done)
    }

    /// Waits until a projection has dealt with a position, and returns a snapshot that is at least as new.
    ///
    /// # Errors
    /// [`TimedOut`](EventError::TimedOut), also if there is no such event yet;
    /// [`Halted`](EventError::Halted) if it stands before; and as [`catch_up`](Self::catch_up).
    ///
    /// ```
    /// # use arbour::events::{Events, NewEvent, Projection};
    /// # use std::{sync::Arc, time::Duration};
    /// let events = Events::builder(Arc::new(arbour::MemoryStore::new()), "main")
    ///     .projection(Projection::new("bank", 1))
    ///     .build()?;
    /// let dispatched = events.dispatch(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// let snapshot = events.wait_for("bank", dispatched.appended.last, Duration::from_secs(1))?;
    /// # let _ = snapshot;
    /// # Ok::<(), arbour::events::EventError>(())
    /// ```
    pub fn wait_for(
        &self,
        projection: &str,
        position: u64,
        timeout: Duration,
    ) -> EventResult<S::Snapshot<'_>> {
        check_not_handling()?;
        let lane = {
            let snapshot = self.store().snapshot()?;
            let lane = self.inner.active_at(&snapshot, projection)?;
            if lane.state(&snapshot)?.applied >= position {
                return Ok(snapshot);
            }
            lane
        };
        let until = Instant::now().checked_add(timeout);
        let wait = self.inner.drive_until(lane, position, until)?;
        self.ended(lane, wait)?;
        Ok(self.store().snapshot()?)
    }

    /// Applies events as they come, for all projections, until it is [shut down](Self::shut_down) or one
    /// of them stands. A thread of the program's runs it, for projections [behind](super::Pace::Behind).
    ///
    /// # Errors
    /// As [`catch_up`](Self::catch_up), but for [`ShutDown`](EventError::ShutDown), which ends it well.
    ///
    /// ```
    /// # use arbour::events::{Events, NewEvent, Pace, Projection};
    /// # use std::sync::Arc;
    /// let events = Events::builder(Arc::new(arbour::MemoryStore::new()), "main")
    ///     .projection(Projection::new("bank", 1).pace(Pace::Behind))
    ///     .build()?;
    /// std::thread::scope(|scope| {
    ///     let follower = scope.spawn(|| events.follow());
    ///     events.shut_down();
    ///     follower.join().unwrap()
    /// })?;
    /// # Ok::<(), arbour::events::EventError>(())
    /// ```
    pub fn follow(&self) -> EventResult<()> {
        check_not_handling()?;
        loop {
            let seen = self.inner.signal.count();
            let newest = self.head()?.position;
            let mut is_behind = false;
            for lane in self.inner.active_lanes()? {
                match self.inner.drive_until(lane, newest, None)? {
                    Wait::ShutDown => return Ok(()),
                    wait => self.ended(lane, wait)?,
                }
                is_behind |= lane.applied.load(Ordering::Acquire) < newest;
            }
            if self.inner.is_shut.load(Ordering::Acquire) {
                return Ok(());
            }
            if !is_behind {
                self.inner.signal.wait_past(seen, self.inner.next_look(None));
            }
        }
    }

    fn ended(&self, lane: &Lane<S>, wait: Wait) -> EventResult<()> {
        match wait {
            Wait::Reached => Ok(()),
            Wait::TimedOut => {
                Err(EventError::TimedOut { what: format!("the projection {:?}", lane.name()) })
            }
            Wait::ShutDown => Err(EventError::ShutDown { log: self.inner.place.name().to_owned() }),
            Wait::Halted { position, reason } => {
                Err(EventError::Halted { projection: lane.name().to_owned(), position, reason })
            }
        }
    }

    /// Makes a version of a projection beside the one that is read, and in the end the one that is, in
    /// the commit that brings it up to date. Until then the other goes on and is read.
    ///
    /// It can be broken off, and goes on there the next time: until then it is
    /// [`Building`](super::VersionState::Building). One that stands at an event tries it again. The version
    /// that was read stays as it is, until it is [forgotten](Self::forget).
    ///
    /// # Errors
    /// As [`catch_up`](Self::catch_up); [`Invalid`](EventError::Invalid) for a version that was not
    /// declared.
    ///
    /// ```
    /// # use std::ops::ControlFlow;
    /// # use arbour::events::{Events, Projection};
    /// # use std::sync::Arc;
    /// let store = Arc::new(arbour::MemoryStore::new());
    /// Events::builder(Arc::clone(&store), "main").projection(Projection::new("bank", 1)).build()?;
    /// let events = Events::builder(store, "main")
    ///     .projection(Projection::new("bank", 1))
    ///     .projection(Projection::new("bank", 2))
    ///     .build()?;
    /// let is_done = events.rebuild("bank", 2, &mut |progress| {
    ///     eprintln!("{} of {}", progress.done, progress.total);
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert!(is_done && events.status()?[1].is_active());
    /// # Ok::<(), arbour::events::EventError>(())
    /// ```
    pub fn rebuild(
        &self,
        projection: &str,
        version: u32,
        progress: &mut dyn FnMut(CatchUp) -> ControlFlow<()>,
    ) -> EventResult<bool> {
        check_not_handling()?;
        let lane = self.inner.version(projection, version)?;
        self.inner.leave_halt(lane, |_, _| Ok(()))?;
        loop {
            self.inner.check_open()?;
            let reach = match self.inner.step_in_turn(lane, lane.turn.lock(), true)? {
                Step::Moved(reach) | Step::Still(reach) => reach,
                Step::Failed => {
                    self.inner.back_off(lane, None);
                    continue;
                }
                Step::Halted { position, reason } => {
                    return self.ended(lane, Wait::Halted { position, reason }).map(|()| false);
                }
            };
            if reach.applied == reach.newest {
                return Ok(true);
            }
            if progress(CatchUp { done: reach.applied, total: reach.newest }).is_break() {
                return Ok(false);
            }
        }
    }
}
