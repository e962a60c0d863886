//! Numbers with what they count.

use indicatif::HumanCount;

/// Formats a count with its noun, in the singular or the plural.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", HumanCount(count), if count == 1 { one } else { many })
}

/// Formats a number of commits.
pub(crate) fn commits(count: u64) -> String {
    counted(count, "commit", "commits")
}
