//! The database of a chat bot: the variables that its users set, and what it knows of the rooms.
//!
//! It is the database of the [dicebot](https://git.agnos.is/projectmoon/matrix-dicebot) on the
//! contract of Arbour: the same keys and values, byte for byte, but on any engine, with the limit
//! checked where it cannot be raced, and with counts that can be verified and repaired.

mod error;
mod parts;
mod rooms;
mod scope;
mod variables;
mod verification;

pub use error::Error;
pub use parts::Database;
pub use rooms::Rooms;
pub use scope::Scope;
pub use variables::{Change, LIMIT_DEFAULT, Variables};
pub use verification::{Finding, Report};
