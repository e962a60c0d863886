//! Floating-point numbers, in the total order of IEEE 754.

use arbour_core::DecodeError;

use super::integer::{decode_bits, encode_bits};
use super::{KeyPart, PrefixFree};

const SIGN: u64 = 1 << 63;

/// Sorts like [`f64::total_cmp`] and keeps every bit, including those of NaNs. A positive number
/// has its sign bit flipped, which sorts it after the negative ones; a negative number has all bits
/// flipped, because a greater magnitude is a smaller number.
impl KeyPart for f64 {
    type Owned = Self;

    #[inline]
    fn encode_part(&self, key: &mut Vec<u8>) {
        let bits = self.to_bits();
        encode_bits(if bits & SIGN == 0 { bits | SIGN } else { !bits }, key);
    }

    #[inline]
    fn decode_part(bytes: &[u8]) -> Result<Self, DecodeError> {
        let bits = decode_bits(bytes)?;
        Ok(Self::from_bits(if bits & SIGN == 0 { !bits } else { bits & !SIGN }))
    }
}

impl PrefixFree for f64 {}
