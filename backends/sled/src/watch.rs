//! sled's database, and a thread that ends waits for a failed write.
//!
//! sled records the first write that fails, and then refuses every call that would write. But a
//! thread already waiting for that write learns of the error only if it is woken, and sled does not
//! wake it if the failing write was begun by the last thread that left a full buffer; the mark of a
//! batch is such a write. The flush of a commit, a read of data that was not written yet and the
//! shutdown of sled would then wait forever. Any call on the log that is refused because of the
//! recorded error wakes every waiting thread, so the watching thread makes such a call for as long
//! as there is an error.

use std::convert::Infallible;
use std::io;
use std::ops::Deref;
use std::panic::resume_unwind;
use std::sync::mpsc::RecvTimeoutError::Timeout;
use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// How long a thread waits in sled at most after a write has failed. The watching thread checks one
/// number at this interval.
const PERIOD: Duration = Duration::from_millis(100);

/// A sled database whose waits always end.
pub(crate) struct Watched {
    sled: sled::Db,
    watch: Watch,
}

impl Watched {
    /// Starts watching.
    ///
    /// # Errors
    /// Errors of the system if it cannot start a thread.
    pub(crate) fn new(sled: sled::Db) -> io::Result<Self> {
        let watch = Watch::start(&sled)?;
        Ok(Self { sled, watch })
    }

    /// Stops sled, which waits for its threads and writes what they left.
    ///
    /// # Panics
    /// Panics if the system refuses sled's last sync.
    pub(crate) fn end(self, trees: Vec<Option<sled::Tree>>) {
        let Self { sled, watch } = self;
        // The last handle flushes, and may have to be woken.
        drop((trees, sled));
        watch.end();
    }
}

impl Deref for Watched {
    type Target = sled::Db;

    fn deref(&self) -> &sled::Db {
        &self.sled
    }
}

struct Watch {
    /// Closed to stop the thread.
    running: Sender<Infallible>,
    thread: JoinHandle<()>,
}

impl Watch {
    fn start(sled: &sled::Db) -> io::Result<Self> {
        let (running, ended) = channel::<Infallible>();
        let (settings, pages) =
            (sled::Config::clone(&sled.context), sled.context.pagecache.clone());
        let thread = Builder::new().name("arbour-sled-watch".to_owned()).spawn(move || {
            while ended.recv_timeout(PERIOD).is_err_and(|error| error == Timeout) {
                if settings.global_error().is_err() {
                    // Refused at once, because there is an error.
                    let _ = pages.log.make_stable(i64::MAX);
                }
            }
        })?;
        Ok(Self { running, thread })
    }

    /// Stops the thread. It may hold the last handle of sled's log, whose drop syncs the log and
    /// panics if that fails; the panic continues here.
    fn end(self) {
        let Self { running, thread } = self;
        drop(running);
        if let Err(panic) = thread.join() {
            resume_unwind(panic);
        }
    }
}
