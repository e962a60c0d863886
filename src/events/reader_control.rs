//! Pausing and stopping a reader from another thread.

use std::sync::Arc;

use parking_lot::Mutex;

use super::events::Inner;

/// Pauses or stops a [`Subscription`](super::Subscription) or a [`Tail`](super::Tail), also from
/// another thread; made by [`Subscription::control`](super::Subscription::control) and
/// [`Tail::control`](super::Tail::control). Clones control the same reader.
///
/// It acts on this reader in this process, and the store knows nothing of it: a runner of the
/// subscription that starts later is not paused.
///
/// ```
/// use arbour::events::{EventError, EventQuery, Events};
/// use std::time::Duration;
/// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
/// let mut mailer = events.subscribe("mailer", EventQuery::all())?;
/// let control = mailer.control();
/// std::thread::scope(|scope| {
///     let running = scope.spawn(move || {
///         loop {
///             let letters = mailer.next(100, Duration::from_secs(10))?;
///             // Here the program sends them.
///             # let _ = letters;
///             mailer.acknowledge()?;
///         }
///         # #[expect(unreachable_code, reason = "the type of the error")]
///         # Ok::<(), arbour::Error>(())
///     });
///     control.stop();
///     let stopped = running.join().unwrap().unwrap_err();
///     assert!(matches!(stopped.downcast_ref(), Some(EventError::Stopped { .. })));
/// });
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone)]
pub struct ReaderControl {
    state: Arc<Mutex<ReaderState>>,
    /// Where the reader waits.
    inner: Arc<Inner>,
}

/// Whether a reader hands out events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ReaderState {
    #[default]
    Running,
    Paused,
    Stopped,
}

impl ReaderControl {
    pub(super) fn new(inner: &Arc<Inner>) -> Self {
        Self { state: Arc::default(), inner: Arc::clone(inner) }
    }

    pub(super) fn state(&self) -> ReaderState {
        *self.state.lock()
    }

    /// Moves to another state, unless the reader is stopped, and wakes it.
    fn change(&self, state: ReaderState) {
        let mut current = self.state.lock();
        if *current != ReaderState::Stopped {
            *current = state;
        }
        drop(current);
        self.inner.signal.notify();
    }

    /// Pauses the reader: until it is [resumed](Self::resume), it hands out no events, and `next`
    /// returns none when its timeout has passed. A call that is returning events at this moment still
    /// returns them. What was handed out can be acknowledged.
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events, NewEvent};
    /// # use std::time::Duration;
    /// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
    /// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// let mut tail = events.tail(EventQuery::all());
    /// tail.control().pause();
    /// assert!(tail.next(1, Duration::ZERO)?.is_empty());
    /// tail.control().resume();
    /// assert_eq!(tail.next(1, Duration::ZERO)?.len(), 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn pause(&self) {
        self.change(ReaderState::Paused);
    }

    /// Lets a paused reader continue after the last event that it handed out. Does nothing unless it
    /// is paused.
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events};
    /// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
    /// let control = events.tail(EventQuery::all()).control();
    /// control.pause();
    /// control.resume();
    /// assert!(!control.is_paused());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn resume(&self) {
        self.change(ReaderState::Running);
    }

    /// Stops the reader for good: `next` fails with [`Stopped`](super::EventError::Stopped), also one
    /// that waits at this moment. What was handed out can still be acknowledged, and a subscription
    /// can be subscribed to again.
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events};
    /// # use std::time::Duration;
    /// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
    /// let mut tail = events.tail(EventQuery::all());
    /// tail.control().stop();
    /// assert!(tail.next(1, Duration::MAX).is_err());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn stop(&self) {
        self.change(ReaderState::Stopped);
    }

    /// Tells whether the reader is paused.
    ///
    /// ```
    /// # use arbour::events::{EventQuery, Events};
    /// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
    /// assert!(!events.tail(EventQuery::all()).control().is_paused());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.state() == ReaderState::Paused
    }
}
