//! A log and its subscriptions as streams, for programs on tokio.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use arbour_core::{DynTransaction, Result};
use futures_core::Stream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::EventError;
use super::event::EventBuf;
use super::events::Events;
use super::query::EventQuery;
use super::runner::Runner;
use super::subscription::Subscription;
use super::tail::Tail;
use crate::tokio::{Following, Source, Step, run_blocking};

/// How many events a stream reads at once, and so how many it holds at most.
const BATCH: usize = 128;

/// The events of a log as they are committed; made by [`Events::stream`].
///
/// Events come oldest first, without gaps or repeats. The stream waits for new ones, and ends after
/// [`shut_down`](Events::shut_down). An item is an error in two cases:
///
/// - [`Archived`](EventError::Archived): events that the stream had yet to read were trimmed. The error
///   names the positions. The stream goes on with the first event that is left.
/// - Any other error is the last item.
///
/// It reads when it is polled, on a blocking thread, at most 128 events ahead, and holds no snapshot
/// in between: a reader that stops reading delays no writer and keeps nothing from being trimmed.
///
/// Its runtime needs its timer (`enable_time`), because commits of other processes are noticed by
/// [polling](super::EventsBuilder::poll).
///
/// ```
/// use arbour::events::EventStream;
/// use futures_util::StreamExt;
///
/// async fn print(mut stream: EventStream) -> arbour::Result<()> {
///     while let Some(event) = stream.next().await {
///         println!("{}", event?.as_event().event_type);
///     }
///     Ok(())
/// }
/// ```
pub struct EventStream {
    following: Following<Reader>,
}

impl Events {
    /// Follows the log from where a query begins, as a stream. Its position is not stored; for that,
    /// [`subscribe`](Self::subscribe). The query's end, limit and direction are not used.
    ///
    /// ```
    /// use arbour::events::{EventQuery, Events, NewEvent};
    /// use futures_util::StreamExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> arbour::Result<()> {
    /// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
    /// let mut noted = events.stream(EventQuery::all().of_type("noted"));
    /// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// let event = noted.next().await.expect("the log is open")?;
    /// assert_eq!(event.as_event().stream, "diary");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn stream(&self, query: EventQuery) -> EventStream {
        EventStream::over(self.tail(query))
    }
}

impl EventStream {
    fn over(tail: Tail) -> Self {
        let committed = tail.events.inner.signal.subscribe();
        Self { following: Following::new(Reader { tail, committed }) }
    }
}

impl Stream for EventStream {
    type Item = Result<EventBuf>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.following).poll_next(context)
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.following.fmt(f)
    }
}

/// A subscription as a stream; made by [`Subscription::into_stream`].
///
/// It returns events as an [`EventStream`] does. [`acknowledge`](Self::acknowledge) stores how far they
/// were read: what was returned but not acknowledged comes again to the next runner.
///
/// ```
/// use arbour::events::SubscriptionStream;
/// use futures_util::StreamExt;
///
/// async fn mail(mut mailer: SubscriptionStream) -> arbour::Result<()> {
///     while let Some(event) = mailer.next().await {
///         println!("{}", event?.as_event().event_type);
///         mailer.acknowledge().await?;
///     }
///     Ok(())
/// }
/// ```
pub struct SubscriptionStream {
    events: EventStream,
    runner: Runner,
    position: u64,
}

impl Subscription {
    /// Makes a stream of the subscription, for programs on tokio.
    ///
    /// ```
    /// use arbour::events::{EventQuery, Events, NewEvent};
    /// use futures_util::StreamExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> arbour::Result<()> {
    /// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
    /// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// let mut mailer = events.subscribe("mailer", EventQuery::all())?.into_stream();
    /// while let Some(event) = mailer.next().await {
    ///     println!("{}", event?.as_event().event_type);
    ///     mailer.acknowledge().await?;
    ///     # break;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn into_stream(self) -> SubscriptionStream {
        let position = self.position();
        let Self { tail, runner } = self;
        SubscriptionStream { events: EventStream::over(tail), runner, position }
    }
}

