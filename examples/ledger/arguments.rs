//! The arguments of the program.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::git_log::is_day;
use crate::ledger::{ACCOUNTS, COMMITS, PROJECTIONS};

/// Keeps accounts and the history of a repository as events, and folds them into documents, in any
/// store.
#[derive(Debug, Parser)]
#[command(name = "ledger", version)]
pub(crate) struct Arguments {
    /// The documents and the events: an engine and its path, such as redb:ledger.redb.
    #[arg(long, value_name = "URL")]
    pub(crate) store: String,
    /// The events, if they are in another store: such as sqlite:log.sqlite, in every call.
    #[arg(long, value_name = "URL")]
    pub(crate) log: Option<String>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Opens an account, and makes the store if there is none.
    Open {
        /// Its name.
        #[arg(value_parser = account)]
        account: String,
    },
    /// Puts money into an account.
    Deposit(Amount),
    /// Takes money out of an account, if there is enough.
    Withdraw(Amount),
    /// Moves money from one account to another, if there is enough.
    ///
    /// It is an event of each of the two accounts: both are appended, or none.
    Transfer {
        /// The account to take the money from.
        #[arg(value_parser = account)]
        from: String,
        /// The account to move it to.
        #[arg(value_parser = account)]
        to: String,
        /// The amount in cents.
        #[arg(value_parser = cents())]
        cents: u64,
        #[command(flatten)]
        once: Once,
    },
    /// Prints the accounts: name, cents, number of events and time of the last one, in UTC.
    Accounts,
    /// Prints the events of an account, the oldest first: number, time in UTC, event, cents, the
    /// balance after it, and the other account.
    History {
        /// The account.
        #[arg(value_parser = account)]
        account: String,
    },
    /// Appends an event for each commit of a repository, and makes the store if there is none.
    ///
    /// It reads the output of this command:
    ///
    ///   git log --reverse --numstat --date=short --pretty=format:'commit %H%x09%at%x09%ad%x09%aN%x09%s'
    ///
    /// A bad commit is reported with its line and left out, and the import continues. A commit that
    /// was imported before is not appended again, so an import can be repeated when the history has
    /// grown.
    #[command(verbatim_doc_comment)]
    Import {
        /// Exit with 1 if a commit was bad.
        #[arg(long)]
        strict: bool,
        /// The file with the output of git, or - for the standard input.
        file: PathBuf,
    },
    /// Prints the authors: name, commits, lines added and removed, first and last day.
    Authors(Selection),
    /// Prints the files: path, commits, lines added and removed, author and day of the last change.
    Files {
        /// Only paths that begin with this, such as src/.
        #[arg(long, value_name = "TEXT")]
        prefix: Option<String>,
        #[command(flatten)]
        selection: Selection,
    },
    /// Prints the days: date, commits, lines added and removed.
    Days {
        /// On this day or later, such as 2026-01-31.
        #[arg(long, value_name = "DAY", value_parser = day)]
        from: Option<String>,
        /// On this day or earlier.
        #[arg(long, value_name = "DAY", value_parser = day)]
        to: Option<String>,
        #[command(flatten)]
        selection: Selection,
    },
    /// Prints events as they are appended: position, time in UTC, stream and what happened.
    ///
    /// On an engine that only one process at a time can open, such as redb, no other process can
    /// append meanwhile.
    Follow(Follow),
    /// Builds the documents again beside those that are read, switches to the new ones, and
    /// compares both.
    ///
    /// Prints a hash of all documents before and after, and exits with 1 if they differ; then the
    /// earlier ones are kept. An interrupted rebuild is resumed.
    Rebuild {
        /// The documents; both if not given.
        #[arg(value_enum)]
        projection: Option<Projected>,
        /// Keep the earlier documents.
        #[arg(long)]
        keep: bool,
    },
    /// Prints the events that could not be applied: projection, version, position, stream, event,
    /// whether it failed or follows a failed one of its stream, tries and reason.
    Failed {
        /// The documents; both if not given.
        #[arg(value_enum)]
        projection: Option<Projected>,
    },
    /// Applies a dead-lettered event. Exits with 1 if it fails again.
    Replay {
        /// The documents.
        #[arg(value_enum)]
        projection: Projected,
        /// The position of the event.
        position: u64,
    },
    /// Applies all dead-lettered events of a stream, the oldest first, until one fails again. Once
    /// none is left, new events of the stream are applied again.
    Release {
        /// The documents.
        #[arg(value_enum)]
        projection: Projected,
        /// The stream, such as account/ada.
        stream: String,
    },
    /// Prints how far the documents lag behind the log: name, version, state, position, outstanding
    /// events and dead-lettered events. Exits with 1 if there are dead-lettered events.
    Status,
}

