//! Whether a thread runs handlers, which must not wait for events.

use std::cell::Cell;

use arbour_core::{Error, ErrorKind, Operation};

use super::EventResult;

thread_local! {
    /// Whether this thread runs handlers.
    static HANDLES: Cell<bool> = const { Cell::new(false) };
}

/// Runs handlers, and notes meanwhile that this thread does.
pub(super) fn handling<R>(run: impl FnOnce() -> R) -> R {
    struct Reset(bool);
    impl Drop for Reset {
        fn drop(&mut self) {
            // A panic of a handler ends it too.
            HANDLES.set(self.0);
        }
    }
    let _reset = Reset(HANDLES.replace(true));
    run()
}

/// Refuses a call that would wait for the handler that makes it.
pub(super) fn check_not_handling() -> EventResult<()> {
    if HANDLES.get() {
        let message = "a handler cannot wait for events: let it emit sub-events";
        return Err(Error::new(ErrorKind::Busy, Operation::Begin, message).into());
    }
    Ok(())
}
