//! Measures two ways to do the same.
//!
//! Machines are noisy and drift, so both sides run in one process, once each round, in random
//! order, and the median of the rounds' ratios counts.

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
/// let row = Row { engine: "redb".to_owned(), op: "get", raw_ns: 400.0, arbour_ns: 410.0, ratio: 1.025, best_ratio: 1.02, bound };
/// assert!(row.is_within_bound());
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The engine, and the layer above it.
    pub engine: String,
    /// The operation.
    pub op: &'static str,
    /// Nanoseconds per operation with the engine's own API: the median of the rounds.
    pub raw_ns: f64,
    /// Nanoseconds per operation with Arbour: the median of the rounds.
    pub arbour_ns: f64,
    /// The median of the rounds' ratios of Arbour to raw.
    pub ratio: f64,
    /// The ratio of each side's fastest round: look at this if other programs kept the machine
    /// busy.
    pub best_ratio: f64,
    /// The bound.
    #[serde(skip)]
    pub bound: Bound,
}

/// The bound of an operation, relative to the other way to do it.
///
/// ```
/// use arbour_benches::comparison::Bound;
/// assert_eq!(Bound::Nanoseconds(30.0).to_string(), "+30 ns");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// At most 1.05 times as much, or at most 25 ns more.
    RatioOrNanoseconds,
    /// At most this many nanoseconds more.
    Nanoseconds(f64),
    /// At most this many times as much.
    Ratio(f64),
    /// At least this many times as often in the same time.
    TimesAsFast(f64),
    /// No bound: the figure is only shown.
    Informative,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RatioOrNanoseconds => f.write_str("1.05 or +25 ns"),
            Self::Nanoseconds(nanoseconds) => write!(f, "+{nanoseconds} ns"),
            Self::Ratio(ratio) => write!(f, "{ratio:.2}"),
            Self::TimesAsFast(times) => write!(f, "{times} times as fast"),
            Self::Informative => f.write_str("-"),
        }
    }
}

impl Row {
    /// Tells whether the operation is within its bound.
    ///
    /// ```
    /// use arbour_benches::comparison::{Bound, Row};
    /// let bound = Bound::RatioOrNanoseconds;
    /// let row = Row { engine: "redb".to_owned(), op: "get", raw_ns: 400.0, arbour_ns: 900.0, ratio: 2.25, best_ratio: 2.2, bound };
    /// assert!(!row.is_within_bound());
    /// ```
    #[must_use]
    pub fn is_within_bound(&self) -> bool {
        let more = (self.ratio - 1.0) * self.raw_ns;
        match self.bound {
            Bound::RatioOrNanoseconds => self.ratio <= 1.05 || more <= 25.0,
            Bound::Nanoseconds(most) => more <= most,
            Bound::Ratio(most) => self.ratio <= most,
            Bound::TimesAsFast(least) => self.ratio * least <= 1.0,
            Bound::Informative => true,
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
    /// How many keys are read in one run.
    pub reads: usize,
    /// How many transactions that wait for the device are committed in one run.
    pub flushes: usize,
}

impl Scale {
    /// The scale of published figures.
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

/// Where rows go, and how much work is measured for each.
pub(crate) struct Rows<'r> {
    pub(crate) scale: Scale,
    pub(crate) report: &'r mut dyn FnMut(Row),
}

impl Rows<'_> {
    /// Begins rows with a bound.
    pub(crate) fn of(&mut self, engine: impl Into<String>, bound: Bound) -> Comparison<'_> {
        Comparison { scale: self.scale, engine: engine.into(), bound, report: self.report }
    }
}

/// Two ways to do the same, and where the result goes.
pub(crate) struct Comparison<'r> {
    pub(crate) scale: Scale,
    pub(crate) engine: String,
    pub(crate) bound: Bound,
    pub(crate) report: &'r mut dyn FnMut(Row),
}

impl Comparison<'_> {
    /// Runs both sides alternately. Each returns the time of its operations, so that preparations
    /// do not count.
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
        // A fixed alternation can synchronize with the allocator: identical sides differed by a
        // fifth in measurements.
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
        let best_ratio = quickest(&arbours) / quickest(&raws);
        let (raw_ns, arbour_ns, ratio) = (median(raws), median(arbours), median(ratios));
        let (engine, bound) = (self.engine.clone(), self.bound);
        (self.report)(Row { engine, op, raw_ns, arbour_ns, ratio, best_ratio, bound });
        Ok(())
    }
}

/// Times a piece of work whose result is not optimized away.
pub(crate) fn time<R>(work: impl FnOnce() -> Result<R>) -> Result<Duration> {
    let start = Instant::now();
    black_box(work()?);
    Ok(start.elapsed())
}

/// Returns the time that this many operations take at this rate: a side that is a figure instead of
/// a program.
pub(crate) fn figure(operations: usize, rate: f64) -> Result<Duration> {
    Ok(Duration::from_secs_f64(operations as f64 / rate))
}

fn quickest(figures: &[f64]) -> f64 {
    figures.iter().copied().fold(f64::INFINITY, f64::min)
}

pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_within(bound: Bound, raw_ns: f64, ratio: f64) -> bool {
        let (engine, arbour_ns) = ("engine".to_owned(), raw_ns * ratio);
        Row { engine, op: "op", raw_ns, arbour_ns, ratio, best_ratio: ratio, bound }
            .is_within_bound()
    }

    #[test]
    fn each_bound_holds_up_to_its_figure() {
        assert!(is_within(Bound::RatioOrNanoseconds, 1e6, 1.05));
        assert!(is_within(Bound::RatioOrNanoseconds, 50.0, 1.5), "25 ns more");
        assert!(!is_within(Bound::RatioOrNanoseconds, 1e6, 1.051));
        assert!(is_within(Bound::Nanoseconds(30.0), 60.0, 1.5));
        assert!(!is_within(Bound::Nanoseconds(30.0), 60.0, 1.51));
        assert!(is_within(Bound::Ratio(1.15), 60.0, 1.15));
        assert!(!is_within(Bound::Ratio(1.15), 60.0, 1.16));
        assert!(is_within(Bound::TimesAsFast(5.0), 60.0, 0.2));
        assert!(!is_within(Bound::TimesAsFast(5.0), 60.0, 0.21));
        assert!(is_within(Bound::Informative, 60.0, 100.0));
    }

    #[test]
    fn a_row_takes_the_median_of_the_rounds_ratios() {
        let mut rows = Vec::new();
        let report = &mut |row| rows.push(row);
        let (engine, bound) = ("engine".to_owned(), Bound::Informative);
        let mut comparison = Comparison { scale: Scale::QUICK, engine, bound, report };
        // The first round of each is not counted.
        let mut raw = [9, 100, 100, 100].map(Duration::from_nanos).into_iter();
        let mut arbour = [9, 300, 200, 900].map(Duration::from_nanos).into_iter();
        let next = |times: &mut dyn Iterator<Item = Duration>| Ok(times.next().unwrap());
        comparison.row("op", 10, || next(&mut raw), || next(&mut arbour)).unwrap();
        let row = rows.pop().unwrap();
        assert_eq!((row.raw_ns.round(), row.arbour_ns.round()), (10.0, 30.0));
        assert!((row.ratio - 3.0).abs() < 1e-9);
        assert!((row.best_ratio - 2.0).abs() < 1e-9);
    }
}
