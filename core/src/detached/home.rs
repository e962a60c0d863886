//! The place to which a transaction comes back that was given away by value.

use parking_lot::Mutex;

use super::work::Work;
use crate::{Error, ErrorKind, Operation, Result};

/// What is known of a transaction that was given away.
#[derive(Default)]
pub(super) struct Home {
    state: Mutex<State>,
}

#[derive(Default)]
enum State {
    /// It has not been dropped.
    #[default]
    Out,
    Back(Box<Work>),
    /// It was committed or rolled back by the code that had it.
    Ended,
}

impl Home {
    /// Takes what a dropped transaction has done; nothing if it has ended.
    pub(super) fn receive(&self, work: Option<Box<Work>>) {
        *self.state.lock() = work.map_or(State::Ended, State::Back);
    }

    /// Returns what the transaction has done, unless it has ended.
    pub(super) fn take(&self) -> Result<Option<Box<Work>>> {
        match std::mem::take(&mut *self.state.lock()) {
            State::Back(work) => Ok(Some(work)),
            State::Ended => Ok(None),
            State::Out => {
                let message = "the transaction is still in use after the closure that took it has \
                               ended: let the closure drop it";
                Err(Error::new(ErrorKind::InvalidArgument, Operation::Commit, message))
            }
        }
    }
}
