//! A package, as it is stored.

use serde::{Deserialize, Serialize};

/// A package: a document of the collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its name, by which it is found.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// The architecture it was built for, or `all`.
    pub architecture: Option<String>,
    /// The section of the archive, such as `net` or `non-free/net`.
    pub section: Option<String>,
    /// Its maintainer: name and address.
    pub maintainer: Option<String>,
    /// Its home page.
    pub homepage: Option<String>,
    /// Its size when it is installed, in KiB.
    pub installed_size: Option<u64>,
    /// The size of its file, in bytes.
    pub size: Option<u64>,
    /// The names of the packages on which it depends, including alternatives, each once.
    pub depends: Vec<String>,
    /// Its description: a line, followed by the long text, if there is one.
    pub description: Option<String>,
}

impl Package {
    /// Returns the first line of the description.
    pub fn summary(&self) -> &str {
        self.description.as_deref().and_then(|text| text.lines().next()).unwrap_or_default()
    }
}
