//! How the program is called.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use serde_json::Value;

/// Keeps the values of generators, and the events they are made from.
#[derive(Debug, Parser)]
#[command(name = "generators", version)]
pub(crate) struct Arguments {
    /// Where the values are: an engine and its path, as in redb:generators.redb.
    #[arg(long, value_name = "URL")]
    pub(crate) store: String,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stores a value under a key, replacing the one that was there.
    Put {
        /// The key, as event:1 or modifier:1:place.
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
    /// Deletes a key, if it is there.
    Del {
        /// The key.
        #[arg(value_parser = one_line)]
        key: String,
    },
    /// Prints the keys that begin with a prefix, one a line.
    Keys {
        /// How they begin.
        #[arg(default_value = "", value_parser = one_line)]
        prefix: String,
    },
    /// Prints the entries whose keys begin with a prefix, one a line, as batch takes them.
    GetAll {
        /// How their keys begin.
        #[arg(default_value = "", value_parser = one_line)]
        prefix: String,
    },
    /// Performs the operations that the lines of a file say, all of them or none.
    ///
    /// Each line is JSON: {"type":"put","key":"event:1","value":{}} or
    /// {"type":"del","key":"event:1"}. Blank lines do nothing.
    Batch {
        /// The file, or - for the standard input.
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Deletes an event and all its modifiers, and prints the keys that are gone, one a line.
    DeleteEvent {
        /// The id of the event, as 1 for event:1.
        #[arg(value_parser = one_line)]
        id: String,
    },
    /// Brings the values up to the version of this program.
    ///
    /// They are made anew in the other replica, which then is the current one, all at once.
    Migrate,
    /// Prints which replica is the current one, its version, and how many entries it has.
    Status,
}

/// Accepts what is still one line when it is printed.
fn one_line(text: &str) -> Result<String, String> {
    if text.contains(['\n', '\r']) {
        return Err("it must have no line break".to_owned());
    }
    Ok(text.to_owned())
}

fn json(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text)
}
