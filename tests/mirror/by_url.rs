//! Stores of an engine that is named by its scheme.

use std::path::Path;

use arbour::{DynStore, Result, StoreOptions};
use arbour_conformance::Factory;

/// Opens stores by their URL, as a program does.
pub(crate) struct ByUrl(pub(crate) String);

impl Factory for ByUrl {
    type Store = DynStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<DynStore> {
        let scheme = &self.0;
        let place = if scheme == "memory" { String::new() } else { path.display().to_string() };
        arbour::open_with(&format!("{scheme}:{place}"), options)
    }
}
