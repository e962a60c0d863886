//! Refusing at the write what could not be read again.
//!
//! A value is written through a serializer that passes everything on to the one of the format. On the
//! way it counts how deep the value is nested, and looks for what the format would lose. Where it
//! refuses, the members and elements around the place add their names while the error goes up, so
//! that a value that is accepted pays for no path.

use std::cell::{Cell, RefCell};
use std::fmt::Display;

use super::EncodeError;

/// What a format cannot give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loses {
    /// NaN, infinities, and an option with a null in it: JSON writes null for all of them.
    #[cfg(feature = "json")]
    NullLike,
    /// Skipped fields: bincode finds fields by their order alone.
    #[cfg(feature = "bincode")]
    SkippedFields,
}

/// What was found while a value was written.
pub(super) struct Check {
    pub(super) loses: Loses,
    refusal: RefCell<Option<Refusal>>,
    pub(super) must_be_read: Cell<bool>,
}

struct Refusal {
    reason: String,
    /// The names of the members and the numbers of the elements that lead to the place, innermost
    /// first.
    path: Vec<String>,
}

impl Check {
    pub(super) fn new(loses: Loses) -> Self {
        Self { loses, refusal: RefCell::default(), must_be_read: Cell::new(false) }
    }

    /// Tells whether only reading tells that the value can be read: it has an integer of 128 bits, or a
    /// map whose keys are no texts. Types that serde reads by way of its own buffer, such
    /// as flattened and untagged ones, cannot read these again.
    #[cfg(feature = "json")]
    pub(super) fn must_be_read(&self) -> bool {
        self.must_be_read.get()
    }

    /// Wraps a value so that it is checked while it is written.
    pub(super) fn value<'c, T: ?Sized>(&'c self, value: &'c T) -> Checked<'c, T> {
        Checked { value, check: self, place: Place::default() }
    }

    /// Builds the error for a value that was not written: what was refused here, or else what the
    /// format says.
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

    /// Adds to a refusal what leads to its place.
    #[cold]
    pub(super) fn within(&self, name: impl Display) {
        if let Some(refusal) = self.refusal.borrow_mut().as_mut() {
            refusal.path.push(name.to_string());
        }
    }
}

/// Where a value stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    /// How many arrays and objects are around it in JSON.
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
