//! What is said to the person at the terminal, beside what is printed for the next program.

use std::fmt;
use std::io::{Write as _, stderr};

/// Prints a line on the standard error. Where nobody reads that, nobody is missing the line.
pub(crate) fn print(line: fmt::Arguments<'_>) {
    let _ = writeln!(stderr().lock(), "{line}");
}
