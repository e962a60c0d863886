//! How much is measured.

use std::time::Duration;

/// Sizes and times of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// How many samples criterion takes.
    pub(crate) samples: usize,
    /// How long it warms up.
    pub(crate) warm_up: Duration,
    /// How long it measures, where a few operations do not take longer.
    pub(crate) measurement: Duration,
    /// How many entries the store holds that most work is done on.
    pub(crate) entries: u64,
    /// How many entries the stores hold that gets and scans are measured on.
    pub(crate) sizes: &'static [u64],
    /// How many bytes of values the stores of the longest values hold.
    pub(crate) value_bytes_total: usize,
}

impl Scale {
    /// What figures to publish come from: about twenty minutes.
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
