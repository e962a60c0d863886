//! Reads the commits in the output of this command:
//!
//! ```text
//! git log --numstat --date=short --pretty=format:'commit %H%x09%at%x09%ad%x09%aN%x09%s'
//! ```
//!
//! A commit is a line of its own, with hash, time, day, author and subject. After it there is a
//! line for each file: how many lines were added and removed, and its path.

mod change;
mod fault;
mod header;
#[path = "../../packages/control/lines.rs"]
mod lines;
mod path;
mod records;

pub use fault::{BadRecord, Fault};
pub use header::is_day;
pub use records::{Record, Records};
