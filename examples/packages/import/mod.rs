//! Importing packages from a control file.

mod error;
mod run;
mod summary;

pub(crate) use error::ImportError;
pub(crate) use run::import;
