//! Keys in sled's form.
//!
//! To step back from one leaf to the previous one, sled searches for the key just before the leaf's
//! first one, for which it takes the first key with its last byte decreased by one and four bytes
//! of `FF` appended. If a key lies after that (`00 FF FF FF FF 07` before a leaf that begins at
//! `01`), sled finds the same leaf again, a million times, and then panics with the whole tree in
//! the message. Counters can produce such keys. So no key passed to sled contains four bytes of
//! `FF` in a row; after three of them, two bytes are written differently:
//!
//! ```text
//! FF FF FF FE  as  FF FF FF FE 00
//! FF FF FF FF  as  FF FF FF FE 01
//! ```
//!
//! The count of three starts over after an escaped byte. The order of keys is preserved, and nearly
//! all keys are unchanged.

use std::borrow::Cow;
use std::ops::Bound;

/// How many bytes of `FF` in a row are left unchanged.
const RUN_MAX: usize = 3;

/// Returns a key in sled's form.
#[inline]
pub(crate) fn encode(key: &[u8]) -> Cow<'_, [u8]> {
    if has_run(key) { Cow::Owned(encoded(key)) } else { Cow::Borrowed(key) }
}

/// Returns a bound in sled's form.
pub(crate) fn encode_bound(bound: Bound<&[u8]>) -> Bound<Cow<'_, [u8]>> {
    bound.map(encode)
}

/// Returns the key that sled stores as `key`.
#[inline]
pub(crate) fn decode(key: &[u8]) -> Cow<'_, [u8]> {
    if has_run(key) { Cow::Owned(decoded(key)) } else { Cow::Borrowed(key) }
}

/// Tells whether a key may differ from its form in sled. Most keys have no `FF` at all.
#[inline]
fn has_run(key: &[u8]) -> bool {
    key.contains(&0xff) && key.windows(RUN_MAX).any(|bytes| bytes == [0xff; RUN_MAX])
}

#[cold]
fn encoded(key: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(key.len() + key.len() / RUN_MAX);
    let mut run = 0;
    for &byte in key {
        if run == RUN_MAX && byte >= 0xfe {
            encoded.extend([0xfe, byte - 0xfe]);
            run = 0;
        } else {
            encoded.push(byte);
            run = if byte == 0xff { run + 1 } else { 0 };
        }
    }
    encoded
}

#[cold]
fn decoded(key: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(key.len());
    let mut run = 0;
    let mut bytes = key.iter();
    while let Some(&byte) = bytes.next() {
        if run == RUN_MAX && byte == 0xfe {
            decoded.push(0xfe | bytes.next().copied().unwrap_or_default());
            run = 0;
        } else {
            decoded.push(byte);
            run = if byte == 0xff { run + 1 } else { 0 };
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    /// Every key of up to nine of the bytes that matter.
    fn keys() -> Vec<Vec<u8>> {
        let mut keys = vec![Vec::new()];
        let mut begin = 0;
        for _ in 0..9 {
            let end = keys.len();
            for place in begin..end {
                for byte in [0x00, 0xfe, 0xff] {
                    let mut longer = keys[place].clone();
                    longer.push(byte);
                    keys.push(longer);
                }
            }
            begin = end;
        }
        keys
    }

    #[test]
    fn order_stays_and_nothing_is_lost() {
        let mut keys = keys();
        keys.sort();
        for pair in keys.windows(2) {
            assert!(encode(&pair[0]) < encode(&pair[1]), "{pair:x?}");
        }
        for key in &keys {
            let encoded = encode(key);
            assert!(!encoded.windows(4).any(|run| run == [0xff; 4]), "{key:x?}");
            assert_eq!(decode(&encoded), key.as_slice());
        }
    }
}
