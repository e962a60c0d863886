//! sled's database, and a thread that ends what waits in it for a write that failed.
//!
//! sled notes the first write that fails, and from then on refuses every call that would write. But
//! a thread that is already waiting for that write learns of the error only if it is woken up, and
//! sled does not wake it up if the failing write was begun by the last thread that left a full
//! buffer: the mark of a batch is such a one. The flush of a commit, a read of what was not written
//! yet and the end of sled would then wait for ever. Any call on the log that is refused because of
//! the noted error wakes up every waiting thread, so the watching thread makes such a call as long
//! as there is an error.

use std::convert::Infallible;
use std::io;
use std::ops::Deref;
use std::panic::resume_unwind;
use std::sync::mpsc::RecvTimeoutError::Timeout;
use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// How long a thread waits in sled at most after a write failed. The watching thread looks at one
/// number this often.
const PERIOD: Duration = Duration::from_millis(100);

/// A database of sled whose waits end.
pub(crate) struct Watched {
    sled: sled::Db,
    watch: Watch,
}

impl Watched {
    /// Starts to watch.
    ///
    /// # Errors
    /// What the system says if it starts no thread.
    pub(crate) fn new(sled: sled::Db) -> io::Result<Self> {
        let watch = Watch::start(&sled)?;
        Ok(Self { sled, watch })
    }

    /// Ends sled, which waits for its threads and writes what they left.
    ///
    /// # Panics
    /// If the system refuses sled's last sync.
    pub(crate) fn end(self, trees: Vec<Option<sled::Tree>>) {
        let Self { sled, watch } = self;
        // The last handle flushes, and may have to be woken up.
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
    /// Closed to end the thread.
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

    /// Ends the thread. It may hold the last handle on sled's log, whose end syncs the log and panics
    /// if that fails; what it says goes on here.
    fn end(self) {
        let Self { running, thread } = self;
        drop(running);
        if let Err(panic) = thread.join() {
            resume_unwind(panic);
        }
    }
}
