//! The suite for documents, on the engine in memory and on the worked example.

mod memory {
    use arbour_conformance::MemoryFactory;

    arbour_conformance::documents_suite!(MemoryFactory, volatile);
}

mod btree {
    use arbour_conformance::BTreeFactory;

    arbour_conformance::documents_suite!(BTreeFactory);
}
