//! What is RocksDB's own, beside the suite.

mod contents;
mod device;
mod folder;
mod log;
mod options;
mod trees;
