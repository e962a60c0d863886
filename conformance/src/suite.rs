//! Running the cases, one by one or all together.

use arbour_core::Result;

use crate::case::{check_report, run_cases, run_named};
use crate::cases::cases;
use crate::{Axis, Bed, DynFactory, Factory, Report};

/// Generates one named test for each case on each axis, and one test that runs and counts them all.
///
/// `suite!(factory)` is for an engine that persists. `suite!(factory, volatile)` is for one that
/// keeps nothing when it is closed; it leaves out the `reopened` axis, and a case checks that the
/// engine's capabilities agree. The factory is an expression, evaluated for each test.
///
/// See the [crate](crate) for an example.
#[macro_export]
macro_rules! suite {
    ($factory:expr) => {
        $crate::__suite!($factory; [fixed Fixed, dynamic Dynamic, namespaced Namespaced,
            reopened Reopened]; &$crate::Axis::ALL);
        $crate::__processes!($factory);
    };
    ($factory:expr, volatile) => {
        $crate::__suite!($factory; [fixed Fixed, dynamic Dynamic, namespaced Namespaced];
            &$crate::Axis::VOLATILE);

        mod process {
            #[allow(unused_imports)]
            use super::*;

            #[test]
            fn nothing_outlives_the_store() -> $crate::__private::Result<()> {
                $crate::process::nothing_outlives_the_store(&$factory)
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __processes {
    ($factory:expr) => {
        mod process {
            #[allow(unused_imports)]
            use super::*;

            #[test]
            fn killed_writer_loses_nothing() -> $crate::__private::Result<()> {
                let test = concat!(module_path!(), "::killed_writer_loses_nothing");
                $crate::process::killed_writer_loses_nothing(&$factory, test)
            }

            #[test]
            fn second_process_by_manifest() -> $crate::__private::Result<()> {
                let test = concat!(module_path!(), "::second_process_by_manifest");
                $crate::process::second_process_by_manifest(&$factory, test)
            }

            #[cfg(unix)]
            #[test]
            fn full_device_loses_nothing() -> $crate::__private::Result<()> {
                let test = concat!(module_path!(), "::full_device_loses_nothing");
                $crate::process::full_device_loses_nothing(&$factory, test)
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __suite {
    ($factory:expr; [$($module:ident $axis:ident),*]; $axes:expr) => {
        $(
            mod $module {
                #[allow(unused_imports)]
                use super::*;
                $crate::__cases!(__tests $crate::run, $crate::__private::Result<()>; $factory; $axis;);
            }
        )*

        mod whole_suite {
            #[allow(unused_imports)]
            use super::*;

            #[test]
            fn runs_every_case() {
                $crate::check_all(|| $factory, $axes);
            }
        }

        mod model {
            #[allow(unused_imports)]
            use super::*;

            #[test]
            fn agrees_with_a_plain_map() {
                $crate::agrees_with_a_plain_map(&$factory);
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    (
        $run:path, $result:ty; $factory:expr; $axis:ident; $($topic:ident { $($case:ident)* })*
    ) => {
        $(
            mod $topic {
                #[allow(unused_imports)]
                use super::*;
                $(
                    #[test]
                    fn $case() -> $result {
                        $run(
                            $factory,
                            $crate::Axis::$axis,
                            stringify!($topic),
                            stringify!($case),
                        )
                    }
                )*
            }
        )*
    };
}

/// Runs one case on one axis; panics if the case fails.
///
/// # Errors
/// The errors of the engine that the case does not expect.
///
/// ```no_run
/// use arbour_conformance::{Axis, Factory, run};
/// fn examine(factory: impl Factory) -> arbour_core::Result<()> {
///     run(factory, Axis::Fixed, "point", "put_then_get")
/// }
/// ```
pub fn run<F: Factory>(factory: F, axis: Axis, topic: &str, name: &str) -> Result<()> {
    if axis == Axis::Dynamic {
        run_on(DynFactory(factory), axis, topic, name)
    } else {
        run_on(factory, axis, topic, name)
    }
}

fn run_on<F: Factory>(factory: F, axis: Axis, topic: &str, name: &str) -> Result<()> {
    run_named(cases(), topic, name, || Bed::new(factory, axis))
}

/// Runs every case on the given axes and returns a report; never panics because of what an engine
/// does.
///
/// ```
/// # use arbour_conformance::Factory;
/// # use arbour_core::{MemoryStore, Result, StoreOptions};
/// # struct Memory;
/// # impl Factory for Memory {
/// #     type Store = MemoryStore;
/// #     fn open(&self, _: &std::path::Path, options: &StoreOptions) -> Result<MemoryStore> {
/// #         MemoryStore::open(options)
/// #     }
/// # }
/// use arbour_conformance::{Axis, run_all};
/// let report = run_all(|| Memory, &[Axis::Fixed]);
/// assert!(report.failures.is_empty(), "{report}");
/// ```
pub fn run_all<F: Factory>(factory: impl Fn() -> F, axes: &[Axis]) -> Report {
    let mut report = Report::default();
    for &axis in axes {
        if axis == Axis::Dynamic {
            run_axis(|| DynFactory(factory()), axis, &mut report);
        } else {
            run_axis(&factory, axis, &mut report);
        }
    }
    report
}

fn run_axis<F: Factory>(factory: impl Fn() -> F, axis: Axis, report: &mut Report) {
    run_cases(&cases(), axis, || Bed::new(factory(), axis), report);
}

/// Runs everything, prints the count and asserts it, as the last test of [`suite!`] does.
#[doc(hidden)]
pub fn check_all<F: Factory>(factory: impl Fn() -> F, axes: &[Axis]) {
    let report = run_all(factory, axes);
    check_report("conformance", &report, cases::<F>().len() * axes.len());
}
