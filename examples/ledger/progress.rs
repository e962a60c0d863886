//! Shows progress to a person at the terminal.

use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressFinish, ProgressStyle};

use crate::{counted, notice};

/// A bar if the length is known, otherwise a spinner; nothing without a terminal. It is erased at
/// the end.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Shows the progress of reading an input of this many bytes, if that is known.
    pub(crate) fn of_bytes(bytes: Option<u64>) -> Self {
        let template = match bytes {
            Some(_) => "{bar:30} {percent:>3} %  {bytes} of {total_bytes}  {msg}  {eta} left",
            None => "{spinner} {msg}  {bytes}  {elapsed}",
        };
        let progress = Self::new(bytes, template);
        progress.imported(0, 0, 0);
        progress.bar.enable_steady_tick(Duration::from_millis(100));
        progress
    }

    /// Shows the progress of work on events, once there is some.
    pub(crate) fn of_events(what: String) -> Self {
        let template = "{msg}  {bar:30} {percent:>3} %  {human_pos} of {human_len} events";
        let Self { bar } = Self::new(Some(0), template);
        Self { bar: bar.with_message(what) }
    }

    fn new(length: Option<u64>, template: &str) -> Self {
        let bar = match length {
            _ if !stderr().is_terminal() => ProgressBar::hidden(),
            Some(length) => ProgressBar::new(length),
            None => ProgressBar::new_spinner(),
        };
        // The templates are constant; if one were wrong, the default would be used.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar: bar.with_finish(ProgressFinish::AndClear) }
    }

    /// Shows how much of the input was read, and the results.
    pub(crate) fn imported(&self, bytes: u64, commits: u64, bad: u64) {
        let bad = match bad {
            0 => String::new(),
            bad => format!(", {} bad", HumanCount(bad)),
        };
        self.bar.set_message(format!("{}{bad}", counted::commits(commits)));
        self.bar.set_position(bytes);
    }

    /// Shows how many events are done.
    pub(crate) fn at(&self, events: arbour::Progress) {
        self.bar.set_length(events.total.unwrap_or(events.done));
        self.bar.set_position(events.done);
    }

    /// Prints a line that the bar does not overwrite.
    pub(crate) fn print(&self, line: std::fmt::Arguments<'_>) {
        self.bar.suspend(|| notice::print(line));
    }

    /// Removes the bar, so that something else can be printed.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
