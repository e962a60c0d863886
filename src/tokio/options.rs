//! How much a store accepts at once.

use std::thread::available_parallelism;

/// The default number of writes that are accepted at once.
const WRITES_MAX: u32 = 1024;

/// The most that can be set. Tokio's semaphore gives all permits at once as a `u32`.
const PERMITS_MAX: usize = 1 << 20;

/// How much a [`Store`](super::Store) accepts at once, and how often its streams poll.
///
/// ```
/// use arbour::tokio::{Options, Store};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> arbour::Result<()> {
/// let options = Options::new().reads_max(16).writes_max(256);
/// let store = Store::with_options(arbour::open("memory:")?, &options);
/// # store.shutdown().await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) reads_max: u32,
    pub(super) writes_max: u32,
    #[cfg(feature = "documents")]
    pub(super) poll: Option<std::time::Duration>,
}

impl Default for Options {
    fn default() -> Self {
        // More threads than processors, because a read may wait for the device.
        let threads = 4 * available_parallelism().map_or(2, usize::from);
        Self {
            reads_max: permits(threads.clamp(8, 64)),
            writes_max: WRITES_MAX,
            #[cfg(feature = "documents")]
            poll: None,
        }
    }
}

impl Options {
    /// Starts with the defaults.
    ///
    /// ```
    /// let options = arbour::tokio::Options::new();
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many reads run at once, each on a blocking thread with a snapshot; at least one. The
    /// default is four for each processor, and between 8 and 64. Further reads wait.
    ///
    /// ```
    /// let options = arbour::tokio::Options::new().reads_max(16);
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn reads_max(mut self, reads: usize) -> Self {
        self.reads_max = permits(reads);
        self
    }

    /// Sets how many writes are accepted at once, queued or in the commit that is in progress; at least
    /// one. It also bounds how many share a commit. The default is 1,024. Further writes wait.
    ///
    /// ```
    /// let options = arbour::tokio::Options::new().writes_max(256);
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn writes_max(mut self, writes: usize) -> Self {
        self.writes_max = permits(writes);
        self
    }

    /// Sets how often a waiting [stream of changes](super::Store::changes) reads the store, to notice
    /// commits that were not made through this [`Store`](super::Store): those of another process, or of
    /// the [`DynStore`](crate::DynStore) itself. The default is 20 milliseconds for a store that other
    /// processes may write to, and 200 for others. Commits through this store wake the streams at once.
    ///
    /// ```
    /// use std::time::Duration;
    /// let options = arbour::tokio::Options::new().poll(Duration::from_secs(1));
    /// # let _ = options;
    /// ```
    #[cfg(feature = "documents")]
    #[must_use]
    pub fn poll(mut self, poll: std::time::Duration) -> Self {
        self.poll = Some(poll);
        self
    }
}

fn permits(number: usize) -> u32 {
    number.clamp(1, PERMITS_MAX) as u32
}
