//! The result of an import.

use std::fmt;
use std::time::Duration;

use indicatif::HumanCount;

use crate::database::Change;

/// The result of an import, as one line for a person.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(super) tally: Tally,
    pub(super) without_value: u64,
    pub(super) elapsed: Duration,
}

/// How many variables were set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) new: u64,
    pub(super) updated: u64,
}

impl Tally {
    pub(super) fn count(&mut self, change: Change) {
        match change {
            Change::New => self.new += 1,
            Change::Updated => self.updated += 1,
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.new += other.new;
        self.updated += other.updated;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { new, updated } = self.tally;
        let lines = new + updated;
        let unit = if lines == 1 { "line" } else { "lines" };
        let seconds = self.elapsed.as_secs_f64();
        write!(f, "imported {} {unit} in ", HumanCount(lines))?;
        match self.elapsed.as_millis() {
            millis @ ..1000 => write!(f, "{millis} ms")?,
            _ => write!(f, "{seconds:.1} s")?,
        }
        let rate = HumanCount((lines as f64 / seconds.max(1e-6)) as u64);
        let (new, updated) = (HumanCount(new), HumanCount(updated));
        write!(f, " ({rate} lines/s): {new} new, {updated} updated")?;
        match self.without_value {
            0 => Ok(()),
            skipped => write!(f, ", {} without a value skipped", HumanCount(skipped)),
        }
    }
}
