//! Importing variables from tab-separated lines.

mod assignment;
mod error;
mod lines;
mod progress;
mod run;
mod summary;

pub(crate) use error::ImportError;
pub(crate) use progress::Progress;
pub(crate) use run::import;
