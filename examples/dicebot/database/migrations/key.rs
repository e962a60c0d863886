//! The keys of the sled program, as bytes.

use arbour::key::{GROUP_DELIMITER, PART_DELIMITER};

/// The beginning of the keys of variables, up to version 4.
pub(super) const VARIABLES: &[u8] = b"variables\xff";

/// The beginning of the keys of counts, in versions 3 and 4.
pub(super) const METADATA: &[u8] = b"metadata\xff";

/// A variable: its user, its room, and its name.
pub(super) struct Named<'k> {
    pub(super) room: &'k [u8],
    pub(super) user: &'k [u8],
    pub(super) name: &'k [u8],
}

impl<'k> Named<'k> {
    /// Splits the rest of a variable's key: room, user and name, with any of the two delimiters
    /// between them.
    pub(super) fn parse(rest: &'k [u8]) -> Result<Self, &'static str> {
        let mut parts = rest.split(|byte| matches!(*byte, PART_DELIMITER | GROUP_DELIMITER));
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(room), Some(user), Some(name), None) => Ok(Self { room, user, name }),
            _ => Err("a key is not that of a room, a user and a variable"),
        }
    }
}
