//! The trees beside those of the case on the `namespaced` axis.

use arbour_core::{Batch, Direction, Durability, KeyRange, KvRead, KvStore, Result};

use super::entries::entries;
use super::parts::apply_in_parts;

/// Their names are similar to the names that the cases use: `t`, `u` and `v`.
const NAMES: [&str; 8] = ["T", "s", "t ", "t!", "tt", "t/u", "u0", "v\u{ff}"];

const VALUE: &[u8] = b"the neighbour's";

/// The keys of each neighbour: similar to the keys that the cases use.
fn look_alike_keys() -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = vec![
        b"0".to_vec(),
        b"10".to_vec(),
        b"2".to_vec(),
        b"a".to_vec(),
        b"a\0".to_vec(),
        b"ab".to_vec(),
        b"b".to_vec(),
        b"c".to_vec(),
        b"k".to_vec(),
        b"key".to_vec(),
        b"p".to_vec(),
        b"p\xffx".to_vec(),
        vec![0],
        vec![1, 0xff],
        vec![2],
        vec![0x7f],
        vec![0x80],
        vec![0xff],
        vec![0xff, 0xff],
    ];
    keys.extend([17, 33].map(|length| vec![0xff; length]));
    keys
}

/// Returns the number of entries of all neighbours together.
pub(super) fn entry_count() -> u64 {
    (NAMES.len() * look_alike_keys().len()) as u64
}

pub(super) fn fill<S: KvStore>(store: &S) -> Result<()> {
    let mut batch = Batch::new();
    for name in NAMES {
        let tree = store.tree(name)?;
        for key in look_alike_keys() {
            batch.put(&tree, &key, VALUE);
        }
    }
    apply_in_parts(store, batch, Durability::PowerLoss)
}

/// Asserts that the neighbours hold what [`fill`] wrote.
pub(super) fn check<S: KvStore>(store: &S, snapshot: &S::Snapshot<'_>) -> Result<()> {
    let mut expected: Vec<_> =
        look_alike_keys().into_iter().map(|key| (key, VALUE.to_vec())).collect();
    expected.sort();
    for name in NAMES {
        let tree = store.tree(name)?;
        let found = entries(snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?)?;
        assert_eq!(found, expected, "the neighbour {name:?} was changed");
    }
    Ok(())
}

/// Removes the neighbours from a list of trees, and asserts that all of them were in it.
pub(super) fn remove_from(names: &mut Vec<String>) {
    for neighbour in NAMES {
        let listed = names.iter().any(|name| name == neighbour);
        assert!(listed, "the neighbour {neighbour:?} is not listed: {names:?}");
        names.retain(|name| name != neighbour);
    }
}
