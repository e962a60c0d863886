//! Rows of values: in columns for a person, separated by tabs for a program.

use std::io::{self, IsTerminal as _, Write, stdout};

use indicatif::HumanCount;

/// Rows of values under a header.
pub(crate) struct Table {
    header: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

/// A value of a table.
pub(crate) enum Cell {
    /// A text without tabs and line breaks.
    Text(String),
    /// A number, or nothing if it is unknown.
    Number(Option<u64>),
}

impl Cell {
    /// Makes a cell of a text; characters that would break the line are replaced by spaces.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.replace(char::is_control, " "))
    }

    /// Makes a cell of a number.
    pub(crate) fn number(number: impl Into<Option<u64>>) -> Self {
        Self::Number(number.into())
    }

    fn for_a_person(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(Some(number)) => HumanCount(*number).to_string(),
            Self::Number(None) => String::new(),
        }
    }

    fn for_a_program(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.map(|number| number.to_string()).unwrap_or_default(),
        }
    }
}

impl Table {
    /// Makes a table with these columns and no rows.
    pub(crate) fn new(header: &[&str]) -> Self {
        Self { header: header.iter().map(|name| Cell::text(name)).collect(), rows: Vec::new() }
    }

    /// Adds a row, with a cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Prints the rows: for a person, if the standard output is a terminal.
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        if stdout().is_terminal() { self.print_columns(out) } else { self.print_tabs(out) }
    }

    fn print_tabs(&self, out: &mut impl Write) -> io::Result<()> {
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(Cell::for_a_program).collect();
            writeln!(out, "{}", cells.join("\t"))?;
        }
        Ok(())
    }

    fn print_columns(&self, out: &mut impl Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows: Vec<Vec<String>> = std::iter::once(&self.header)
            .chain(&self.rows)
            .map(|row| row.iter().map(Cell::for_a_person).collect())
            .collect();
        let columns = self.header.len();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row: &Vec<String>| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let is_number = |column: usize| {
            let first = self.rows.first().and_then(|row| row.get(column));
            matches!(first, Some(Cell::Number(_)))
        };
        for row in &rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if is_number(column) {
                    line += &format!("{cell:>width$}  ");
                } else {
                    line += &format!("{cell:<width$}  ");
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
