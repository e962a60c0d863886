//! Shows the progress of an import to a person at the terminal.

use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressFinish, ProgressStyle};

/// A bar if the length of the input is known, otherwise a spinner; nothing without a terminal. It
/// is erased at the end.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Whether the bar counts bytes.
    bounded: bool,
}

impl Progress {
    /// Starts to show the progress of an input of this many bytes.
    pub(crate) fn new(bytes: Option<u64>) -> Self {
        if !stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden(), bounded: false };
        }
        let (bar, template) = match bytes {
            Some(bytes) => (
                ProgressBar::new(bytes),
                "{bar:30} {percent:>3} %  {bytes} of {total_bytes}  {msg}",
            ),
            None => (ProgressBar::new_spinner(), "{spinner} {msg}  {elapsed}"),
        };
        // The templates are constant; if one were wrong, the default would be used.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let bar = bar.with_finish(ProgressFinish::AndClear);
        bar.set_message("0 lines");
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, bounded: bytes.is_some() }
    }

    /// Shows how much is stored.
    pub(super) fn stored(&self, lines: u64, bytes: u64) {
        if self.bounded {
            self.bar.set_position(bytes);
        }
        self.bar.set_message(format!("{} lines", HumanCount(lines)));
    }

    /// Removes the bar, so that something else can be printed.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
