//! A position in a control file.

use std::fmt;

/// How much of a text an error shows.
const CHARACTERS_SHOWN: usize = 60;

/// A line, and the package of its record, if that is known.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// The line, from 1.
    pub line: u64,
    /// The name of the package.
    pub package: Option<&'p str>,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        match self.package {
            Some(package) => write!(f, " ({})", beginning(package).escape_debug()),
            None => Ok(()),
        }
    }
}

/// Returns the shown part of a text: for a long one only its beginning.
pub(super) fn beginning(text: &str) -> String {
    text.chars().take(CHARACTERS_SHOWN).collect()
}
