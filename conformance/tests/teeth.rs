//! The suite on stores that are each wrong in one way: it has to reject every one of them by the
//! case meant for it, and pass the same store without a fault.

use arbour_conformance::KeyValueSuite;
use arbour_conformance::faulty::{Fault, FaultyFactory};

fn subject(fault: Option<Fault>) -> (KeyValueSuite, FaultyFactory) {
    (KeyValueSuite, fault.map_or_else(FaultyFactory::sound, FaultyFactory::new))
}

arbour_conformance::__teeth! {
    Fault in __faults, subject;
    sound on [Fixed, Dynamic, Namespaced, Reopened];
    has_at_least_45_faults: 45;
}
