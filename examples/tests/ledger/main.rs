//! Tests of the example `ledger`: how it reads a log of git, and what the program does and prints,
//! on every persistent engine, with the log in the same store and in one of its own.

#[path = "../../ledger/commit.rs"]
pub mod commit;
#[path = "../../ledger/git_log/mod.rs"]
pub mod git_log;

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod at_once;
#[cfg(test)]
mod bed;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod following;
#[cfg(test)]
mod importing;
#[cfg(test)]
mod mending;
#[cfg(test)]
mod program;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod rebuilding;
#[cfg(test)]
mod refusals;
