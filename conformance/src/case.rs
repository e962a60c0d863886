//! One case of a suite, and running it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arbour_core::engine::panic_message;

use crate::{Axis, Failure, Report};

/// What the cases of a suite work with.
pub(crate) trait TestBed: Sized {
    /// The error of a case that met something unexpected.
    type Error: fmt::Debug;

    /// Ends a case, and tells whether it was a negative one.
    ///
    /// # Errors
    /// What the engine reports.
    fn finish(self) -> Result<bool, Self::Error>;
}

/// One case of a suite, on beds of type `B`.
pub(crate) struct Case<B: TestBed> {
    /// The topic.
    pub(crate) topic: &'static str,
    /// The name, which says what it claims.
    pub(crate) name: &'static str,
    /// The case itself: it fails by a panic or by an unexpected error.
    pub(crate) run: fn(&mut B) -> Result<(), B::Error>,
}

/// Runs the case of a topic and a name, which has to be in the list.
///
/// # Errors
/// The errors of the engine that the case does not expect.
pub(crate) fn run_named<B: TestBed>(
    cases: Vec<Case<B>>,
    topic: &str,
    name: &str,
    make: impl FnOnce() -> Result<B, B::Error>,
) -> Result<(), B::Error> {
    let case = cases.into_iter().find(|case| case.topic == topic && case.name == name);
    let case = case.expect("the macro and the list name the same cases");
    run_case(&case, make).map(drop)
}

/// Runs a case on a bed of its own, and tells whether it was a negative one.
fn run_case<B: TestBed>(
    case: &Case<B>,
    make: impl FnOnce() -> Result<B, B::Error>,
) -> Result<bool, B::Error> {
    let mut bed = make()?;
    (case.run)(&mut bed)?;
    bed.finish()
}

/// Runs every case on a bed of its own and adds the outcome to the report.
pub(crate) fn run_cases<B: TestBed>(
    cases: &[Case<B>],
    axis: Axis,
    make: impl Fn() -> Result<B, B::Error>,
    report: &mut Report,
) {
    for case in cases {
        let outcome = catch_unwind(AssertUnwindSafe(|| run_case(case, &make)));
        let message = match outcome {
            Ok(Ok(true)) => {
                report.negative += 1;
                continue;
            }
            Ok(Ok(false)) => {
                report.positive += 1;
                continue;
            }
            Ok(Err(error)) => format!("{error:?}"),
            Err(panic) => panic_message(panic.as_ref()).unwrap_or("a panic").to_owned(),
        };
        let case = format!("{}::{}", case.topic, case.name);
        report.failures.push(Failure { axis, case, message });
    }
}

/// Prints the report of a run of a whole suite, and asserts that all of it ran and nothing failed.
pub(crate) fn check_report(suite: &str, report: &Report, expected: usize) {
    println!("{suite}: {report}");
    assert!(report.failures.is_empty(), "{report}");
    assert_eq!(report.count(), expected, "every case has to run on every axis");
}
