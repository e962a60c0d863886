//! The suite for migrations.

use arbour::Result;

use super::MigrationBed;
use super::cases::cases;
use crate::harness::{Axis, Case, DynFactory, Factory, Proof, Suite, prove_on_bed};

/// Generates one named test for each case about migrations on each axis, in a module `migrations`.
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
        mod migrations {
            #[allow(unused_imports)]
            use super::*;

            $crate::__suite! {
                $crate::migrations::MigrationSuite, __migrations_cases, $factory;
                each on [fixed Fixed, dynamic Dynamic, reopened Reopened];
            }
            $crate::__process_tests! {
                $crate::migrations::MigrationSuite, $factory;
                migrations { killed_migrator_goes_on two_migrators_by_manifest }
            }
        }
    };
    ($factory:expr, volatile) => {
        mod migrations {
            #[allow(unused_imports)]
            use super::*;

            $crate::__suite! {
                $crate::migrations::MigrationSuite, __migrations_cases, $factory;
                each on [fixed Fixed, dynamic Dynamic];
            }
        }
    };
}

/// The suite for migrations, for which [`migrations_suite!`](crate::migrations_suite) generates
/// tests.
///
/// ```
/// use arbour_conformance::migrations::MigrationSuite;
/// use arbour_conformance::{Axis, MemoryFactory, run};
/// run(&MigrationSuite, MemoryFactory, Axis::Fixed, "journal", "runs_once")?;
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MigrationSuite;

impl Suite for MigrationSuite {
    const NAME: &'static str = "migrations";
    type Bed<F: Factory> = MigrationBed<F>;

    fn cases<F: Factory>() -> Vec<Case<MigrationBed<F>>> {
        cases()
    }

    fn bed<F: Factory>(&self, factory: F, axis: Axis) -> Result<MigrationBed<F>> {
        MigrationBed::new(factory, axis)
    }

    fn prove_dynamic(&self, factory: DynFactory, topic: &str, name: &str) -> Result<Proof> {
        prove_on_bed(self, factory, Axis::Dynamic, topic, name)
    }
}
