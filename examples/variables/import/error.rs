//! Why an import ended early.

use std::error::Error as StdError;
use std::fmt;

/// How much of a line an error shows.
const CHARACTERS_SHOWN: usize = 100;

/// An import that ended early: where, why, and what is stored.
#[derive(Debug)]
pub(crate) struct ImportError {
    place: String,
    cause: Box<dyn StdError + Send + Sync>,
    stored_lines: u64,
}

impl ImportError {
    /// Makes the error of one line.
    pub(super) fn of_line(
        number: u64,
        line: &[u8],
        cause: impl Into<Box<dyn StdError + Send + Sync>>,
        stored_lines: u64,
    ) -> Self {
        let text = String::from_utf8_lossy(line);
        let shown: String = text.chars().take(CHARACTERS_SHOWN).collect();
        let cut = if shown.len() < text.len() { "..." } else { "" };
        Self { place: format!("line {number} ({shown:?}{cut})"), cause: cause.into(), stored_lines }
    }

    /// Makes an error that happened after a line.
    pub(super) fn after_line(
        number: u64,
        cause: impl Into<Box<dyn StdError + Send + Sync>>,
        stored_lines: u64,
    ) -> Self {
        Self { place: format!("after line {number}"), cause: cause.into(), stored_lines }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = match self.stored_lines {
            0 => "no line is stored".to_owned(),
            1 => "line 1 is stored".to_owned(),
            many => format!("lines 1 to {many} are stored and none behind them"),
        };
        write!(
            f,
            "{}: {}\n{stored}: mend that and import all again, setting a variable twice does no harm",
            self.place, self.cause
        )
    }
}

impl StdError for ImportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.cause.as_ref())
    }
}
