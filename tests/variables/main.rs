//! The database of the example `variables`, and the program, held to what they promise.
//!
//! What is about stored data runs on every engine; what is about reopening or the death of the
//! process, on those that keep it. `D1` to `D13` are the acceptance rows of the database: one
//! user's variables in one room, byte for byte those of the dicebot.

#[path = "../../examples/variables/database/mod.rs"]
pub mod database;

#[cfg(test)]
mod atomicity;
#[cfg(test)]
mod bed;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod death;
#[cfg(test)]
mod importing;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod limit;
#[cfg(test)]
mod program;
#[cfg(test)]
mod rooms;
