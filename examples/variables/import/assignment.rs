//! The contents of one line: a variable and its value.

use std::num::IntErrorKind;

use super::lines::LINE_BYTES_MAX;
use crate::database::Scope;

/// A variable and its value, and the line that sets it.
#[derive(Debug)]
pub(super) struct Assignment {
    pub(super) line: u64,
    user: String,
    room: String,
    pub(super) name: String,
    pub(super) value: i32,
}

/// The contents of a valid line.
#[derive(Debug)]
pub(super) enum Line {
    /// It is empty.
    Blank,
    /// It names a variable but has an empty value, as Debian's packages of unknown size do.
    WithoutValue,
    /// It sets a variable.
    Assignment(Assignment),
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("it is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    #[error("byte {0} is not UTF-8")]
    NotText(usize),
    #[error("it has {0} of the 4 fields user, room, name and value, split by tabs")]
    Fields(usize),
    #[error("the name of the variable is empty")]
    NoName,
    #[error("the value {0:?} is not a whole number")]
    NotNumber(String),
    #[error("the value {0} does not fit into 32 bits")]
    OutOfRange(String),
}

impl Line {
    /// Reads a line: `user room name value`, separated by tabs. The user and the room may be empty.
    pub(super) fn parse(line: &[u8], number: u64) -> Result<Self, Fault> {
        if line.is_empty() {
            return Ok(Self::Blank);
        }
        if line.len() > LINE_BYTES_MAX {
            return Err(Fault::TooLong);
        }
        let text =
            std::str::from_utf8(line).map_err(|error| Fault::NotText(error.valid_up_to() + 1))?;
        let fields: Vec<&str> = text.split('\t').collect();
        let [user, room, name, value] = fields.as_slice() else {
            return Err(Fault::Fields(fields.len()));
        };
        if name.is_empty() {
            return Err(Fault::NoName);
        }
        if value.is_empty() {
            return Ok(Self::WithoutValue);
        }
        let number_of = value.parse::<i32>();
        let value = number_of.map_err(|error| match error.kind() {
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => {
                Fault::OutOfRange((*value).to_owned())
            }
            _ => Fault::NotNumber((*value).to_owned()),
        })?;
        Ok(Self::Assignment(Assignment {
            line: number,
            user: (*user).to_owned(),
            room: (*room).to_owned(),
            name: (*name).to_owned(),
            value,
        }))
    }
}

impl Assignment {
    /// Returns the scope of the variable.
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope { user: &self.user, room: &self.room }
    }

    /// Returns the line in its original form.
    pub(super) fn text(&self) -> String {
        let Self { user, room, name, value, .. } = self;
        format!("{user}\t{room}\t{name}\t{value}")
    }
}
