//! Getting a transaction back from code that took it by value.

use std::sync::Arc;

use super::DetachedTransaction;
use super::home::{Home, State};
use crate::{Error, ErrorKind, Operation, Result};

/// Where a transaction that was handed out comes back to. It is made by
/// [`DetachedTransaction::hand_out`].
///
/// An asynchronous closure has to take its transaction by value: a future that borrows it from its
/// caller is not [`Send`] in a way that the compiler can see. When the future ends, it drops the
/// transaction, and that brings it back here to be committed.
///
/// ```
/// use arbour_core::{DynStore, KvRead, KvStore, KvWrite, MemoryStore};
/// let store = DynStore::new(MemoryStore::new());
/// let users = store.tree("users")?;
/// let (mut transaction, handed_out) = store.begin_detached()?.hand_out();
/// let write = std::thread::spawn({
///     let users = users.clone();
///     move || transaction.put(&users, b"ada", b"1815")
/// });
/// write.join().unwrap()?;
/// handed_out.take_back()?.expect("it was not committed").commit()?;
/// assert!(store.get(&users, b"ada")?.is_some());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct HandedOut {
    home: Arc<Home>,
    /// Where the transaction came back to before, if it had been handed out already.
    outer: Option<Arc<Home>>,
}

impl DetachedTransaction {
    /// Returns a handle that can be given away by value, and the place to which it comes back when
    /// it is dropped.
    ///
    /// ```
    /// use arbour_core::{DynStore, KvStore, KvWrite, MemoryStore};
    /// let store = DynStore::new(MemoryStore::new());
    /// let (transaction, handed_out) = store.begin_detached()?.hand_out();
    /// drop(transaction);
    /// assert!(handed_out.take_back()?.is_some());
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn hand_out(mut self) -> (Self, HandedOut) {
        let home = Arc::<Home>::default();
        let handed_out = HandedOut { home: Arc::clone(&home), outer: self.home.take() };
        (Self::from_work(self.take_work(), Some(home)), handed_out)
    }
}

impl HandedOut {
    /// Takes the transaction back; `None` if it was committed or rolled back meanwhile.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if it has not been dropped yet: the code that
    /// took it has put it somewhere else. It can then no longer be committed here.
    ///
    /// ```
    /// use arbour_core::{DynStore, ErrorKind, MemoryStore};
    /// let store = DynStore::new(MemoryStore::new());
    /// let (transaction, handed_out) = store.begin_detached()?.hand_out();
    /// let kept = vec![transaction];
    /// let error = handed_out.take_back().err().unwrap();
    /// assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    /// # drop(kept);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn take_back(self) -> Result<Option<DetachedTransaction>> {
        match self.home.take() {
            State::Back(work) => Ok(Some(DetachedTransaction::from_work(work, self.outer))),
            State::Ended => Ok(None),
            State::Out => {
                let message = "the transaction is still in use after the closure that took it has \
                               ended: let the closure drop it";
                Err(Error::new(ErrorKind::InvalidArgument, Operation::Commit, message))
            }
        }
    }
}
