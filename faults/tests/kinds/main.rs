//! Every kind of error on every engine: provoked, and its text checked.
//!
//! A text says what failed, with its values; why; and what to do next. The files are real, and so
//! are the failures: a damaged page, a newer format, a system call that the recorder makes fail.
//! Each engine's table says how a kind is provoked there, or why it cannot be.
#![cfg(all(
    target_os = "linux",
    any(
        feature = "fjall",
        feature = "lmdb",
        feature = "redb",
        feature = "rocksdb",
        feature = "sled",
        feature = "sqlite"
    )
))]

#[cfg(test)]
mod any_engine;
#[cfg(test)]
mod bed;
#[cfg(test)]
mod device;
#[cfg(all(test, feature = "fjall"))]
mod fjall;
#[cfg(all(test, feature = "lmdb"))]
mod lmdb;
#[cfg(test)]
mod memory;
#[cfg(all(test, feature = "redb"))]
mod redb;
#[cfg(all(test, feature = "rocksdb"))]
mod rocksdb;
#[cfg(all(test, feature = "sled"))]
mod sled;
#[cfg(all(test, feature = "sqlite"))]
mod sqlite;
