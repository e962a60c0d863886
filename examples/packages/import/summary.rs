//! The result of an import.

use std::fmt;
use std::time::Duration;

use indicatif::HumanCount;

use crate::counted::{counted, packages};

/// The result of an import, as one line for a person.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(super) new: u64,
    pub(super) updated: u64,
    pub(super) bad: u64,
    pub(super) elapsed: Duration,
}

impl Summary {
    /// Tells whether every record was good.
    pub(crate) fn is_clean(&self) -> bool {
        self.bad == 0
    }

    /// Returns how many packages were stored.
    pub(super) fn stored(&self) -> u64 {
        self.new + self.updated
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = self.stored();
        let seconds = self.elapsed.as_secs_f64();
        write!(f, "imported {} in ", packages(stored))?;
        match self.elapsed.as_millis() {
            millis @ ..1000 => write!(f, "{millis} ms")?,
            _ => write!(f, "{seconds:.1} s")?,
        }
        let rate = HumanCount((stored as f64 / seconds.max(1e-6)) as u64);
        let (new, updated) = (HumanCount(self.new), HumanCount(self.updated));
        write!(f, " ({rate} packages/s): {new} new, {updated} updated")?;
        match self.bad {
            0 => Ok(()),
            bad => write!(f, ", {} left out", counted(bad, "bad record", "bad records")),
        }
    }
}
