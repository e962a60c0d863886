//! The two bytes that occur in no part.

use arbour_core::DecodeError;

/// The byte between the parts of a group.
///
/// ```
/// use arbour::key::{Key, PART_DELIMITER};
/// assert_eq!((("a", "b"),).to_key_bytes(), [b'a', PART_DELIMITER, b'b']);
/// ```
pub const PART_DELIMITER: u8 = 0xfe;

/// The byte between the groups of a key.
///
/// ```
/// use arbour::key::{GROUP_DELIMITER, Key};
/// assert_eq!(("a", "b").to_key_bytes(), [b'a', GROUP_DELIMITER, b'b']);
/// ```
pub const GROUP_DELIMITER: u8 = 0xff;

/// The highest byte a part may hold.
pub(super) const PART_BYTE_MAX: u8 = 0xfd;

/// Splits bytes at a delimiter into exactly `N` pieces; `what` names them in the error.
pub(super) fn split<'b, const N: usize>(
    bytes: &'b [u8],
    delimiter: u8,
    what: &str,
) -> Result<[&'b [u8]; N], DecodeError> {
    let mut pieces: [&[u8]; N] = [&[]; N];
    let mut slots = pieces.iter_mut();
    let mut count = 0;
    for piece in bytes.split(|byte| *byte == delimiter) {
        if let Some(slot) = slots.next() {
            *slot = piece;
        }
        count += 1;
    }
    if count == N {
        Ok(pieces)
    } else {
        Err(DecodeError::new(format!("{N} {what} split by {delimiter:02X}"), count.to_string()))
    }
}
