//! Dispatching events: appending them, and waiting for what inline projections make of them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use arbour_core::{Durability, KvStore as _, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::EventError;
use super::append::{Append, Appended};
use super::counters::Counters;
use super::drive::Wait;
use super::events::{Events, Inner};
use super::handling::check_not_handling;
use super::inline::Inlined;
use super::log_location::LogLocation;
use super::outcome::Outcome;
use super::running_projection::RunningProjection;
use super::typed_event::TypedEvent;

/// The options of a dispatch.
///
/// ```
/// use arbour::events::Dispatch;
/// use std::time::Duration;
/// let dispatch = Dispatch::default().timeout(Duration::from_secs(1));
/// assert!(dispatch.waits);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dispatch {
    /// Whether to wait for inline projections. If not, their outcomes are [`Outcome::NotWaited`],
    /// unless the events were applied anyway.
    pub waits: bool,
    /// How long to wait. If `None`, the wait lasts as long as there is progress: see
    /// [`stall_timeout`](super::EventsBuilder::stall_timeout).
    pub timeout: Option<Duration>,
    /// The durability with which the events are appended.
    pub durability: Durability,
}

impl Default for Dispatch {
    fn default() -> Self {
        Self { waits: true, timeout: None, durability: Durability::default() }
    }
}

impl Dispatch {
    /// Waits only until the events are in the log.
    ///
    /// ```
    /// # use arbour::events::Dispatch;
    /// assert!(!Dispatch::default().without_waiting().waits);
    /// ```
    #[must_use]
    pub fn without_waiting(mut self) -> Self {
        self.waits = false;
        self
    }

    /// Waits for projections at most this long. After the timeout the events remain in the log.
    ///
    /// ```
    /// # use arbour::events::Dispatch;
    /// # use std::time::Duration;
    /// assert!(Dispatch::default().timeout(Duration::ZERO).timeout.is_some());
    /// ```
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Appends with this durability.
    ///
    /// ```
    /// # use arbour::{Durability, events::Dispatch};
    /// let dispatch = Dispatch::default().durability(Durability::ProcessCrash);
    /// assert_eq!(dispatch.durability, Durability::ProcessCrash);
    /// ```
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }
}

/// The result of a dispatch. The events are in the log, whatever the projections made of them.
///
/// ```
/// use arbour::events::{Events, NewEvent};
/// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
/// let dispatched = events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
/// assert_eq!(dispatched.appended.first, 1);
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Dispatched {
    /// The positions of the events.
    pub appended: Appended,
    /// What each inline projection made of them, by its name: the outcome of each event, in order.
    pub projected: BTreeMap<String, Vec<Outcome>>,
}

impl Dispatched {
    /// Returns what the closure of a projection, [`Projection::on`](super::Projection::on), returned
    /// for the last of the events; `None` if it returned `()` or the event was not applied.
    ///
    /// # Errors
    /// [`Invalid`](EventError::Invalid) if that is not an `R`.
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// # use arbour::prelude::*;
    /// #[derive(Serialize, Deserialize, Event)]
    /// struct Moved { cents: i64 }
    ///
    /// let bank = Projection::new("bank", 1).on(|event: &Recorded<Moved>, _view| {
    ///     if event.body.cents > 500 { Err("that is too much".into()) } else { Ok(500 - event.body.cents) }
    /// });
    /// let events = Events::builder(arbour::open("memory:")?, "main").projection(bank).build()?;
    /// let done = events.dispatch("ada", Moved { cents: 400 })?;
    /// assert_eq!(done.returned::<i64>("bank")?, Some(100));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn returned<R: DeserializeOwned>(&self, projection: &str) -> Result<Option<R>> {
        let Some(result) = self.result(projection, projection) else { return Ok(None) };
        let read = R::deserialize(result).map_err(|cause| {
            let name = std::any::type_name::<R>();
            let reason = format!("what the projection returned is no {name}: {cause}: {result}");
            EventError::Invalid { log: projection.to_owned(), reason }
        });
        Ok(Some(read?))
    }

    /// Returns what a model of a projection returned for the last of the events; `None` if it
    /// returned nothing or the event was not applied.
    ///
    /// ```
    /// # use arbour::events::Dispatched;
    /// # use serde_json::Value;
    /// fn balance(dispatched: &Dispatched) -> Option<&Value> {
    ///     dispatched.result("bank", "accounts")
    /// }
    /// ```
    #[must_use]
    pub fn result(&self, projection: &str, model: &str) -> Option<&Value> {
        match self.outcomes(projection).last()? {
            Outcome::Applied { result, .. } => result.get(model),
            _ => None,
        }
    }

    /// Returns the outcome of each event in a projection; empty if there is no inline projection of
    /// this name.
    ///
    /// ```
    /// # use arbour::events::{Dispatched, Outcome};
    /// fn is_dead_lettered(dispatched: &Dispatched) -> bool {
    ///     matches!(dispatched.outcomes("bank"), [Outcome::DeadLettered { .. }])
    /// }
    /// ```
    #[must_use]
    pub fn outcomes(&self, projection: &str) -> &[Outcome] {
        self.projected.get(projection).map_or(&[], Vec::as_slice)
    }
}

