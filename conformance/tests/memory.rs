//! The suite on the engine that is always there.

arbour_conformance::suite!(arbour_conformance::MemoryFactory, volatile);
