//! The result of an import.

use std::fmt;
use std::time::Duration;

use indicatif::HumanCount;

use crate::counted::{commits, counted};

/// The result of an import, as one line for a person.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(super) new: u64,
    pub(super) known: u64,
    pub(super) bad: u64,
    pub(super) elapsed: Duration,
}

impl Summary {
    /// Tells whether every commit was good.
    pub(crate) fn is_clean(&self) -> bool {
        self.bad == 0
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = self.new + self.known;
        let seconds = self.elapsed.as_secs_f64();
        write!(f, "imported {} in ", commits(read))?;
        match self.elapsed.as_millis() {
            millis @ ..1000 => write!(f, "{millis} ms")?,
            _ => write!(f, "{seconds:.1} s")?,
        }
        let rate = HumanCount((read as f64 / seconds.max(1e-6)) as u64);
        let (new, known) = (HumanCount(self.new), HumanCount(self.known));
        write!(f, " ({rate} commits/s): {new} new, {known} there already")?;
        match self.bad {
            0 => Ok(()),
            bad => write!(f, ", {} left out", counted(bad, "bad commit", "bad commits")),
        }
    }
}
