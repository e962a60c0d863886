//! A store that is opened on first use.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use arbour_core::engine::thread_number;
use arbour_core::{Error, ErrorKind, KvStore, Operation, Result, StoreOptions};

type Open<S> = dyn Fn() -> Result<S> + Send + Sync;
type Hook<S> = dyn Fn(&S) -> Result<()> + Send + Sync;

/// A store that is opened by the first caller that asks for it. Concurrent callers block until it
/// is open, up to the [busy timeout](Self::busy_timeout). It can be closed, and is opened again
/// when it is next asked for.
///
/// Each call of `get` takes a lock, so code that uses the store for longer should keep the `Arc` it
/// got.
///
/// ```
/// use arbour::{KvStore, LazyStore, MemoryStore};
/// let lazy = LazyStore::new(|| Ok(MemoryStore::new()))
///     .on_open(|store| store.put(&store.tree("notes")?, b"opened", b"yes"));
/// assert!(!lazy.is_open());
/// let store = lazy.get()?;
/// assert_eq!(store.get(&store.tree("notes")?, b"opened")?.as_deref(), Some(&b"yes"[..]));
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct LazyStore<S> {
    open: Box<Open<S>>,
    hooks: Vec<Box<Hook<S>>>,
    busy_timeout: Duration,
    state: Mutex<State<S>>,
    changed: Condvar,
}

enum State<S> {
    Closed,
    /// The thread with this number is opening or closing it, without holding the lock.
    Changing(u64),
    Open(Arc<S>),
}

/// Opens or closes the store. Whatever the result, other threads are woken when it is dropped.
struct Change<'s, S> {
    lazy: &'s LazyStore<S>,
    /// The next state; closed if the change panics.
    then: State<S>,
}

impl<S> Drop for Change<'_, S> {
    fn drop(&mut self) {
        *self.lazy.state.lock() = std::mem::replace(&mut self.then, State::Closed);
        self.lazy.changed.notify_all();
    }
}

impl<S: KvStore> LazyStore<S> {
    /// Creates a closed store, with the function that opens it.
    ///
    /// ```
    /// # use arbour::{LazyStore, MemoryStore};
    /// let lazy = LazyStore::new(|| Ok(MemoryStore::new()));
    /// assert!(!lazy.is_open());
    /// ```
    pub fn new(open: impl Fn() -> Result<S> + Send + Sync + 'static) -> Self {
        Self {
            open: Box::new(open),
            hooks: Vec::new(),
            busy_timeout: StoreOptions::new().writer_wait(),
            state: Mutex::new(State::Closed),
            changed: Condvar::new(),
        }
    }

    /// Sets how long a caller waits for another thread that is opening or closing the store before
    /// it fails with [`Busy`](ErrorKind::Busy). The default is that of [`StoreOptions::new`]; use
    /// the busy timeout of the options with which the store is opened. Slow hooks need a longer
    /// one.
    ///
    /// ```
    /// # use arbour::{LazyStore, MemoryStore, StoreOptions};
    /// let options = StoreOptions::new().busy_timeout(std::time::Duration::from_secs(60));
    /// let timeout = options.writer_wait();
    /// let lazy = LazyStore::new(move || MemoryStore::open(&options)).busy_timeout(timeout);
    /// # let _ = lazy;
    /// ```
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Adds a hook that runs each time the store was opened, before any other caller gets it, for
    /// example to migrate it. Hooks run in the order they were added. If one fails, the store is
    /// closed, and opening fails with the hook's error.
    ///
    /// ```
    /// # use arbour::{ErrorKind, Error, LazyStore, MemoryStore, Operation};
    /// let lazy = LazyStore::new(|| Ok(MemoryStore::new()))
    ///     .on_open(|_| Err(Error::new(ErrorKind::TooNew, Operation::Open, "not for us")));
    /// assert_eq!(lazy.get().unwrap_err().kind(), ErrorKind::TooNew);
    /// assert!(!lazy.is_open());
    /// ```
    #[must_use]
    pub fn on_open(mut self, hook: impl Fn(&S) -> Result<()> + Send + Sync + 'static) -> Self {
        self.hooks.push(Box::new(hook));
        self
    }

