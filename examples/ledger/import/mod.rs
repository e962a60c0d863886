//! Importing the commits of a repository.

mod error;
mod run;
mod summary;

pub(crate) use error::ImportError;
pub(crate) use run::import;
