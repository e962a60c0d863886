//! Encoding the cursor between two pages as a text.

use std::hash::Hasher as _;

use arbour_core::{Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use siphasher::sip128::{Hasher128 as _, SipHasher24};

use super::order::Place;
use super::{DocError, Query};
use crate::key::{GROUP_DELIMITER, PART_DELIMITER};

/// The first byte of a position.
const FORMAT: u8 = 1;
const BACKWARD: u8 = 1;
const INCLUDED: u8 = 2;

/// The length of the authentication code after a position.
const CODE_BYTES: usize = 16;

/// Where to continue a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) place: Place,
    /// Whether the page ends there instead of beginning there.
    pub(super) is_backward: bool,
    /// Whether the page includes the document at the place.
    pub(super) is_included: bool,
}

/// Encodes and decodes the positions of one query of one store.
pub(super) struct Seal<'s> {
    store_id: &'s [u8; 16],
    collection: &'s str,
    query: String,
}

impl<'s> Seal<'s> {
    pub(super) fn new<D>(collection: &'s str, store_id: &'s [u8; 16], query: &Query<D>) -> Self {
        Self { store_id, collection, query: format!("{query:?}") }
    }

    pub(super) fn write(&self, position: &Position) -> String {
        let mut bytes = vec![FORMAT];
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        bytes.push(flag(position.is_backward, BACKWARD) | flag(position.is_included, INCLUDED));
        for value in &position.place.values {
            bytes.extend_from_slice(value);
            bytes.push(PART_DELIMITER);
        }
        bytes.push(GROUP_DELIMITER);
        bytes.extend_from_slice(&position.place.id_key);
        let code = self.code(&bytes);
        bytes.extend_from_slice(&code);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// # Errors
    /// [`Cursor`](DocError::Cursor) for a text that this seal did not write.
    pub(super) fn read(&self, cursor: &str) -> Result<Position> {
        let refused = |reason| {
            Error::from(DocError::Cursor { collection: self.collection.to_owned(), reason })
        };
        let bytes =
            URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused("was not returned by a page"))?;
        let (bytes, code) =
            bytes.split_last_chunk::<CODE_BYTES>().ok_or(refused("was not returned by a page"))?;
        if self.code(bytes) != *code {
            return Err(refused("was changed, or is of another query or store"));
        }
        let (&[format, flags], rest) =
            bytes.split_first_chunk::<2>().ok_or(refused("was not returned by a page"))?;
        let end = rest.iter().position(|byte| *byte == GROUP_DELIMITER);
        let (FORMAT, Some(end)) = (format, end) else {
            return Err(refused("is of another version"));
        };
        let values = rest.get(..end).unwrap_or_default();
        let values = values.strip_suffix(&[PART_DELIMITER]).map(|values| {
            values.split(|byte| *byte == PART_DELIMITER).map(<[u8]>::to_vec).collect()
        });
        let id_key = rest.get(end + 1..).unwrap_or_default().to_vec();
        Ok(Position {
            place: Place { values: values.unwrap_or_default(), id_key },
            is_backward: flags & BACKWARD != 0,
            is_included: flags & INCLUDED != 0,
        })
    }

    /// Returns a keyed hash (SipHash, Aumasson and Bernstein, 2012) over everything the position
    /// depends on.
    fn code(&self, bytes: &[u8]) -> [u8; CODE_BYTES] {
        let mut hasher = SipHasher24::new_with_key(self.store_id);
        for part in [self.collection.as_bytes(), self.query.as_bytes(), bytes] {
            hasher.write(&(part.len() as u64).to_le_bytes());
            hasher.write(part);
        }
        hasher.finish128().as_bytes()
    }
}