    /// Returns the store, opening it if necessary. Concurrent callers wait for that.
    ///
    /// # Errors
    /// The error of opening or of a hook; the next call tries again. [`Busy`](ErrorKind::Busy) if
    /// another thread does not finish opening or closing it within the [busy
    /// timeout](Self::busy_timeout). [`InvalidArgument`](ErrorKind::InvalidArgument) if a hook
    /// calls it, because the hook already has the store.
    ///
    /// ```
    /// # use arbour::{LazyStore, MemoryStore};
    /// # use std::sync::Arc;
    /// let lazy = LazyStore::new(|| Ok(MemoryStore::new()));
    /// assert!(Arc::ptr_eq(&lazy.get()?, &lazy.get()?));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn get(&self) -> Result<Arc<S>> {
        let mut state = self.settled(Operation::Open)?;
        match &*state {
            State::Open(store) => return Ok(Arc::clone(store)),
            State::Changing(_) => {
                let message =
                    "the store is being opened by this thread: use what the hook is given";
                return Err(Error::new(ErrorKind::InvalidArgument, Operation::Open, message));
            }
            State::Closed => {}
        }
        // Open without the lock, so that waiting callers can give up at their deadline.
        *state = State::Changing(thread_number());
        drop(state);
        let mut change = Change { lazy: self, then: State::Closed };
        let store = (self.open)()?;
        for hook in &self.hooks {
            if let Err(error) = hook(&store) {
                // The failure of the hook matters more than a failure to close.
                let _ = store.close();
                return Err(error);
            }
        }
        let store = Arc::new(store);
        change.then = State::Open(Arc::clone(&store));
        Ok(store)
    }

    /// Tells whether the store is open.
    ///
    /// ```
    /// # use arbour::{LazyStore, MemoryStore};
    /// let lazy = LazyStore::new(|| Ok(MemoryStore::new()));
    /// lazy.get()?;
    /// assert!(lazy.is_open());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn is_open(&self) -> bool {
        matches!(*self.state.lock(), State::Open(_))
    }

    /// Closes the store for all callers that have it; the next [`get`](Self::get) opens it again.
    /// Does nothing if it is not open.
    ///
    /// # Errors
    /// The error of closing; the store is then still open. [`Busy`](ErrorKind::Busy) as for
    /// [`get`](Self::get).
    ///
    /// ```
    /// # use arbour::{ErrorKind, KvStore, LazyStore, MemoryStore};
    /// let lazy = LazyStore::new(|| Ok(MemoryStore::new()));
    /// let before = lazy.get()?;
    /// lazy.close()?;
    /// assert_eq!(before.tree("t").unwrap_err().kind(), ErrorKind::Closed);
    /// assert!(lazy.get()?.tree("t").is_ok());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn close(&self) -> Result<()> {
        let mut state = self.settled(Operation::Close)?;
        let State::Open(store) = &*state else { return Ok(()) };
        let store = Arc::clone(store);
        *state = State::Changing(thread_number());
        drop(state);
        let mut change = Change { lazy: self, then: State::Open(Arc::clone(&store)) };
        store.close()?;
        change.then = State::Closed;
        Ok(())
    }

    /// Waits until no other thread is opening or closing the store. Returns at once if this thread
    /// is, because it must not wait for itself.
    fn settled(&self, operation: Operation) -> Result<MutexGuard<'_, State<S>>> {
        let deadline = Instant::now().checked_add(self.busy_timeout);
        let mut state = self.state.lock();
        while matches!(*state, State::Changing(thread) if thread != thread_number()) {
            let is_late = match deadline {
                Some(deadline) => self.changed.wait_until(&mut state, deadline).timed_out(),
                None => {
                    self.changed.wait(&mut state);
                    false
                }
            };
            if is_late && matches!(*state, State::Changing(_)) {
                let waited = self.busy_timeout;
                let message = format!(
                    "another thread did not finish opening or closing the store within {waited:?}"
                );
                return Err(Error::new(ErrorKind::Busy, operation, message));
            }
        }
        Ok(state)
    }
}

