//! The suite for migrations on stores that are each wrong in one way: it has to reject every one of
//! them by the case meant for it, and pass the same store without a fault.

use std::collections::HashSet;

use arbour_conformance::migrations::MigrationSuite;
use arbour_conformance::migrations::faulty::{DistortedFactory, MigrationFault};
use arbour_conformance::{Axis, run, run_all};

mod rejection;

fn assert_rejected(fault: MigrationFault) {
    rejection::assert_rejected(fault, fault.case(), |fault, topic, name| {
        let factory = fault.map_or_else(DistortedFactory::sound, DistortedFactory::new);
        run(&MigrationSuite, factory, Axis::Fixed, topic, name)
    });
}

macro_rules! teeth {
    ($($(#[$doc:meta])* $fault:ident $case:literal,)*) => {
        /// One test for each fault, named after it.
        #[allow(non_snake_case)]
        mod rejects {
            $(
                $(#[$doc])*
                #[test]
                fn $fault() {
                    super::assert_rejected(super::MigrationFault::$fault);
                }
            )*
        }
    };
}

arbour_conformance::__migration_faults!(teeth);

#[test]
fn passes_the_same_store_without_a_fault() {
    let axes = [Axis::Fixed, Axis::Dynamic];
    let report = run_all(&MigrationSuite, DistortedFactory::sound, &axes);
    assert!(report.failures.is_empty(), "{report}");
    assert_ne!(report.count(), 0, "there are cases");
    assert_eq!(report.count() % axes.len(), 0, "every case on every axis");
}

#[test]
fn has_at_least_12_faults() {
    let different: HashSet<_> = MigrationFault::ALL.iter().collect();
    assert_eq!(different.len(), MigrationFault::ALL.len(), "a fault stands in the list twice");
    assert!(MigrationFault::ALL.len() >= 12, "only {} faults", MigrationFault::ALL.len());
}
