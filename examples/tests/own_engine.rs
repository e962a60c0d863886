//! The suite on the engine of the example `own_engine`, as the author of an outside engine would
//! run it.

#[path = "../own_engine/engine.rs"]
mod engine;
#[path = "../own_engine/factory.rs"]
mod factory;

use factory::Own;

arbour_conformance::suite!(Own);
arbour_conformance::documents_suite!(Own);
arbour_conformance::events_suite!(Own);
arbour_conformance::migrations_suite!(Own);
