//! How the program is called.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::git_log::is_day;
use crate::ledger::{ACCOUNTS, COMMITS, PROJECTIONS};

/// Keeps accounts and the history of a repository as events, and folds them into documents, in any
/// store.
#[derive(Debug, Parser)]
#[command(name = "ledger", version)]
pub(crate) struct Arguments {
    /// Where the documents are, and the events: an engine and its path, as in redb:ledger.redb.
    #[arg(long, value_name = "URL")]
    pub(crate) store: String,
    /// Where the events are, if not in the same store: as in sqlite:log.sqlite, in every call.
    #[arg(long, value_name = "URL")]
    pub(crate) log: Option<String>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Opens an account, and makes the store if there is none.
    Open {
        /// What it is called.
        #[arg(value_parser = account)]
        account: String,
    },
    /// Puts money into an account.
    Deposit(Amount),
    /// Takes money out of an account, if there is enough.
    Withdraw(Amount),
    /// Moves money from an account to another, if there is enough.
    ///
    /// It is an event of each of the two accounts: both are appended, or none.
    Transfer {
        /// From which account.
        #[arg(value_parser = account)]
        from: String,
        /// To which.
        #[arg(value_parser = account)]
        to: String,
        /// How much.
        #[arg(value_parser = cents())]
        cents: u64,
        #[command(flatten)]
        once: Once,
    },
    /// Prints the accounts: name, cents, how many events they had and when the last one was, in UTC.
    Accounts,
    /// Prints the events of an account, the oldest first: number, time in UTC, what, cents, how many
    /// there are then, and the other account.
    History {
        /// Which account.
        #[arg(value_parser = account)]
        account: String,
    },
    /// Appends an event for each commit of a repository, and makes the store if there is none.
    ///
    /// It reads what this prints:
    ///
    ///   git log --reverse --numstat --date=short --pretty=format:'commit %H%x09%at%x09%ad%x09%aN%x09%s'
    ///
    /// A commit that is bad is reported with its line and left out, and the import goes on. A commit
    /// that is there already is not appended again, so an import can be run again, over a history that
    /// has grown.
    #[command(verbatim_doc_comment)]
    Import {
        /// Exit with 1 if a commit was bad.
        #[arg(long)]
        strict: bool,
        /// The file with what git printed, or - for the standard input.
        file: PathBuf,
    },
    /// Prints the authors: name, commits, lines added and removed, first and last day.
    Authors(Selection),
    /// Prints the files: path, commits, lines added and removed, who changed it last and when.
    Files {
        /// Whose path begins so, as src/.
        #[arg(long, value_name = "TEXT")]
        prefix: Option<String>,
        #[command(flatten)]
        selection: Selection,
    },
    /// Prints the days: date, commits, lines added and removed.
    Days {
        /// On this day or later, as 2026-01-31.
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
    /// Where one process at a time can open a store, as with redb, nobody can append meanwhile.
    Follow(Follow),
    /// Folds the documents anew beside those that are read, changes over to them, and compares both.
    ///
    /// Prints a hash of all documents before and after, and exits with 1 if they differ; then those of
    /// before are kept. One that was broken off is gone on with.
    Rebuild {
        /// Which; without a name both.
        #[arg(value_enum)]
        projection: Option<Projected>,
        /// Keep the documents of before.
        #[arg(long)]
        keep: bool,
    },
    /// Prints the events that could not be applied: projection, version, position, stream, event, whether it
    /// failed or is behind another of its stream, tries and reason.
    Failed {
        /// Of which; without a name of both.
        #[arg(value_enum)]
        projection: Option<Projected>,
    },
    /// Applies an event that was put aside after all. Exits with 1 if it fails again.
    Replay {
        /// To which documents.
        #[arg(value_enum)]
        projection: Projected,
        /// Its position.
        position: u64,
    },
    /// Applies all that was put aside of a stream, the oldest first, until one fails again. Once none is
    /// left, what is appended to the stream is applied as it comes.
    Release {
        /// To which documents.
        #[arg(value_enum)]
        projection: Projected,
        /// Which stream, as account/ada.
        stream: String,
    },
    /// Prints how far the documents are behind the log: name, version, state, position, events behind
    /// and events put aside. Exits with 1 if events were put aside.
    Status,
}

/// An account and a number of cents.
#[derive(Args, Debug)]
pub(crate) struct Amount {
    /// Which account.
    #[arg(value_parser = account)]
    pub(crate) account: String,
    /// How much.
    #[arg(value_parser = cents())]
    pub(crate) cents: u64,
    #[command(flatten)]
    pub(crate) once: Once,
}

/// By what a call is known again.
#[derive(Args, Debug)]
pub(crate) struct Once {
    /// A text by which this call is known again: repeated with it, it does nothing more.
    #[arg(long, value_name = "TEXT", value_parser = key)]
    pub(crate) key: Option<String>,
}

/// In which order, how many.
#[derive(Args, Debug)]
pub(crate) struct Selection {
    /// In which order.
    #[arg(long, value_enum, default_value_t = Sort::Commits)]
    pub(crate) sort: Sort,
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
}

/// The orders in which authors, files and days are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// Those with the most commits first.
    Commits,
    /// By the first column.
    Name,
}

/// What is followed, and how long.
#[derive(Args, Debug)]
pub(crate) struct Follow {
    /// Begin behind this position. Otherwise it begins with what is appended from now on.
    #[arg(long, value_name = "POSITION")]
    pub(crate) after: Option<u64>,
    /// Have the log remember under this name what was printed, and go on there the next time. A new
    /// name begins with the first event, or behind --after.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// End after so many seconds; with 0, after what is there. Otherwise it goes on until it is ended.
    #[arg(long = "for", value_name = "SECONDS")]
    pub(crate) seconds: Option<u32>,
}

/// What is folded from events together.
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

    /// Returns the names of what was chosen: of all, if nothing was.
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
