//! The database of a chat bot: the variables that its users set, what it knows of the rooms, and what it
//! keeps of itself.
//!
//! It is the database of the [dicebot](https://git.agnos.is/projectmoon/matrix-dicebot) on the
//! contract of Arbour: the same keys and values, byte for byte, but on any engine, with the limit
//! checked where it cannot be raced, with counts that can be verified and repaired, and with
//! migrations that a crash cannot leave by half. What the sled program left behind, of any version,
//! is brought up when it is opened.

mod error;
pub mod migrations;
mod parts;
mod rooms;
mod scope;
mod state;
mod variables;
mod verification;

pub use error::Error;
pub use migrations::Migrations;
pub use parts::Database;
pub use rooms::{RoomInfo, Rooms};
pub use scope::Scope;
pub use state::State;
pub use variables::{Change, LIMIT_DEFAULT, Variables};
pub use verification::{Finding, Report};
