//! Refusing at the write what could not be read back.
//!
//! A value is written through a serializer that passes everything on to that of the format. On the
//! way it tracks the nesting depth and detects what the format would lose. If it refuses, the
//! enclosing members and elements add their names while the error propagates, so an accepted value
//! pays nothing for paths.

use std::cell::{Cell, RefCell};
use std::fmt::Display;

use super::EncodeError;

/// What a format cannot restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loses {
    /// NaN, infinities, and an option that contains null: JSON writes null for all of them.
    #[cfg(feature = "json")]
    NullLike,
    /// Skipped fields: bincode identifies fields only by their order.
    #[cfg(feature = "bincode")]
    SkippedFields,
}

/// What was detected while a value was written.
pub(super) struct Check {
    pub(super) loses: Loses,
    refusal: RefCell<Option<Refusal>>,
    pub(super) must_be_read: Cell<bool>,
}

struct Refusal {
    reason: String,
    /// The member names and element numbers that lead to the place, innermost first.
    path: Vec<String>,
}

impl Check {
    pub(super) fn new(loses: Loses) -> Self {
        Self { loses, refusal: RefCell::default(), must_be_read: Cell::new(false) }
    }

    /// Tells whether the value must be read back to be sure that it can be read: it contains an
    /// integer of 128 bits, or a map with keys other than strings. Types that serde reads through
    /// its own buffer, such as flattened and untagged ones, cannot read these back.
    #[cfg(feature = "json")]
    pub(super) fn must_be_read(&self) -> bool {
        self.must_be_read.get()
    }

    /// Wraps a value so that it is checked while it is written.
    pub(super) fn value<'c, T: ?Sized>(&'c self, value: &'c T) -> Checked<'c, T> {
        Checked { value, check: self, place: Place::default() }
    }

    /// Builds the error for a value that was not written: the refusal made here, otherwise the
    /// error of the format.
    #[cold]
    pub(super) fn error<E: std::error::Error + Send + Sync + 'static>(
        self,
        cause: E,
    ) -> EncodeError {
        let reason = match self.refusal.into_inner() {
            Some(Refusal { reason, path }) if path.is_empty() => reason,
            Some(Refusal { reason, path }) => {
                let path: Vec<&str> = path.iter().rev().map(String::as_str).collect();
                format!("{:?} {reason}", path.join("."))
            }
            None => cause.to_string(),
        };
        EncodeError::new(reason).with_source(cause)
    }

    #[cold]
    pub(super) fn refuse<E: serde::ser::Error>(&self, reason: String) -> E {
        let error = E::custom(&reason);
        *self.refusal.borrow_mut() = Some(Refusal { reason, path: Vec::new() });
        error
    }

    /// Adds an enclosing name to the place of a refusal.
    #[cold]
    pub(super) fn within(&self, name: impl Display) {
        if let Some(refusal) = self.refusal.borrow_mut().as_mut() {
            refusal.path.push(name.to_string());
        }
    }
}

/// The place of a value.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    /// How many arrays and objects enclose it in JSON.
    pub(super) depth: usize,
    pub(super) is_in_some: bool,
    /// Whether it is the key of a map.
    pub(super) is_key: bool,
}

/// A value that is checked while it is written.
pub(super) struct Checked<'c, T: ?Sized> {
    pub(super) value: &'c T,
    pub(super) check: &'c Check,
    pub(super) place: Place,
}
