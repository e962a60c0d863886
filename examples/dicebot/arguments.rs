//! The arguments of the program.

use clap::{Parser, Subcommand};

/// Keeps the database of a chat bot: migrates it to the newest version, and manages its rooms.
#[derive(Debug, Parser)]
#[command(name = "dicebot", version)]
pub(crate) struct Arguments {
    /// The database: an engine and its path, such as sled:bot.sled.
    #[arg(long, value_name = "URL")]
    pub(crate) store: String,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands. Each but `plan` migrates the database first.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows what migrating would change, and changes nothing.
    Plan,
    /// Migrates the database to the newest version, or to the given one.
    Migrate {
        /// The version to stop at, for an earlier version of the program.
        #[arg(long, value_name = "N")]
        to: Option<u64>,
    },
    /// Shows which steps have run, when, and by which version of the program.
    Status,
    /// Prints the entries that no step could read, one per line: key, tab, value. Bytes are escaped
    /// as in Rust.
    Unreadable,
    /// Prints the name of a room, or sets it.
    Info {
        /// The address of the room.
        room: String,
        /// The new name.
        name: Option<String>,
    },
    /// Records that a user is in a room.
    Join {
        /// The room.
        room: String,
        /// The user.
        user: String,
    },
    /// Records that a user has left a room.
    Leave {
        /// The room.
        room: String,
        /// The user.
        user: String,
    },
    /// Prints the users in a room, one per line.
    Users {
        /// The room.
        room: String,
    },
    /// Prints the rooms of a user, one per line.
    Rooms {
        /// The user.
        user: String,
    },
    /// Forgets the name and the members of a room, but not its processed events.
    Clear {
        /// The room.
        room: String,
    },
    /// Records that an event is processed; exits with 1 if it was already.
    Process {
        /// The room.
        room: String,
        /// The event.
        event: String,
    },
    /// Prints the processed events of a room, the oldest first: seconds since 1970, tab, event.
    Processed {
        /// The room.
        room: String,
    },
    /// Forgets the events of a room that were processed before a time.
    Forget {
        /// The room.
        room: String,
        /// Seconds since 1970.
        #[arg(long, value_name = "SECONDS")]
        before: u64,
    },
    /// Prints the device as which the bot is signed in, or sets it.
    Device {
        /// The new device.
        id: Option<String>,
    },
}
