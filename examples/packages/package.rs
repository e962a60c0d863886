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
    /// The part of the archive it belongs to, as `net` or `non-free/net`.
    pub section: Option<String>,
    /// Who maintains it: name and address.
    pub maintainer: Option<String>,
    /// Where it is from.
    pub homepage: Option<String>,
    /// How much room it takes when it is installed, in KiB.
    pub installed_size: Option<u64>,
    /// How long its file is, in bytes.
    pub size: Option<u64>,
    /// The names of the packages it depends on, alternatives among them, each once.
    pub depends: Vec<String>,
    /// What it is: a line, and behind it the long text, if there is one.
    pub description: Option<String>,
}

impl Package {
    /// Returns the first line of the description.
    pub fn summary(&self) -> &str {
        self.description.as_deref().and_then(|text| text.lines().next()).unwrap_or_default()
    }
}
