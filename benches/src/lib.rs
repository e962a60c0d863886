//! What Arbour's engines cost, and what Arbour costs above them.
//!
//! - `cargo bench -p arbour-benches` compares the engines and their raw APIs with criterion.
//! - `cargo run --release -p arbour-benches --bin overhead` runs raw and Arbour alternately in
//!   one process and prints the ratio; `--json` prints a line for each row.
//!
//! Both measure [contenders](contender::Contender): the same work done by Arbour and by an
//! engine's own API. Keys have 16 bytes and values 100.

mod arbour;
pub mod comparison;
pub mod contender;
mod layers;
pub mod machine;
pub mod overhead;
mod raw_redb;
pub mod workload;

pub use arbour::Arbour;
pub use raw_redb::RawRedb;
