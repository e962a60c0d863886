//! The arguments of the program.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::database::LIMIT_DEFAULT;

/// Keeps the variables of a chat bot's users.
#[derive(Debug, Parser)]
#[command(name = "variables", version)]
pub(crate) struct Arguments {
    /// The variables: an engine and its path, such as redb:vars.redb.
    #[arg(long, value_name = "URL")]
    pub(crate) store: String,

    /// The maximum number of variables of a user in a room.
    #[arg(long, value_name = "N", default_value_t = LIMIT_DEFAULT)]
    pub(crate) limit: u32,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sets variables from tab-separated lines: user, room, name, value.
    ///
    /// Every 1,000 lines are stored together or not at all. The import ends at the first bad line;
    /// once that is corrected, the whole import can be repeated. Blank lines and lines with an
    /// empty value set nothing.
    Import {
        /// The file with the lines, or - for the standard input.
        file: PathBuf,
    },
    /// Prints the variables of a user in a room, one per line: name, tab, value.
    List(ScopeArguments),
    /// Prints the value of a variable.
    Get(VariableArguments),
    /// Sets a variable.
    Set {
        #[command(flatten)]
        variable: VariableArguments,
        /// A whole number from -2147483648 to 2147483647.
        #[arg(allow_negative_numbers = true)]
        value: i32,
    },
    /// Deletes a variable.
    Delete(VariableArguments),
    /// Prints the number of variables of a user in a room.
    Count(ScopeArguments),
    /// Prints every wrong count and every unreadable entry.
    ///
    /// One per line, separated by tabs: wrong, user, room, count, truth; missing, user, room,
    /// truth; surplus, user, room, count; or undecodable and what is known of the entry.
    Verify,
    /// Counts all variables again and corrects the wrong counts.
    Repair,
}

/// A user in a room.
#[derive(Args, Debug)]
pub(crate) struct ScopeArguments {
    /// The user.
    #[arg(value_parser = one_field)]
    pub(crate) user: String,
    /// The room.
    #[arg(value_parser = one_field)]
    pub(crate) room: String,
}

/// A variable of a user in a room.
#[derive(Args, Debug)]
pub(crate) struct VariableArguments {
    #[command(flatten)]
    pub(crate) scope: ScopeArguments,
    /// The name of the variable.
    #[arg(value_parser = name)]
    pub(crate) name: String,
}

/// Accepts what an import can contain, so that a listing can be imported.
fn one_field(text: &str) -> Result<String, String> {
    if text.contains(['\t', '\n', '\r']) {
        return Err("it must have no tab and no line break".to_owned());
    }
    Ok(text.to_owned())
}

fn name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a variable needs a name".to_owned());
    }
    one_field(text)
}
