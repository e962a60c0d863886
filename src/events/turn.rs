//! Whose turn it is to apply events.

use std::sync::atomic::{AtomicBool, Ordering, fence};

use parking_lot::{Mutex, MutexGuard};

/// Lets one thread at a time apply the events of a projection, and knows whether another asked for it
/// meanwhile.
///
/// Only then does the thread that has it wake the others. If it woke them always, threads that find
/// nothing to apply would wake each other without end.
#[derive(Default)]
pub(super) struct Turn {
    lock: Mutex<()>,
    is_wanted: AtomicBool,
}

impl Turn {
    /// Takes the turn; `None` if another thread has it, which wakes this one when it gives the turn up.
    pub(super) fn take(&self) -> Option<MutexGuard<'_, ()>> {
        self.lock.try_lock().or_else(|| {
            self.is_wanted.store(true, Ordering::Relaxed);
            // The thread that has it frees it and then looks at the flag; this one sets the flag and then
            // tries again. With a fence between the two in both, one of them sees the other.
            fence(Ordering::SeqCst);
            self.lock.try_lock()
        })
    }

    /// Gives the turn up, and tells whether another thread asked for it since the last time.
    pub(super) fn give_up(&self, turn: MutexGuard<'_, ()>) -> bool {
        drop(turn);
        fence(Ordering::SeqCst);
        self.is_wanted.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::Turn;

    #[test]
    fn it_tells_whether_another_asked_for_it() {
        let turn = Turn::default();
        let own = turn.take().unwrap();
        assert!(!turn.give_up(own));
        let own = turn.take().unwrap();
        assert!(turn.take().is_none());
        assert!(turn.give_up(own));
        let own = turn.take().unwrap();
        assert!(!turn.give_up(own), "it was told once");
    }
}
