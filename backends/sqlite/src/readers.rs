//! The connections that read, kept for the next snapshot.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use rusqlite::Connection;

/// How many connections are kept while nobody reads. Each has a cache of its own.
const IDLE_MAX: usize = 16;

/// The connections that nobody reads with, and a count of those that somebody does.
pub(crate) struct Readers {
    /// `None` once the store is closed: what comes back then is let go.
    idle: Mutex<Option<Vec<Connection>>>,
    lent: AtomicUsize,
}

impl Readers {
    pub(crate) fn new() -> Self {
        Self { idle: Mutex::new(Some(Vec::new())), lent: AtomicUsize::new(0) }
    }

    /// Takes a connection, one made by `open` if none is idle; `None` if the store is closed.
    pub(crate) fn take<E>(
        &self,
        open: impl FnOnce() -> Result<Connection, E>,
    ) -> Result<Option<Connection>, E> {
        let idle = match &mut *self.idle.lock() {
            Some(idle) => idle.pop(),
            None => return Ok(None),
        };
        let connection = match idle {
            Some(connection) => connection,
            None => open()?,
        };
        self.lent.fetch_add(1, Ordering::Relaxed);
        Ok(Some(connection))
    }

    /// Takes a connection back, or hears that it is gone.
    pub(crate) fn give(&self, connection: Option<Connection>) {
        self.lent.fetch_sub(1, Ordering::Relaxed);
        let mut idle = self.idle.lock();
        match (connection, &mut *idle) {
            (Some(connection), Some(idle)) if idle.len() < IDLE_MAX => idle.push(connection),
            (connection, _) => {
                // Closing a connection takes a while, and others need the lock.
                drop(idle);
                drop(connection);
            }
        }
    }

    /// Tells whether somebody reads.
    pub(crate) fn are_lent(&self) -> bool {
        self.lent.load(Ordering::Relaxed) > 0
    }

    /// Lets go of the connections, and of those still lent when they come back.
    pub(crate) fn close(&self) {
        let idle = self.idle.lock().take();
        drop(idle);
    }
}
