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

/// How many times a wait without a timeout retries after `Busy`.
const REFUSALS_MAX: u32 = 3;

/// After how long a thread that was refused the writer asks for it again.
const BUSY_RETRY: Duration = Duration::from_millis(20);

/// Until when a thread waits: until its own deadline, or, if it has none, until nothing has happened for
/// the stall timeout.
struct Patience {
    until: Option<Instant>,
    stall: Duration,
    applied: u64,
    /// When something happened last.
    since: Instant,
}

impl Patience {
    fn new(until: Option<Instant>, stall: Duration) -> Self {
        Self { until, stall, applied: 0, since: Instant::now() }
    }

    /// Notes that something happened.
    fn restart(&mut self) {
        self.since = Instant::now();
    }

    /// Returns until when to wait for more than was applied so far; `None` for ever.
    fn end(&mut self, applied: u64) -> Option<Instant> {
        if self.applied != applied {
            self.applied = applied;
            self.restart();
        }
        self.until.or_else(|| self.since.checked_add(self.stall))
    }

    fn is_over(&mut self, applied: u64) -> bool {
        self.end(applied).is_some_and(|end| Instant::now() >= end)
    }
}

impl<S: KvStore, L: KvStore> Inner<S, L> {
    /// Applies events until a projection has dealt with a position, or waits for another thread to.
    pub(super) fn drive_until(
        &self,
        lane: &Lane<S>,
        position: u64,
        until: Option<Instant>,
    ) -> EventResult<Wait> {
        let mut patience = Patience::new(until, self.stall_timeout);
        let mut may_be_patient = true;
        let mut refusals = 0;
        loop {
            let mut seen = self.signal.count();
            let applied = lane.applied.load(Ordering::Acquire);
            if applied >= position {
                return Ok(Wait::Reached);
            }
            if self.is_shut.load(Ordering::Acquire) {
                return Ok(Wait::ShutDown);
            }
            if !self.back_off(lane, until) {
                return Ok(Wait::TimedOut);
            }
            // Threads that dispatch hold the writer, and apply what they append; a thread that waited for the
            // writer could not watch its deadline. They notify when they are done, as does the thread that
            // has the turn.
            let is_patient = std::mem::take(&mut may_be_patient);
            let is_written = is_patient && self.dispatching.load(Ordering::Acquire) > 0;
            let turn = if is_written { None } else { lane.turn.take() };
            let Some(turn) = turn else {
                if patience.is_over(applied) {
                    return Ok(Wait::TimedOut);
                }
                self.signal.wait_past(seen, self.next_poll(patience.end(applied)));
                continue;
            };
            may_be_patient = true;
            if lane.backs_off_until().is_some() {
                // It failed between the check above and the turn.
                self.give_up(lane, turn);
                continue;
            }
            let (step, woke_others) = self.step_in_turn(lane, turn, false);
            patience.restart();
            if is_busy(&step) {
                refusals += 1;
                let is_late = until.is_some_and(|until| Instant::now() >= until);
                if !is_late && (until.is_some() || refusals < REFUSALS_MAX) {
                    let retry = Instant::now().checked_add(BUSY_RETRY);
                    self.signal.wait_past(seen, earlier(until, retry));
                    continue;
                }
                // This thread leaves: one of those that found the turn taken retries in its place.
                self.signal.notify();
                if is_late {
                    return Ok(Wait::TimedOut);
                }
            }
            refusals = 0;
            // What this thread itself told the others is no news to it.
            seen += u64::from(woke_others);
            let applied = lane.applied.load(Ordering::Acquire);
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

    /// Returns the versions that this program applies.
    fn served_lanes(&self) -> EventResult<Vec<&Lane<S>>> {
        let snapshot = self.views.inner().snapshot()?;
        let mut lanes = Vec::new();
        for lane in &self.lanes {
            if self.serves(lane, lane.active_version(&snapshot)?) {
                lanes.push(lane);
            }
        }
        Ok(lanes)
    }

    /// Returns when to read the store again though no thread has told of anything new; `None` for never.
    pub(super) fn next_poll(&self, until: Option<Instant>) -> Option<Instant> {
        earlier(until, Instant::now().checked_add(self.poll))
    }

    /// Waits before an event is tried again that has failed, in whatever thread; tells whether there is time
    /// for it.
    fn back_off(&self, lane: &Lane<S>, until: Option<Instant>) -> bool {
        let Some(wake) = lane.backs_off_until() else { return true };
        if until.is_some_and(|until| until < wake) {
            return false;
        }
        // Shutting down wakes a thread that sleeps here.
        while Instant::now() < wake && !self.is_shut.load(Ordering::Acquire) {
            self.signal.wait_past(self.signal.count(), Some(wake));
        }
        true
    }

    /// Gives up the turn, and wakes the threads that found it taken, if there are any; tells whether.
    fn give_up(&self, lane: &Lane<S>, turn: MutexGuard<'_, ()>) -> bool {
        let is_wanted = lane.turn.give_up(turn);
        if is_wanted {
            self.signal.notify();
        }
        is_wanted
    }

    /// Applies one commit's worth of events, gives up the turn, and wakes the others if there is something
    /// new or they found the turn taken; tells whether it did.
    ///
    /// If the writer was refused nobody is woken: this thread retries after a while, and the others, which
    /// would be refused as well, would wake each other without end. A caller that does not retry notifies.
    fn step_in_turn(
        &self,
        lane: &Lane<S>,
        turn: MutexGuard<'_, ()>,
        activates: bool,
    ) -> (EventResult<Step>, bool) {
        let step = self.step(lane, activates);
        if is_busy(&step) {
            return (step, false);
        }
        let mut woke_others = self.give_up(lane, turn);
        if !woke_others && !matches!(step, Ok(Step::Still(_))) {
            self.signal.notify();
            woke_others = true;
        }
        (step, woke_others)
    }

    /// Applies one commit's worth of events. The caller has the turn. A version that is being built becomes
    /// the one that is read in the commit that applies the newest event: if the caller says so, or if this
    /// program has no other that could be read.
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
        let active = lane.active_version(&group)?;
        let is_active = active == Some(lane.projection.version());
        let activates = !is_active && (activates || self.takes_over(lane, active));
        state.is_building |= activates;
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

/// Tells whether the writer was refused.
fn is_busy(step: &EventResult<Step>) -> bool {
    matches!(step, Err(EventError::Store(error)) if error.kind() == ErrorKind::Busy)
}

/// Returns the earlier of two times, of which `None` is never.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
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
    /// Applies all events that a projection has not applied yet, and returns the position it is at then. What
    /// is appended meanwhile may be left. Each commit's worth is applied for good, whatever becomes of the
    /// next.
    ///
    /// # Errors
    /// [`Halted`](EventError::Halted) if it is halted, [`ShutDown`](EventError::ShutDown),
    /// [`Truncated`](EventError::Truncated) and [`Foreign`](EventError::Foreign);
    /// [`TimedOut`](EventError::TimedOut) if another thread applies events and commits nothing for the
    /// [stall timeout](super::EventsBuilder::stall_timeout); what the store reports:
    /// [`Busy`](ErrorKind::Busy) among it, if this thread itself has a transaction open.
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
        let (lane, state, is_active) = {
            let snapshot = self.store().snapshot()?;
            let lane = self.inner.served_at(&snapshot, projection)?;
            (lane, lane.state(&snapshot)?, lane.is_active_at(&snapshot)?)
        };
        self.inner.place.check(lane.name(), &state)?;
        if !is_active {
            return Ok(self.build(lane, false, progress)?.done);
        }
        let total = self.head()?.position;
        let mut done = lane.applied.load(Ordering::Acquire);
        while done < total {
            // The thread that applies one event applies a commit's worth.
            let wait = self.inner.drive_until(lane, done + 1, None)?;
            self.ended(lane, wait)?;
            done = lane.applied.load(Ordering::Acquire);
            if done < total && progress(CatchUp { done, total }).is_break() {
                break;
            }
        }
        Ok(done)
    }

    /// Waits until a projection has dealt with a position, and returns a snapshot that is at least as new. It
    /// applies at least one commit's worth of events, and waits for the store's writer no longer than the
    /// store's own busy timeout.
    ///
    /// # Errors
    /// [`TimedOut`](EventError::TimedOut), also if there is no such event yet;
    /// [`Halted`](EventError::Halted) if it is halted before; and as [`catch_up`](Self::catch_up).
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
            let lane = self.inner.served_at(&snapshot, projection)?;
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
            for lane in self.inner.served_lanes()? {
                match self.inner.drive_until(lane, newest, None)? {
                    Wait::ShutDown => return Ok(()),
                    // Another thread takes long: this one goes on for as long as the program does.
                    Wait::TimedOut => {}
                    wait => self.ended(lane, wait)?,
                }
                is_behind |= lane.applied.load(Ordering::Acquire) < newest;
            }
            if self.inner.is_shut.load(Ordering::Acquire) {
                return Ok(());
            }
            if !is_behind {
                self.inner.signal.wait_past(seen, self.inner.next_poll(None));
            }
        }
    }

    fn ended(&self, lane: &Lane<S>, wait: Wait) -> EventResult<()> {
        match wait {
            Wait::Reached => Ok(()),
            Wait::TimedOut => {
                let applied = lane.applied.load(Ordering::Acquire);
                let what = format!("the projection {:?} is at position {applied}", lane.name());
                Err(EventError::TimedOut { what })
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
        let reached = self.build(lane, true, progress)?;
        Ok(reached.left() == 0)
    }

    /// Applies all events to a version that is not read yet, and returns how far it came.
    fn build(
        &self,
        lane: &Lane<S>,
        activates: bool,
        progress: &mut dyn FnMut(CatchUp) -> ControlFlow<()>,
    ) -> EventResult<CatchUp> {
        let inner = &*self.inner;
        let mut patience = Patience::new(None, inner.stall_timeout);
        loop {
            inner.check_open()?;
            let seen = inner.signal.count();
            let Some(turn) = lane.turn.take() else {
                let applied = lane.applied.load(Ordering::Acquire);
                if patience.is_over(applied) {
                    self.ended(lane, Wait::TimedOut)?;
                }
                inner.signal.wait_past(seen, inner.next_poll(patience.end(applied)));
                continue;
            };
            let (step, _) = inner.step_in_turn(lane, turn, activates);
            patience.restart();
            if is_busy(&step) {
                inner.signal.notify();
            }
            let reach = match step? {
                Step::Moved(reach) | Step::Still(reach) => reach,
                Step::Failed => {
                    inner.back_off(lane, None);
                    continue;
                }
                Step::Halted { position, reason } => {
                    self.ended(lane, Wait::Halted { position, reason })?;
                    continue;
                }
            };
            let reached = CatchUp { done: reach.applied, total: reach.newest };
            if reached.left() == 0 || progress(reached).is_break() {
                return Ok(reached);
            }
        }
    }
}