impl<S: KvStore> fmt::Debug for LazyStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyStore").field("is_open", &self.is_open()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use arbour_core::MemoryStore;

    #[test]
    fn of_many_who_ask_at_once_one_opens_it() {
        static OPENED: AtomicUsize = AtomicUsize::new(0);
        let lazy = LazyStore::new(|| {
            OPENED.fetch_add(1, Ordering::Relaxed);
            Ok(MemoryStore::new())
        });
        let together = Barrier::new(8);
        thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    together.wait();
                    lazy.get().unwrap().tree("t").unwrap();
                });
            }
        });
        assert_eq!(OPENED.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_hook_that_fails_is_called_again_next_time() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let lazy = LazyStore::new(|| Ok(MemoryStore::new())).on_open(move |_| {
            match counted.fetch_add(1, Ordering::Relaxed) {
                0 => Err(Error::new(ErrorKind::Io, Operation::Open, "not yet")),
                _ => Ok(()),
            }
        });
        assert_eq!(lazy.get().unwrap_err().message(), "not yet");
        assert!(!lazy.is_open());
        assert!(lazy.get().unwrap().tree("t").is_ok());
        assert!(lazy.get().is_ok());
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_hook_that_asks_for_the_store_is_told_and_does_not_wait_for_itself() {
        let itself: Arc<std::sync::OnceLock<LazyStore<MemoryStore>>> = Arc::default();
        let inner = Arc::clone(&itself);
        let lazy = LazyStore::new(|| Ok(MemoryStore::new()))
            .on_open(move |_| inner.get().expect("it was set").get().map(drop));
        assert!(itself.set(lazy).is_ok());
        let error = itself.get().unwrap().get().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(!itself.get().unwrap().is_open());
    }

    #[test]
    fn waiting_for_another_thread_that_opens_it_obeys_the_deadline() {
        let (begun, has_begun) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let ended = Mutex::new(ended);
        let lazy = LazyStore::new(|| Ok(MemoryStore::new()))
            .on_open(move |_| {
                begun.send(()).expect("the test waits for it");
                ended.lock().recv().expect("the test ends it");
                Ok(())
            })
            .busy_timeout(Duration::from_millis(20));
        thread::scope(|threads| {
            let opens = threads.spawn(|| lazy.get().map(drop));
            has_begun.recv().unwrap();
            assert!(!lazy.is_open());
            for result in [lazy.get().map(drop), lazy.close()] {
                let error = result.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Busy);
                assert!(error.message().contains("20ms"), "{error}");
            }
            end.send(()).unwrap();
            opens.join().unwrap().unwrap();
        });
        assert!(lazy.is_open());
        lazy.close().unwrap();
        assert!(!lazy.is_open());
    }

    #[test]
    fn it_stays_open_if_closing_fails() {
        let lazy = LazyStore::new(|| Ok(MemoryStore::new()));
        let store = lazy.get().unwrap();
        let transaction = store.begin().unwrap();
        assert_eq!(lazy.close().unwrap_err().kind(), ErrorKind::Busy);
        assert!(lazy.is_open());
        drop(transaction);
        lazy.close().unwrap();
        assert!(!lazy.is_open());
    }

    #[test]
    fn a_hook_that_panics_leaves_it_closed() {
        let lazy = LazyStore::new(|| Ok(MemoryStore::new()))
            .on_open(|_| std::panic::resume_unwind(Box::new("on purpose")));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| lazy.get()));
        assert!(panicked.is_err());
        assert!(!lazy.is_open());
    }
}
