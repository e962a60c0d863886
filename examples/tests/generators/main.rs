//! Tests of the database of the example `generators`, and of the program.
//!
//! Tests about stored data run on every engine; tests about reopening or the death of the process
//! run on persistent ones. `G1` to `G14` are the acceptance rows of the database, and the tests of
//! the original are named beside the tests here: `get()`, `put`, `del`, `keys`, `getAll`, `batch`,
//! errors and guards.

#[path = "../../generators/database/mod.rs"]
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
