//! Ranges of keys known to hold no entries.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::bound::successor;

/// Disjoint ranges of keys, each including its start and excluding its end.
#[derive(Default)]
pub(super) struct EmptyRanges {
    /// The end of each range, by its start.
    ends: BTreeMap<Box<[u8]>, Box<[u8]>>,
}

impl EmptyRanges {
    /// Adds the range from `start` up to `end`, and merges it with all ranges it overlaps or
    /// touches.
    pub(super) fn add(&mut self, start: &[u8], end: &[u8]) {
        if start >= end {
            return;
        }
        let (mut start, mut end) = (Box::from(start), Box::from(end));
        while let Some((other, its_end)) = self.last_from(&end) {
            if *its_end < *start {
                break;
            }
            let other: Box<[u8]> = Box::from(other);
            if let Some(its_end) = self.ends.remove(&other) {
                start = start.min(other);
                end = end.max(its_end);
            }
        }
        self.ends.insert(start, end);
    }

    /// Removes a key from the ranges, because an entry was written there.
    pub(super) fn cut(&mut self, key: &[u8]) {
        let Some((start, _)) = self.around(key) else { return };
        let start: Box<[u8]> = Box::from(start);
        let Some(end) = self.ends.remove(&start) else { return };
        self.add(&start, key);
        self.add(&successor(key), &end);
    }

    /// Returns the start and the end of the range that contains a key.
    pub(super) fn around(&self, key: &[u8]) -> Option<(&[u8], &[u8])> {
        self.last_from(key).filter(|(_, end)| *end > key)
    }

    /// Returns the last range that starts at or before a key.
    fn last_from(&self, key: &[u8]) -> Option<(&[u8], &[u8])> {
        let until = (Bound::Unbounded, Bound::Included(key));
        let (start, end) = self.ends.range::<[u8], _>(until).next_back()?;
        Some((start, end))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_are_in_a_range_as_in_a_plain_set(
            steps in proptest::collection::vec((any::<bool>(), 0..40u8, 0..40u8), 0..60),
        ) {
            let mut ranges = EmptyRanges::default();
            let mut model = [false; 40];
            for (adds, one, other) in steps {
                if adds {
                    let (start, end) = (one.min(other), one.max(other));
                    ranges.add(&[start], &[end]);
                    model[usize::from(start)..usize::from(end)].fill(true);
                } else {
                    ranges.cut(&[one]);
                    model[usize::from(one)] = false;
                }
                for key in 0..40u8 {
                    let around = ranges.around(&[key]);
                    prop_assert_eq!(around.is_some(), model[usize::from(key)]);
                    prop_assert!(around.is_none_or(|(s, e)| s <= &[key][..] && &[key][..] < e));
                }
                let ends: Vec<_> = ranges.ends.iter().collect();
                prop_assert!(ends.windows(2).all(|two| two[0].1 < two[1].0), "{:?}", ends);
            }
        }
    }

    #[test]
    fn touching_ranges_are_one() {
        let mut ranges = EmptyRanges::default();
        ranges.add(b"c", b"e");
        ranges.add(b"a", b"c");
        ranges.add(b"e", b"g");
        assert_eq!(ranges.around(b"d"), Some((&b"a"[..], &b"g"[..])));
        assert_eq!(ranges.around(b"g"), None);
    }
}
