//! Tables of figures, and the page of the documentation that shows them.
//!
//! A page marks where the figures of a measurement stand, by a section's name:
//!
//! ```text
//! <!-- figures: overhead -->
//! what the measurement writes
//! <!-- end of figures: overhead -->
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use crate::report::{ENGINES, number};

/// A table in Markdown: one row for each operation, one column for each engine, both in the order in
/// which they were first set.
///
/// ```
/// let mut table = arbour_benches::figures::Table::new("operation, ns");
/// table.set("get", "redb", "477".to_owned());
/// table.set("scan", "sled", "442".to_owned());
/// assert_eq!(
///     table.to_string(),
///     "| operation, ns | redb | sled |\n|---|--:|--:|\n| get | 477 |  |\n| scan |  | 442 |\n"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    heading: String,
    columns: Vec<String>,
    rows: Vec<(String, BTreeMap<String, String>)>,
}

impl Table {
    /// Makes an empty table with the heading of its first column.
    #[must_use]
    pub fn new(heading: &str) -> Self {
        Self { heading: heading.to_owned(), columns: Vec::new(), rows: Vec::new() }
    }

    /// Sets a cell, and adds its row and its column if they are new. A column of an engine shows the
    /// engine's own name.
    pub fn set(&mut self, row: &str, column: &str, cell: String) {
        let engine = ENGINES.iter().find(|engine| engine.name == column);
        let column = engine.map_or(column, |engine| engine.title);
        if !self.columns.iter().any(|known| known == column) {
            self.columns.push(column.to_owned());
        }
        let place = self.rows.iter().position(|(name, _)| name == row).unwrap_or_else(|| {
            self.rows.push((row.to_owned(), BTreeMap::new()));
            self.rows.len() - 1
        });
        if let Some((_, cells)) = self.rows.get_mut(place) {
            cells.insert(column.to_owned(), cell);
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {} | {} |", self.heading, self.columns.join(" | "))?;
        writeln!(f, "|---|{}", "--:|".repeat(self.columns.len()))?;
        for (name, cells) in &self.rows {
            let cell = |column| cells.get(column).map_or("", String::as_str);
            let cells: Vec<_> = self.columns.iter().map(cell).collect();
            writeln!(f, "| {name} | {} |", cells.join(" | "))?;
        }
        Ok(())
    }
}

/// Formats a time in nanoseconds with three digits or more, and thousands separated.
///
/// ```
/// use arbour_benches::figures::nanoseconds;
/// assert_eq!([0.1234, 57.5, 211_267.4].map(nanoseconds), ["0.12", "57.5", "211,267"]);
/// ```
#[must_use]
pub fn nanoseconds(time: f64) -> String {
    if time < 10.0 {
        return format!("{time:.2}");
    }
    if time < 100.0 {
        return format!("{time:.1}");
    }
    number::count(time.round() as u64)
}

/// Says when and where the figures of this process are measured.
///
/// ```
/// assert!(arbour_benches::figures::occasion().contains("cores"));
/// ```
#[must_use]
pub fn occasion() -> String {
    let date = jiff::ZonedDateTime::now().date();
    format!("Measured on {date}: {}", crate::machine::describe())
}

/// Replaces the figures of a section of a page.
///
/// # Errors
/// If the page cannot be read or written, or has no such section. It is unchanged then.
///
/// ```
/// let page = tempfile::NamedTempFile::new()?;
/// std::fs::write(&page, "<!-- figures: get -->\n1 s\n<!-- end of figures: get -->\n")?;
/// arbour_benches::figures::write(page.path(), "get", "400 ns")?;
/// let text = std::fs::read_to_string(&page)?;
/// assert_eq!(text, "<!-- figures: get -->\n\n400 ns\n\n<!-- end of figures: get -->\n");
/// # std::io::Result::Ok(())
/// ```
pub fn write(page: &Path, section: &str, figures: &str) -> io::Result<()> {
    let text = fs::read_to_string(page)?;
    let begin = format!("<!-- figures: {section} -->\n");
    let end = format!("<!-- end of figures: {section} -->");
    let parts = text
        .split_once(&begin)
        .and_then(|(before, rest)| rest.split_once(&end).map(|(_, after)| (before, after)));
    let Some((before, after)) = parts else {
        let message = format!("{} has no section {section:?}: add its marks", page.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    };
    fs::write(page, format!("{before}{begin}\n{}\n\n{end}{after}", figures.trim()))
}
