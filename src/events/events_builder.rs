//! Declaring what an [`Events`] works with, and opening it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::{Duration, SystemTime};

use arbour_core::{Durability, DynStore, KvStore, Result};
use parking_lot::Mutex;

use super::EventError;
use super::counters::Counters;
use super::events::{Events, Inner};
use super::log::Clock;
use super::log_location::LogLocation;
use super::projection::Projection;
use super::running_projection::RunningProjection;
use super::signal::Signal;
use crate::{GroupCommit, Progress};

/// The default poll interval for a store that other processes write to as well.
const OTHERS_POLL: Duration = Duration::from_millis(20);

/// The default poll interval for a store that only this process writes. A `Log` of the program's
/// own can append events to it without notifying waiting threads.
const OWN_POLL: Duration = Duration::from_millis(200);

/// How long a wait without a timeout lasts without progress, by default. It is far longer than
/// applying one batch of events takes.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Declares the projections and the location of the log.
///
/// ```
/// use arbour::events::Events;
/// let views = arbour::MemoryStore::new();
/// let log = arbour::MemoryStore::new();
/// let events = Events::builder(views, "main").log_in(log).build()?;
/// assert_eq!(events.head()?.position, 0);
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct EventsBuilder {
    store: DynStore,
    /// The store of the log, if it is not that of the views.
    log_store: Option<DynStore>,
    log: String,
    projections: Vec<Projection>,
    view_durability: Durability,
    poll: Option<Duration>,
    stall_timeout: Duration,
    indexes_types: bool,
    clock: Option<Clock>,
}

impl Events {
    /// Starts with the store that holds the log and the views, and the name of the log. The store
    /// is one of any engine: a [`DynStore`], which is cheap to clone, or an `Arc` of another type.
    ///
    /// ```
    /// # use arbour::events::Events;
    /// let store = arbour::open("memory:")?;
    /// let events = Events::builder(store.clone(), "main").build()?;
    /// # let _ = events;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn builder(store: impl KvStore, log: &str) -> EventsBuilder {
        EventsBuilder {
            store: DynStore::new(store),
            log_store: None,
            log: log.to_owned(),
            projections: Vec::new(),
            view_durability: Durability::default(),
            poll: None,
            stall_timeout: STALL_TIMEOUT,
            indexes_types: false,
            clock: None,
        }
    }
}

impl EventsBuilder {
    /// Adds a projection. Several versions of one projection can be declared: the active one
    /// continues, and another can be [rebuilt](Events::rebuild) next to it.
    ///
    /// ```
    /// # use arbour::events::{Events, Projection};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main")
    ///     .projection(Projection::new("bank", 1))
    ///     .build()?;
    /// # let _ = events;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn projection(mut self, projection: Projection) -> Self {
        self.projections.push(projection);
        self
    }

    /// Sets the durability of views that are not committed together with their events. It can be
    /// weaker than that of the log, because lost changes of a view are made again from the log.
    ///
    /// ```
    /// # use arbour::{Durability, MemoryStore, events::Events};
    /// let events = Events::builder(MemoryStore::new(), "main")
    ///     .log_in(MemoryStore::new())
    ///     .view_durability(Durability::None)
    ///     .build()?;
    /// # let _ = events;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn view_durability(mut self, durability: Durability) -> Self {
        self.view_durability = durability;
        self
    }

    /// Sets the poll interval: how often waiting threads read the store if no notification arrives.
    /// They notice commits of other processes with this delay. The default is 20 milliseconds for a
    /// store that other processes may write to. For other stores it is 200 milliseconds, and matters
    /// only for events appended through a [`Log`](super::Log) without a
    /// [notification](Events::notify).
    ///
    /// ```
    /// # use arbour::events::Events;
    /// # use std::time::{Duration, SystemTime};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main")
    ///     .poll(Duration::from_secs(1))
    ///     .build()?;
    /// # let _ = events;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = Some(poll);
        self
    }

    /// Sets how long a call without its own timeout ([`dispatch`](Events::dispatch),
    /// [`catch_up`](Events::catch_up), [`rebuild`](Events::rebuild)) waits while another thread
    /// applies events but commits nothing. The default is 60 seconds.
    ///
    /// Without this limit, a call and a handler on the other thread that waits for that call would
    /// block each other forever.
    ///
    /// ```
    /// # use arbour::events::Events;
    /// # use std::time::{Duration, SystemTime};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main")
    ///     .stall_timeout(Duration::from_secs(600))
    ///     .build()?;
    /// # let _ = events;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = timeout;
        self
    }

    /// Takes the time of new events and of claims from this function, for example from a clock that a
    /// test sets, instead of the machine. [`log`](Events::log) returns a log with this clock.
    ///
    /// The times of a log do not go back: if the clock does, a new event has the time of the event
    /// before. Timeouts and backoffs go by the time of the machine.
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events, NewEvent};
    /// # use std::time::{Duration, SystemTime};
    /// let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(5);
    /// let events = Events::builder(arbour::open("memory:")?, "main").clock(move || moment).build()?;
    /// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// assert_eq!(events.read(&EventQuery::all())?[0].as_event().time, 5000);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Some(Arc::new(now));
        self
    }

    /// Makes the log keep an index by type from now on, and builds it in [`build`](Self::build) if
    /// it does not exist yet: see [`Log::index_types`](super::Log::index_types).
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").index_types().build()?;
    /// assert!(events.read(&EventQuery::all().of_type("noted"))?.is_empty());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn index_types(mut self) -> Self {
        self.indexes_types = true;
        self
    }

    /// Keeps the log in a separate store, of the same engine or another.
    ///
    /// ```
    /// # use arbour::{MemoryStore, events::Events};
    /// let builder = Events::builder(MemoryStore::new(), "main");
    /// let events = builder.log_in(MemoryStore::new()).build()?;
    /// # let _ = events;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn log_in(mut self, store: impl KvStore) -> Self {
        self.log_store = Some(DynStore::new(store));
        self
    }
}

