#![doc = include_str!("../README.md")]

mod open;

pub use arbour_core::*;
#[cfg(feature = "redb")]
pub use arbour_redb as redb;
pub use open::{open, open_with};
