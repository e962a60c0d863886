//! Keeping an engine's panics from the caller.
//!
//! Some engines trust their files: where a page holds what they never wrote, they may panic instead
//! of reporting corruption. A damaged file must not take the program down.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Error, ErrorKind, Operation, Result};

/// Calls an engine and turns a panic into [`ErrorKind::Corrupted`]: for backends of engines that
/// panic over damaged files.
///
/// What the engine holds after a panic must be used no more: a cursor ends, a transaction refuses
/// to commit. No closure of the caller's may run inside, for its panic is not the engine's. A
/// program built with `panic = "abort"` has no such shield.
///
/// # Errors
/// Those of `call`, and [`Corrupted`](ErrorKind::Corrupted) if it panics.
///
/// ```
/// use arbour_core::{ErrorKind, Operation, shielded};
/// let read = shielded("toy", Operation::Get, || -> arbour_core::Result<u8> {
///     unreachable!("no page begins so")
/// });
/// assert_eq!(read.unwrap_err().kind(), ErrorKind::Corrupted);
/// ```
#[inline]
pub fn shielded<R>(
    engine: &'static str,
    operation: Operation,
    call: impl FnOnce() -> Result<R>,
) -> Result<R> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result,
        Err(panic) => Err(corrupted(engine, operation, panic.as_ref())),
    }
}

/// Returns what somebody said when he panicked; `None` if it was no text.
///
/// ```
/// let panicked = std::panic::catch_unwind(|| panic!("no page {} begins so", 7)).unwrap_err();
/// assert_eq!(arbour_core::panic_text(panicked.as_ref()), Some("no page 7 begins so"));
/// ```
#[must_use]
pub fn panic_text(panic: &(dyn Any + Send)) -> Option<&str> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
}

#[cold]
fn corrupted(engine: &'static str, operation: Operation, panic: &(dyn Any + Send)) -> Error {
    let text = panic_text(panic).unwrap_or("no message");
    let message = format!("the store is damaged: {engine} panicked over what it read");
    let panicked = Panicked { engine, text: text.to_owned() };
    Error::new(ErrorKind::Corrupted, operation, message).with_source(panicked)
}

/// What an engine said when it panicked.
#[derive(Debug)]
struct Panicked {
    engine: &'static str,
    text: String,
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} panicked: {}", self.engine, self.text)
    }
}

impl std::error::Error for Panicked {}
