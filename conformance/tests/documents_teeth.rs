//! The suite for documents on stores that are each wrong in one way: it has to reject every one of
//! them by the case meant for it, and pass the same store without a fault.

use arbour_conformance::MemoryFactory;
use arbour_conformance::documents::DocumentSuite;
use arbour_conformance::documents::faulty::{DocFault, FaultyDocFactory};

fn subject(fault: Option<DocFault>) -> (DocumentSuite<FaultyDocFactory>, MemoryFactory) {
    let documents = fault.map_or_else(FaultyDocFactory::sound, FaultyDocFactory::new);
    (DocumentSuite(documents), MemoryFactory)
}

arbour_conformance::__teeth! {
    DocFault in __doc_faults, subject;
    sound on [Fixed, Dynamic];
    has_at_least_12_faults: 12;
}
