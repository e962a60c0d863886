//! Numbers with what they count.

use indicatif::HumanCount;

/// Says how many there are of what is called so, one of it and many.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", HumanCount(count), if count == 1 { one } else { many })
}

/// Says how many commits.
pub(crate) fn commits(count: u64) -> String {
    counted(count, "commit", "commits")
}
