//! A stream of what is read in batches.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use arbour_core::{Error, Result};
use futures_core::Stream;
use tokio::task::{JoinError, JoinSet};

use super::blocking::runtime_shut_down;

/// What a stream reads next, and what it reads from afterwards.
pub(crate) enum Step<S: Source> {
    /// Items, at least one.
    Items(S, Vec<S::Item>),
    /// Something to tell the reader. The stream goes on.
    Told(S, Error),
    /// The end, with the error that caused it, if one did.
    Ended(Option<Error>),
}

/// Something that is read in batches, and can be waited for.
pub(crate) trait Source: Sized + Send + 'static {
    type Item: Send + 'static;

    /// Waits for the next items.
    fn next(self) -> impl Future<Output = Step<Self>> + Send;
}

/// A stream over a source. It begins to read when it is polled, and keeps one batch.
pub(crate) struct Following<S: Source> {
    state: State<S>,
    ready: VecDeque<S::Item>,
}

enum State<S: Source> {
    Idle(S),
    /// A task of its own reads. If the future were polled here, a reader that polls the stream once and
    /// then waits for something else could keep the turn it was given among the reads of the store,
    /// and wait for itself.
    Reading(JoinSet<Step<S>>),
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

    /// Takes in what the task has read. Returns an error or the end to hand out.
    fn take_in(&mut self, read: Option<Result<Step<S>, JoinError>>) -> Option<Option<Error>> {
        match read {
            Some(Ok(Step::Items(source, items))) => {
                self.state = State::Idle(source);
                self.ready = items.into();
                None
            }
            Some(Ok(Step::Told(source, error))) => {
                self.state = State::Idle(source);
                Some(Some(error))
            }
            Some(Ok(Step::Ended(error))) => Some(error),
            Some(Err(error)) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Some(Some(runtime_shut_down())),
            },
            None => Some(None),
        }
    }
}

// Nothing is pinned in place: what is polled is in a task of its own.
impl<S: Source> Unpin for Following<S> {}

impl<S: Source> Stream for Following<S> {
    type Item = Result<S::Item>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Idle(source) => {
                    let mut task = JoinSet::new();
                    task.spawn(source.next());
                    self.state = State::Reading(task);
                }
                State::Reading(mut task) => {
                    let Poll::Ready(read) = task.poll_join_next(context) else {
                        self.state = State::Reading(task);
                        return Poll::Pending;
                    };
                    if let Some(handed_out) = self.take_in(read) {
                        return Poll::Ready(handed_out.map(Err));
                    }
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
