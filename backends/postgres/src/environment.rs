//! The environment variables that PostgreSQL's own programs read.

/// Reads an environment variable; one that is empty says nothing.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
