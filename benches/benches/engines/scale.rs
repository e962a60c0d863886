//! How much is measured.

use std::time::Duration;

/// Sizes and times of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// How many samples criterion takes.
    pub(crate) samples: usize,
    /// How long it warms up.
    pub(crate) warm_up: Duration,
    /// How long it measures, unless a few operations take longer.
    pub(crate) measurement: Duration,
    /// The number of entries of the store for most kinds of work.
    pub(crate) entries: u64,
    /// The numbers of entries of the stores for gets and scans.
    pub(crate) sizes: &'static [u64],
    /// The total bytes of the values in the stores with the longest values.
    pub(crate) value_bytes_total: usize,
}

impl Scale {
    /// The scale of published figures: about twenty minutes.
    pub(crate) const FULL: Self = Self {
        samples: 20,
        warm_up: Duration::from_millis(400),
        measurement: Duration::from_millis(1_600),
        entries: 100_000,
        sizes: &[10_000, 100_000, 1_000_000],
        value_bytes_total: 32 << 20,
    };

    /// Enough to see that it runs and what the report looks like.
    pub(crate) const QUICK: Self = Self {
        samples: 10,
        warm_up: Duration::from_millis(20),
        measurement: Duration::from_millis(100),
        entries: 10_000,
        sizes: &[1_000, 10_000],
        value_bytes_total: 2 << 20,
    };
}
