//! The end of a prefix, and where a scan resumes.
//!
//! The two places where key-value layers most often go wrong, in one module: prefix ends that
//! forget the carry over `FF` bytes (or append `FF` and lose the keys that sort after it), and
//! pages that resume at a "next" key which skips extensions of the last one.

/// Returns the smallest key greater than every key that begins with `prefix`. `None` if there is
/// none: for the empty prefix, and for one of `FF` bytes only.
///
/// ```
/// use arbour_core::engine::prefix_end;
/// assert_eq!(prefix_end(b"ab"), Some(b"ac".to_vec()));
/// assert_eq!(prefix_end(&[0x01, 0xff, 0xff]), Some(vec![0x02]));
/// assert_eq!(prefix_end(&[0xff, 0xff]), None);
/// ```
#[must_use]
pub fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    end_of_prefix(prefix, <[u8]>::to_vec)
}

/// Does the same in any buffer that `copy` returns, so that a range of short keys needs no
/// allocation.
pub(crate) fn end_of_prefix<B: AsMut<[u8]>>(
    prefix: &[u8],
    copy: impl FnOnce(&[u8]) -> B,
) -> Option<B> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = copy(prefix.get(..=last)?);
    if let Some(byte) = end.as_mut().last_mut() {
        *byte += 1;
    }
    Some(end)
}

/// Returns the smallest key greater than `key`: the key followed by a zero byte.
///
/// ```
/// assert_eq!(arbour_core::engine::successor(b"a"), b"a\0");
/// ```
#[must_use]
pub fn successor(key: &[u8]) -> Vec<u8> {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Short strings over the bytes that carry, so that neighbours are common.
    fn key() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(vec![0x00, 0x01, 0xfe, 0xff]), 0..5)
    }

    proptest! {
        #[test]
        fn the_prefix_end_parts_the_keys_with_the_prefix_from_those_behind(
            prefix in key(), key in key(),
        ) {
            let within = key >= prefix && prefix_end(&prefix).is_none_or(|end| key < end);
            prop_assert_eq!(within, key.starts_with(&prefix));
        }

        #[test]
        fn no_key_lies_between_a_key_and_its_successor(key in key(), other in key()) {
            let next = successor(&key);
            prop_assert!(key < next);
            prop_assert!(other <= key || other >= next);
        }
    }

    #[test]
    fn the_end_carries_over_trailing_ff() {
        assert_eq!(prefix_end(b"a\xff"), Some(b"b".to_vec()));
        assert_eq!(prefix_end(b"a\xfe"), Some(b"a\xff".to_vec()));
        assert_eq!(prefix_end(b"\xff"), None);
        assert_eq!(prefix_end(b""), None);
        assert_eq!(successor(b""), [0]);
        assert_eq!(successor(b"\xff"), [0xff, 0]);
    }
}
