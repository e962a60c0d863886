//! The suite for migrations on stores that are each wrong in one way: it has to reject every one of
//! them by the case meant for it, and pass the same store without a fault.

use arbour_conformance::migrations::MigrationSuite;
use arbour_conformance::migrations::faulty::{DistortedFactory, MigrationFault};

fn subject(fault: Option<MigrationFault>) -> (MigrationSuite, DistortedFactory) {
    (MigrationSuite, fault.map_or_else(DistortedFactory::sound, DistortedFactory::new))
}

arbour_conformance::__teeth! {
    MigrationFault in __migration_faults, subject;
    sound on [Fixed, Dynamic];
    has_at_least_12_faults: 12;
}
