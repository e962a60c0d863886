//! Showing how far an import is, to a person who watches.

use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressFinish, ProgressStyle};

/// A bar if the length of the input is known, else a spinner; nothing if nobody watches. It
/// leaves no trace when it goes.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Whether the bar counts bytes.
    bounded: bool,
}

impl Progress {
    /// Starts to show the progress of an input of so many bytes.
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
        // The templates are constant; were one wrong, the default would do.
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

    /// Takes the bar away, so that something else can be written.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
