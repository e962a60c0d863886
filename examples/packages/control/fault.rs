//! What can be wrong with a record.

use super::Place;
use super::lines::LINE_BYTES_MAX;
use super::paragraph::RECORD_BYTES_MAX;

/// A record that is not a package: nothing of it is stored.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", self.place())]
pub struct BadRecord {
    /// The line that is wrong, from 1.
    pub line: u64,
    /// The name of the package, if that is known.
    pub package: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

impl BadRecord {
    /// Returns the position.
    pub fn place(&self) -> Place<'_> {
        Place { line: self.line, package: self.package.as_deref() }
    }
}

/// What is wrong with a record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The line is too long to be read.
    #[error("it is longer than {LINE_BYTES_MAX} bytes")]
    LongLine,
    /// The record is too long to be read.
    #[error("the record is longer than {RECORD_BYTES_MAX} bytes")]
    LongRecord,
    /// A byte of the line, counted from 1, is not UTF-8.
    #[error("byte {0} is not UTF-8")]
    NotText(usize),
    /// The line is not a field and does not continue one.
    #[error("{0:?} is no field: it needs a name and a colon, or a blank before it")]
    NotField(String),
    /// The line continues a field, and there is none.
    #[error("it begins with a blank, but there is no field before it to continue")]
    NothingToContinue,
    /// The field is already there.
    #[error("the field {0:?} is there already")]
    Repeated(String),
    /// The record names no package.
    #[error("the record that begins here has no field \"Package\"")]
    NoPackage,
    /// A size is invalid.
    #[error("{field} is {text:?}, and not a whole number")]
    NotNumber {
        /// The field.
        field: &'static str,
        /// Its text.
        text: String,
    },
}
