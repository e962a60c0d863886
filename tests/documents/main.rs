//! What is promised of documents beyond what the suite asks on every engine: the bytes they are
//! stored as, that a write the engine fails in its midst leaves nothing behind, that documents of any
//! type read back equal, and how much is read to make an id.

#[cfg(test)]
mod any_type;
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
