//! Running the cases about documents, one by one or all together.

use arbour::documents::DocResult;

use super::cases::cases;
use super::{DocBed, DocFactory, SoundDocuments};
use crate::case::{check_report, run_cases, run_named};
use crate::{Axis, DynFactory, Factory, Report};

/// Generates one named test for each case about documents on each axis, and one test that runs and
/// counts them all, in a module `documents`.
///
/// `documents_suite!(factory)` is for an engine that persists, and has one more test,
/// `process::killed_builder_goes_on`; `documents_suite!(factory, volatile)` is for one that keeps
/// nothing when it is closed. Use it together with [`suite!`](crate::suite).
///
/// See the [module](mod@crate::documents) for an example.
#[macro_export]
macro_rules! documents_suite {
    ($factory:expr) => {
        $crate::__documents_suite!(
            $factory; fixed Fixed, dynamic Dynamic, reopened Reopened;
            #[test]
            fn killed_builder_goes_on() -> $crate::__private::DocResult<()> {
                let test = concat!(module_path!(), "::killed_builder_goes_on");
                $crate::documents::killed_builder_goes_on(&$factory, test)
            }
        );
    };
    ($factory:expr, volatile) => {
        $crate::__documents_suite!($factory; fixed Fixed, dynamic Dynamic;);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __documents_suite {
    ($factory:expr; $($module:ident $axis:ident),*; $($process:item)*) => {
        mod documents {
            #[allow(unused_imports)]
            use super::*;

            $(
                mod $module {
                    #[allow(unused_imports)]
                    use super::*;
                    $crate::__documents_cases!(
                        __tests $crate::documents::run_sound, $crate::__private::DocResult<()>;
                        $factory; $axis;
                    );
                }
            )*

            $(
                mod process {
                    #[allow(unused_imports)]
                    use super::*;
                    $process
                }
            )*

            mod whole_suite {
                #[allow(unused_imports)]
                use super::*;

                #[test]
                fn runs_every_case() {
                    $crate::documents::check_all(|| $factory, &[$($crate::Axis::$axis),*]);
                }
            }
        }
    };
}

/// Runs one case on Arbour's own documents, as the tests of [`documents_suite!`] do.
#[doc(hidden)]
pub fn run_sound<F: Factory>(factory: F, axis: Axis, topic: &str, name: &str) -> DocResult<()> {
    run(factory, SoundDocuments, axis, topic, name)
}

/// Runs one case on one axis; panics if the case fails.
///
/// # Errors
/// The errors of the document store that the case does not expect.
///
/// ```no_run
/// use arbour_conformance::documents::{SoundDocuments, run};
/// use arbour_conformance::{Axis, Factory};
/// use arbour::documents::DocResult;
/// fn examine(factory: impl Factory) -> DocResult<()> {
///     run(factory, SoundDocuments, Axis::Fixed, "writes", "insert_get_replace_delete")
/// }
/// ```
pub fn run<F: Factory, M: DocFactory>(
    factory: F,
    documents: M,
    axis: Axis,
    topic: &str,
    name: &str,
) -> DocResult<()> {
    if axis == Axis::Dynamic {
        run_named(cases(), topic, name, || DocBed::new(DynFactory(factory), documents, axis))
    } else {
        run_named(cases(), topic, name, || DocBed::new(factory, documents, axis))
    }
}

/// Runs every case on the given axes and returns a report; never panics because of what a document
/// store does.
///
/// ```no_run
/// use arbour_conformance::documents::{SoundDocuments, run_all};
/// use arbour_conformance::{Axis, MemoryFactory};
/// let report = run_all(|| MemoryFactory, SoundDocuments, &[Axis::Fixed]);
/// assert!(report.failures.is_empty(), "{report}");
/// ```
pub fn run_all<F: Factory, M: DocFactory>(
    factory: impl Fn() -> F,
    documents: M,
    axes: &[Axis],
) -> Report {
    let mut report = Report::default();
    for &axis in axes {
        if axis == Axis::Dynamic {
            let bed = || DocBed::new(DynFactory(factory()), documents, axis);
            run_cases(&cases(), axis, bed, &mut report);
        } else {
            run_cases(&cases(), axis, || DocBed::new(factory(), documents, axis), &mut report);
        }
    }
    report
}

/// Runs everything, prints the count and asserts it, as the last test of [`documents_suite!`] does.
#[doc(hidden)]
pub fn check_all<F: Factory>(factory: impl Fn() -> F, axes: &[Axis]) {
    let report = run_all(factory, SoundDocuments, axes);
    check_report("documents", &report, cases::<F, SoundDocuments>().len() * axes.len());
}
