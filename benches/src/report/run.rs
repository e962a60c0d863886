//! The circumstances of a run: kept beside its figures, which mean nothing without them.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::at;

/// Where a run's description is kept in the folder of its figures.
const FILE: &str = "arbour-run.json";

/// A run: when, on what, with which engines.
///
/// ```
/// use arbour_benches::report::Run;
/// # let folder = tempfile::tempdir().unwrap();
/// let run = Run { started: "2026-01-01T12:00:00Z".into(), ..Run::default() };
/// run.write(folder.path())?;
/// assert_eq!(Run::read(folder.path())?, Some(run));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When it began, in universal time.
    pub started: String,
    /// Whether it was a quick one, whose figures are rough.
    pub quick: bool,
    /// The version of Arbour.
    pub arbour: String,
    /// The machine, fact by fact.
    pub machine: Vec<Fact>,
    /// The engines that took part.
    pub engines: Vec<EngineFacts>,
    /// What makes the figures doubtful, if anything does.
    pub warnings: Vec<String>,
}

/// A name and what it stands for.
///
/// ```
/// let fact = arbour_benches::report::Fact::new("cores", "2");
/// assert_eq!(fact.value, "2");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is about.
    pub name: String,
    /// What it is.
    pub value: String,
}

impl Fact {
    /// States a fact.
    ///
    /// ```
    /// # use arbour_benches::report::Fact;
    /// assert_eq!(Fact::new("kernel", "6.1").name, "kernel");
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// An engine as it was measured.
///
/// ```
/// let facts = arbour_benches::report::EngineFacts::default();
/// assert!(facts.durability.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineFacts {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether its snapshots and transactions are native or from layers.
    pub provision: String,
    /// What a commit of each level does, the weakest level first.
    pub durability: Vec<Fact>,
}

impl Run {
    /// Writes the description beside the figures of the folder, which is made if it does not exist.
    ///
    /// # Errors
    /// What the file system reports, with the path.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// arbour_benches::report::Run::default().write(&folder.path().join("new"))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder).map_err(|error| at(folder, &error))?;
        let path = folder.join(FILE);
        fs::write(&path, serde_json::to_string_pretty(self)?).map_err(|error| at(&path, &error))
    }

    /// Reads the description beside figures; `None` if there is none.
    ///
    /// # Errors
    /// The errors of the file system, and malformed text, with the path.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// assert!(arbour_benches::report::Run::read(folder.path())?.is_none());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn read(folder: &Path) -> io::Result<Option<Self>> {
        let path = folder.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map(Some).map_err(|error| at(&path, &error.into()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path, &error)),
        }
    }
}
