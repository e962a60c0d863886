//! A log and the projections of it, opened together.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use arbour_core::{Durability, DynStore, Error, KvRead, KvStore, Result};
use parking_lot::Mutex;

use super::EventError;
use super::counters::Counters;
use super::event::EventBuf;
use super::head::Head;
use super::layout::PROJECTION_TREE;
use super::log::{Log, check_name, open_tree};
use super::log_location::LogLocation;
use super::query::EventQuery;
use super::running_projection::{RunningProjection, read_active_version};
use super::signal::Signal;
use super::taken::Taken;
use crate::GroupCommit;

/// A log of events and the views that projections make of it, in one store or with the log in a
/// store of its own.
///
/// It runs no thread of its own. A caller that waits for an event to be applied applies the
/// outstanding events itself; if several wait, one of them applies for all. Clones share one state.
///
/// With a single store, an event and its effects on the views are one commit. With a separate store
/// for the log, the event is committed first, then the view together with its position. That
/// position alone decides what was applied, so each event is applied exactly once, even after a
/// crash in between.
///
/// ```
/// use arbour::AnyResult;
/// use arbour::events::{Event, Events, EventType, Model, Outbox, Projection};
/// use arbour::{KvRead, KvStore, KvWrite, Tree};
///
/// /// Counts events, in a tree of its own.
/// struct Counter(Tree);
///
/// impl Model for Counter {
///     type Change = u64;
///
///     fn name(&self) -> &str {
///         "counter"
///     }
///
///     fn reduce<R: KvRead>(
///         &self, _event: &Event<'_>, before: &R, out: &mut Outbox,
///     ) -> AnyResult<Option<u64>> {
///         let count = before.get_with(&self.0, b"count", |count| count[0])?.unwrap_or(0);
///         out.returns(count + 1);
///         Ok(Some(u64::from(count) + 1))
///     }
///
///     fn apply<W: KvWrite>(
///         &self, count: u64, view: &mut W, _out: &mut Outbox,
///     ) -> AnyResult {
///         Ok(view.put(&self.0, b"count", &[count as u8])?)
///     }
/// }
///
/// let store = arbour::open("memory:")?;
/// let counted = Projection::new("counted", 1);
/// let tree = store.tree(&counted.view("counter"))?;
/// let events = Events::builder(store.clone(), "main")
///     .projection(counted.model(Counter(tree)))
///     .build()?;
/// let noted = EventType::<String>::new("noted");
/// let dispatched = events.dispatch_all(noted.event("diary", &"hello".to_owned())?)?;
/// assert_eq!(dispatched.result("counted", "counter"), Some(&1.into()));
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct Events {
    pub(super) inner: Arc<Inner>,
}

impl Clone for Events {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

/// The state shared by all clones.
pub(super) struct Inner {
    pub(super) views: Arc<GroupCommit<DynStore>>,
    pub(super) location: LogLocation,
    pub(super) projections: Vec<RunningProjection>,
    pub(super) signal: Signal,
    pub(super) counters: Counters,
    pub(super) is_shut: AtomicBool,
    /// How many threads are appending to the store of the views and applying.
    pub(super) dispatching: AtomicUsize,
    /// The durability of views that are not committed together with their events.
    pub(super) view_durability: Durability,
    /// The interval at which waiting threads read the store.
    pub(super) poll: Duration,
    /// How long a wait without a timeout lasts without progress.
    pub(super) stall_timeout: Duration,
    /// What is known about the claims of each subscription.
    pub(super) taken: Mutex<HashMap<String, Taken>>,
}

impl Inner {
    /// Determines the active versions, and checks that the views were made from this log. Returns the
    /// inline projections whose view lacks events or has yet to become the active one.
    pub(super) fn open(&self) -> Result<Vec<String>> {
        let views = self.views.inner();
        let mut lagging = Vec::new();
        for running in &self.projections {
            let (state, active) = {
                let snapshot = views.snapshot()?;
                running.check_log(&snapshot)?;
                (running.state(&snapshot)?, running.active_version(&snapshot)?)
            };
            let active = match active {
                None => self.activate_newest(running.name())?,
                active => active,
            };
            running.committed(&state);
            let newest = self.location.check(running.name(), &state)?.position;
            let lags = state.applied < newest || self.takes_over(running, active);
            if lags && running.declared.is_inline && self.serves(running, active) {
                lagging.push(running.name().to_owned());
            }
        }
        Ok(lagging)
    }

