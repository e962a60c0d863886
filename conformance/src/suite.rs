//! The suite for engines: key-values.

use arbour_core::Result;

use crate::cases::cases;
use crate::harness::{Axis, Bed, Case, DynFactory, Factory, Proof, Suite, prove_on_bed};

/// Generates the tests of all suites: [`suite!`](crate::suite),
/// [`documents_suite!`](crate::documents_suite), [`events_suite!`](crate::events_suite) and
/// [`migrations_suite!`](crate::migrations_suite), with the same arguments.
///
/// ```
/// use arbour_conformance::BTreeFactory;
/// arbour_conformance::all_suites!(BTreeFactory);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! all_suites {
    ($($arguments:tt)*) => {
        $crate::suite!($($arguments)*);
        $crate::documents_suite!($($arguments)*);
        $crate::events_suite!($($arguments)*);
        $crate::migrations_suite!($($arguments)*);
    };
}

/// Generates one named test for each case on each axis: `cargo test fixed::` runs every case once.
///
/// `suite!(factory)` is for an engine that persists. `suite!(factory, volatile)` is for one that
/// keeps nothing when it is closed; it leaves out the `reopened` axis, and a case checks that the
/// engine's capabilities agree. The factory is an expression, evaluated for each test.
///
/// See the [crate](crate) for an example.
#[macro_export]
macro_rules! suite {
    ($factory:expr) => {
        $crate::__suite! {
            $crate::KeyValueSuite, __cases, $factory;
            each on [fixed Fixed, dynamic Dynamic, namespaced Namespaced, reopened Reopened];
        }
        $crate::__model!($factory);
        $crate::__process_tests! {
            $crate::KeyValueSuite, $factory;
            process {
                killed_writer_loses_nothing
                second_process_by_manifest
                #[cfg(unix)]
                full_device_loses_nothing
            }
        }
    };
    ($factory:expr, volatile) => {
        $crate::__suite! {
            $crate::KeyValueSuite, __cases, $factory;
            each on [fixed Fixed, dynamic Dynamic, namespaced Namespaced];
        }
        $crate::__model!($factory);

        mod process {
            #[allow(unused_imports)]
            use super::*;

            #[test]
            fn nothing_outlives_the_store() -> $crate::__private::Outcome {
                $crate::process::nothing_outlives_the_store(&$factory)
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __model {
    ($factory:expr) => {
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

/// The suite that an engine has to pass, for which [`suite!`](crate::suite) generates tests.
///
/// ```
/// use arbour_conformance::{Axis, BTreeFactory, KeyValueSuite, run};
/// run(&KeyValueSuite, BTreeFactory, Axis::Reopened, "point", "put_then_get")?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyValueSuite;

impl Suite for KeyValueSuite {
    const NAME: &'static str = "key-values";
    type Bed<F: Factory> = Bed<F>;

    fn cases<F: Factory>() -> Vec<Case<Bed<F>>> {
        cases()
    }

    fn bed<F: Factory>(&self, factory: F, axis: Axis) -> Result<Bed<F>> {
        Bed::new(factory, axis)
    }

    fn prove_dynamic(&self, factory: DynFactory, topic: &str, name: &str) -> Result<Proof> {
        prove_on_bed(self, factory, Axis::Dynamic, topic, name)
    }
}
