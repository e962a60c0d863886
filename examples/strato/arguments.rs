//! The arguments of the program.

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};

/// Keeps things in any store, as documents and as events.
#[derive(Debug, Parser)]
#[command(name = "strato", version)]
pub(crate) struct Arguments {
    /// The things: an engine and its path, such as redb:things.redb, or memory:.
    #[arg(long, value_name = "URL")]
    pub(crate) store: String,
    /// The events, if they are in another store: such as sqlite:queue.sqlite, in every call.
    #[arg(long, value_name = "URL")]
    pub(crate) queue: Option<String>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Stores a thing, and prints all that have count 3. Makes the store if there is none.
    Crud,
    /// Does the same with things whose every write is an event, and prints the events. Makes the
    /// stores if there are none.
    Events,
    /// Prints the events: position, type and payload.
    History,
}

impl Arguments {
    /// Reads the arguments, and ends the program if they are wrong.
    pub(crate) fn read() -> Self {
        let arguments = Self::parse();
        if arguments.command == Command::Crud && arguments.queue.is_some() {
            let message = "--queue says where events are, and `crud` has none";
            Self::command().error(ErrorKind::ArgumentConflict, message).exit();
        }
        arguments
    }
}
