//! Properties of documents beyond those that the suite checks on every engine: their stored bytes,
//! that a write the engine fails midway leaves nothing, that documents of any type read back equal,
//! how much is read to make an id, and that the provided methods of the reading traits agree with
//! Arbour's own reader.

#[cfg(test)]
mod any_type;
#[cfg(test)]
mod defaults;
#[cfg(test)]
mod failing;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod layout;
#[cfg(test)]
mod made_ids;
#[cfg(all(test, feature = "bincode"))]
mod refusals;
#[cfg(test)]
mod round_trips;
#[cfg(test)]
mod schema;