impl EventsBuilder {
    /// Opens the log and the views.
    ///
    /// What the views of inline projections lack is applied before this returns, so that a program
    /// that only reads them misses nothing: the events of other programs, and all of them for a version
    /// that is new. That may take long: [`build_with`](Self::build_with) reports progress. If an event
    /// fails, the view is opened as it is, and [`status`](Events::status) tells how far it is.
    /// Projections that lag [behind](super::Projection::behind) wait for [`catch_up`](Events::catch_up),
    /// [`wait_for`](Events::wait_for) or [`follow`](Events::follow).
    ///
    /// The first version of a projection is active at once. If this program does not declare the
    /// active version, it applies events to the newest one that it declares. If that is newer than the
    /// active version, it takes over: it becomes active in the commit that brings it up to date. If it
    /// is earlier, because an earlier program has come back, it is kept up to date beside the active
    /// one. Two programs that each declare a version of their own each maintain the view they read.
    /// To read the earlier version while the newer one is built, declare both and
    /// [`rebuild`](Events::rebuild).
    ///
    /// # Errors
    /// [`Truncated`](EventError::Truncated) if the log ends before the position of a view,
    /// [`Foreign`](EventError::Foreign) if it is another log; [`Invalid`](EventError::Invalid) for
    /// invalid names and for a version of a projection that is declared twice;
    /// [`Archived`](EventError::Archived) if the log was trimmed and a view lacks the events that are
    /// gone; errors of the store.
    ///
    /// ```
    /// # use arbour::events::Events;
    /// assert!(Events::builder(arbour::MemoryStore::new(), "").build().is_err());
    /// ```
    pub fn build(self) -> Result<Events> {
        self.build_with(&mut |_| ControlFlow::Continue(()))
    }

    /// Does the same as [`build`](Self::build), and reports progress after each commit that brings a
    /// view up to date. If the closure breaks, the view is left as it is: the next call that waits for
    /// the projection, such as a dispatch, applies the rest.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    ///
    /// ```
    /// # use std::ops::ControlFlow;
    /// # use arbour::events::{Events, Projection};
    /// let events = Events::builder(arbour::open("memory:")?, "main")
    ///     .projection(Projection::new("bank", 1))
    ///     .build_with(&mut |progress| {
    ///         eprintln!("{}: {} events are applied", progress.step, progress.done);
    ///         ControlFlow::Continue(())
    ///     })?;
    /// # let _ = events;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn build_with(
        self,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Events> {
        let views = Arc::new(GroupCommit::new(self.store));
        let mut location = match self.log_store {
            Some(store) => LogLocation::apart(store, &self.log)?,
            None => LogLocation::together(Arc::clone(&views), &self.log)?,
        };
        location.log.clock = self.clock;
        if self.indexes_types {
            location.log.index_types(&*location.store)?;
        }
        let mut names = BTreeSet::new();
        let mut projections = Vec::new();
        for projection in self.projections {
            if !names.insert((projection.name().to_owned(), projection.version())) {
                let reason = format!(
                    "the projection {:?} is there twice in version {}",
                    projection.name(),
                    projection.version()
                );
                return Err(EventError::Invalid { log: self.log, reason }.into());
            }
            projections.push(RunningProjection::open(views.inner(), projection, location.name())?);
        }
        let is_shared =
            views.capabilities().multi_process || location.store.capabilities().multi_process;
        let inner = Inner {
            views,
            location,
            projections,
            signal: Signal::default(),
            counters: Counters::default(),
            is_shut: AtomicBool::new(false),
            dispatching: AtomicUsize::new(0),
            view_durability: self.view_durability,
            poll: self.poll.unwrap_or(if is_shared { OTHERS_POLL } else { OWN_POLL }),
            stall_timeout: self.stall_timeout,
            taken: Mutex::default(),
        };
        let lagging = inner.open()?;
        let events = Events { inner: Arc::new(inner) };
        for projection in lagging {
            events.apply_at_opening(&projection, progress)?;
        }
        Ok(events)
    }
}
