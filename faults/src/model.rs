//! What the numbered commits of a workload change, and the contents of a store after each.
//!
//! Each commit writes its number to both trees, entries to both, and a few large values, and
//! deletes some. Everything follows from the number: a store is right if it holds the first n
//! commits and nothing of another, and its contents say which n that is.

use std::collections::BTreeMap;
use std::ops::Range;

use arbour_core::Durability;

use crate::random::Random;

/// The trees that each commit changes.
pub const TREES: [&str; 2] = ["left", "right"];

/// The key under which each tree has the number of the newest commit.
const NUMBER_KEY: &[u8] = b"commit";

/// How many keys the commits overwrite repeatedly.
const KEYS: u64 = 40;

/// The commit that puts many small entries at once, and the one that deletes a third of them, so
/// that stores have pages on several levels.
const BULK: [u64; 2] = [5, 17];

/// How many of these entries are in each tree.
const BULK_ENTRIES: u64 = 600;

/// A page or two of every engine.
const MEDIUM_BYTES: usize = 6 << 10;

/// So large that sled stores it in a file of its own.
const LARGE_BYTES: usize = 150 << 10;

/// One write of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The tree's index in [`TREES`].
    pub tree: usize,
    /// The key.
    pub key: Vec<u8>,
    /// The value, or `None` to delete the key.
    pub value: Option<Vec<u8>>,
}

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// The entries of [`TREES`].
pub type Contents = [BTreeMap<Vec<u8>, Vec<u8>>; TREES.len()];

/// Returns what the commit of a number changes; the first is 1.
#[must_use]
pub fn changes_of(number: u64) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut put = |trees: Range<usize>, key: &str, bytes: u64| {
        for tree in trees {
            let value = Some(value_of(number, tree, key, bytes as usize));
            changes.push(Change { tree, key: key.as_bytes().to_vec(), value });
        }
    };
    let both = 0..TREES.len();
    for step in 0..3 {
        let key = (number * 7 + step * 13) % KEYS;
        put(both.clone(), &format!("key {key:02}"), 20 + (number * 31 + step * 57) % 200);
    }
    if number % 5 == 2 {
        put(both.clone(), &format!("medium {}", number % 3), MEDIUM_BYTES as u64);
    }
    if number % 8 == 3 {
        put(0..1, "large", LARGE_BYTES as u64);
    }
    if number == BULK[0] {
        (0..BULK_ENTRIES).for_each(|entry| put(both.clone(), &bulk_key(entry), 30 + entry % 60));
    }
    for tree in both {
        if number == BULK[1] {
            let deleted = (0..BULK_ENTRIES).step_by(3).map(|entry| bulk_key(entry).into_bytes());
            changes.extend(deleted.map(|key| Change { tree, key, value: None }));
        }
        if number.is_multiple_of(3) {
            let key = format!("key {:02}", (number * 7 + 20) % KEYS).into_bytes();
            changes.push(Change { tree, key, value: None });
        }
        let value = Some(number.to_be_bytes().to_vec());
        changes.push(Change { tree, key: NUMBER_KEY.to_vec(), value });
    }
    changes
}

/// Returns the contents of a store after the commits up to a number.
#[must_use]
pub fn contents_after(number: u64) -> Contents {
    let mut contents = Contents::default();
    for change in (1..=number).flat_map(changes_of) {
        let Some(tree) = contents.get_mut(change.tree) else { continue };
        match change.value {
            Some(value) => tree.insert(change.key, value),
            None => tree.remove(&change.key),
        };
    }
    contents
}

/// Returns the number of the newest commit that left a trace in a tree; 0 if there is none.
#[must_use]
pub fn number_in(tree: &BTreeMap<Vec<u8>, Vec<u8>>) -> u64 {
    let number = tree.get(NUMBER_KEY).and_then(|value| value.as_slice().try_into().ok());
    number.map_or(0, u64::from_be_bytes)
}

/// Returns the durability that the commit of a number requests.
#[must_use]
pub fn durability_of(number: u64) -> Durability {
    match number % 6 {
        1 | 4 => Durability::None,
        2 => Durability::ProcessCrash,
        _ => Durability::PowerLoss,
    }
}

/// Parses a durability.
#[must_use]
pub fn durability_named(name: &str) -> Option<Durability> {
    Durability::ALL.into_iter().find(|durability| durability.to_string() == name)
}

fn bulk_key(entry: u64) -> String {
    format!("bulk {entry:04}")
}

fn value_of(number: u64, tree: usize, key: &str, bytes: usize) -> Vec<u8> {
    let mut random = Random::new(number * 2 + tree as u64, key);
    let mut value = Vec::with_capacity(bytes + 8);
    while value.len() < bytes {
        value.extend(random.number().to_le_bytes());
    }
    value.truncate(bytes);
    value
}

#[cfg(test)]
mod tests {
    use super::{TREES, contents_after, number_in};

    #[test]
    fn contents_say_their_number() {
        for number in [0, 1, 19] {
            let contents = contents_after(number);
            assert_eq!(contents.each_ref().map(number_in), [number; TREES.len()]);
        }
        assert_ne!(contents_after(3), contents_after(4));
    }
}
