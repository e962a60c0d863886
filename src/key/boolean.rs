//! Booleans: one byte, false first.

use arbour_core::DecodeError;

use super::{KeyPart, PrefixFree};

impl KeyPart for bool {
    type Owned = Self;

    #[inline]
    fn encode_part(&self, key: &mut Vec<u8>) {
        key.push(u8::from(*self));
    }

    #[inline]
    fn decode_part(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(DecodeError::new("00 or 01", format!("{other:02X}"))),
            _ => Err(DecodeError::new("1 byte", format!("{} bytes", bytes.len()))),
        }
    }
}

impl PrefixFree for bool {}
