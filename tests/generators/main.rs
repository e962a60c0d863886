//! The database of the example `generators`, and the program, held to what they promise.
//!
//! What is about stored data runs on every engine; what is about reopening or the death of the
//! process, on those that keep it. `G1` to `G14` are the acceptance rows of the database, and
//! the tests the original had are named where theirs are: `get()`, `put`, `del`, `keys`, `getAll`,
//! `batch`, errors and guards.

#[path = "../../examples/generators/database/mod.rs"]
pub mod database;

#[cfg(test)]
mod bed;
#[cfg(test)]
mod breaking;
#[cfg(test)]
mod child;
#[cfg(test)]
mod closing;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod death;
#[cfg(test)]
#[path = "../dicebot/engines.rs"]
mod engines;
#[cfg(test)]
mod events;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod migrating;
#[cfg(test)]
mod mirroring;
#[cfg(test)]
mod namespaces;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod program;
#[cfg(test)]
mod readme;
#[cfg(test)]
#[path = "../dicebot/running.rs"]
mod running;
#[cfg(test)]
mod watched;
