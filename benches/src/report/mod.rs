//! The page that says which engine is for which work.
//!
//! Criterion leaves its estimates as files. This module reads them, so a page can be made of any
//! past run, and writes one page that needs no network, and the table of docs/figures.md. Missing
//! measurements are shown as missing; nothing is guessed.

mod chart;
mod choice;
mod engine;
mod figure;
pub(crate) mod number;
mod page;
mod place;
mod ranking;
mod run;
mod setting;
mod table;
#[cfg(test)]
mod tests;
mod version;
mod work;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use engine::{ENGINES, Engine};
pub use figure::{Figure, Figures};
pub use place::{figures_folder, report_folder, target_folder};
pub use run::{EngineFacts, Fact, Run};
pub use setting::describe_run;
pub use work::{Axis, TOPICS, Topic, Work};

/// The kinds of work, by name.
pub mod works {
    pub use super::work::{
        BULK_LOAD, COMMIT_NONE, COMMIT_POWER_LOSS, COMMIT_PROCESS_CRASH, DURABLE_WRITERS,
        DURABLE_WRITERS_GROUPED, GET, MULTI_GET, PREFIX_SCAN, READERS_BESIDE_WRITER, SCAN,
        VALUE_GET, VALUE_PUT, WRITER_BESIDE_READERS,
    };
}

/// The output.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// let written = arbour_benches::report::write(folder.path(), &folder.path().join("report"))?;
/// assert!(written.page.ends_with("index.html"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Written {
    /// The page.
    pub page: PathBuf,
    /// The table of docs/figures.md, in Markdown.
    pub table: PathBuf,
    /// How many figures are on the page.
    pub figures: usize,
}

/// Reads the figures of a folder of criterion and writes the page and the table to another folder,
/// which is made if it does not exist. A folder without figures makes a page that says so.
///
/// # Errors
/// What the file system reports, with the path.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// let written = arbour_benches::report::write(folder.path(), &folder.path().join("report"))?;
/// assert!(std::fs::read_to_string(written.page)?.contains("not measured"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write(figures: &Path, into: &Path) -> io::Result<Written> {
    let read = Figures::read(figures)?;
    let run = Run::read(figures)?;
    fs::create_dir_all(into).map_err(|error| at(into, &error))?;
    let written = Written {
        page: into.join("index.html"),
        table: into.join("which-engine.md"),
        figures: read.len(),
    };
    let page = page::render(&read, run.as_ref()).into_string();
    fs::write(&written.page, page).map_err(|error| at(&written.page, &error))?;
    let table = table::markdown(&read, run.as_ref());
    fs::write(&written.table, table).map_err(|error| at(&written.table, &error))?;
    Ok(written)
}

/// Adds the path of the file to an error of the system.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
