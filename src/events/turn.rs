//! The turn to apply events.

use std::sync::atomic::{AtomicBool, Ordering, fence};

use parking_lot::{Mutex, MutexGuard};

/// Lets one thread at a time apply the events of a projection, and records whether another asked
/// for the turn meanwhile.
///
/// The thread with the turn wakes the others only in that case. If it always woke them, threads
/// that find nothing to apply would wake each other endlessly.
#[derive(Default)]
pub(super) struct Turn {
    lock: Mutex<()>,
    is_wanted: AtomicBool,
}

impl Turn {
    /// Takes the turn. Returns `None` if another thread has it; that thread notifies this one when
    /// it releases the turn.
    pub(super) fn take(&self) -> Option<MutexGuard<'_, ()>> {
        self.lock.try_lock().or_else(|| {
            self.is_wanted.store(true, Ordering::Relaxed);
            // The releasing thread unlocks and then reads the flag; this one sets the flag and then
            // tries to lock again. With a fence between the two steps on both sides, at least one
            // of them sees the other.
            fence(Ordering::SeqCst);
            self.lock.try_lock()
        })
    }

    /// Releases the turn, and tells whether another thread asked for it since the last release.
    pub(super) fn release(&self, turn: MutexGuard<'_, ()>) -> bool {
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
        assert!(!turn.release(own));
        let own = turn.take().unwrap();
        assert!(turn.take().is_none());
        assert!(turn.release(own));
        let own = turn.take().unwrap();
        assert!(!turn.release(own), "it was told once");
    }
}
