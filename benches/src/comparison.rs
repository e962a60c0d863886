//! Measuring two ways to do the same.
//!
//! Machines are noisy and drift, so both sides run in one process, once each round, in an order
//! that chance decides, and the median of the rounds' ratios is what counts.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use arbour_core::Result;
use serde::Serialize;

use crate::workload;

/// One measurement: an operation done both ways.
///
/// ```
/// use arbour_benches::comparison::{Bound, Row};
/// let bound = Bound::RatioOrNanoseconds;
/// let row = Row { engine: "redb", op: "get", raw_ns: 400.0, arbour_ns: 410.0, ratio: 1.025, bound };
/// assert!(row.is_within_bound());
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The engine, and what is laid over it.
    pub engine: &'static str,
    /// The operation.
    pub op: &'static str,
    /// Nanoseconds an operation by the engine's own API: the median of the rounds.
    pub raw_ns: f64,
    /// Nanoseconds an operation by Arbour: the median of the rounds.
    pub arbour_ns: f64,
    /// The median of the rounds' ratios of Arbour to raw.
    pub ratio: f64,
    /// What it may cost.
    #[serde(skip)]
    pub bound: Bound,
}

/// What an operation may cost above the other way to do it.
///
/// ```
/// use arbour_benches::comparison::Bound;
/// assert_eq!(Bound::Nanoseconds(30.0).to_string(), "+30 ns");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// At most 1.05 times as much, or at most 25 ns more.
    RatioOrNanoseconds,
    /// At most so many nanoseconds more.
    Nanoseconds(f64),
    /// At most so many times as much.
    Ratio(f64),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RatioOrNanoseconds => f.write_str("1.05 or +25 ns"),
            Self::Nanoseconds(nanoseconds) => write!(f, "+{nanoseconds} ns"),
            Self::Ratio(ratio) => write!(f, "{ratio:.2}"),
        }
    }
}

impl Row {
    /// Tells whether the operation costs no more than it may.
    ///
    /// ```
    /// use arbour_benches::comparison::{Bound, Row};
    /// let bound = Bound::RatioOrNanoseconds;
    /// let row = Row { engine: "redb", op: "get", raw_ns: 400.0, arbour_ns: 900.0, ratio: 2.25, bound };
    /// assert!(!row.is_within_bound());
    /// ```
    #[must_use]
    pub fn is_within_bound(&self) -> bool {
        let more = (self.ratio - 1.0) * self.raw_ns;
        match self.bound {
            Bound::RatioOrNanoseconds => self.ratio <= 1.05 || more <= 25.0,
            Bound::Nanoseconds(most) => more <= most,
            Bound::Ratio(most) => self.ratio <= most,
        }
    }
}

/// How much work is measured.
///
/// ```
/// use arbour_benches::comparison::Scale;
/// assert!(Scale::QUICK.rounds < Scale::FULL.rounds);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// How often each side runs.
    pub rounds: usize,
    /// How many entries the stores hold.
    pub entries: u64,
    /// How many keys are read in one go.
    pub reads: usize,
    /// How many transactions that wait for the device are committed in one go.
    pub flushes: usize,
}

impl Scale {
    /// What the published figures come from.
    ///
    /// ```
    /// assert!(arbour_benches::comparison::Scale::FULL.rounds >= 9);
    /// ```
    pub const FULL: Self = Self { rounds: 31, entries: 100_000, reads: 10_000, flushes: 50 };

    /// Enough to see that it runs.
    ///
    /// ```
    /// assert!(arbour_benches::comparison::Scale::QUICK.entries >= 1_000);
    /// ```
    pub const QUICK: Self = Self { rounds: 3, entries: 2_000, reads: 500, flushes: 5 };
}

/// Two ways to do the same, and where the result goes.
pub(crate) struct Comparison<'r> {
    pub(crate) scale: Scale,
    pub(crate) engine: &'static str,
    pub(crate) bound: Bound,
    pub(crate) report: &'r mut dyn FnMut(Row),
}

impl Comparison<'_> {
    /// Runs both sides alternately. Each returns the time its operations took, so that
    /// preparations do not count.
    pub(crate) fn row(
        &mut self,
        op: &'static str,
        operations: usize,
        mut raw: impl FnMut() -> Result<Duration>,
        mut arbour: impl FnMut() -> Result<Duration>,
    ) -> Result<()> {
        // The first round of each fills caches and is not counted.
        raw()?;
        arbour()?;
        let (mut raws, mut arbours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        // A fixed alternation falls into step with the allocator: identical sides were measured
        // to differ by a fifth.
        for toss in workload::random_entries(2, self.scale.rounds) {
            let (raw_time, arbour_time) = if toss == 0 {
                let raw_time = raw()?;
                (raw_time, arbour()?)
            } else {
                let arbour_time = arbour()?;
                (raw()?, arbour_time)
            };
            let nanoseconds = |time: Duration| time.as_secs_f64() * 1e9 / operations as f64;
            raws.push(nanoseconds(raw_time));
            arbours.push(nanoseconds(arbour_time));
            ratios.push(arbour_time.as_secs_f64() / raw_time.as_secs_f64());
        }
        let (raw_ns, arbour_ns, ratio) = (median(raws), median(arbours), median(ratios));
        (self.report)(Row { engine: self.engine, op, raw_ns, arbour_ns, ratio, bound: self.bound });
        Ok(())
    }
}

/// Times a piece of work whose result is not optimized away.
pub(crate) fn time<R>(work: impl FnOnce() -> Result<R>) -> Result<Duration> {
    let start = Instant::now();
    black_box(work()?);
    Ok(start.elapsed())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
