//! A small set of keys that are easily confused, and every range among them.

use std::ops::Bound::{self, Excluded, Included, Unbounded};

/// All keys of up to three bytes out of six that are easily confused.
pub(super) fn grid() -> Vec<Vec<u8>> {
    let bytes = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
    let mut keys: Vec<Vec<u8>> = vec![Vec::new()];
    for _ in 0..3 {
        let longer = keys.iter().flat_map(|key| bytes.map(|byte| [&key[..], &[byte]].concat()));
        keys = longer.chain(keys.iter().cloned()).collect();
        keys.sort();
        keys.dedup();
    }
    keys.retain(|key| !key.is_empty());
    keys
}

/// Returns bounds of every kind, at keys of the [`grid`] and between them.
pub(super) fn grid_bounds() -> Vec<Bound<&'static [u8]>> {
    let keys = [&b"\0"[..], b"\x01\xff", b"\x7f\xff\xff", b"\x80\0\0\0", b"\xfe\xff", b"\xff\x02"];
    let mut bounds = vec![Unbounded];
    bounds.extend(keys.map(Included));
    bounds.extend(keys.map(Excluded));
    bounds
}

/// Tells whether a key is between two bounds, without using the code under test.
pub(super) fn between(start: Bound<&[u8]>, key: &[u8], end: Bound<&[u8]>) -> bool {
    let after = match start {
        Included(start) => key >= start,
        Excluded(start) => key > start,
        Unbounded => true,
    };
    let before = match end {
        Included(end) => key <= end,
        Excluded(end) => key < end,
        Unbounded => true,
    };
    after && before
}
