//! The outcome of a run of the suite.

use std::fmt;

use super::axis::Axis;

/// The outcome of a run of the whole suite.
///
/// ```
/// use arbour_conformance::Report;
/// let report = Report::default();
/// assert!(report.failures.is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many cases proved an ability.
    pub positive: usize,
    /// How many cases proved the refusal of something that the engine says it cannot do.
    pub negative: usize,
    /// The cases that failed.
    pub failures: Vec<Failure>,
}

/// A case that failed.
///
/// ```
/// use arbour_conformance::{Axis, Failure};
/// let failure = Failure {
///     axis: Axis::Fixed,
///     case: "point::put_then_get".into(),
///     message: "left: None".into(),
/// };
/// assert_eq!(failure.to_string(), "fixed::point::put_then_get: left: None");
/// ```
#[derive(Clone, Debug)]
pub struct Failure {
    /// The axis it failed on.
    pub axis: Axis,
    /// Its topic and name.
    pub case: String,
    /// The message of its panic or error.
    pub message: String,
}

impl Report {
    /// Returns how many cases were run.
    ///
    /// ```
    /// assert_eq!(arbour_conformance::Report::default().count(), 0);
    /// ```
    #[must_use]
    pub fn count(&self) -> usize {
        self.positive + self.negative + self.failures.len()
    }

    /// Tells whether a case failed on any axis; `case` is its topic and name.
    ///
    /// ```
    /// assert!(!arbour_conformance::Report::default().rejected_by("point::put_then_get"));
    /// ```
    #[must_use]
    pub fn rejected_by(&self, case: &str) -> bool {
        self.failures.iter().any(|failure| failure.case == case)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(f, "FAILED {failure}")?;
        }
        write!(
            f,
            "{} cases run: {} proved an ability, {} a refusal, {} failed",
            self.count(),
            self.positive,
            self.negative,
            self.failures.len()
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}: {}", self.axis, self.case, self.message)
    }
}