impl Events {
    /// Appends an event to a stream durably, and waits until inline projections have dealt with it.
    ///
    /// The call always returns. Once the event is in the log, a failure of a projection is not an
    /// error but an [`Outcome`].
    ///
    /// # Errors
    /// As [`dispatch_all`](Self::dispatch_all); [`Unfit`](EventError::Unfit) if the event cannot be
    /// encoded.
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// # use arbour::prelude::*;
    /// #[derive(Serialize, Deserialize, Event)]
    /// enum Banking {
    ///     Opened { owner: String },
    ///     Moved { cents: i64 },
    /// }
    /// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
    /// let done = events.dispatch("ada", Banking::Moved { cents: 400 })?;
    /// assert_eq!(done.appended.last, 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn dispatch<E: TypedEvent>(
        &self,
        stream: impl Into<String>,
        event: E,
    ) -> Result<Dispatched> {
        self.dispatch_all(event.to_stream(stream)?)
    }

    /// Does the same as [`dispatch`](Self::dispatch) for one or more events that are encoded
    /// already, with expected versions and an idempotency key. They are appended together or not at
    /// all.
    ///
    /// # Errors
    /// As [`Log::append`](super::Log::append). An error means that nothing was appended, unless the
    /// store reports [`CommitUnknown`](crate::ErrorKind::CommitUnknown).
    /// [`Busy`](crate::ErrorKind::Busy) from within a handler,
    /// [`ShutDown`](EventError::ShutDown) after [`shut_down`](Self::shut_down).
    ///
    /// ```
    /// # use arbour::events::{Events, EventType};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// let noted = EventType::<String>::new("noted");
    /// events.dispatch_all(noted.event("diary", &"hello".to_owned())?)?;
    /// assert_eq!(events.head()?.position, 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn dispatch_all(&self, append: impl Into<Append>) -> Result<Dispatched> {
        self.dispatch_with(append, Dispatch::default())
    }

    /// Does the same as [`dispatch_all`](Self::dispatch_all), with options.
    ///
    /// # Errors
    /// As [`dispatch_all`](Self::dispatch_all).
    ///
    /// ```
    /// # use arbour::events::{Dispatch, Events, NewEvent};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// let event = NewEvent::raw("diary", "noted", 1, b"\"hello\"".to_vec());
    /// events.dispatch_with(event, Dispatch::default().without_waiting())?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn dispatch_with(
        &self,
        append: impl Into<Append>,
        dispatch: Dispatch,
    ) -> Result<Dispatched> {
        check_not_handling()?;
        self.inner.check_open()?;
        let until = dispatch.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let append = append.into();
        let span = tracing::debug_span!(
            "dispatch",
            log = self.inner.location.name(),
            events = append.events.len()
        );
        let _entered = span.enter();
        let LogLocation { store, log, is_beside_views } = &self.inner.location;
        let appended = if *is_beside_views {
            self.append_and_apply(append, dispatch.durability)
        } else {
            let log = log.clone();
            let appended = store.write_grouped(dispatch.durability, move |transaction| {
                log.append(transaction, &append)
            });
            appended.map(|appended| (appended, self.inner.inline_projections(appended)))
        };
        // Notify even if the append was refused: other threads wait while `dispatching` is above
        // zero.
        self.inner.signal.notify();
        let (appended, done) = appended?;
        if !appended.is_repeated {
            Counters::add(&self.inner.counters.appended, appended.last + 1 - appended.first);
        }
        Ok(self.settle(appended, done, dispatch, until))
    }
}

impl Events {
    /// Waits for the inline projections that were not applied in the commit of the events.
    pub(super) fn settle(
        &self,
        appended: Appended,
        done: Vec<Inlined>,
        dispatch: Dispatch,
        until: Option<Instant>,
    ) -> Dispatched {
        let count = (appended.last + 1 - appended.first) as usize;
        let projected = done.into_iter().filter_map(|inlined| {
            let running = self.inner.projections.get(inlined.running)?;
            let outcomes = if inlined.outcomes.len() == count {
                inlined.outcomes
            } else if dispatch.waits {
                self.inner.outcomes(running, appended, until)
            } else {
                vec![Outcome::NotWaited; count]
            };
            Some((running.name().to_owned(), outcomes))
        });
        Dispatched { appended, projected: projected.collect() }
    }
}

impl Inner {
    /// Waits until a projection has dealt with the events, and returns their outcomes.
    fn outcomes(
        &self,
        running: &RunningProjection,
        appended: Appended,
        until: Option<Instant>,
    ) -> Vec<Outcome> {
        let ended = self.drive_until(running, appended.last, until);
        let fates = (appended.first..=appended.last).map(|position| {
            self.outcome(running, position, &ended)
                .unwrap_or_else(|error| Outcome::Unknown { reason: error.to_string() })
        });
        fates.collect()
    }

    fn outcome(
        &self,
        running: &RunningProjection,
        position: u64,
        ended: &Result<Wait>,
    ) -> Result<Outcome> {
        let snapshot = self.views.inner().snapshot()?;
        if running.state(&snapshot)?.applied >= position {
            return Ok(Outcome::of(running.fate(&snapshot, position)?));
        }
        Ok(match ended {
            Ok(Wait::Reached) => {
                let what = format!("the projection {:?} is not at {position} yet", running.name());
                return Err(EventError::TimedOut { what }.into());
            }
            Ok(Wait::TimedOut) => Outcome::TimedOut,
            Ok(Wait::ShutDown) => Outcome::ShutDown,
            Ok(Wait::Halted { position, reason }) => {
                Outcome::Halted { position: *position, reason: reason.clone() }
            }
            Err(error) => Outcome::Unknown { reason: error.to_string() },
        })
    }
}