impl SubscriptionStream {
    /// Returns the position of the last event that the stream returned.
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main").build()?;
    /// assert_eq!(events.subscribe("mailer", EventQuery::all())?.into_stream().position(), 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Acknowledges all events that the stream has returned so far. Writes only if the position has
    /// changed. If the future is dropped, the position is acknowledged or it is not.
    ///
    /// # Errors
    /// [`Fenced`](EventError::Fenced) if another runner has taken over; errors of the store.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn acknowledge(&self) -> Result<()> {
        let (runner, position) = (self.runner.clone(), self.position);
        run_blocking(move || runner.acknowledge(position)).await?
    }

    /// Returns a function that acknowledges all events that the stream has returned so far, for a
    /// transaction of the log's store: the effects of the events and their acknowledgement are then one
    /// commit. It fails with [`Fenced`](EventError::Fenced) if another runner has taken over; the
    /// transaction then has to be rolled back.
    ///
    /// ```
    /// use arbour::events::{EventQuery, Events, NewEvent};
    /// use futures_util::StreamExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> arbour::Result<()> {
    /// let store = arbour::open("memory:")?;
    /// let events = Events::builder(store.clone(), "main").build()?;
    /// let store = arbour::tokio::Store::new(store);
    /// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// let mut mailer = events.subscribe("mailer", EventQuery::all())?.into_stream();
    /// let event = mailer.next().await.expect("the log is open")?;
    /// let acknowledge = mailer.acknowledgement();
    /// store.write(move |tx| {
    ///     // Here the program writes what it made of the event.
    ///     # let _ = event;
    ///     acknowledge(tx)
    /// }).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn acknowledgement(&self) -> impl Fn(&mut DynTransaction<'_>) -> Result<()> + Send + use<> {
        let (runner, position) = (self.runner.clone(), self.position);
        move |transaction| runner.acknowledge_in(transaction, position)
    }
}

impl Stream for SubscriptionStream {
    type Item = Result<EventBuf>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.events).poll_next(context);
        if let Poll::Ready(Some(Ok(event))) = &next {
            self.position = event.as_event().position;
        }
        next
    }
}

impl fmt::Debug for SubscriptionStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, position) = (&self.runner.name, self.position);
        f.debug_struct("SubscriptionStream")
            .field("name", name)
            .field("position", &position)
            .finish_non_exhaustive()
    }
}

/// A tail, and what wakes its reader.
struct Reader {
    tail: Tail,
    committed: watch::Receiver<()>,
}

/// Reads what is there already, and if the next event was trimmed, continues after the trimmed ones.
fn read(tail: &mut Tail) -> Result<Vec<EventBuf>> {
    let read = tail.next(BATCH, Duration::ZERO);
    if let Err(error) = &read
        && let Some(EventError::Archived { .. }) = error.downcast_ref()
    {
        tail.skip_trimmed()?;
    }
    read
}

impl Source for Reader {
    type Item = EventBuf;

    async fn next(self) -> Step<Self> {
        let Self { mut tail, mut committed } = self;
        loop {
            // Before the read: an append in between then ends the wait at once.
            committed.mark_unchanged();
            let reading = run_blocking(move || {
                let read = read(&mut tail);
                (tail, read)
            });
            let read;
            (tail, read) = match reading.await {
                Ok(read) => read,
                Err(error) => return Step::Ended(Some(error)),
            };
            match read {
                Ok(events) if events.is_empty() => {}
                Ok(events) => return Step::Items(Self { tail, committed }, events),
                Err(error) => {
                    return match error.downcast_ref() {
                        Some(EventError::Archived { .. }) => {
                            Step::Told(Self { tail, committed }, error)
                        }
                        Some(EventError::ShutDown { .. } | EventError::Stopped { .. }) => {
                            Step::Ended(None)
                        }
                        _ => Step::Ended(Some(error)),
                    };
                }
            }
            // The sender lives as long as the events.
            let inner = &tail.events.inner;
            let poll = inner.signal.poll_interval(inner.poll);
            let _ = timeout(poll, committed.changed()).await;
        }
    }
}
