//! Running the cases about events, one by one or all together.

use arbour::events::EventResult;

use super::EventBed;
use super::cases::cases;
use crate::case::{check_report, run_cases, run_named};
use crate::{Axis, DynFactory, Factory, MemoryFactory, Report};

/// Generates one named test for each case about events on each axis, and one test that runs each
/// once and counts them, in a module `events`.
///
/// `events_suite!(factory)` is for an engine that persists, and has two more tests,
/// `process::killed_dispatcher_loses_nothing` and `process::two_dispatchers_by_manifest`;
/// `events_suite!(factory, volatile)` is for one that keeps nothing when it is closed. Use it
/// together with [`suite!`](crate::suite).
///
/// See the [module](mod@crate::events) for an example.
#[macro_export]
macro_rules! events_suite {
    ($factory:expr) => {
        $crate::__events_suite!(
            $factory; fixed Fixed, dynamic Dynamic, reopened Reopened, apart Apart;
            #[test]
            fn killed_dispatcher_loses_nothing() -> $crate::__private::EventResult<()> {
                let test = concat!(module_path!(), "::killed_dispatcher_loses_nothing");
                $crate::events::killed_dispatcher_loses_nothing(&$factory, test)
            }

            #[test]
            fn two_dispatchers_by_manifest() -> $crate::__private::EventResult<()> {
                let test = concat!(module_path!(), "::two_dispatchers_by_manifest");
                $crate::events::two_dispatchers_by_manifest(&$factory, test)
            }
        );
    };
    ($factory:expr, volatile) => {
        $crate::__events_suite!($factory; fixed Fixed, dynamic Dynamic, apart Apart;);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __events_suite {
    ($factory:expr; $($module:ident $axis:ident),*; $($process:item)*) => {
        mod events {
            #[allow(unused_imports)]
            use super::*;

            $(
                mod $module {
                    #[allow(unused_imports)]
                    use super::*;
                    $crate::__events_cases!(
                        __tests $crate::events::run, $crate::__private::EventResult<()>;
                        $factory; $axis;
                    );
                }
            )*

            mod process {
                #[allow(unused_imports)]
                use super::*;
                $($process)*
            }

            mod whole_suite {
                #[allow(unused_imports)]
                use super::*;

                #[test]
                fn runs_every_case() {
                    $crate::events::check_all(|| $factory);
                }
            }
        }
    };
}

/// Runs one case on one axis; panics if the case fails.
///
/// # Errors
/// The errors of the events that the case does not expect.
///
/// ```no_run
/// use arbour_conformance::events::run;
/// use arbour_conformance::{Axis, Factory};
/// fn examine(factory: impl Factory) -> arbour::events::EventResult<()> {
///     run(factory, Axis::Fixed, "log", "positions_contiguous")
/// }
/// ```
pub fn run<F: Factory>(factory: F, axis: Axis, topic: &str, name: &str) -> EventResult<()> {
    if axis == Axis::Dynamic {
        run_named(cases(), topic, name, || EventBed::new(DynFactory(factory), axis))
    } else {
        run_named(cases(), topic, name, || EventBed::new(factory, axis))
    }
}

/// Runs every case on the given axes and returns a report; never panics because of what the events
/// do.
///
/// ```no_run
/// use arbour_conformance::events::run_all;
/// use arbour_conformance::{Axis, MemoryFactory};
/// let report = run_all(|| MemoryFactory, &[Axis::Fixed]);
/// assert!(report.failures.is_empty(), "{report}");
/// ```
pub fn run_all<F: Factory>(factory: impl Fn() -> F, axes: &[Axis]) -> Report {
    let mut report = Report::default();
    for &axis in axes {
        if axis == Axis::Dynamic {
            run_cases(&cases(), axis, || EventBed::new(DynFactory(factory()), axis), &mut report);
        } else {
            run_cases(&cases(), axis, || EventBed::new(factory(), axis), &mut report);
        }
    }
    report
}

/// Runs every case once, prints the count and asserts it, as the last test of [`events_suite!`]
/// does.
#[doc(hidden)]
pub fn check_all<F: Factory>(factory: impl Fn() -> F) {
    let report = run_all(factory, &[Axis::Fixed]);
    check_report("events", &report, cases::<MemoryFactory>().len());
}
