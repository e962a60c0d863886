//! The suite for events on stores that are each wrong in one way: it has to reject every one of
//! them by the case meant for it, and pass the same store without a fault.

use arbour_conformance::events::EventSuite;
use arbour_conformance::events::faulty::{EventFault, TamperedFactory};

fn subject(fault: Option<EventFault>) -> (EventSuite, TamperedFactory) {
    (EventSuite, fault.map_or_else(TamperedFactory::sound, TamperedFactory::new))
}

arbour_conformance::__teeth! {
    EventFault in __event_faults, subject;
    sound on [Fixed, Apart];
    has_at_least_15_faults: 15;
}
