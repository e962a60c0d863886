//! A store that is opened when it is first asked for.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use parking_lot::ReentrantMutex;

use crate::{Error, ErrorKind, KvStore, Operation, Result};

type Open<S> = dyn Fn() -> Result<S> + Send + Sync;
type Hook<S> = dyn Fn(&S) -> Result<()> + Send + Sync;

/// A store that is opened when it is first asked for, by whoever asks first; others wait for that. It can be
/// closed, and is opened again when it is asked for again.
///
/// Asking takes a lock: what works for a while keeps the store that it was given.
///
/// ```
/// use arbour_core::{KvStore, LazyStore, MemoryStore};
/// let lazy = LazyStore::new(|| Ok(MemoryStore::new()))
///     .on_open(|store| store.put(&store.tree("notes")?, b"opened", b"yes"));
/// assert!(!lazy.is_open());
/// let store = lazy.get()?;
/// assert_eq!(store.get(&store.tree("notes")?, b"opened")?.as_deref(), Some(&b"yes"[..]));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct LazyStore<S> {
    open: Box<Open<S>>,
    hooks: Vec<Box<Hook<S>>>,
    /// Reentrant, so that a hook that asks for the store is told and does not wait for itself.
    state: ReentrantMutex<RefCell<State<S>>>,
}

enum State<S> {
    Closed,
    Opening,
    Open(Arc<S>),
}

/// Takes an opening back that did not end, because it failed or panicked.
struct Opening<'s, S>(&'s RefCell<State<S>>);

impl<S> Drop for Opening<'_, S> {
    fn drop(&mut self) {
        let mut state = self.0.borrow_mut();
        if matches!(*state, State::Opening) {
            *state = State::Closed;
        }
    }
}

impl<S: KvStore> LazyStore<S> {
    /// Says how the store is opened, and does not open it.
    ///
    /// ```
    /// # use arbour_core::{LazyStore, MemoryStore};
    /// let lazy = LazyStore::new(|| Ok(MemoryStore::new()));
    /// assert!(!lazy.is_open());
    /// ```
    pub fn new(open: impl Fn() -> Result<S> + Send + Sync + 'static) -> Self {
        let state = ReentrantMutex::new(RefCell::new(State::Closed));
        Self { open: Box::new(open), hooks: Vec::new(), state }
    }

    /// Does something with the store each time it was opened, before anybody else has it: migrating it, say.
    /// Several are called in the order they were added. If one fails the store is closed, and opening fails
    /// with its error.
    ///
    /// ```
    /// # use arbour_core::{ErrorKind, Error, LazyStore, MemoryStore, Operation};
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

    /// Returns the store, and opens it if it is not open. Who comes meanwhile waits.
    ///
    /// # Errors
    /// What opening or a hook reports; the next call tries again.
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a hook, which has the store already.
    ///
    /// ```
    /// # use arbour_core::{LazyStore, MemoryStore};
    /// # use std::sync::Arc;
    /// let lazy = LazyStore::new(|| Ok(MemoryStore::new()));
    /// assert!(Arc::ptr_eq(&lazy.get()?, &lazy.get()?));
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn get(&self) -> Result<Arc<S>> {
        let state = self.state.lock();
        match &*state.borrow() {
            State::Open(store) => return Ok(Arc::clone(store)),
            State::Opening => {
                let message =
                    "the store is being opened by this thread: use what the hook is given";
                return Err(Error::new(ErrorKind::InvalidArgument, Operation::Open, message));
            }
            State::Closed => {}
        }
        *state.borrow_mut() = State::Opening;
        let _opening = Opening(&state);
        let store = (self.open)()?;
        for hook in &self.hooks {
            if let Err(error) = hook(&store) {
                // That it failed is what is to be told, and not that closing failed too.
                let _ = store.close();
                return Err(error);
            }
        }
        let store = Arc::new(store);
        *state.borrow_mut() = State::Open(Arc::clone(&store));
        Ok(store)
    }

    /// Tells whether the store is open.
    ///
    /// ```
    /// # use arbour_core::{LazyStore, MemoryStore};
    /// let lazy = LazyStore::new(|| Ok(MemoryStore::new()));
    /// lazy.get()?;
    /// assert!(lazy.is_open());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn is_open(&self) -> bool {
        matches!(&*self.state.lock().borrow(), State::Open(_))
    }

    /// Closes the store, for all who have it; the next [`get`](Self::get) opens it again. Does nothing if it is
    /// not open.
    ///
    /// # Errors
    /// What closing reports.
    ///
    /// ```
    /// # use arbour_core::{ErrorKind, KvStore, LazyStore, MemoryStore};
    /// let lazy = LazyStore::new(|| Ok(MemoryStore::new()));
    /// let before = lazy.get()?;
    /// lazy.close()?;
    /// assert_eq!(before.tree("t").unwrap_err().kind(), ErrorKind::Closed);
    /// assert!(lazy.get()?.tree("t").is_ok());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn close(&self) -> Result<()> {
        let state = self.state.lock();
        let mut state = state.borrow_mut();
        let State::Open(store) = &*state else { return Ok(()) };
        store.close()?;
        *state = State::Closed;
        Ok(())
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
    use crate::MemoryStore;

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
    fn a_hook_that_panics_leaves_it_closed() {
        let lazy = LazyStore::new(|| Ok(MemoryStore::new()))
            .on_open(|_| std::panic::resume_unwind(Box::new("on purpose")));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| lazy.get()));
        assert!(panicked.is_err());
        assert!(!lazy.is_open());
    }
}
