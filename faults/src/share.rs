//! A part of a long run.

use crate::{Error, Result};

/// A part of the failing calls, so that several runs can divide them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The number of this part, from 0.
    pub number: u64,
    /// The number of parts.
    pub of: u64,
}

impl Share {
    /// All calls.
    pub const ALL: Self = Self { number: 0, of: 1 };

    /// Parses "K/N".
    ///
    /// # Errors
    /// [`Error::Argument`] if it has another form.
    pub fn parse(text: &str) -> Result<Self> {
        let share = text.split_once('/').and_then(|(number, of)| {
            let (number, of) = (number.parse().ok()?, of.parse().ok()?);
            (number < of).then_some(Self { number, of })
        });
        share.ok_or_else(|| Error::Argument { text: text.to_owned(), expected: "K/N, with K < N" })
    }

    pub(crate) fn has(self, number: u64) -> bool {
        number % self.of == self.number
    }
}
