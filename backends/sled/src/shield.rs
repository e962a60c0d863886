//! Keeping sled's panics from the caller.
//!
//! sled trusts its files: where a page holds what it never wrote, it may panic instead of
//! reporting corruption. A damaged file must not take the program down, so every call that reads
//! pages is made behind a shield. No closure of a caller ever runs inside.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arbour_core::{Error, ErrorKind, Operation, Result};

/// Calls sled and turns a panic into [`ErrorKind::Corrupted`].
#[inline]
pub(crate) fn shielded<R>(operation: Operation, call: impl FnOnce() -> Result<R>) -> Result<R> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result,
        Err(panic) => Err(corrupted(operation, panic.as_ref())),
    }
}

#[cold]
fn corrupted(operation: Operation, panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    let message = "the database is damaged: sled panicked over what it read";
    Error::new(ErrorKind::Corrupted, operation, message).with_source(Panicked(text.to_owned()))
}

/// What sled said when it panicked.
#[derive(Debug)]
struct Panicked(String);

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sled panicked: {}", self.0)
    }
}

impl std::error::Error for Panicked {}
