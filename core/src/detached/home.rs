//! The place to which a transaction that was handed out comes back.

use parking_lot::Mutex;

use super::work::Work;

/// What is known of a transaction that was handed out.
#[derive(Default)]
pub(super) struct Home {
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) enum State {
    #[default]
    Out,
    Back(Box<Work>),
    /// It was committed or rolled back by the code that had it.
    Ended,
}

impl Home {
    /// Takes a dropped transaction; nothing if it has ended.
    pub(super) fn receive(&self, work: Option<Box<Work>>) {
        *self.state.lock() = work.map_or(State::Ended, State::Back);
    }

    pub(super) fn take(&self) -> State {
        std::mem::take(&mut *self.state.lock())
    }
}