    /// Activates the newest declared version of a projection that has no active version yet. Returns
    /// the active version.
    fn activate_newest(&self, name: &str) -> Result<Option<u32>> {
        let projections = self.projections.iter().filter(|running| running.name() == name);
        let newest = projections.max_by_key(|running| running.declared.version());
        let Some(newest) = newest else { return Ok(None) };
        self.views.inner().write(|transaction| match newest.active_version(transaction)? {
            None => {
                newest.activate(transaction)?;
                Ok(Some(newest.declared.version()))
            }
            active => Ok(active),
        })
    }

    pub(super) fn check_open(&self) -> Result<()> {
        if self.is_shut.load(Ordering::Acquire) {
            return Err(EventError::ShutDown { log: self.location.name().to_owned() }.into());
        }
        Ok(())
    }

    /// Returns the version of a projection that this program applies.
    pub(super) fn served(&self, projection: &str) -> Result<&RunningProjection> {
        self.served_at(&self.views.inner().snapshot()?, projection)
    }

    /// Returns the version of a projection that this program applies, as seen by a reader.
    pub(super) fn served_at<R: KvRead>(
        &self,
        reader: &R,
        projection: &str,
    ) -> Result<&RunningProjection> {
        for running in self.projections.iter().filter(|running| running.name() == projection) {
            let active = running.active_version(reader)?;
            if self.serves(running, active) {
                return Ok(running);
            }
        }
        Err(self.no_projection(projection, "that is declared"))
    }

    /// Tells whether this program applies a version: the active one or, if that is not declared
    /// here, the newest that is.
    pub(super) fn serves(&self, running: &RunningProjection, active: Option<u32>) -> bool {
        let version = running.declared.version();
        let mut declared = self.projections.iter().filter(|other| other.name() == running.name());
        active == Some(version)
            || declared.all(|other| {
                let other = other.declared.version();
                other <= version && Some(other) != active
            })
    }

    /// Tells whether a version takes over from the active one: it is applied here and newer. An
    /// earlier one is kept up to date for its readers, and the newer one stays active.
    pub(super) fn takes_over(&self, running: &RunningProjection, active: Option<u32>) -> bool {
        active.is_none_or(|active| active < running.declared.version())
            && self.serves(running, active)
    }

    pub(super) fn version(&self, projection: &str, version: u32) -> Result<&RunningProjection> {
        let mut projections = self.projections.iter();
        let found = projections
            .find(|running| running.name() == projection && running.declared.version() == version);
        found.ok_or_else(|| self.no_projection(projection, &format!("of version {version}")))
    }

    fn no_projection(&self, projection: &str, which: &str) -> Error {
        EventError::Invalid {
            log: self.location.name().to_owned(),
            reason: format!("there is no projection {projection:?} {which}"),
        }
        .into()
    }
}

impl Events {
    /// Returns the store of the views.
    ///
    /// ```
    /// # use arbour::{KvStore, events::Events};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// assert_eq!(events.store().capabilities().engine, "memory");
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn store(&self) -> &DynStore {
        self.inner.views.inner()
    }

    /// Returns the log, for operations that [`Events`] does not offer: reading it in the same
    /// snapshot as other data of its [store](Self::log_store), keys and versions, copies. A program
    /// that appends through it should call [`notify`](Self::notify).
    ///
    /// ```
    /// # use arbour::{KvStore, events::Events};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// assert_eq!(events.log().version(&events.log_store().snapshot()?, "diary")?, 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.inner.location.log
    }

