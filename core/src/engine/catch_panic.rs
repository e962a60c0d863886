//! Catching panics of an engine.
//!
//! Some engines trust their files: on a damaged page they may panic instead of reporting
//! corruption. A damaged file must not end the program.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Error, ErrorKind, Operation, Result};

/// Calls an engine and converts a panic to [`ErrorKind::Corrupted`].
///
/// After a panic the backend must not use the object that panicked again: a cursor ends, a
/// transaction refuses to commit. No closure of the caller may run inside, because its panic would
/// be taken for the engine's. In a program built with `panic = "abort"` the panic still aborts.
///
/// # Errors
/// Errors of `call`, and [`Corrupted`](ErrorKind::Corrupted) if it panics.
///
/// ```
/// use arbour_core::engine::catch_panic;
/// use arbour_core::{ErrorKind, Operation};
/// let read = catch_panic("toy", Operation::Get, || -> arbour_core::Result<u8> {
///     unreachable!("no page begins so")
/// });
/// assert_eq!(read.unwrap_err().kind(), ErrorKind::Corrupted);
/// ```
#[inline]
pub fn catch_panic<R>(
    engine: &'static str,
    operation: Operation,
    call: impl FnOnce() -> Result<R>,
) -> Result<R> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result,
        Err(panic) => Err(corrupted(engine, operation, panic.as_ref())),
    }
}

/// Returns the panic message, or `None` if the payload is not text.
///
/// ```
/// let panicked = std::panic::catch_unwind(|| panic!("no page {} begins so", 7)).unwrap_err();
/// assert_eq!(arbour_core::engine::panic_message(panicked.as_ref()), Some("no page 7 begins so"));
/// ```
#[must_use]
pub fn panic_message(panic: &(dyn Any + Send)) -> Option<&str> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
}

#[cold]
fn corrupted(engine: &'static str, operation: Operation, panic: &(dyn Any + Send)) -> Error {
    let text = panic_message(panic).unwrap_or("no message");
    let message = format!("the store is damaged: {engine} panicked over what it read");
    let panicked = Panicked { engine, text: text.to_owned() };
    Error::new(ErrorKind::Corrupted, operation, message).with_source(panicked)
}

/// The panic of an engine, as the source of an error.
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
