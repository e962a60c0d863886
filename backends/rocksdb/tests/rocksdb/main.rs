//! What is RocksDB's own, beside the suite.

mod contents;
mod damage;
mod device;
mod folder;
mod log;
mod options;
mod trees;
