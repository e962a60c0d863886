//! Tests of the database of the example `dicebot`, and of its programs.
//!
//! Tests about stored data run on every engine; tests about reopening or the death of the process
//! run on persistent ones. `D1` to `D13` are the acceptance rows of the database: one user's
//! variables in one room, byte for byte those of the dicebot.

#[path = "../../dicebot/database/mod.rs"]
pub mod database;

#[cfg(test)]
mod atomicity;
#[cfg(test)]
mod bed;
#[cfg(test)]
#[path = "../../../tests/mirror/by_url.rs"]
mod by_url;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod engines;
#[cfg(test)]
mod events;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod limit;
#[cfg(test)]
mod migrating;
#[cfg(test)]
mod program;
#[cfg(test)]
mod rooms;
#[cfg(test)]
mod running;
#[cfg(test)]
mod state;
#[cfg(test)]
mod variables;
