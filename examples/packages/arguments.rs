//! How the program is called.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Searches the package index of a Debian machine, kept as documents in any store.
#[derive(Debug, Parser)]
#[command(name = "packages", version)]
pub(crate) struct Arguments {
    /// Where the packages are: an engine and its path, as in redb:packages.redb.
    #[arg(long, value_name = "URL")]
    pub(crate) store: String,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stores the packages of a Debian index: of what `apt-cache dumpavail` prints, or of
    /// /var/lib/dpkg/status.
    ///
    /// Every 1,000 packages are stored together or not at all. A record that is bad is reported with
    /// its line and left out, and the import goes on. A package takes the place of the one that had
    /// its name, so an import can be run again.
    Import {
        /// Exit with 1 if a record was bad.
        #[arg(long)]
        strict: bool,
        /// The index, or - for the standard input.
        file: PathBuf,
    },
    /// Prints a package, in JSON.
    Show {
        /// What the package is called.
        name: String,
    },
    /// Prints the packages that meet all conditions, a page of them.
    ///
    /// One a line: name, version, section, installed size in KiB and what it is, split by tabs, or in
    /// columns on a terminal. The places where the next page begins and the one before ends are
    /// printed on the standard error; with the same conditions and --cursor they lead there.
    Search(SearchArguments),
    /// Prints the sections, with how many packages each has and their installed size in KiB.
    Sections,
    /// Prints how many packages there are, and how large they are when installed.
    Stats,
    /// Looks for entries of indexes that are missing or lead nowhere.
    Scrub {
        /// Add what is missing and remove what leads nowhere.
        #[arg(long)]
        mend: bool,
    },
}

/// Which packages, in which order, how many.
#[derive(Args, Debug)]
pub(crate) struct SearchArguments {
    /// Of this section, as net or non-free/net.
    #[arg(long)]
    pub(crate) section: Option<String>,
    /// Whose maintainer begins so, as 'Debian Games'.
    #[arg(long, value_name = "TEXT")]
    pub(crate) maintainer: Option<String>,
    /// That depend on this package; given several times, on all of them.
    #[arg(long, value_name = "NAME")]
    pub(crate) depends: Vec<String>,
    /// Whose name begins so.
    #[arg(long, value_name = "TEXT")]
    pub(crate) prefix: Option<String>,
    /// With all these words in the description, in any order.
    #[arg(long, value_name = "TEXT")]
    pub(crate) words: Option<String>,
    /// With this in the description, be it a part of a word. No index answers that.
    #[arg(long, value_name = "TEXT")]
    pub(crate) containing: Option<String>,
    /// At least so large when installed, in KiB.
    #[arg(long, value_name = "N")]
    pub(crate) min_size: Option<u64>,
    /// At most so large when installed, in KiB.
    #[arg(long, value_name = "N")]
    pub(crate) max_size: Option<u64>,
    /// In which order. By size, packages of unknown size are left out.
    #[arg(long, value_enum, default_value_t = Sort::Name, allow_hyphen_values = true)]
    pub(crate) sort: Sort,
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Where to go on: what the page before printed behind "next" or "previous".
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) cursor: Option<String>,
    /// Print how many there are on all pages.
    #[arg(long)]
    pub(crate) total: bool,
    /// Print how they were found.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Fail rather than read all packages.
    #[arg(long)]
    pub(crate) no_scan: bool,
}

/// The orders in which packages are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// By name.
    Name,
    /// The smallest first.
    Size,
    /// The largest first.
    #[value(name = "-size")]
    SizeDescending,
}
