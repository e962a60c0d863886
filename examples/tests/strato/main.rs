//! The features of strato-db, row by row of the table in examples/strato/README.md, as an
//! application uses them with Arbour; the mistakes of strato-db; and the program of the example.
//!
//! Tests about documents run on every engine; tests about events also run with the queue in the
//! same store and in one of its own, of the same engine and of another.

#[path = "../../strato/things.rs"]
pub mod things;

#[cfg(test)]
mod bed;
#[cfg(test)]
mod collection;
#[cfg(test)]
#[path = "../dicebot/engines.rs"]
mod engines;
#[cfg(test)]
mod event_collections;
#[cfg(test)]
mod event_sourcing;
#[cfg(test)]
mod fields;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod program;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod searching;
#[cfg(test)]
mod shop;
#[cfg(feature = "sqlite")]
#[cfg(test)]
mod sqlite;
#[cfg(test)]
mod stores;
#[cfg(test)]
mod tracing;
#[cfg(test)]
mod weaknesses;
#[cfg(test)]
mod writing;
