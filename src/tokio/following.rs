//! A stream of what is read in batches.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use arbour_core::{Error, Result};
use futures_core::Stream;

/// What a stream reads next.
pub(crate) enum Step<T> {
    /// Items, at least one.
    Items(Vec<T>),
    /// Something to tell the reader. The stream goes on.
    Told(Error),
    /// The end, with the error that caused it, if one did.
    Ended(Option<Error>),
}

/// Something that is read in batches, and can be waited for.
pub(crate) trait Source: Sized + Send + 'static {
    type Item: Send + 'static;

    /// Waits for the next items. Returns itself, so that nothing is borrowed while a stream waits.
    fn next(self) -> impl Future<Output = (Self, Step<Self::Item>)> + Send;
}

type Reading<S> = Pin<Box<dyn Future<Output = (S, Step<<S as Source>::Item>)> + Send>>;

/// A stream over a source. It reads only when it is polled, and keeps one batch.
pub(crate) struct Following<S: Source> {
    state: State<S>,
    ready: VecDeque<S::Item>,
}

enum State<S: Source> {
    Idle(S),
    Reading(Reading<S>),
    Ended,
}

impl<S: Source> Following<S> {
    pub(crate) fn new(source: S) -> Self {
        Self { state: State::Idle(source), ready: VecDeque::new() }
    }

    /// Changes the source, if nothing was read yet.
    pub(crate) fn with_source(mut self, change: impl FnOnce(&mut S)) -> Self {
        if let State::Idle(source) = &mut self.state {
            change(source);
        }
        self
    }
}

// The stream never pins its fields: a future that is being read is in a box of its own.
impl<S: Source> Unpin for Following<S> {}

impl<S: Source> Stream for Following<S> {
    type Item = Result<S::Item>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Idle(source) => self.state = State::Reading(Box::pin(source.next())),
                State::Reading(mut reading) => {
                    let Poll::Ready((source, step)) = reading.as_mut().poll(context) else {
                        self.state = State::Reading(reading);
                        return Poll::Pending;
                    };
                    match step {
                        Step::Items(items) => self.ready = items.into(),
                        Step::Told(error) => {
                            self.state = State::Idle(source);
                            return Poll::Ready(Some(Err(error)));
                        }
                        Step::Ended(error) => return Poll::Ready(error.map(Err)),
                    }
                    self.state = State::Idle(source);
                }
            }
        }
    }
}

impl<S: Source> fmt::Debug for Following<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Following").field("ready", &self.ready.len()).finish_non_exhaustive()
    }
}
