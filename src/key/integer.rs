//! Integers: ten groups of seven bits, highest first.
//!
//! Every integer is widened to 64 bits, so that a part can grow from `u32` to `u64` while the
//! stored keys can still be read, and still sort among the new ones. Signed integers have their
//! sign bit flipped, which sorts the negative ones first.

use arbour_core::DecodeError;

use super::{KeyPart, PrefixFree};

/// The number of seven-bit groups in 64 bits.
const GROUPS: usize = 10;

/// The highest value of the first group, which holds a single bit.
const FIRST_GROUP_MAX: u8 = 1;

/// The highest value of the other groups.
const GROUP_MAX: u8 = 0x7f;

const SIGN: u64 = 1 << 63;

/// Appends 64 bits as ten bytes below `80` that sort as the number does.
#[inline]
pub(super) fn encode_bits(bits: u64, key: &mut Vec<u8>) {
    let mut rest = bits;
    let mut groups = [0; GROUPS];
    for group in groups.iter_mut().rev() {
        *group = (rest & u64::from(GROUP_MAX)) as u8;
        rest >>= 7;
    }
    key.extend_from_slice(&groups);
}

/// Decodes the output of [`encode_bits`].
#[inline]
pub(super) fn decode_bits(bytes: &[u8]) -> Result<u64, DecodeError> {
    let groups = <[u8; GROUPS]>::try_from(bytes)
        .map_err(|_| DecodeError::new("10 bytes of a number", format!("{}", bytes.len())))?;
    let [first, ..] = groups;
    if first > FIRST_GROUP_MAX {
        return Err(DecodeError::new("a number of 64 bits", format!("a first byte {first:02X}")));
    }
    let mut bits = 0;
    for group in groups {
        if group > GROUP_MAX {
            return Err(DecodeError::new("bytes of a number up to 7F", format!("{group:02X}")));
        }
        bits = bits << 7 | u64::from(group);
    }
    Ok(bits)
}

macro_rules! integer {
    ($wide:ty, $flip:expr; $($integer:ty)+) => {$(
        impl KeyPart for $integer {
            type Owned = Self;

            #[inline]
            fn encode_part(&self, key: &mut Vec<u8>) {
                encode_bits(<$wide>::from(*self) as u64 ^ $flip, key);
            }

            #[inline]
            fn decode_part(bytes: &[u8]) -> Result<Self, DecodeError> {
                let wide = (decode_bits(bytes)? ^ $flip) as $wide;
                Self::try_from(wide).map_err(|_| {
                    let expected = concat!("a number of ", stringify!($integer));
                    DecodeError::new(expected, wide.to_string())
                })
            }
        }

        impl PrefixFree for $integer {}
    )+};
}

integer!(u64, 0; u64 u32 u16 u8);
integer!(i64, SIGN; i64 i32 i16 i8);
