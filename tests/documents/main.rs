//! What is promised of documents beyond what the suite asks on every engine: the bytes they are
//! stored as, that a write the engine fails in its midst leaves nothing behind, that documents of any
//! type read back equal, how much is read to make an id, and that what the
//! contract of reading provides says what Arbour's own reader says.

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
