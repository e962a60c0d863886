//! Properties of documents beyond those that the suite checks on every engine: their stored bytes,
//! that a write the engine fails midway leaves nothing, that documents of any type read back equal,
//! how much is read to make an id, that derived declarations equal those by hand, and that typed
//! fields find what a plain comparison finds.

#[cfg(test)]
mod any_type;
#[cfg(test)]
#[cfg(feature = "derive")]
mod columns;
#[cfg(test)]
mod defaults;
#[cfg(test)]
#[cfg(test)]
#[cfg(feature = "derive")]
mod derived_declaration;
#[cfg(test)]
#[cfg(feature = "derive")]
mod derived_ids;
#[cfg(test)]
#[cfg(feature = "derive")]
mod derived_program;
#[cfg(test)]
#[cfg(feature = "derive")]
mod derived_values;
#[cfg(test)]
mod failing;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod layout;
#[cfg(test)]
mod made_ids;
#[cfg(test)]
#[cfg(feature = "derive")]
mod paths;
#[cfg(all(test, feature = "bincode"))]
mod refusals;
#[cfg(test)]
mod round_trips;
#[cfg(test)]
mod schema;
#[cfg(test)]
#[cfg(all(
    feature = "chrono",
    feature = "derive",
    feature = "jiff",
    feature = "rust_decimal",
    feature = "time"
))]
mod times_and_decimals;
#[cfg(test)]
mod words;
