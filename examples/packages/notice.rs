//! Messages for the person at the terminal, separate from the output for the next program.

use std::fmt;
use std::io::{Write as _, stderr};

/// Prints a line on the standard error. A failure to print it is ignored.
pub(crate) fn print(line: fmt::Arguments<'_>) {
    let _ = writeln!(stderr().lock(), "{line}");
}
