//! Two processes that have the same file open.
#![cfg(unix)]

mod other;
mod unique;
mod versions;
