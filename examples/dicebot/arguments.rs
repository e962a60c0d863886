//! How the program is called.

use clap::{Parser, Subcommand};

/// Keeps the database of a chat bot: brings it up to the newest version, and knows of its rooms.
#[derive(Debug, Parser)]
#[command(name = "dicebot", version)]
pub(crate) struct Arguments {
    /// Where the database is: an engine and its path, as in sled:bot.sled.
    #[arg(long, value_name = "URL")]
    pub(crate) store: String,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program is to do. Each but `plan` brings the database up first.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows what migrating would change, and changes nothing.
    Plan,
    /// Brings the database up to the newest version, or to the one that is said.
    Migrate {
        /// The version to stop at, for a program of before.
        #[arg(long, value_name = "N")]
        to: Option<u64>,
    },
    /// Shows which steps have run, when, and by which version of the program.
    Status,
    /// Prints what no step could read, a line each: key, tab, value. Bytes are escaped as in Rust.
    Unreadable,
    /// Prints what a room is called, or sets it.
    Info {
        /// How the room is addressed.
        room: String,
        /// What people call it from now on.
        name: Option<String>,
    },
    /// Notes that a user is in a room.
    Join {
        /// Which room.
        room: String,
        /// Who.
        user: String,
    },
    /// Notes that a user is in a room no more.
    Leave {
        /// Which room.
        room: String,
        /// Who.
        user: String,
    },
    /// Prints who is in a room, one a line.
    Users {
        /// Which room.
        room: String,
    },
    /// Prints in which rooms a user is, one a line.
    Rooms {
        /// Who.
        user: String,
    },
    /// Forgets what a room is and who is in it, but not what was processed.
    Clear {
        /// Which room.
        room: String,
    },
    /// Notes that an event is processed; exits with 1 if it was already.
    Process {
        /// In which room.
        room: String,
        /// Which event.
        event: String,
    },
    /// Prints the processed events of a room, the oldest first: seconds since 1970, tab, event.
    Processed {
        /// In which room.
        room: String,
    },
    /// Forgets the events of a room that were processed before a time.
    Forget {
        /// In which room.
        room: String,
        /// Seconds since 1970.
        #[arg(long, value_name = "SECONDS")]
        before: u64,
    },
    /// Prints the device that the bot is signed in as, or sets it.
    Device {
        /// What it is from now on.
        id: Option<String>,
    },
}
