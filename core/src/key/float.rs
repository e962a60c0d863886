//! Floating-point numbers, in the total order of IEEE 754.

use super::integer::{decode_bits, encode_bits};
use super::{KeyPart, PrefixFree};
use crate::DecodeError;

const SIGN: u64 = 1 << 63;

/// Sorts as [`f64::total_cmp`] does and keeps every bit, those of NaNs included: a positive number
/// has its sign bit flipped, which puts it behind the negative ones; a negative number has all
/// bits flipped, because a greater magnitude is a smaller number.
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
