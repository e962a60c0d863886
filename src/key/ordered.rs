//! Strings that sort as strings whatever follows them.

use std::borrow::Cow;

use arbour_core::DecodeError;

use super::{KeyPart, PrefixFree};

/// Wraps a string or byte string so that `"a"` sorts before `"ab"` even if more of the key follows.
///
/// A delimiter is higher than any byte of a part, so a bare `"a"` followed by one sorts after
/// `"ab"`. This part has a low terminator of its own: it ends with `00`, and `00` and `01` within
/// it are escaped as `01 01` and `01 02`. The idea comes from FoundationDB's tuple layer.
///
/// ```
/// use arbour::key::{Key, Ordered};
/// assert!(("a", "x").to_key_bytes() > ("ab", "x").to_key_bytes());
/// assert!((Ordered("a"), "x").to_key_bytes() < (Ordered("ab"), "x").to_key_bytes());
/// assert_eq!((Ordered("a"), "x").to_key_bytes(), b"a\0\xffx");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ordered<P>(
    /// The string.
    pub P,
);

/// Ends the part. It is lower than any byte of its content, so a prefix sorts first.
const END: u8 = 0x00;

/// Precedes `01` for `00`, and `02` for itself.
const ESCAPE: u8 = 0x01;

impl<P: KeyPart> KeyPart for Ordered<P> {
    type Owned = Ordered<P::Owned>;

    #[inline]
    fn encode_part(&self, key: &mut Vec<u8>) {
        let start = key.len();
        self.0.encode_part(key);
        escape_from(start, key);
        key.push(END);
    }

    fn decode_part(bytes: &[u8]) -> Result<Self::Owned, DecodeError> {
        match bytes.split_last() {
            Some((&END, content)) => Ok(Ordered(P::decode_part(&unescape(content)?)?)),
            Some((last, _)) => Err(DecodeError::new("00 at the end", format!("{last:02X}"))),
            None => Err(DecodeError::new("00 at the end", "no bytes")),
        }
    }
}

impl<P: KeyPart> PrefixFree for Ordered<P> {}

/// Escapes everything written from `start` on. Text rarely contains a byte to escape, so searching
/// for one first usually avoids the copy.
#[inline]
pub(super) fn escape_from(start: usize, key: &mut Vec<u8>) {
    if key.iter().skip(start).all(|byte| *byte > ESCAPE) {
        return;
    }
    for byte in key.split_off(start) {
        if byte <= ESCAPE {
            key.push(ESCAPE);
            key.push(byte + 1);
        } else {
            key.push(byte);
        }
    }
}

fn unescape(content: &[u8]) -> Result<Cow<'_, [u8]>, DecodeError> {
    if content.iter().all(|byte| *byte > ESCAPE) {
        return Ok(Cow::Borrowed(content));
    }
    let mut plain = Vec::with_capacity(content.len());
    let mut rest = content.iter();
    while let Some(&byte) = rest.next() {
        plain.push(match byte {
            END => return Err(DecodeError::new("00 at the end only", "00 before it")),
            ESCAPE => match rest.next() {
                Some(&escaped @ 1..=2) => escaped - 1,
                Some(other) => {
                    return Err(DecodeError::new("01 or 02 after 01", format!("{other:02X}")));
                }
                None => return Err(DecodeError::new("01 or 02 after 01", "the end")),
            },
            _ => byte,
        });
    }
    Ok(Cow::Owned(plain))
}
