//! The data of every measurement.

/// The length of a key, in bytes.
pub const KEY_BYTES: usize = 16;

/// The length of a value, in bytes, unless a measurement varies it.
pub const VALUE_BYTES: usize = 100;

/// A key.
pub type Key = [u8; KEY_BYTES];

/// The common beginning of the keys of a group.
pub type Prefix = [u8; 8];

/// A key and its value.
pub type Entry = (Key, Vec<u8>);

/// The number of entries that share the first eight bytes of their key, which a prefix scan reads.
pub const PREFIX_ENTRIES: u64 = 100;

/// Returns the key of an entry: the number of its group, then its number within, both big-endian.
///
/// ```
/// use arbour_benches::workload::{key, prefix};
/// assert!(key(250).starts_with(&prefix(2)));
/// assert!(key(1) < key(2));
/// ```
#[must_use]
pub fn key(entry: u64) -> Key {
    let key = (u128::from(entry / PREFIX_ENTRIES) << 64) | u128::from(entry % PREFIX_ENTRIES);
    key.to_be_bytes()
}

/// Returns the prefix that the keys of a group share.
///
/// ```
/// assert_eq!(arbour_benches::workload::prefix(1), [0, 0, 0, 0, 0, 0, 0, 1]);
/// ```
#[must_use]
pub fn prefix(group: u64) -> Prefix {
    group.to_be_bytes()
}

/// Returns a value that no engine can compress away.
///
/// ```
/// use arbour_benches::workload::value;
/// assert_eq!(value(1, 100).len(), 100);
/// assert_ne!(value(1, 100), value(2, 100));
/// ```
#[must_use]
pub fn value(entry: u64, bytes: usize) -> Vec<u8> {
    let mut state = entry;
    let words = std::iter::repeat_with(move || {
        state = next(state);
        state.to_le_bytes()
    });
    words.flatten().take(bytes).collect()
}

/// Returns the first `count` entries, in order of their keys.
///
/// ```
/// assert_eq!(arbour_benches::workload::entries(3).len(), 3);
/// ```
#[must_use]
pub fn entries(count: u64) -> Vec<Entry> {
    (0..count).map(|entry| (key(entry), value(entry, VALUE_BYTES))).collect()
}

/// Returns entries with other values, different for each version. A store that is overwritten needs
/// values that differ from those it holds: SQLite compares a new value with the old one, and
/// neither writes nor flushes anything if they are equal.
///
/// ```
/// use arbour_benches::workload::{entries, rewritten};
/// let entries = entries(3);
/// let (first, second) = (rewritten(&entries, 1), rewritten(&entries, 2));
/// assert_eq!(first[2].0, entries[2].0);
/// assert!(first[2].1 != entries[2].1 && first[2].1 != second[2].1);
/// ```
#[must_use]
pub fn rewritten(entries: &[Entry], version: u64) -> Vec<Entry> {
    let seeds = (version << 32)..;
    let rewritten = entries.iter().zip(seeds);
    rewritten.map(|((key, value), seed)| (*key, self::value(seed, value.len()))).collect()
}

/// Returns the numbers of `count` entries below `entries` in an order that caches cannot predict,
/// the same in each run.
///
/// ```
/// let order = arbour_benches::workload::random_entries(1_000, 10);
/// assert!(order.iter().all(|entry| *entry < 1_000));
/// ```
#[must_use]
pub fn random_entries(entries: u64, count: usize) -> Vec<u64> {
    let mut state = 1;
    let mut random = || {
        state = next(state);
        state % entries
    };
    (0..count).map(|_| random()).collect()
}

/// Looks at both ends of what was read. Otherwise a read would be measured that leaves the bytes
/// where they are, and no program does that.
///
/// ```
/// assert_eq!(arbour_benches::workload::look_at(&[1, 2, 3]), 4);
/// ```
#[must_use]
#[inline]
pub fn look_at(bytes: &[u8]) -> u64 {
    let ends = [bytes.first(), bytes.last()];
    ends.into_iter().flatten().map(|byte| u64::from(*byte)).sum()
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
fn next(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
