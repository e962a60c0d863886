//! The connections of a store.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use arbour_core::{Error, ErrorKind, Operation, Result};
use parking_lot::{Condvar, Mutex};

use crate::address::Address;
use crate::session::Session;

/// How long is waited between two tries to connect: at first, and at most.
const PAUSE_FIRST: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// A bounded number of connections, opened when they are needed.
pub(crate) struct Pool {
    address: Address,
    wait: Duration,
    /// The latest timeline that was seen. A store that was opened at a server that can be written stays
    /// with such servers, and leaves one for ever that was replaced.
    timeline: Option<AtomicU32>,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Session>,
    used: usize,
    is_closed: bool,
    /// The numbers of the connections that have left a row in the table of commits.
    numbers: Vec<i64>,
}

/// A connection that returns to its pool.
pub(crate) struct Pooled<'p> {
    pool: &'p Pool,
    /// Taken when it is dropped.
    session: Option<Session>,
}

/// What a connection is taken for.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    Snapshot,
    Transaction,
    /// A single call, which gives it back when it returns.
    Call,
}

impl Use {
    /// How many connections are left free for other uses: a program that has as many snapshots as there
    /// can be still writes, and one that writes still reads.
    pub(crate) const fn left_free(self) -> usize {
        match self {
            Self::Snapshot => 2,
            Self::Transaction => 1,
            Self::Call => 0,
        }
    }
}

impl Pool {
    pub(crate) fn new(address: Address, opened: [Session; 2], wait: Duration) -> Self {
        let [_, Session { server, .. }] = &opened;
        let timeline = (!server.is_standby).then(|| AtomicU32::new(server.timeline));
        let numbers = opened.iter().map(|session| session.number).collect();
        let state = State { numbers, idle: opened.into(), ..State::default() };
        Self { address, wait, timeline, state: Mutex::new(state), returned: Condvar::new() }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Takes a connection that stands, and opens one if none is idle.
    ///
    /// # Errors
    /// [`Busy`](ErrorKind::Busy) if all are in use until the end of the busy timeout;
    /// [`Unreachable`](ErrorKind::Unreachable) if no server answers.
    pub(crate) fn take(&self, operation: Operation, purpose: Use) -> Result<Pooled<'_>> {
        let deadline = Instant::now() + self.wait;
        let mut state = self.state.lock();
        let most = self.address.connections - purpose.left_free();
        while state.used >= most {
            if self.returned.wait_until(&mut state, deadline).timed_out() {
                return Err(self.all_used(operation));
            }
        }
        while let Some(mut session) = state.idle.pop() {
            if session.is_alive() {
                state.used += 1;
                return Ok(Pooled { pool: self, session: Some(session) });
            }
        }
        state.used += 1;
        drop(state);
        // From here on the place is given back, whatever happens.
        let mut place = Pooled { pool: self, session: None };
        let session = self.open().map_err(|error| error.with_operation(operation))?;
        self.state.lock().numbers.push(session.number);
        place.session = Some(session);
        Ok(place)
    }

    /// Opens a connection of its own, beside those that are counted. While no server answers, it tries
    /// again: one may just be starting.
    pub(crate) fn open(&self) -> Result<Session> {
        let deadline = Instant::now() + self.address.timeout;
        let mut pause = PAUSE_FIRST;
        let mut session = loop {
            let timeline = self.timeline.as_ref().map(|seen| seen.load(Ordering::Relaxed));
            match Session::connect(&self.address, timeline, deadline) {
                Err(error) if error.kind() == ErrorKind::Unreachable => {
                    if Instant::now() + pause >= deadline {
                        return Err(error);
                    }
                    thread::sleep(pause);
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                connected => break connected?,
            }
        };
        if let Some(seen) = &self.timeline {
            seen.fetch_max(session.server.timeline, Ordering::Relaxed);
        }
        session.prepare(&self.address.schema)?;
        Ok(session)
    }

    fn all_used(&self, operation: Operation) -> Error {
        let message = format!(
            "all {} connections are in use by snapshots and transactions: end one, or open the store with \
             more, as in `&connections=100`",
            self.address.connections
        );
        Error::new(ErrorKind::Busy, operation, message).with_path(&self.address.name)
    }

    /// Ends the idle connections, and those in use when they come back. Returns the numbers of all.
    pub(crate) fn close(&self) -> Vec<i64> {
        let mut state = self.state.lock();
        state.is_closed = true;
        state.idle.clear();
        std::mem::take(&mut state.numbers)
    }
}

impl Deref for Pooled<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session.as_ref().expect("only its drop takes the session")
    }
}

impl DerefMut for Pooled<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_mut().expect("only its drop takes the session")
    }
}

impl Drop for Pooled<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock();
        state.used -= 1;
        let kept = self.session.take().filter(|session| !state.is_closed && !session.is_broken());
        state.idle.extend(kept);
        drop(state);
        // Not all of those who wait may take the last ones.
        self.pool.returned.notify_all();
    }
}
