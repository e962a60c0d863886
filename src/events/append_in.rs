//! Appending events in a transaction of the caller.

use arbour_core::{DynTransaction, KvRead, KvWrite, Result};

use super::EventError;
use super::append::{Append, Appended};
use super::dispatch::{Dispatch, Dispatched};
use super::events::{Events, Inner};
use super::handling::check_not_handling;
use super::inline::Inlined;
use super::outcome::Outcome;
use super::running_projection::Advanced;
use super::typed_event::TypedEvent;

impl Events {
    /// Appends an event to a stream in the caller's transaction, and applies it to the inline
    /// projections there: the event, its views and what else the caller writes are one commit. A
    /// rollback undoes all of it.
    ///
    /// If a projection fails at the event, the call fails and leaves the transaction as it was,
    /// unless the projection's [policy](super::Projection::on_failure) is to dead-letter such events.
    /// A projection that is halted already, that is being built, or that lags far behind is left to
    /// the next thread that waits for it, with [`NotWaited`](Outcome::NotWaited) as its outcome.
    ///
    /// If the log has a [store of its own](super::EventsBuilder::log_in), the transaction is one of
    /// that store, and all projections are left to the threads that wait for them.
    ///
    /// Threads of this process that wait for events are not told of the caller's commit. They poll
    /// instead: 1 millisecond after this call, and then ever more rarely, after a quarter of the time
    /// that has passed since. So a transaction that takes 40 milliseconds is noticed within 10 after
    /// its commit. Call [`notify`](Self::notify) after the commit to wake them at once. Other
    /// processes notice it at their next [poll](super::EventsBuilder::poll). The
    /// [counters](Self::counters) do not count these events.
    ///
    /// # Errors
    /// As [`append_all_in`](Self::append_all_in); [`Unfit`](EventError::Unfit) if the event cannot be
    /// encoded.
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// use arbour::prelude::*;
    ///
    /// #[derive(Serialize, Deserialize, Event)]
    /// enum Banking {
    ///     Moved { cents: i64 },
    /// }
    ///
    /// #[derive(Serialize, Deserialize, Document)]
    /// #[document(collection = "tickets")]
    /// struct Ticket {
    ///     #[document(id, made)]
    ///     id: u64,
    ///     fee: i64,
    /// }
    ///
    /// let store = arbour::open("memory:")?;
    /// let tickets = store.collection::<Ticket>()?;
    /// let events = Events::builder(store.clone(), "main").build()?;
    /// store.write(|tx| {
    ///     tickets.insert(tx, Ticket { id: 0, fee: 5 })?;
    ///     events.append_in(tx, "ada", Banking::Moved { cents: -5 })
    /// })?;
    /// assert_eq!(events.head()?.position, 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn append_in<W: KvWrite, E: TypedEvent>(
        &self,
        transaction: &mut W,
        stream: impl Into<String>,
        event: E,
    ) -> Result<Dispatched> {
        self.append_all_in(transaction, event.to_stream(stream)?)
    }

    /// Does the same as [`append_in`](Self::append_in) for one or more events that are encoded
    /// already, with expected versions and an idempotency key.
    ///
    /// # Errors
    /// [`Refused`](EventError::Refused) if a projection fails at one of the events. As
    /// [`Log::append`](super::Log::append), for example [`Expected`](EventError::Expected), which
    /// names the stream, the expected and the actual version. [`ShutDown`](EventError::ShutDown)
    /// after [`shut_down`](Self::shut_down); [`Busy`](crate::ErrorKind::Busy) from within a handler;
    /// errors of the store. After an error the transaction is as it was before the call.
    ///
    /// ```
    /// use arbour::KvStore;
    /// use arbour::events::{Append, EventError, Events, Expected, NewEvent};
    /// let store = arbour::open("memory:")?;
    /// let events = Events::builder(store.clone(), "main").build()?;
    /// let append = Append::from(NewEvent::raw("diary", "noted", 1, Vec::new()));
    /// let append = append.expect("diary", Expected::Exact(3));
    /// let refused = store.write(|tx| events.append_all_in(tx, append.clone())).unwrap_err();
    /// let Some(EventError::Expected { stream, actual, .. }) = refused.downcast_ref() else { panic!() };
    /// assert_eq!((stream.as_str(), *actual), ("diary", 0));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn append_all_in<W: KvWrite>(
        &self,
        transaction: &mut W,
        append: impl Into<Append>,
    ) -> Result<Dispatched> {
        check_not_handling()?;
        let inner = &self.inner;
        inner.check_open()?;
        let append = append.into();
        let location = &inner.location;
        let (appended, done) = if location.is_beside_views {
            let mut view = DynTransaction::within(transaction);
            let (appended, mut done) = inner.append_within(&mut view, &append, true)?;
            for inlined in &mut done {
                inner.check_inlined(inlined, &view, appended)?;
            }
            view.commit()?;
            (appended, done)
        } else {
            let appended = location.log.append(transaction, &append)?;
            (appended, inner.inline_projections(appended))
        };
        inner.signal.expect();
        Ok(self.settle(appended, done, Dispatch::default().without_waiting(), None))
    }
}

impl Inner {
    /// Refuses events at which a projection failed, and finds out what became of those that were
    /// appended before.
    fn check_inlined<R: KvRead>(
        &self,
        inlined: &mut Inlined,
        view: &R,
        appended: Appended,
    ) -> Result<()> {
        let Some(running) = self.projections.get(inlined.running) else { return Ok(()) };
        if appended.is_repeated && inlined.state.applied >= appended.last {
            let fates =
                (appended.first..=appended.last).map(|position| running.fate(view, position));
            inlined.outcomes = fates.map(|fate| fate.map(Outcome::of)).collect::<Result<_>>()?;
        }
        let Some(batch) = &inlined.batch else { return Ok(()) };
        // An earlier event may fail too. This transaction is not to blame for that one.
        let is_own = batch.state.applied + 1 >= appended.first;
        match &batch.ended {
            Advanced::Failed(reason) | Advanced::Halted(reason) if is_own => {
                let (projection, reason) = (running.name().to_owned(), reason.clone());
                Err(EventError::Refused { projection, reason }.into())
            }
            _ => Ok(()),
        }
    }
}
