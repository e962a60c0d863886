//! What the checks of the repository read from its source files.
//!
//! The checks themselves are tests of this crate, apart from the library's: their parser is none of
//! what a newcomer's first build should wait for.

mod api;
mod imports;
mod source;

pub use api::api;
pub use imports::circles;
pub use source::{Source, sources};
