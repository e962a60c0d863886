//! The reading connections, kept for later snapshots.

use parking_lot::Mutex;
use rusqlite::Connection;

/// How many idle connections are kept. Each has its own cache.
const IDLE_MAX: usize = 16;

/// The idle connections, and the number of those used by snapshots.
#[derive(Default)]
pub(crate) struct Readers {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    /// How many are lent or being closed.
    lent: usize,
    /// Whether the store is closed; returned connections are then closed too.
    closed: bool,
}

impl Readers {
    /// Takes an idle connection, or one created by `open`; `None` if the store is closed. If `open`
    /// fails, the caller must [give](Self::give) `None` back.
    pub(crate) fn take<E>(
        &self,
        open: impl FnOnce() -> Result<Connection, E>,
    ) -> Result<Option<Connection>, E> {
        let idle = {
            let mut state = self.state.lock();
            if state.closed {
                return Ok(None);
            }
            state.lent += 1;
            state.idle.pop()
        };
        match idle {
            Some(connection) => Ok(Some(connection)),
            None => open().map(Some),
        }
    }

    /// Returns a connection, or `None` for one that is gone. Tells whether it was the last one of a
    /// closed store.
    pub(crate) fn give(&self, connection: Option<Connection>) -> bool {
        let mut state = self.state.lock();
        match connection {
            Some(connection) if !state.closed && state.idle.len() < IDLE_MAX => {
                state.idle.push(connection);
            }
            connection => {
                // Closing a connection takes a while, and other threads need the lock. It counts as
                // lent until it is closed, because the last one must find all others closed.
                drop(state);
                drop(connection);
                state = self.state.lock();
            }
        }
        state.lent -= 1;
        state.closed && state.lent == 0
    }

    /// Tells whether a snapshot has a connection.
    pub(crate) fn are_lent(&self) -> bool {
        self.state.lock().lent > 0
    }

    /// Closes the idle connections, and later each lent one when it is returned. Tells whether none
    /// is left; otherwise [`give`](Self::give) tells which is the last.
    pub(crate) fn close(&self) -> bool {
        let idle = {
            let mut state = self.state.lock();
            state.closed = true;
            state.lent += 1;
            std::mem::take(&mut state.idle)
        };
        drop(idle);
        self.give(None)
    }
}
