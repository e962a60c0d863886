//! Tests of RocksDB alone, in addition to the suite.

mod contents;
mod damage;
mod device;
mod folder;
mod log;
mod options;
mod trees;