    /// Returns the store of the log: the store of the views, or a separate one.
    ///
    /// ```
    /// # use arbour::{KvStore, events::Events};
    /// let builder = Events::builder(arbour::MemoryStore::new(), "main");
    /// let events = builder.log_in(arbour::open("memory:")?).build()?;
    /// assert_eq!(events.log_store().capabilities().engine, "memory");
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn log_store(&self) -> &DynStore {
        self.inner.location.store.inner()
    }

    /// Returns the current head of the log.
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::events::Events;
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// assert_eq!(events.head()?.position, 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn head(&self) -> Result<Head> {
        self.inner.location.head()
    }

    /// Returns events from the current state of the log.
    ///
    /// # Errors
    /// As [`Log::each`].
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// assert!(events.read(&EventQuery::all())?.is_empty());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn read(&self, query: &EventQuery) -> Result<Vec<EventBuf>> {
        let LogLocation { store, log, .. } = &self.inner.location;
        log.read(&store.snapshot()?, query)
    }

    /// Returns the position after which the events from a time on begin, in milliseconds since 1970
    /// (UTC): see [`Log::position_at`]. With it a subscription
    /// [rewinds](super::Subscription::rewind) to a time.
    ///
    /// # Errors
    /// As [`Log::position_at`].
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events};
    /// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
    /// let since_1970 = events.tail(EventQuery::all().after(events.position_at(0)?));
    /// assert_eq!(since_1970.position(), 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn position_at(&self, time: i64) -> Result<u64> {
        let LogLocation { store, log, .. } = &self.inner.location;
        log.position_at(&store.snapshot()?, time)
    }

    /// Returns the active version of a projection, which is the one that is read, even if it is not
    /// declared here; `None` if there has never been one. If another program has switched to a
    /// newer version that this one does not declare, this one keeps its own newest version up to date.
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::events::{Events, Projection};
    /// let store = arbour::open("memory:")?;
    /// Events::builder(store.clone(), "main").projection(Projection::new("bank", 7)).build()?;
    /// let events = Events::builder(store, "main").build()?;
    /// assert_eq!((events.active_version("bank")?, events.active_version("shop")?), (Some(7), None));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn active_version(&self, projection: &str) -> Result<Option<u32>> {
        active_version(self.store(), &self.store().snapshot()?, projection)
    }

    /// Wakes threads that wait for events, after the program has appended some through a [`Log`].
    /// Without a notification they notice the events at the next [poll](super::EventsBuilder::poll).
    ///
    /// ```
    /// # use arbour::{KvStore, events::{Events, Log, NewEvent}};
    /// let store = arbour::open("memory:")?;
    /// let events = Events::builder(store.clone(), "main").build()?;
    /// let log = Log::open(&store, "main")?;
    /// let append = NewEvent::raw("diary", "noted", 1, Vec::new()).into();
    /// store.write(|transaction| log.append(transaction, &append))?;
    /// events.notify();
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn notify(&self) {
        self.inner.signal.notify();
    }

    /// Returns the counters shared by this value and its clones.
    ///
    /// ```
    /// # use arbour::events::Events;
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// assert_eq!(events.counters().appended(), 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    /// Shuts down: running work completes, waiting calls fail with
    /// [`ShutDown`](EventError::ShutDown), and later dispatches are refused. The stores stay open.
    ///
    /// ```
    /// # use arbour::events::{Events, NewEvent};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// events.shut_down();
    /// assert!(events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new())).is_err());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn shut_down(&self) {
        self.inner.is_shut.store(true, Ordering::Release);
        self.inner.signal.notify();
    }
}

/// Returns the active version of a projection.
pub(super) fn active_version<S: KvStore, R: KvRead>(
    store: &S,
    reader: &R,
    projection: &str,
) -> Result<Option<u32>> {
    check_name(projection, "a projection")?;
    read_active_version(reader, &open_tree(store, PROJECTION_TREE)?, projection)
}
