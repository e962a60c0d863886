//! Byte strings: the three highest bytes are escaped, which keeps the delimiters free.
//!
//! The escape itself is the highest byte left, so an escaped byte keeps its place in the order:
//! after everything lower, with `FD`, `FE`, `FF` among themselves ordered by `01`, `02`, `03`.

use arbour_core::DecodeError;

use super::delimiter::PART_BYTE_MAX;
use super::{KeyPart, PrefixFree};

/// Precedes 01, 02 or 03 to encode FD, FE or FF.
const ESCAPE: u8 = PART_BYTE_MAX;

/// Added to the byte after an escape to decode it.
const ESCAPED_OFFSET: u8 = ESCAPE - 1;

impl KeyPart for [u8] {
    type Owned = Vec<u8>;

    #[inline]
    fn encode_part(&self, key: &mut Vec<u8>) {
        let mut rest = self;
        while let Some(position) = rest.iter().position(|byte| *byte >= ESCAPE) {
            let (plain, escaped) = rest.split_at(position);
            key.extend_from_slice(plain);
            rest = match escaped.split_first() {
                Some((byte, after)) => {
                    key.extend_from_slice(&[ESCAPE, byte - ESCAPED_OFFSET]);
                    after
                }
                None => &[],
            };
        }
        key.extend_from_slice(rest);
    }

    fn decode_part(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
        let mut decoded = Vec::with_capacity(bytes.len());
        let mut rest = bytes.iter();
        while let Some(&byte) = rest.next() {
            decoded.push(match byte {
                ESCAPE => match rest.next() {
                    Some(&escaped @ 1..=3) => escaped + ESCAPED_OFFSET,
                    Some(other) => {
                        return Err(DecodeError::new("01 to 03 after FD", format!("{other:02X}")));
                    }
                    None => return Err(DecodeError::new("01 to 03 after FD", "the end")),
                },
                0..ESCAPE => byte,
                _ => {
                    return Err(DecodeError::new("bytes up to FD", format!("{byte:02X}")));
                }
            });
        }
        Ok(decoded)
    }
}

impl KeyPart for Vec<u8> {
    type Owned = Self;

    #[inline]
    fn encode_part(&self, key: &mut Vec<u8>) {
        self.as_slice().encode_part(key);
    }

    #[inline]
    fn decode_part(bytes: &[u8]) -> Result<Self, DecodeError> {
        <[u8]>::decode_part(bytes)
    }
}

/// A byte string of fixed length, such as a hash. Its encoding varies in length with the escapes,
/// but is still self-delimiting: it ends after `N` bytes or escaped bytes.
impl<const N: usize> KeyPart for [u8; N] {
    type Owned = Self;

    #[inline]
    fn encode_part(&self, key: &mut Vec<u8>) {
        self.as_slice().encode_part(key);
    }

    fn decode_part(bytes: &[u8]) -> Result<Self, DecodeError> {
        <[u8]>::decode_part(bytes)?.try_into().map_err(|other: Vec<u8>| {
            DecodeError::new(format!("{N} bytes"), other.len().to_string())
        })
    }
}

impl<const N: usize> PrefixFree for [u8; N] {}
