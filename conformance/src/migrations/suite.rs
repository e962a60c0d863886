//! Running the cases about migrations, one by one or all together.

use arbour::migrations::MigrationResult;

use super::MigrationBed;
use super::cases::cases;
use crate::case::{check_report, run_cases, run_named};
use crate::{Axis, DynFactory, Factory, MemoryFactory, Report};

/// Generates one named test for each case about migrations on each axis, and one test that runs
/// each once and counts them, in a module `migrations`.
///
/// `migrations_suite!(factory)` is for an engine that persists, and has two more tests,
/// `process::killed_migrator_goes_on` and `process::two_migrators_by_manifest`;
/// `migrations_suite!(factory, volatile)` is for one that keeps nothing when it is closed. Use it
/// together with [`suite!`](crate::suite).
///
/// See the [module](mod@crate::migrations) for an example.
#[macro_export]
macro_rules! migrations_suite {
    ($factory:expr) => {
        $crate::__migrations_suite!(
            $factory; fixed Fixed, dynamic Dynamic, reopened Reopened;
            #[test]
            fn killed_migrator_goes_on() -> $crate::__private::MigrationResult<()> {
                let test = concat!(module_path!(), "::killed_migrator_goes_on");
                $crate::migrations::killed_migrator_goes_on(&$factory, test)
            }

            #[test]
            fn two_migrators_by_manifest() -> $crate::__private::MigrationResult<()> {
                let test = concat!(module_path!(), "::two_migrators_by_manifest");
                $crate::migrations::two_migrators_by_manifest(&$factory, test)
            }
        );
    };
    ($factory:expr, volatile) => {
        $crate::__migrations_suite!($factory; fixed Fixed, dynamic Dynamic;);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __migrations_suite {
    ($factory:expr; $($module:ident $axis:ident),*; $($process:item)*) => {
        mod migrations {
            #[allow(unused_imports)]
            use super::*;

            $(
                mod $module {
                    #[allow(unused_imports)]
                    use super::*;
                    $crate::__migrations_cases!(
                        __tests $crate::migrations::run, $crate::__private::MigrationResult<()>;
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
                    $crate::migrations::check_all(|| $factory);
                }
            }
        }
    };
}

/// Runs one case on one axis; panics if the case fails.
///
/// # Errors
/// The errors of the migrations that the case does not expect.
///
/// ```no_run
/// use arbour_conformance::migrations::run;
/// use arbour_conformance::{Axis, Factory};
/// fn examine(factory: impl Factory) -> arbour::migrations::MigrationResult<()> {
///     run(factory, Axis::Fixed, "order", "numbers_then_names_then_groups")
/// }
/// ```
pub fn run<F: Factory>(factory: F, axis: Axis, topic: &str, name: &str) -> MigrationResult<()> {
    if axis == Axis::Dynamic {
        run_named(cases(), topic, name, || MigrationBed::new(DynFactory(factory), axis))
    } else {
        run_named(cases(), topic, name, || MigrationBed::new(factory, axis))
    }
}

/// Runs every case on the given axes and returns a report; never panics because of what the
/// migrations do.
///
/// ```no_run
/// use arbour_conformance::migrations::run_all;
/// use arbour_conformance::{Axis, MemoryFactory};
/// let report = run_all(|| MemoryFactory, &[Axis::Fixed]);
/// assert!(report.failures.is_empty(), "{report}");
/// ```
pub fn run_all<F: Factory>(factory: impl Fn() -> F, axes: &[Axis]) -> Report {
    let mut report = Report::default();
    for &axis in axes {
        if axis == Axis::Dynamic {
            run_cases(
                &cases(),
                axis,
                || MigrationBed::new(DynFactory(factory()), axis),
                &mut report,
            );
        } else {
            run_cases(&cases(), axis, || MigrationBed::new(factory(), axis), &mut report);
        }
    }
    report
}

/// Runs every case once, prints the count and asserts it, as the last test of [`migrations_suite!`]
/// does.
#[doc(hidden)]
pub fn check_all<F: Factory>(factory: impl Fn() -> F) {
    let report = run_all(factory, &[Axis::Fixed]);
    check_report("migrations", &report, cases::<MemoryFactory>().len());
}
