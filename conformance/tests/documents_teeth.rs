//! The suite for documents on stores that are each wrong in one way: it has to reject every one of
//! them by the case meant for it, and pass the same store without a fault.

use std::collections::HashSet;

use arbour_conformance::documents::DocumentSuite;
use arbour_conformance::documents::faulty::{DocFault, FaultyDocFactory};
use arbour_conformance::{Axis, MemoryFactory, run, run_all};

mod rejection;

fn assert_rejected(fault: DocFault) {
    rejection::assert_rejected(fault, fault.case(), |fault, topic, name| {
        let factory = fault.map_or_else(FaultyDocFactory::sound, FaultyDocFactory::new);
        run(&DocumentSuite(factory), MemoryFactory, Axis::Fixed, topic, name)
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
                    super::assert_rejected(super::DocFault::$fault);
                }
            )*
        }
    };
}

arbour_conformance::__doc_faults!(teeth);

#[test]
fn passes_the_same_store_without_a_fault() {
    let axes = [Axis::Fixed, Axis::Dynamic];
    let report = run_all(&DocumentSuite(FaultyDocFactory::sound()), || MemoryFactory, &axes);
    assert!(report.failures.is_empty(), "{report}");
    assert_ne!(report.count(), 0, "there are cases");
    assert_eq!(report.count() % axes.len(), 0, "every case on every axis");
}

#[test]
fn has_at_least_12_faults() {
    let different: HashSet<_> = DocFault::ALL.iter().collect();
    assert_eq!(different.len(), DocFault::ALL.len(), "a fault stands in the list twice");
    assert!(DocFault::ALL.len() >= 12, "only {} faults", DocFault::ALL.len());
}
