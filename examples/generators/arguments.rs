//! The arguments of the program.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use serde_json::Value;

/// Keeps the values of generators, and the events from which they are made.
#[derive(Debug, Parser)]
#[command(name = "generators", version)]
pub(crate) struct Arguments {
    /// The database: an engine and its path, such as redb:generators.redb.
    #[arg(long, value_name = "URL")]
    pub(crate) store: String,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stores a value under a key, replacing an existing one.
    Put {
        /// The key, such as event:1 or modifier:1:place.
        #[arg(value_parser = one_line)]
        key: String,
        /// The value, in JSON.
        #[arg(value_name = "JSON", value_parser = json, allow_hyphen_values = true)]
        value: Value,
    },
    /// Prints the value of a key, in JSON.
    Get {
        /// The key.
        #[arg(value_parser = one_line)]
        key: String,
    },
    /// Deletes a key, if it exists.
    Del {
        /// The key.
        #[arg(value_parser = one_line)]
        key: String,
    },
    /// Prints the keys that begin with a prefix, one per line.
    Keys {
        /// The prefix.
        #[arg(default_value = "", value_parser = one_line)]
        prefix: String,
    },
    /// Prints the entries whose keys begin with a prefix, one per line, in the form that batch
    /// reads.
    GetAll {
        /// The prefix.
        #[arg(default_value = "", value_parser = one_line)]
        prefix: String,
    },
    /// Performs the operations in the lines of a file, all of them or none.
    ///
    /// Each line is JSON: {"type":"put","key":"event:1","value":{}} or
    /// {"type":"del","key":"event:1"}. Blank lines do nothing.
    Batch {
        /// The file, or - for the standard input.
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Deletes an event and all its modifiers, and prints the deleted keys, one per line.
    DeleteEvent {
        /// The id of the event, such as 1 for event:1.
        #[arg(value_parser = one_line)]
        id: String,
    },
    /// Migrates the values to the version of this program.
    ///
    /// They are built in the other replica, which then becomes the current one, all at once.
    Migrate,
    /// Prints the current replica, its version, and the number of its entries.
    Status,
}

/// Accepts a text that prints as one line.
fn one_line(text: &str) -> Result<String, String> {
    if text.contains(['\n', '\r']) {
        return Err("it must have no line break".to_owned());
    }
    Ok(text.to_owned())
}

fn json(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text)
}