/// An account and a number of cents.
#[derive(Args, Debug)]
pub(crate) struct Amount {
    /// The account.
    #[arg(value_parser = account)]
    pub(crate) account: String,
    /// The amount in cents.
    #[arg(value_parser = cents())]
    pub(crate) cents: u64,
    #[command(flatten)]
    pub(crate) once: Once,
}

/// The key of a call.
#[derive(Args, Debug)]
pub(crate) struct Once {
    /// A key for this call: the same call with the same key has no further effect.
    #[arg(long, value_name = "TEXT", value_parser = key)]
    pub(crate) key: Option<String>,
}

/// The order, and the limit.
#[derive(Args, Debug)]
pub(crate) struct Selection {
    /// The order.
    #[arg(long, value_enum, default_value_t = Sort::Commits)]
    pub(crate) sort: Sort,
    /// The maximum number.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
}

/// The orders in which authors, files and days are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// The most commits first.
    Commits,
    /// By the first column.
    Name,
}

/// Where following begins and ends.
#[derive(Args, Debug)]
pub(crate) struct Follow {
    /// Begin after this position. Otherwise it begins with the next event that is appended.
    #[arg(long, value_name = "POSITION")]
    pub(crate) after: Option<u64>,
    /// Store the position under this name in the log, and continue there the next time. A new name
    /// begins with the first event, or after --after.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// End after this many seconds; with 0, after the existing events. Otherwise it runs until it
    /// is stopped.
    #[arg(long = "for", value_name = "SECONDS")]
    pub(crate) seconds: Option<u32>,
}

/// The documents that are built together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Projected {
    /// The accounts.
    Accounts,
    /// Authors, files and days.
    Commits,
}

impl Projected {
    /// Returns the name of the projection.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Accounts => ACCOUNTS,
            Self::Commits => COMMITS,
        }
    }

    /// Returns the names of the chosen projections; of all, if none was chosen.
    pub(crate) fn chosen(chosen: Option<Self>) -> Vec<&'static str> {
        chosen.map_or_else(|| PROJECTIONS.to_vec(), |chosen| vec![chosen.name()])
    }
}

/// The longest name of an account, and the longest key, in bytes.
const NAME_BYTES_MAX: usize = 200;

fn account(text: &str) -> Result<String, String> {
    match text.len() {
        1..=NAME_BYTES_MAX if !text.contains(char::is_control) => Ok(text.to_owned()),
        _ => {
            Err(format!("a name has 1 to {NAME_BYTES_MAX} bytes, none of them a control character"))
        }
    }
}

fn key(text: &str) -> Result<String, String> {
    match text.len() {
        1..=NAME_BYTES_MAX => Ok(text.to_owned()),
        _ => Err(format!("a key has 1 to {NAME_BYTES_MAX} bytes")),
    }
}

fn day(text: &str) -> Result<String, String> {
    if is_day(text) {
        Ok(text.to_owned())
    } else {
        Err("a day is written as 2026-01-31".to_owned())
    }
}

fn cents() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..)
}
