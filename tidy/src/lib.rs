//! What the repository's checks read from its source files.
//!
//! The checks themselves are tests of this crate, separate from the library's, so that a newcomer's
//! first build does not have to compile their parser.

mod api;
mod changed;
mod imports;
mod source;

pub use api::api;
pub use changed::{Contents, contents, files};
pub use imports::circles;
pub use source::{Source, sources};
