//! Keeps handlers from waiting for events.

use std::cell::Cell;

use arbour_core::{Error, ErrorKind, Operation, Result};

thread_local! {
    /// Whether this thread is running handlers.
    static HANDLES: Cell<bool> = const { Cell::new(false) };
}

/// Runs handlers, and marks this thread as running them meanwhile.
pub(super) fn handling<R>(run: impl FnOnce() -> R) -> R {
    struct Reset(bool);
    impl Drop for Reset {
        fn drop(&mut self) {
            // A destructor, so that a panicking handler clears the flag too.
            HANDLES.set(self.0);
        }
    }
    let _reset = Reset(HANDLES.replace(true));
    run()
}

/// Refuses a call that would wait for the very handler that makes it.
pub(super) fn check_not_handling() -> Result<()> {
    if HANDLES.get() {
        let message = "a handler cannot wait for events: let it emit sub-events";
        return Err(Error::new(ErrorKind::Busy, Operation::Begin, message));
    }
    Ok(())
}
