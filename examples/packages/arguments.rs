//! The arguments of the program.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Searches the package index of a Debian machine, kept as documents in any store.
#[derive(Debug, Parser)]
#[command(name = "packages", version)]
pub(crate) struct Arguments {
    /// The packages: an engine and its path, such as redb:packages.redb.
    #[arg(long, value_name = "URL")]
    pub(crate) store: String,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stores the packages of a Debian index: the output of `apt-cache dumpavail`, or
    /// /var/lib/dpkg/status.
    ///
    /// Every 1,000 packages are stored together or not at all. A bad record is reported with its
    /// line and left out, and the import continues. A package replaces an earlier one of the same
    /// name, so an import can be repeated.
    Import {
        /// Exit with 1 if a record was bad.
        #[arg(long)]
        strict: bool,
        /// The index, or - for the standard input.
        file: PathBuf,
    },
    /// Prints a package, in JSON.
    Show {
        /// The name of the package.
        name: String,
    },
    /// Prints the packages that meet all conditions, a page of them.
    ///
    /// Each line has name, version, section, installed size in KiB and description, separated by
    /// tabs, or in columns on a terminal. The cursors of the next and the previous page are printed
    /// on the standard error; pass one to --cursor together with the same conditions.
    Search(SearchArguments),
    /// Prints the sections, each with the number of its packages and their installed size in KiB.
    Sections,
    /// Prints the number of packages, and their installed size.
    Stats,
    /// Looks for missing and dangling entries of indexes.
    Scrub {
        /// Add missing entries and remove dangling ones.
        #[arg(long)]
        mend: bool,
    },
}

/// The conditions, the order and the limit.
#[derive(Args, Debug)]
pub(crate) struct SearchArguments {
    /// In this section, such as net or non-free/net.
    #[arg(long)]
    pub(crate) section: Option<String>,
    /// With a maintainer that begins with this, such as 'Debian Games'.
    #[arg(long, value_name = "TEXT")]
    pub(crate) maintainer: Option<String>,
    /// Depends on this package; if given several times, on all of them.
    #[arg(long, value_name = "NAME")]
    pub(crate) depends: Vec<String>,
    /// With a name that begins with this.
    #[arg(long, value_name = "TEXT")]
    pub(crate) prefix: Option<String>,
    /// With all these words in the description, in any order.
    #[arg(long, value_name = "TEXT")]
    pub(crate) words: Option<String>,
    /// With this text in the description, even within a word. No index is used for that.
    #[arg(long, value_name = "TEXT")]
    pub(crate) containing: Option<String>,
    /// With at least this installed size, in KiB.
    #[arg(long, value_name = "N")]
    pub(crate) min_size: Option<u64>,
    /// With at most this installed size, in KiB.
    #[arg(long, value_name = "N")]
    pub(crate) max_size: Option<u64>,
    /// The order. By size, packages of unknown size are left out.
    #[arg(long, value_enum, default_value_t = Sort::Name, allow_hyphen_values = true)]
    pub(crate) sort: Sort,
    /// The maximum number.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// The cursor: what an earlier page printed after "next" or "previous".
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) cursor: Option<String>,
    /// Print the total number on all pages.
    #[arg(long)]
    pub(crate) total: bool,
    /// Print how the packages were found.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Fail instead of reading all packages.
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
