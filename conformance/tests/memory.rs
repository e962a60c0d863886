//! The suite on the engine in memory.

arbour_conformance::suite!(arbour_conformance::MemoryFactory, volatile);
