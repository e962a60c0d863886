//! The database of a chat bot: the variables that its users set, what it knows about rooms, and its
//! own state.
//!
//! It is the database of the [dicebot](https://git.agnos.is/projectmoon/matrix-dicebot) on the
//! contract of Arbour: the same keys and values, byte for byte, but on any engine, with a limit
//! that concurrent writers cannot exceed, with counts that can be verified and repaired, and with
//! migrations that a crash cannot leave half done. A store of the sled program, of any version, is
//! migrated when it is opened.

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
