//! The suite for events on stores that are each wrong in one way: it has to reject every one of
//! them by the case meant for it, and pass the same store without a fault.

use std::collections::HashSet;

use arbour_conformance::events::EventSuite;
use arbour_conformance::events::faulty::{EventFault, TamperedFactory};
use arbour_conformance::{Axis, run, run_all};

mod rejection;

fn assert_rejected(fault: EventFault) {
    rejection::assert_rejected(fault, fault.case(), |fault, topic, name| {
        let factory = fault.map_or_else(TamperedFactory::sound, TamperedFactory::new);
        run(&EventSuite, factory, Axis::Fixed, topic, name)
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
                    super::assert_rejected(super::EventFault::$fault);
                }
            )*
        }
    };
}

arbour_conformance::__event_faults!(teeth);

#[test]
fn passes_the_same_store_without_a_fault() {
    let axes = [Axis::Fixed, Axis::Apart];
    let report = run_all(&EventSuite, TamperedFactory::sound, &axes);
    assert!(report.failures.is_empty(), "{report}");
    assert_ne!(report.count(), 0, "there are cases");
    assert_eq!(report.count() % axes.len(), 0, "every case on every axis");
}

#[test]
fn has_at_least_15_faults() {
    let different: HashSet<_> = EventFault::ALL.iter().collect();
    assert_eq!(different.len(), EventFault::ALL.len(), "a fault stands in the list twice");
    assert!(EventFault::ALL.len() >= 15, "only {} faults", EventFault::ALL.len());
}
