//! Parts that sort in reverse.

use std::cmp::Ordering;

use arbour_core::DecodeError;

use super::delimiter::PART_BYTE_MAX;
use super::{KeyPart, PrefixFree};

/// Wraps a part so that its greatest value sorts first, for example the newest timestamp.
///
/// Each byte `b` becomes `FD - b`, which reverses the order and stays within the bytes a part may
/// hold. Only [`PrefixFree`] parts can be reversed: of two others, the shorter would still sort
/// first.
///
/// ```
/// use arbour::key::{Descending, Key, Ordered};
/// assert!(Descending(2u64).to_key_bytes() < Descending(1u64).to_key_bytes());
/// assert!(Descending(2u64) < Descending(1u64));
/// assert!(Descending(Ordered("ab")).to_key_bytes() < Descending(Ordered("a")).to_key_bytes());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Descending<P>(
    /// The part.
    pub P,
);

/// Reversed, like the bytes.
impl<P: PartialOrd> PartialOrd for Descending<P> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        other.0.partial_cmp(&self.0)
    }
}

impl<P: Ord> Ord for Descending<P> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.cmp(&self.0)
    }
}

impl<P: PrefixFree> KeyPart for Descending<P> {
    type Owned = Descending<P::Owned>;

    #[inline]
    fn encode_part(&self, key: &mut Vec<u8>) {
        let start = key.len();
        self.0.encode_part(key);
        for byte in key.iter_mut().skip(start) {
            // A part never holds more than FD. If a part of another crate breaks that promise,
            // wrapping confines the fault to its keys and keeps the program running.
            *byte = PART_BYTE_MAX.wrapping_sub(*byte);
        }
    }

    fn decode_part(bytes: &[u8]) -> Result<Self::Owned, DecodeError> {
        let mut ascending = bytes.to_vec();
        for byte in &mut ascending {
            *byte = PART_BYTE_MAX
                .checked_sub(*byte)
                .ok_or_else(|| DecodeError::new("bytes up to FD", format!("{byte:02X}")))?;
        }
        P::decode_part(&ascending)
            .map(Descending)
            .map_err(|error| error.within("complement of a descending part"))
    }
}

impl<P: PrefixFree> PrefixFree for Descending<P> {}
