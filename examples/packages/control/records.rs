//! The records of a control file, each a package or bad.

use std::io::{self, BufRead};

use super::lines::Lines;
use super::paragraph::Paragraph;
use super::place::beginning;
use super::{BadRecord, Fault, Place, dependencies};
use crate::package::Package;

/// The record of a package.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// The line it begins on, from 1.
    pub line: u64,
    /// The package.
    pub package: Package,
}

impl Record {
    /// Returns where it is.
    pub fn place(&self) -> Place<'_> {
        Place { line: self.line, package: Some(&self.package.name) }
    }
}

/// Reads the records of a control file. After a bad one it continues with the next.
#[derive(Debug)]
pub struct Records<R> {
    lines: Lines<R>,
}

impl<R: BufRead> Records<R> {
    /// Reads the records of an input.
    pub fn new(input: R) -> Self {
        Self { lines: Lines::new(input) }
    }

    /// Returns the number of the line that was read last.
    pub fn line(&self) -> u64 {
        self.lines.number()
    }

    /// Returns how many bytes were read.
    pub fn bytes(&self) -> u64 {
        self.lines.bytes()
    }

    fn read(&mut self) -> io::Result<Option<Result<Record, BadRecord>>> {
        let mut paragraph = Paragraph::default();
        let mut first_line = None;
        let mut fault = None;
        loop {
            let number = self.lines.number() + 1;
            let Some(line) = self.lines.next()? else { break };
            if line.trim_ascii().is_empty() {
                if first_line.is_none() {
                    continue;
                }
                break;
            }
            first_line.get_or_insert(number);
            // The rest of a bad record is skipped.
            if fault.is_none() {
                fault = paragraph.push(line, number).err().map(|fault| (number, fault));
            }
        }
        let Some(line) = first_line else { return Ok(None) };
        let read = match fault {
            Some(fault) => Err(fault),
            None => package(&paragraph, line),
        };
        Ok(Some(match read {
            Ok(package) => Ok(Record { line, package }),
            Err((line, fault)) => {
                Err(BadRecord { line, package: text(&paragraph, "Package"), fault })
            }
        }))
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = io::Result<Result<Record, BadRecord>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Makes a package of a record that begins on a line. A fault has the number of its own line.
fn package(paragraph: &Paragraph, line: u64) -> Result<Package, (u64, Fault)> {
    Ok(Package {
        name: text(paragraph, "Package").ok_or((line, Fault::NoPackage))?,
        version: text(paragraph, "Version"),
        architecture: text(paragraph, "Architecture"),
        section: text(paragraph, "Section"),
        maintainer: text(paragraph, "Maintainer"),
        homepage: text(paragraph, "Homepage"),
        installed_size: number(paragraph, "Installed-Size")?,
        size: number(paragraph, "Size")?,
        depends: depends(paragraph),
        description: paragraph.field("Description").and_then(|field| field.in_lines()),
    })
}

fn text(paragraph: &Paragraph, field: &str) -> Option<String> {
    paragraph.field(field)?.in_one_line()
}

fn number(paragraph: &Paragraph, name: &'static str) -> Result<Option<u64>, (u64, Fault)> {
    let Some(field) = paragraph.field(name) else { return Ok(None) };
    let Some(text) = field.in_one_line() else { return Ok(None) };
    match text.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err((field.line, Fault::NotNumber { field: name, text: beginning(&text) })),
    }
}

fn depends(paragraph: &Paragraph) -> Vec<String> {
    let mut depends: Vec<String> = Vec::new();
    for field in ["Pre-Depends", "Depends"].iter().filter_map(|name| paragraph.field(name)) {
        for name in dependencies::names(&field.text) {
            if !depends.iter().any(|known| known == name) {
                depends.push(name.to_owned());
            }
        }
    }
    depends
}
