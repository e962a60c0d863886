//! The database of generators: JSON under text keys, in two replicas that migrations rebuild
//! alternately.
//!
//! It is the generators' database of [volodyslav](https://github.com/ottojung/volodyslav) on the
//! contract of Arbour: the same operations under the same keys, but on any engine, with prefixes
//! that include all of Unicode, events that are deleted together with their modifiers, and a
//! migration that is one transaction.

mod decision;
mod entries;
mod error;
mod events;
pub mod key;
mod migration;
mod open;
mod operation;
mod replica;
mod status;

pub use decision::{Decision, Decisions, Fault, Nodes};
pub use entries::Database;
pub use error::Error;
pub use migration::Upgrade;
pub use open::get;
pub use operation::Op;
pub use replica::Replica;
pub use status::Status;
