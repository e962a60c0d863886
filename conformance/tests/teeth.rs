//! The suite on stores that are each wrong in one way: it has to reject every one of them by the
//! case meant for it, and pass the same store without a fault.

use std::collections::HashSet;
use std::panic;
use std::sync::Once;

use arbour_conformance::faulty::{Fault, FaultyFactory};
use arbour_conformance::{Axis, KeyValueSuite, Report, run_all};

/// Runs the suite without the messages of the panics by which cases fail, because there are
/// thousands. The panics of this file are printed.
fn run_quietly(factory: FaultyFactory, axes: &[Axis]) -> Report {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if panic.location().is_some_and(|place| place.file().ends_with("teeth.rs")) {
                loud(panic);
            }
        }));
    });
    run_all(&KeyValueSuite, || factory, axes)
}

/// One axis is enough: the cases about persistence open their stores again on every one.
fn assert_rejected(fault: Fault) {
    let report = run_quietly(FaultyFactory::new(fault), &[Axis::Fixed]);
    println!("{fault:?}: {report}");
    assert!(
        report.rejected_by(fault.case()),
        "{fault:?} is not rejected by {}: {report}",
        fault.case()
    );
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
                    super::assert_rejected(super::Fault::$fault);
                }
            )*
        }
    };
}

arbour_conformance::__faults!(teeth);

#[test]
fn passes_the_same_store_without_a_fault() {
    let report = run_quietly(FaultyFactory::sound(), &Axis::ALL);
    assert!(report.failures.is_empty(), "{report}");
    assert_eq!(report.count() % Axis::ALL.len(), 0, "every case on every axis");
}

#[test]
fn has_at_least_45_faults() {
    let different: HashSet<_> = Fault::ALL.iter().collect();
    assert_eq!(different.len(), Fault::ALL.len(), "a fault stands in the list twice");
    assert!(Fault::ALL.len() >= 45, "only {} faults", Fault::ALL.len());
}
